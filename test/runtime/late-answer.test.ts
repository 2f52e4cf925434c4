/** What a store says of a run when there is another one under its id by then (I2), and what nobody has to wait for it with. */
import { createSignalbox, memory, type Store, task } from 'signalbox';
import { expect, test } from 'vitest';
import { Anything, graphOf, settled, soon, stage } from '../helpers/stage.ts';
import { alone, held, wrapped } from '../helpers/stores.ts';

const two = graphOf({ a: [], b: ['a'] });

test('that a run is gone is not taken for said of the new one that has begun under its id meanwhile (I2)', async () => {
  const { desk, clock, lines, options } = stage();
  const inner = memory();
  const { store: slow, land } = held(inner);
  const [gone, answered] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const asked = { slowly: false, of: [] as string[] };
  const store: Store = wrapped(
    {
      shared: alone,
      async readOpen(run) {
        if (!asked.slowly) return inner.readOpen(run);
        asked.slowly = false;
        asked.of.push(run);
        await gone.promise;
        const found = inner.readOpen(run);
        await answered.promise;
        return found;
      },
      commit: (changes) => slow.commit(changes),
    },
    inner,
  );
  const box = await createSignalbox({ orchestrators: [two], ...options, store, lease: '9s' });
  const first = box.start(two, { id: 'r', input: 1 });
  await land();
  await first;
  desk.give('a/work#1');
  await settled();
  // It stands still with a commit under way, and asks whose the run is when that has landed.
  clock.jump(10_000);
  await clock.advance('3s');
  asked.slowly = true;
  await land();
  expect(asked.of).toEqual(['r']);

  // Another process has taken it, somebody has ended and deleted it, and here a new one begins.
  inner.abandonRun({ type: 'run.cancelled', run: 'r', path: '', at: 1, reason: 'enough', abandoned: true });
  expect(await inner.deleteRun('r')).toBe(true);
  gone.resolve();
  const starting = box.start(two, { id: 'r', input: 2 });
  await land();
  const second = await soon(starting);
  const lost = () => lines.filter(({ error }) => (error as { code?: string } | undefined)?.code === 'lease-lost');
  const before = lost().length;
  answered.resolve();
  await settled();

  expect([before, lost().length, box.counts.inMemory]).toEqual([1, 1, 1]);
  expect((await second.snapshot()).input).toBe(2);
  await box.close();
});

test('a task that is run by itself does not wait for runs that cannot be taken over, where nobody else has any', async () => {
  const { clock } = stage();
  const store = wrapped({
    claim() {
      throw new Error('the disk is busy');
    },
  });
  const box = await createSignalbox({
    orchestrators: [two],
    tasks: { work: () => null },
    store,
    clock,
    logger: () => {},
  });
  const add = task('add', { input: Anything, output: Anything, run: ({ input }) => input + 1 });

  expect(await soon(box.runTask(add, 1))).toBe(2);

  await box.close();
});
