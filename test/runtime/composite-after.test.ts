/** Members of a composite track that wait for others: a graph of their own, with a deadline of its own (S2, S11). */
import { compositeTrack, createSignalbox, orchestrator, task } from 'signalbox';
import { settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { faultsOf } from '../../src/dsl/check.ts';
import { planOf } from '../../src/dsl/index.ts';
import { structureOf } from '../../src/dsl/structure.ts';
import { Anything, faultsOfHistory, never, stage, statusesOf } from '../helpers/stage.ts';

const work = task('work', { input: Anything, output: Anything, run: never });
const use = (input: (facts: { readonly outputs: object }) => unknown) => ({ do: work, input });

async function open(more: object = {}) {
  const { desk, clock, options } = stage();
  const c = compositeTrack('c', {
    tracks: { a: work, b: use(({ outputs }) => outputs), c: use(({ outputs }) => outputs), d: work } as never,
    after: { b: ['a'], c: ['a', 'b'] },
    ...more,
  } as never);
  const flow = orchestrator('flow', { version: '1', input: Anything }).track('c', c as never);
  const box = clock.follow(await createSignalbox({ orchestrators: [flow], ...options }));
  const run = await box.start(flow, { id: 'r', input: null });
  await settled(box);
  return { desk, clock, box, run, flow };
}

describe('members that wait', () => {
  test('begin with the last that they wait for, and are told their outputs and no others', async () => {
    const { desk, box, run } = await open();
    expect(desk.open).toEqual(['c/a#1', 'c/d#1']);
    desk.give('c/a#1', 1);
    await settled(box);
    desk.give('c/b#1', 2);
    await settled(box);
    const { steps } = await run.snapshot();
    expect([steps['c/b']?.input, steps['c/c']?.input]).toEqual([{ a: 1 }, { a: 1, b: 2 }]);
    desk.give('c/c#1', 3);
    desk.give('c/d#1', 4);
    expect(await run.result()).toEqual({ c: { a: 1, b: 2, c: 3, d: 4 } });
    expect(await faultsOfHistory(run)).toEqual([]);
    await box.close();
  });

  test('are skipped when what they wait for has failed, and what does not depend on it goes on', async () => {
    const { desk, box, run } = await open();
    desk.fail('c/a#1', new Error('no'));
    await settled(box);
    desk.give('c/d#1', 4);
    await run.outcome();
    expect(await statusesOf(run)).toMatchObject({
      'c/a': 'failed',
      'c/b': 'skipped',
      'c/c': 'skipped',
      'c/d': 'completed',
    });
    await box.close();
  });

  test('are over with the deadline of the whole (S11)', async () => {
    const { clock, box, run } = await open({ deadline: '10m' });
    await clock.advance('10m');
    await settled(box);
    expect(await statusesOf(run)).toMatchObject({ c: 'timedOut' });
    await box.close();
  });

  test('are part of what runs are pinned to', async () => {
    const hash = async (more: object) => {
      const { flow, box } = await open(more);
      await box.close();
      return structureOf(planOf(flow)).hash;
    };
    const plain = await hash({ after: {} });
    expect(await hash({ after: { b: ['a'] } })).not.toBe(plain);
    expect(await hash({ after: {}, deadline: '1h' })).not.toBe(plain);
  });

  test.each<[object, string]>([
    [{ b: ['x'] }, 'Member "b" waits for "x", which is no member of this composite track'],
    [{ b: ['b'] }, 'Member "b" waits for itself'],
    [{ a: ['b'], b: ['a'] }, 'Each of these members waits for the next'],
    [{ x: ['a'] }, 'speaks of "x", which is none of the members'],
    [{ b: 'a' }, 'Option "after" takes'],
  ])('are refused that wait like %j', (after, message) => {
    const made = compositeTrack('c', { tracks: { a: work, b: work }, after } as never);
    expect(
      faultsOf(made.definition)
        .map((fault) => fault.message)
        .join('\n'),
    ).toContain(message);
  });
});
