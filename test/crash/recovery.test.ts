/** Recovery when not all is well: a store that fails at first, a run that cannot be read back, a command that comes early. */
import { createSignalbox, memory, orchestrator, type Store, task, track } from 'signalbox';
import type { OpenRun } from 'signalbox/store';
import { settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { Anything, soon, stage } from '../helpers/stage.ts';
import { wrapped } from '../helpers/stores.ts';

const work = task('work', { input: Anything, output: Anything });
const flow = orchestrator('flow', { version: '1', input: Anything }).track(
  'line',
  track('line', { input: Anything }).step('one', work),
);

/** A box on `store` whose jobs lie on a desk. */
async function boxOn(store: Store) {
  const { options, ...rest } = stage();
  const box = await createSignalbox({ ...options, orchestrators: [flow], tasks: { work: () => {} }, store });
  return { ...rest, box: rest.clock.follow(box) };
}

/** A store with unfinished runs `r0`, `r1`, …, as a box left them that nobody closed. */
async function left(count: number): Promise<Store> {
  const store = memory();
  // To a box an object is one store, and the one that is left behind has its own.
  const { box } = await boxOn(wrapped({}, store));
  for (let index = 0; index < count; index += 1) await box.start(flow, { id: `r${index}`, input: null });
  return store;
}

/** One more than are claimed at a time. */
const MANY = 501;

/** The first call of `method` fails, as on a full disk. */
function failingOnce(inner: Store, method: 'claim' | 'readOpen' | 'readChildren'): Store {
  let failed = false;
  const attempt = (...args: readonly unknown[]): unknown => {
    if (failed) return (inner[method] as (...given: readonly unknown[]) => unknown)(...args);
    failed = true;
    throw new Error(`${method} failed`);
  };
  return wrapped({ [method]: attempt }, inner);
}

describe('a recovery', () => {
  test.each(['claim', 'readOpen', 'readChildren'] as const)(
    'is tried again after a %s that failed, is logged, and ends no process by an unhandled rejection (I7)',
    async (method) => {
      const store = failingOnce(await left(3), method);
      const unhandled: string[] = [];
      const hear = (error: unknown) => void unhandled.push(String(error));
      process.on('unhandledRejection', hear);
      try {
        const { box, clock, desk, lines } = await boxOn(store);
        await clock.advance('1m');

        expect(unhandled).toEqual([]);
        expect(desk.begun).toHaveLength(3);
        expect(lines.filter(({ message }) => message.includes(`${method} failed`))).toHaveLength(1);
        await box.recovered;
        await box.close();
      } finally {
        process.off('unhandledRejection', hear);
      }
    },
  );

  test.each<[what: string, read: (run: OpenRun | null) => OpenRun | null]>([
    ['whose rows do not fit', (run) => run && { ...run, open: run.open.filter(({ path }) => path !== '') }],
    [
      'that the store fails to read each time',
      () => {
        throw new Error('r0 is on a bad sector');
      },
    ],
  ])('is not held up by a run %s: all others go on, and can be cancelled (I7)', async (_, read) => {
    const store = await left(MANY);
    const readOpen: Store['readOpen'] = async (run) => {
      const found = await store.readOpen(run);
      return run === 'r0' ? read(found) : found;
    };

    const { box, clock, desk, lines } = await boxOn(wrapped({ readOpen }, store));
    await clock.advance('1m');

    expect(lines[0]?.message).toContain('r0');
    expect(desk.begun).toHaveLength(MANY - 1);
    await soon(box.run(`r${MANY - 1}`).cancel());
  });

  test('does not swallow a cancel of a run whose turn to be read has not come: what was acknowledged happens (S14)', async () => {
    const { box } = await boxOn(await left(MANY));

    await box.run(`r${MANY - 1}`).cancel({ reason: 'enough' });
    await box.recovered;
    await settled(box);

    expect(await box.run(`r${MANY - 1}`).status()).toBe('cancelled');
  });
});

test('a box whose store fails is quiet between two tries, also with a start by id under way', async () => {
  const { box } = await boxOn(
    wrapped({
      commit: () => {
        throw new Error('full');
      },
    }),
  );

  box.start(flow, { id: 'a', input: null }).catch(() => {});

  await soon(settled(box));
  await box.close();
});
