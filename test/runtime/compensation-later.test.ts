/** Undoing a run that has ended, and a run's child runs: each is done by a run of its own (S13). */
import { createSignalbox, memory, orchestrator, task, track } from 'signalbox';
import { settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { undoOf } from '../../src/core/child.ts';
import { undoingsOf } from '../../src/runtime/undoings.ts';
import type { RunRow } from '../../src/store.ts';
import { Anything, faultsOfHistory, historyOf, rejection, statusesOf } from '../helpers/stage.ts';
import { fails, head, input, quiet, undo, undone, worker } from '../helpers/undone.ts';

describe('run.compensate()', () => {
  const flowOf = (log: string[]) => {
    const work = worker(log);
    return orchestrator('flow', head).track(
      'a',
      track('a', input).step('one', work).step('two', work).step('bad', work, fails),
    );
  };

  test('undoes a run that has ended, by a run of its own, once (S13, S17)', async () => {
    const log: string[] = [];
    const flow = flowOf(log);
    await using box = await createSignalbox({ orchestrators: [flow], ...quiet });
    const run = await box.start(flow, { id: 'r', input: null, metadata: { tenant: 'acme' } });
    await run.outcome();
    expect(undone(log)).toEqual([]);

    const undoing = await run.compensate();
    expect(undoing.id).toBe('r~undo');
    expect(await undoing.result()).toBe(null);
    expect(undone(log)).toEqual([undo('a/two'), undo('a/one')]);
    expect(await historyOf(undoing)).toEqual([
      'run.started',
      'run.compensating',
      'step.compensating a/two',
      'step.compensated a/two',
      'step.compensating a/one',
      'step.compensated a/one',
      'run.compensated',
    ]);
    expect(await undoing.outcome()).toMatchObject({
      status: 'compensated',
      compensation: { undone: ['a/two', 'a/one'] },
    });
    expect(await undoing.snapshot()).toMatchObject({ parent: { run: 'r', path: '' }, metadata: { tenant: 'acme' } });
    // What has ended stays as it ended (I5).
    expect(await statusesOf(run)).toMatchObject({ 'a/one': 'completed', 'a/two': 'completed' });
    expect(await run.status()).toBe('failed');
    expect(await faultsOfHistory(undoing)).toEqual([]);

    expect((await run.compensate()).id).toBe('r~undo');
    expect(log).toHaveLength(4);
  });

  test('asked for again while it is under way is the same, and once it has left something another one (S13, S17)', async () => {
    const begun: string[] = [];
    let held = Promise.withResolvers<void>();
    const step = task('held', {
      input: Anything,
      output: Anything,
      run: ({ key }) => key,
      compensate: ({ key }) => {
        begun.push(key);
        return held.promise;
      },
    });
    const flow = orchestrator('flow', head).track(
      'a',
      track('a', input).step('s', step).step('bad', worker([]), fails),
    );
    await using box = await createSignalbox({ orchestrators: [flow], ...quiet });
    const run = await box.start(flow, { id: 'r', input: null });
    await run.outcome();
    const undoing = await run.compensate();
    await expect.poll(() => begun).toHaveLength(1);

    expect((await run.compensate()).id).toBe(undoing.id);
    expect((await box.runs({})).runs.map(({ run: id }) => id)).toEqual(['r', 'r~undo']);
    expect(begun).toHaveLength(1);
    held.reject(new Error('it stays'));
    expect((await undoing.outcome()).status).toBe('failed');
    held = Promise.withResolvers();
    held.resolve();
    expect((await run.compensate()).id).toBe('r~undo~2');
  });

  test('is for a run that has ended; another is cancelled', async () => {
    const flow = orchestrator('flow', head).track('a', track('a', input).wait('go', { signal: 'go' }));
    await using box = await createSignalbox({ orchestrators: [flow], ...quiet });
    const run = await box.start(flow, { id: 'r', input: null });

    const error = await rejection(run.compensate());
    expect(error).toMatchObject({ code: 'run-unfinished' });
    expect(error.message).toContain('await run.cancel({ compensate: true })');
    expect(await rejection(box.run('nobody').compensate())).toMatchObject({ code: 'run-unknown' });
  });

  test('tries again what could not be undone, by the run or by the last run that undid it, under the same keys (S13)', async () => {
    const keys: string[] = [];
    let stuck = ['one', 'two'];
    const step = (name: string) =>
      task(name, {
        input: Anything,
        output: Anything,
        run: () => name,
        compensate: ({ key, output }) => {
          keys.push(key);
          if (stuck.includes(String(output))) throw new Error('it stays');
        },
      });
    const flow = orchestrator('flow', { ...head, onFailure: 'compensate' }).track(
      'a',
      track('a', input)
        .step('one', step('one'))
        .step('two', step('two'))
        .step('three', step('three'))
        .step('bad', worker([]), fails),
    );
    await using box = await createSignalbox({ orchestrators: [flow], ...quiet });
    const run = await box.start(flow, { id: 'r', input: null });
    expect(await run.outcome()).toMatchObject({ compensation: { failed: ['a/one', 'a/two'], undone: ['a/three'] } });

    stuck = ['one'];
    const first = await run.compensate();
    expect(await first.outcome()).toMatchObject({
      status: 'failed',
      compensation: { undone: ['a/two'], failed: ['a/one'], kept: [] },
    });
    expect(first.id).toBe('r~undo');

    stuck = [];
    const second = await first.compensate();
    expect(second.id).toBe('r~undo~2');
    expect(await second.outcome()).toMatchObject({ status: 'compensated', compensation: { undone: ['a/one'] } });
    expect(await faultsOfHistory(second)).toEqual([]);
    // All is undone, so there is nothing to try again (S17).
    expect((await run.compensate()).id).toBe('r~undo~2');
    const keyOf = (name: string) => `r/a/${name}#1~undo`;
    expect(keys).toEqual(['three', 'two', 'one', 'two', 'one', 'one'].map(keyOf));
    expect(await run.status()).toBe('failed');
  });

  test('goes on with what a forced cancel, or an abandoned run, has left (S13, S14, S18)', async () => {
    for (const how of ['forced', 'abandoned', 'abandoned undoing'] as const) {
      const undone: string[] = [];
      let held = Promise.withResolvers<void>();
      const step = task('held', {
        input: Anything,
        output: Anything,
        run: ({ key }) => key,
        compensate: async ({ key }) => {
          if (key.startsWith('r/a/2')) await held.promise;
          undone.push(key);
        },
      });
      const three = track('a', input).step('1', step).step('2', step).step('3', step);
      const isFirst = how === 'abandoned undoing';
      const flow = orchestrator('flow', { ...head, ...(isFirst ? {} : { onFailure: 'compensate' }) }).track(
        'a',
        three.step('bad', worker([]), fails),
      );
      await using box = await createSignalbox({ orchestrators: [flow], ...quiet });
      const run = await box.start(flow, { id: 'r', input: null });
      if (isFirst) await run.outcome();
      const stopped = isFirst ? await run.compensate() : run;
      await expect.poll(async () => (await statusesOf(stopped))['a/2']).toBe('compensating');
      if (how === 'forced') await stopped.cancel({ force: true });
      else await stopped.abandon({ reason: 'enough' });
      await stopped.outcome();
      held.resolve();
      held = Promise.withResolvers();
      held.resolve();

      const again = await (await run.compensate()).outcome();

      expect([how, again.status, again.compensation?.undone]).toEqual([how, 'compensated', ['a/2', 'a/1']]);
      expect(undone.filter((key) => key.startsWith('r/a/3'))).toHaveLength(1);
    }
  });

  test('of a run whose id is as long as can be is a run that can be looked at', async () => {
    const log: string[] = [];
    const flow = flowOf(log);
    await using box = await createSignalbox({ orchestrators: [flow], ...quiet });
    const id = 'x'.repeat(200);
    const run = await box.start(flow, { id, input: null });
    await run.outcome();

    const undoing = await run.compensate();

    expect(undoing.id.length).toBeLessThanOrEqual(200);
    expect(undoing.id).toMatch(/^x{100}\.[0-9a-f]{20}~undo$/);
    expect(await box.run(undoing.id).outcome()).toMatchObject({ status: 'compensated' });
    expect((await run.compensate()).id).toBe(undoing.id);
    // Earlier versions made such an id, which is one of a run that may be there.
    expect(box.run(`${id}~undo`).id).toHaveLength(205);
  });

  test('goes on where it was, in another box (S13, I6)', async () => {
    const log: string[] = [];
    const store = memory();
    const work = worker(log);
    const flow = orchestrator('flow', head).track(
      'a',
      track('a', input)
        .map('items', { over: () => '1..250', each: work })
        .step('bad', work, fails),
    );
    for (let life = 0, ended = false; !ended; life += 1) {
      const box = await createSignalbox({ orchestrators: [flow], store, idleRuns: 0, ...quiet });
      const run = await box.start(flow, { id: 'r', input: null });
      await run.outcome();
      const undoing = await run.compensate();
      const over = undoing.outcome().then(({ status }) => status === 'compensated');
      ended = await Promise.race([over, new Promise<boolean>((wait) => setTimeout(wait, 5, false))]);
      over.catch(() => {});
      await box.close();
      expect(life).toBeLessThan(1_000);
    }

    const wanted = Array.from({ length: 250 }, (_, at) => undo(`a/items/${250 - 1 - at}`));
    expect(
      undone(log)
        .filter((line, at, all) => all.indexOf(line) === at)
        .sort(),
    ).toEqual([...wanted].sort());
    // A page is read by its end, so nothing is undone that was undone before the page.
    expect(new Set(undone(log)).size).toBe(250);
  });
});

describe('a child run', () => {
  test('that has completed is undone by a run of its own, before what came before it (S13)', async () => {
    const log: string[] = [];
    const work = worker(log);
    const child = orchestrator('child', head).track('c', track('c', input).step('in', work));
    const flow = orchestrator('flow', { ...head, onFailure: 'compensate' }).track(
      'a',
      track('a', input).step('one', work).run('child', child).step('bad', work, fails),
    );
    await using box = await createSignalbox({ orchestrators: [flow], ...quiet });
    const run = await box.start(flow, { id: 'r', input: null });
    const { status, compensation } = await run.outcome();

    expect(status).toBe('compensated');
    expect(compensation).toEqual({ undone: ['a/one', 'a/child'], failed: [], kept: [] });
    expect(undone(log)).toEqual([
      expect.stringMatching(/^undo r\.child\.[0-9a-f]+\/c\/in#1 as .*~undo$/),
      undo('a/one'),
    ]);
    const { runs } = await box.runs({});
    const ids = runs.map(({ run: id }) => id);
    expect(ids).toEqual(['r', ids[1], `${ids[1]}~undo`]);
  });

  test('that somebody has deleted meanwhile cannot be undone, and the rest is (P69)', async () => {
    const log: string[] = [];
    const work = worker(log);
    const child = orchestrator('child', head).track('c', track('c', input).step('in', work));
    const flow = orchestrator('flow', head).track(
      'a',
      track('a', input).step('one', work).run('child', child).wait('go', { signal: 'go' }).step('bad', work, fails),
    );
    await using box = await createSignalbox({ orchestrators: [flow], ...quiet });
    const run = await box.start(flow, { id: 'r', input: null });
    await expect.poll(async () => (await statusesOf(run))['a/go']).toBe('waiting');
    for await (const { run: id } of run.children()) await box.run(id).delete();
    await run.signal('go');
    await run.outcome();

    const undoing = await run.compensate();

    expect(await undoing.outcome()).toMatchObject({ compensation: { undone: ['a/one'], failed: ['a/child'] } });
    const failed = [];
    for await (const event of undoing.history()) if (event.type === 'step.compensationFailed') failed.push(event);
    expect(failed).toMatchObject([{ path: 'a/child', error: { code: 'run-unknown' } }]);
  });

  test('that cannot be undone fails its step, and what it stands for is told (P69)', async () => {
    const stuck = task('stuck', {
      input: Anything,
      output: Anything,
      run: () => 1,
      compensate: () => Promise.reject(new Error('it stays')),
    });
    const child = orchestrator('child', head).track('c', track('c', input).step('in', stuck));
    const flow = orchestrator('flow', { ...head, onFailure: 'compensate' }).track(
      'a',
      track('a', input).run('child', child).step('bad', worker([]), fails),
    );
    await using box = await createSignalbox({ orchestrators: [flow], ...quiet });
    const { status, failures } = await (await box.start(flow, { id: 'r', input: null })).outcome();

    expect(status).toBe('failed');
    expect(failures[0]).toMatchObject({
      path: 'a/child',
      code: 'child-failed',
      cause: { code: 'compensation-incomplete' },
    });
  });

  test('that is under way when its parent is undone is cancelled, and undoes what it has done', async () => {
    const log: string[] = [];
    const work = worker(log);
    const child = orchestrator('child', head).track(
      'c',
      track('c', input).step('in', work).wait('go', { signal: 'go' }),
    );
    const flow = orchestrator('flow', { ...head, onFailure: 'compensate' })
      .track('a', track('a', input).run('child', child))
      .track('b', track('b', input).wait('fail', { signal: 'fail' }).step('bad', work, fails));
    await using box = await createSignalbox({ orchestrators: [flow], ...quiet });
    const run = await box.start(flow, { id: 'r', input: null });
    await settled(box);
    await run.signal('fail', null);

    expect(await run.outcome()).toMatchObject({ status: 'compensated' });
    expect(undone(log)).toHaveLength(1);
    const [, inner] = (await box.runs({})).runs;
    expect(inner).toMatchObject({ status: 'compensated' });
  });

  test('that was not waited for is its own business', async () => {
    const log: string[] = [];
    const work = worker(log);
    const child = orchestrator('child', head).track('c', track('c', input).step('in', work));
    const flow = orchestrator('flow', { ...head, onFailure: 'compensate' }).track(
      'a',
      track('a', input).run('child', { orchestrator: child, detach: true }).step('bad', work, fails),
    );
    await using box = await createSignalbox({ orchestrators: [flow], ...quiet });
    const { status, compensation } = await (await box.start(flow, { id: 'r', input: null })).outcome();

    expect(status).toBe('compensated');
    expect(compensation?.kept).toEqual(['a/child']);
    expect(undone(log)).toEqual([]);
  });
});

test('a run whose id leaves no room for more was undone under a longer one by an earlier version, and is not undone again (S17)', async () => {
  const run = 'r'.repeat(200);
  const rows = new Map<string, RunRow>();
  const there = (...ids: readonly string[]) => {
    for (const id of ids) rows.set(id, { run: id, parent: { run, path: '' }, status: 'failed' } as RunRow);
  };
  const found = async () => (await undoingsOf({ readRun: (id) => rows.get(id) ?? null }, run)).map((row) => row.run);
  expect(await found()).toEqual([]);
  there(`${run}~undo`);
  expect(await found()).toEqual([`${run}~undo`]);
  there(undoOf(run, 2));
  expect(await found()).toEqual([`${run}~undo`, undoOf(run, 2)]);
  there(undoOf(run));
  expect(await found()).toEqual([undoOf(run), undoOf(run, 2)]);
});
