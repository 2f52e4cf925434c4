/** How long a box waits before it asks a store again that has failed, and how often it says so (I3, I7). */
import { createSignalbox, memory, type Store } from 'signalbox';
import { describe, expect, test } from 'vitest';
import { graphOf, settled, soon, stage } from '../helpers/stage.ts';
import { wrapped } from '../helpers/stores.ts';
import { waiting } from '../helpers/waits.ts';

const one = graphOf({ a: [] });
const asleep = waiting();

/** A box on a store of which the test says when a method fails, and at which times it was called. */
async function failing(method: 'commit' | 'readOpen') {
  const { desk, clock, lines, options } = stage();
  const inner = memory();
  const calls: number[] = [];
  const state = { fails: false };
  const call = (...given: unknown[]): unknown => {
    if (!state.fails) return (inner[method] as (...args: unknown[]) => unknown)(...given);
    calls.push(clock.now());
    throw new Error('the store is away');
  };
  const store: Store = wrapped({ [method]: call }, inner);
  const box = clock.follow(await createSignalbox({ orchestrators: [one, asleep], ...options, store, idleRuns: 0 }));
  /** Milliseconds between the calls that failed. */
  const gaps = (): number[] => calls.slice(1).map((at, index) => at - (calls[index] as number));
  return { desk, clock, lines, box, calls, state, gaps, [Symbol.asyncDispose]: () => box.close() };
}

test('a commit that fails is tried again after twice as long each time, up to five seconds, and from the start after one that landed', async () => {
  await using at = await failing('commit');
  const run = await at.box.start(one, { input: null });
  at.state.fails = true;
  at.desk.give('a/work#1');
  await at.clock.advance('30s');
  expect(at.gaps()).toEqual([50, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000, 5_000]);

  at.state.fails = false;
  await at.clock.advance('5s');
  expect(await soon(run.outcome())).toMatchObject({ status: 'completed' });

  const next = await at.box.start(one, { id: 'next', input: null });
  at.calls.length = 0;
  at.state.fails = true;
  at.desk.give('a/work#1');
  await at.clock.advance('140ms');
  expect(at.gaps()).toEqual([50]);
  at.state.fails = false;
  await at.clock.advance('1s');
  expect(await soon(next.outcome())).toMatchObject({ status: 'completed' });
});

test('a run that cannot be read is asked for again after twice as long each time, up to five seconds', async () => {
  await using at = await failing('readOpen');
  const run = await at.box.start(asleep as never, { id: 'r', input: null } as never);
  await settled(at.box);
  expect(at.box.counts.inMemory).toBe(0);
  at.state.fails = true;
  const sending = run.signal('go', 1);
  await at.clock.advance('30s');
  const seen = at.gaps();
  at.state.fails = false;
  await at.clock.advance('5s');
  expect(await soon(sending)).toMatchObject({ answer: 'accepted' });
  expect(seen.slice(0, 7)).toEqual([250, 500, 1_000, 2_000, 4_000, 5_000, 5_000]);
});

describe('runs that cannot be gone on with', () => {
  test('are one line in the log for each definition that is missing, however many they are', async () => {
    const store = memory();
    const other = graphOf({ a: [] }, { name: 'other' });
    const first = await createSignalbox({ orchestrators: [one, other], ...stage().options, store });
    for (const flow of [one, one, one, other, other]) await first.start(flow, { input: null });
    await first.close();

    const { lines, options } = stage();
    await using second = await createSignalbox({ orchestrators: [], ...options, store });
    await second.recovered;

    expect(second.counts.refused).toBe(5);
    expect(lines.map(({ error }) => (error as { code?: string }).code)).toEqual([
      'definition-missing',
      'definition-missing',
    ]);
    expect(new Set(lines.map(({ message }) => /"(graph|other)"/.exec(message)?.[1]))).toEqual(
      new Set(['graph', 'other']),
    );
  });
});
