/**
 * What a box keeps of what is under way: timers, attempts, rooms, cleanups. When the word of a commit was lost and a run is
 * read again, and when a body ends in any way, nothing of it stays behind (I9): no timer, no run in memory, no room taken.
 */
import { createSignalbox, memory, orchestrator, task, track } from 'signalbox';
import type { RunChange } from 'signalbox/store';
import { describe, expect, test } from 'vitest';
import { Anything, graphOf, historyOf, never, settled, soon, stage } from '../helpers/stage.ts';
import { wrapped } from '../helpers/stores.ts';
import { head } from '../helpers/waits.ts';

const one = graphOf({ a: [] });

/** A store whose commits land and are not heard of, as long as the test wishes. */
function deaf() {
  const inner = memory();
  const ear = { isDeaf: false };
  const commit = async (changes: readonly RunChange[]): Promise<void> => {
    await inner.commit(changes);
    if (!ear.isDeaf) return;
    ear.isDeaf = false;
    throw new Error('the connection is gone');
  };
  return { store: wrapped({ commit }, inner), ear };
}

async function opened(flow: typeof one, more: object = {}) {
  const { store, ear } = deaf();
  const { desk, clock, lines, options } = stage();
  const box = clock.follow(await createSignalbox({ orchestrators: [flow], ...options, store, ...more } as never));
  const start = async (id: string) => {
    const run = await box.start(flow as never, { id, input: null } as never);
    await settled(box);
    return run;
  };
  return { box, desk, clock, lines, ear, start, [Symbol.asyncDispose]: () => box.close() };
}

const trying = task('trying', {
  input: Anything,
  output: Anything,
  retry: { maxAttempts: 2, delay: '30d' },
  run: never,
});
const retrying = orchestrator('retrying', head).track('t', track('t', { input: Anything }).step('try', trying));
const waiting = orchestrator('waiting', head).track(
  't',
  track('t', { input: Anything }).wait('w', { signal: 'go', timeout: '30d' }),
);

describe('a cancel that has landed unheard leaves nothing behind', () => {
  test.each([
    ['a pause between attempts', retrying, 't/try#1'],
    ['a wait with a limit', waiting, null],
  ] as const)('of %s: no timer, no run, and the process may end (I3, I9)', async (_, flow, fails) => {
    await using at = await opened(flow as never);
    const run = await at.start('r');
    if (fails !== null) at.desk.fail(fails);
    await settled(at.box);
    expect(at.box.counts.timers).toBe(1);

    at.ear.isDeaf = true;
    const cancelling = run.cancel();
    await at.clock.advance('1s');
    await soon(cancelling);

    expect(await soon(run.outcome())).toMatchObject({ status: 'cancelled' });
    expect(at.box.counts).toMatchObject({ timers: 0, inMemory: 0 });
    expect(at.clock.pending).toBe(0);
  });

  test('of a body: its signal fires, its room is free, and its run is let go of (I3, S14, S30)', async () => {
    await using at = await opened(one, { concurrency: 1 });
    const run = await at.start('r');
    const job = at.desk.job('a/work#1');

    at.ear.isDeaf = true;
    const cancelling = run.cancel();
    await at.clock.advance('1s');
    await soon(cancelling);

    expect(job.signal().aborted).toBe(true);
    expect(await soon(run.outcome())).toMatchObject({ status: 'cancelled' });
    expect(at.box.counts).toMatchObject({ timers: 0, inMemory: 0 });
    await at.start('next');
    expect(at.desk.begun).toEqual(['a/work#1', 'a/work#1']);
  });
});

test('a run that waits after a step has ended is let go of, and is rows (I9)', async () => {
  const flow = orchestrator('flow', head).track(
    't',
    track('t', { input: Anything })
      .step('first', task('first', { input: Anything, output: Anything, run: never, timeout: '1h' }))
      .wait('w', { signal: 'go' }),
  );
  await using at = await opened(flow as never, { idleRuns: 0 });
  await at.start('r');
  at.desk.give('t/first#1');
  await settled(at.box);

  expect(at.box.counts).toMatchObject({ inMemory: 0, timers: 0 });
});

test('a run that is begun anew under the id of one that was cancelled is let go of as any other (I9, P130)', async () => {
  await using at = await opened(one, { orchestrators: [one, waiting], idleRuns: 0 });
  const run = await at.start('r');
  await run.cancel();
  await soon(run.outcome());
  expect(await run.delete()).toBe(true);

  await at.box.start(waiting as never, { id: 'r', input: null } as never);
  await settled(at.box);
  expect(at.box.counts.inMemory).toBe(0);
});

test.each([0, 1, 2])('of runs that wait, the last %i stay in memory and no more (I9)', async (idleRuns) => {
  await using at = await opened(waiting as never, { idleRuns });
  for (const id of ['a', 'b', 'c']) await at.start(id);

  expect(at.box.counts.inMemory).toBe(idleRuns);
});

describe('a cleanup', () => {
  /** Two steps side by side whose cleanups end when the test says so. */
  function tidying() {
    const called: string[] = [];
    const signals: AbortSignal[] = [];
    const done = new Map<string, () => void>();
    const messy = task('messy', {
      input: Anything,
      output: Anything,
      run: never,
      cleanup: ({ key, reason, signal }) => {
        const place = key.slice(key.indexOf('/') + 1);
        called.push(`${place}: ${reason}`);
        signals.push(signal);
        return new Promise<void>((resolve) => done.set(place, resolve));
      },
    });
    const flow = orchestrator('flow', head)
      .track('a', track('a', { input: Anything }).step('s', messy))
      .track('b', track('b', { input: Anything }).step('s', messy));
    return { flow, called, signals, done };
  }

  test('that is under way is not begun again when its run is read again (S14, I6)', async () => {
    const { flow, called, done } = tidying();
    await using at = await opened(flow as never);
    const run = await at.start('r');
    await run.cancel({ reason: 'enough' });
    await settled(at.box);
    expect(called).toEqual(['a/s#1: enough', 'b/s#1: enough']);

    at.ear.isDeaf = true;
    done.get('a/s#1')?.();
    await at.clock.advance('1s');
    done.get('b/s#1')?.();
    await settled(at.box);

    expect(await soon(run.outcome())).toMatchObject({ status: 'cancelled' });
    expect(called).toHaveLength(2);
    expect((await historyOf(run)).filter((event) => event === 'step.cancelled b/s')).toHaveLength(1);
    expect(at.box.counts.timers).toBe(0);
  });

  test('is told to end when the box is closed (S14)', async () => {
    const { flow, signals } = tidying();
    const at = await opened(flow as never);
    await (await at.start('r')).cancel();
    await settled(at.box);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false]);

    await at.box.close();

    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
  });
});
