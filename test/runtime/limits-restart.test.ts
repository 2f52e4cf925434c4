/** Limits where a run changes hands: what stands in line when its box goes, and what is next when its run may be another's. */
import { createSignalbox, memory, orchestrator, type Store, task, track } from 'signalbox';
import type { OpenRun } from 'signalbox/store';
import { afterEach, describe, expect, test } from 'vitest';
import { Anything, graphOf, never, settled, stage } from '../helpers/stage.ts';
import { alone, wrapped } from '../helpers/stores.ts';
import { places } from '../helpers/waits.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const limited = task('limited', {
  input: Anything,
  output: Anything,
  run: never,
  concurrency: [2, { limit: 1, key: ({ input }) => input as string }],
  rate: { limit: 10, per: '1s' },
});
const flow = orchestrator('flow', { version: '1', input: Anything }).track(
  't',
  track('t', { input: Anything }).map('do', { over: () => ['x', 'x', 'y', 'z'], each: limited }),
);

test.each(places)(
  'what stood in line stands in line again after a restart, under the same limits: %s',
  async (_, place) => {
    const next = place();
    const first = stage();
    const before = await createSignalbox({ orchestrators: [flow], store: next(), ...first.options });
    await before.start(flow, { id: 'r', input: null });
    await settled(before);
    expect(first.desk.begun).toEqual(['t/do/0#1', 't/do/2#1']);
    await before.close();

    const { desk, options, clock } = stage();
    const box = clock.follow(await createSignalbox({ orchestrators: [flow], store: next(), ...options }));
    ends.push(() => box.close());
    await box.recovered;
    await settled(box);

    expect(desk.begun).toEqual(['t/do/0#1', 't/do/2#1']);
    expect((await box.run('r').snapshot()).steps['t/do/1']?.waitingFor).toMatchObject({ what: 'queued' });
    desk.give('t/do/2#1');
    await settled(box);
    expect(desk.begun.at(-1)).toBe('t/do/3#1');
    desk.give('t/do/0#1');
    await settled(box);
    desk.give('t/do/3#1');
    desk.give('t/do/1#1');
    await settled(box);
    expect(await box.run('r').status()).toBe('completed');
  },
);

describe('after a sign of life that came too late', () => {
  /** Runs `a`, `b` and `c` of one body each, for which the box has one place; those in `others` went to another process. */
  const standing = async () => {
    const { desk, clock, options } = stage();
    const inner = memory();
    const others = new Set<string>();
    const store: Store = wrapped(
      {
        shared: alone,
        readOpen(run) {
          const found = inner.readOpen(run) as OpenRun | null;
          return found !== null && others.has(run) ? { ...found, owner: 'another', fence: found.fence + 1 } : found;
        },
      },
      inner,
    );
    const one = graphOf({ a: [] });
    const box = await createSignalbox({ orchestrators: [one], ...options, store, lease: '9s', concurrency: 1 });
    ends.push(() => box.close());
    for (const id of ['a', 'b', 'c']) await box.start(one, { id, input: null });
    await settled();
    /** The first body ends while nobody knows whose the runs are, so the store is asked; then a sign of life arrives. */
    const late = async (): Promise<void> => {
      clock.jump(10_000);
      desk.give('a/work#1');
      await settled();
      await clock.advance('3s');
      await settled();
    };
    const at = (): string => desk.job('a/work#1').run.id;
    return { desk, others, late, at };
  };

  test('the next one begins once the store has said that its run is still ours', async () => {
    const { desk, late, at } = await standing();
    await late();

    expect(at()).toBe('b');
    expect(desk.begun).toHaveLength(2);
  });

  test('one whose run is another process’ is passed over, and its place is not lost', async () => {
    const { desk, late, at, others } = await standing();
    others.add('b');
    await late();

    expect(at()).toBe('c');
    expect(desk.begun).toHaveLength(2);
  });
});
