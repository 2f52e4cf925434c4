/** Child runs that are cancelled because their parent ends: whatever stays of them is undone, or named (S13, S14). */
import { createSignalbox, orchestrator, type Signalbox, task, track } from 'signalbox';
import { settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { Anything, faultsOfHistory, historyOf, statusesOf } from '../helpers/stage.ts';
import { fails, head, input, quiet, undone, worker } from '../helpers/undone.ts';

const childrenOf = async (box: Signalbox, run: string): Promise<readonly string[]> => {
  const { runs } = await box.runs({ parent: run });
  return runs.map(({ run: id }) => id);
};

describe('a child run that completes before the cancel of its parent reaches it', () => {
  /** The hook of the child's end is the moment in which its end is committed, and its parent has not heard of it. */
  const played = async (how: 'cancel' | 'failure') => {
    const log: string[] = [];
    const work = worker(log);
    const failing = Promise.withResolvers<void>();
    const bad = task('bad', {
      input: Anything,
      output: Anything,
      run: () => failing.promise.then(() => Promise.reject(new Error('no'))),
    });
    const child = orchestrator('child', head).track('c', track('c', input).step('in', work));
    const flow = orchestrator('flow', { ...head, onFailure: 'compensate' })
      .track('a', track('a', input).run('child', child).wait('never', { signal: 'never' }))
      .track('b', track('b', input).step('bad', bad));
    const box = await createSignalbox({ orchestrators: [flow], ...quiet });
    const run = await box.start(flow, { id: 'r', input: null });
    const told = new Promise<unknown>((resolve) => {
      box.on('run.completed', ({ run: id }) => {
        if (id === 'r') return;
        if (how === 'cancel') resolve(run.cancel({ compensate: true }));
        else resolve(failing.resolve());
      });
    });
    await told;
    return { log, box, run };
  };

  test.each(['cancel', 'failure'] as const)('is undone with it all the same, after a %s (S13)', async (how) => {
    const { log, box, run } = await played(how);
    await using _ = box;

    const { status, compensation } = await run.outcome();

    expect([status, compensation]).toEqual(['compensated', { undone: ['a/child'], failed: [], kept: [] }]);
    expect(log.filter((line) => line.startsWith('do'))).toHaveLength(1);
    expect(undone(log)).toHaveLength(1);
    expect((await historyOf(run)).filter((line) => line.endsWith('a/child'))).toEqual([
      'step.waiting a/child',
      'step.cancelling a/child',
      'step.completed a/child',
      'step.compensating a/child',
      'step.compensated a/child',
    ]);
    expect(await faultsOfHistory(run)).toEqual([]);
  });
});

describe('in a run that is undone when it fails', () => {
  test('the loser of a race of child runs is undone, whether or not it had completed (S13)', async () => {
    for (const late of [true, false]) {
      const log: string[] = [];
      const child = (name: string) => {
        const steps = track('c', input).step('in', worker(log));
        const isSlow = name === 'y' && !late;
        return orchestrator(name, head).track('c', isSlow ? steps.wait('never', { signal: 'never' }) : steps);
      };
      const sub = (name: string) => track(name, input).run('k', child(name));
      const flow = orchestrator('flow', { ...head, onFailure: 'compensate' }).track(
        'a',
        track('a', input)
          .parallel('p', { x: sub('x'), y: sub('y') }, { strategy: 'race' })
          .step('bad', worker(log), fails),
      );
      await using box = await createSignalbox({ orchestrators: [flow], ...quiet });
      const run = await box.start(flow, { id: 'r', input: null });

      const { status, compensation } = await run.outcome();

      expect([late, status, compensation?.failed, compensation?.kept]).toEqual([late, 'compensated', [], []]);
      expect(undone(log)).toHaveLength(log.length - undone(log).length);
    }
  });

  test('a child beside a member that fails is cancelled, and undoes what it has done (S13, S14)', async () => {
    const log: string[] = [];
    const child = orchestrator('child', head).track(
      'c',
      track('c', input).step('in', worker(log)).wait('never', { signal: 'never' }),
    );
    const flow = orchestrator('flow', { ...head, onFailure: 'compensate' }).track(
      'a',
      track('a', input).parallel('p', {
        x: track('x', input).run('k', child),
        y: track('y', input).wait('go', { signal: 'go' }).step('bad', worker(log), fails),
      }),
    );
    await using box = await createSignalbox({ orchestrators: [flow], ...quiet });
    const run = await box.start(flow, { id: 'r', input: null });
    await settled(box);
    await run.signal('go');

    expect(await run.outcome()).toMatchObject({ status: 'compensated', compensation: { failed: [], kept: [] } });
    expect(undone(log)).toHaveLength(1);
    const [child1] = await childrenOf(box, 'r');
    expect(await box.run(child1 as string).status()).toBe('compensated');
  });

  test('what a cancelled child could not undo is named, and tried again by run.compensate() (S13)', async () => {
    let isStuck = true;
    const keys: string[] = [];
    const stuck = task('stuck', {
      input: Anything,
      output: Anything,
      run: () => 1,
      compensate: ({ key }) => {
        keys.push(key);
        if (isStuck) throw new Error('it stays');
      },
    });
    const child = orchestrator('child', head).track(
      'c',
      track('c', input).step('in', stuck).wait('never', { signal: 'never' }),
    );
    const flow = orchestrator('flow', { ...head, onFailure: 'compensate' })
      .track('a', track('a', input).run('child', child))
      .track('b', track('b', input).wait('go', { signal: 'go' }).step('bad', worker([]), fails));
    await using box = await createSignalbox({ orchestrators: [flow], ...quiet });
    const run = await box.start(flow, { id: 'r', input: null });
    await settled(box);
    const [id] = await childrenOf(box, 'r');
    await run.signal('go');

    expect(await run.outcome()).toMatchObject({
      status: 'failed',
      error: { code: 'compensation-incomplete', fields: { failed: ['a/child'] } },
      compensation: { undone: [], failed: ['a/child'] },
    });
    expect(await faultsOfHistory(run)).toEqual([]);

    isStuck = false;
    const undoing = await run.compensate();
    expect(await undoing.outcome()).toMatchObject({ status: 'compensated', compensation: { undone: ['a/child'] } });
    expect(keys).toEqual([`${id}/c/in#1~undo`, `${id}/c/in#1~undo`]);
  });
});

test('a child that was cancelled before its run is undone is left as it is, and listed as kept (S13)', async () => {
  const log: string[] = [];
  const child = orchestrator('child', head).track(
    'c',
    track('c', input).step('in', worker(log)).wait('never', { signal: 'never' }),
  );
  const quick = track('quick', input).wait('go', { signal: 'go' });
  const flow = orchestrator('flow', head).track(
    'a',
    track('a', input)
      .parallel('p', { quick, slow: track('slow', input).run('k', child) }, { strategy: 'race' })
      .wait('never', { signal: 'never' }),
  );
  await using box = await createSignalbox({ orchestrators: [flow], ...quiet });
  const run = await box.start(flow, { id: 'r', input: null });
  await settled(box);
  await run.signal('go');
  await settled(box);
  expect((await statusesOf(run))['a/p/slow/k']).toBe('cancelled');
  await run.cancel({ compensate: true });

  const { status, compensation } = await run.outcome();

  expect(status).toBe('compensated');
  expect(compensation?.kept).toContain('a/p/slow/k');
  expect(undone(log)).toEqual([]);
});
