/** A run that only waits says so in its row: lists, snapshots and the run itself have one truth, whatever happens to the process. */
import { createSignalbox, memory, orchestrator, type Store, task, track } from 'signalbox';
import type { RunRow } from 'signalbox/store';
import { describe, expect, test } from 'vitest';
import { Anything, faultsOfHistory, never, settled, stage } from '../helpers/stage.ts';
import { later, mishapAt, wrapped } from '../helpers/stores.ts';

const any = { input: Anything };
const work = task('work', { input: Anything, output: Anything, run: never, retry: { maxAttempts: 2, delay: '1h' } });

/** A step, a wait that runs another step when its time is up, and a step; beside it one that sleeps. */
const flow = orchestrator('flow', { version: '1', ...any })
  .track(
    'a',
    track('a', any)
      .step('first', work)
      .wait('asked', { signal: 'go', payload: Anything, timeout: '2h', onTimeout: { do: work } })
      .step('last', work),
  )
  .track('b', track('b', any).sleep('nap', '1d'));

/** A box on a store that notes down every status that the run's row is given. */
async function begun(inner: Store) {
  const rows: string[] = [];
  const note = ({ row }: { readonly row: RunRow | null }): void => void (row !== null && rows.push(row.status));
  const store = wrapped(
    {
      commit(changes) {
        changes.forEach(note);
        return inner.commit(changes);
      },
    },
    inner,
  );
  const { desk, clock, options } = stage();
  const open = async () => clock.follow(await createSignalbox({ orchestrators: [flow], ...options, store }));
  let box = await open();
  await box.start(flow, { id: 'r', input: 1 });
  const status = async () => {
    await settled(box);
    const run = box.run('r');
    const told = await run.status();
    expect((await run.snapshot()).status).toBe(told);
    for (const each of ['running', 'waiting'] as const)
      expect((await box.runs({ status: each })).runs.map(({ run: id }) => id)).toEqual(each === told ? ['r'] : []);
    return told;
  };
  const reopen = async () => {
    await box.close();
    box = await open();
    await box.recovered;
  };
  return { desk, clock, rows, run: () => box.run('r'), status, reopen, [Symbol.asyncDispose]: () => box.close() };
}

describe.each([
  ['at once', () => memory()],
  ['later', () => later()],
  ['with a commit that is lost', () => mishapAt(2, 'lost')],
  ['with a commit that nobody hears of', () => mishapAt(2, 'unheard')],
])('in a store that answers %s', (_, make) => {
  test.each([[false], [true]])(
    'a run is waiting as long as every live step of it waits, and its row changes no more often than that (I9; restarts: %s)',
    async (restarts) => {
      await using at = await begun(make());
      const { desk, clock } = at;
      const here = async () => {
        // A commit that failed is made again after a moment.
        await clock.advance('100ms');
        if (restarts) await at.reopen();
        return await at.status();
      };
      expect(await here()).toBe('running');
      desk.fail('a/first#1');
      expect(await here()).toBe('waiting');
      await clock.advance('1h');
      expect(await here()).toBe('running');
      desk.give('a/first#2');
      expect(await here()).toBe('waiting');
      await clock.advance('2h');
      expect(await here()).toBe('running');
      // The wait runs another step now, and says nothing beside it.
      desk.fail('a/asked/onTimeout#1');
      expect(await here()).toBe('waiting');
      await clock.advance('1h');
      expect(await here()).toBe('running');
      desk.give('a/asked/onTimeout#2');
      // The next step of the same track begins with the same turn.
      expect(await here()).toBe('running');
      desk.give('a/last#1');
      expect(await here()).toBe('waiting');
      await clock.advance('1d');
      expect(await here()).toBe('completed');
      expect(at.rows.filter((each, index) => each !== at.rows[index - 1])).toEqual([
        'running',
        'waiting',
        'running',
        'waiting',
        'running',
        'waiting',
        'running',
        'waiting',
        'completed',
      ]);
      expect(at.rows.length).toBeLessThanOrEqual(10);
      expect(await faultsOfHistory(at.run())).toEqual([]);
    },
  );
});

test('a run that is being cancelled is cancelling, whatever its steps wait for, and a signal sets one to work (S14)', async () => {
  await using at = await begun(memory());
  at.desk.give('a/first#1');
  expect(await at.status()).toBe('waiting');
  expect(await at.run().signal('go', 1)).toMatchObject({ answer: 'accepted' });
  expect(await at.status()).toBe('running');
  await at.run().cancel();
  expect(await at.status()).toBe('cancelled');
});

test('a row that a version before has left as running is put right when the run is taken over, without an event', async () => {
  const inner = memory();
  const at = await begun(inner);
  at.desk.give('a/first#1');
  expect(await at.status()).toBe('waiting');
  const open = await inner.readOpen('r');
  await inner.commit([
    {
      ...{
        run: 'r',
        fence: open?.fence ?? 0,
        after: open?.seq ?? 0,
        row: { ...(open as { row: RunRow }).row, status: 'running' },
      },
      ...{ actors: [], attempts: [], events: [], signals: [] },
    },
  ]);
  await at.reopen();
  expect(await at.status()).toBe('waiting');
  expect((await inner.readOpen('r'))?.seq).toBe(open?.seq);
  await at.run().cancel();
  expect(await at.status()).toBe('cancelled');
  await at[Symbol.asyncDispose]();
});
