/**
 * What is kept of what was spent (S38): a record before the body is called, so that a crash forgets nothing and counts nothing
 * twice; and what happens where another process spends at the same moment.
 */
import { createSignalbox, memory, orchestrator, type Run, type Store, track } from 'signalbox';
import type { RecordRow } from 'signalbox/store';
import { crashAt, fakeClock } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { SETTLED } from '../../src/budgets.ts';
import { drawing, flowOf, head, opened } from '../helpers/drawing.ts';
import { Anything, historyOf, settled, soon } from '../helpers/stage.ts';
import { alone, counted, wrapped } from '../helpers/stores.ts';

describe('what is kept', () => {
  const spentIn = async (store: Store): Promise<readonly RecordRow[]> =>
    (await store.readRecords({ type: 'spent', limit: 100 })).records;

  test('is a record of the run, in a commit before the body is called', async () => {
    const store = memory();
    const seen: unknown[] = [];
    const key = ({ input }: { input: string }) => input;
    const { made } = drawing({
      budget: { limit: 10, per: '1d', key, cost: 3, name: 'images' },
      run: async () => void seen.push(...(await spentIn(store))),
    });
    const flow = flowOf(made);
    const { clock, run } = await opened(flow, { store });
    const done = await run(flow, 'acme', { id: 'r' });
    expect(seen).toMatchObject([
      {
        run: 'r',
        body: { at: clock.now(), cost: 3, task: 'draw', budget: 'images', key: 'acme', path: 't/s', attempt: 1 },
      },
    ]);
    expect((await historyOf(done)).filter((told) => told.includes('t/s'))).toEqual([
      'step.started t/s',
      'step.completed t/s',
    ]);
  });

  test.each([
    ['before commit', 2, 0],
    ['after commit', 2, 1],
    ['after effect, before its result', 1, 1],
    ['before commit', 3, 1],
  ] as const)('a crash %s, for time %i: the attempt is made again, and counted once', async (point, pass, kept) => {
    const { made } = drawing({ budget: { limit: 1, per: '1d' } });
    const flow = flowOf(made);
    // Stretches of time that records are found by end at midnight.
    const late = Date.UTC(2030, 0, 1, 23, 59, 30);
    const doomed = crashAt(point, pass, { store: memory(), clock: fakeClock({ start: late }) });
    const opening = createSignalbox({ ...doomed.options, orchestrators: [flow], logger: () => {} } as never);
    void opening.then((box) => box.start(flow as never, { id: 'r', input: null } as never)).catch(() => {});
    await soon(doomed.crashed);
    const store = doomed.underlying;
    expect(await spentIn(store)).toHaveLength(kept);

    const { box, end } = await opened(flow, { store, clock: fakeClock({ start: late + 60_000 }) });
    await box.recovered;
    expect(await soon(box.run('r').outcome())).toMatchObject({ status: 'completed' });
    expect(await spentIn(store)).toHaveLength(1);
    expect(await end(flow)).toBe('budget-spent');
  });

  test('is not there for an attempt that was cancelled before it was counted', async () => {
    const inner = memory();
    let go = (): void => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    const store = wrapped(
      {
        async readRecords(query) {
          if (query.type === 'spent') await gate;
          return inner.readRecords(query);
        },
      },
      inner,
    );
    const { calls, made } = drawing({ budget: { limit: 1, per: '1d' } });
    const flow = flowOf(made);
    const { box, end } = await opened(flow, { store });
    const cancelled = (await box.start(flow as never, { input: null } as never)) as Run<unknown>;
    await cancelled.cancel();
    go();
    expect(await soon(cancelled.outcome())).toMatchObject({ status: 'cancelled' });
    expect([calls, await spentIn(inner)]).toEqual([[], []]);
    expect(await end(flow)).toBe('completed');
  });

  test('counts after a restart for a clock that was set back, in the view, too (S38)', async () => {
    const store = memory();
    const clock = fakeClock({ isSteady: false });
    const { made } = drawing({ budget: { limit: 2, per: '1h' } });
    const flow = flowOf(made);
    const first = await opened(flow, { store, clock });
    expect([await first.end(flow), await first.end(flow)]).toEqual(['completed', 'completed']);
    await first.box.close();
    await clock.jump(-30 * 60_000);
    const { box, end } = await opened(flow, { store, clock });
    expect(await end(flow)).toBe('budget-spent');
    expect((await box.budgets()).budgets).toMatchObject([{ spent: 2, left: 0 }]);
  });

  test('is asked for again where the store cannot say, and nothing begins until it can', async () => {
    const inner = memory();
    let fails = 2;
    const store = wrapped(
      {
        readRecords(query) {
          fails -= 1;
          if (fails >= 0) throw new Error('away');
          return inner.readRecords(query);
        },
      },
      inner,
    );
    const { calls, made } = drawing();
    const flow = flowOf(made);
    const { clock, lines, run } = await opened(flow, { store });
    const waits = await run(flow);
    await clock.advance('200ms');
    expect(calls).toEqual([]);
    await clock.advance('400ms');
    expect(await soon(waits.outcome())).toMatchObject({ status: 'completed' });
    expect(lines.filter(({ message }) => message.includes('could not be read'))).toHaveLength(1);
  });

  test('costs a task without a budget nothing, and one with a budget a commit', async () => {
    const { store, calls } = counted();
    const [plain, paid] = [drawing({ budget: undefined }, 'plain').made, drawing().made];
    const [free, flow] = [flowOf(plain, {}, 'free'), flowOf(paid)];
    const { run } = await opened([free, flow], { store });
    const costOf = async (of: unknown) => {
      calls();
      await run(of);
      const { commit, readRecords = 0 } = calls();
      return { commit, readRecords };
    };
    expect(await costOf(free)).toEqual({ commit: 2, readRecords: 0 });
    expect(await costOf(flow)).toEqual({ commit: 3, readRecords: 3 });
    expect(await costOf(flow)).toEqual({ commit: 3, readRecords: 0 });
  });
});

describe('where another process may spend at the same moment', () => {
  /** A store of several processes, in which another has spent `theirs` by the time that our own is committed. */
  const contended = (theirs: number, stays: boolean) => {
    const inner = memory();
    let asked = 0;
    const store = wrapped(
      {
        shared: alone,
        async readRecords(query) {
          const page = await inner.readRecords(query);
          const [ours] = page.records;
          if (query.type !== 'spent' || ours === undefined) return page;
          asked += 1;
          if (!stays && asked > 1) return page;
          const others = new Array(theirs).fill(null).map((_, at) => ({ ...ours, run: `theirs-${at}` }));
          return { ...page, records: [...others, ...page.records] };
        },
      },
      inner,
    );
    return { inner, store };
  };

  test('one that is too many takes itself back, and asks again', async () => {
    const { inner, store } = contended(1, false);
    const { calls, made } = drawing({ budget: { limit: 1, per: '1d' } });
    const flow = flowOf(made);
    const { clock, run } = await opened(flow, { store, lease: '9s' });
    const waits = await run(flow);
    expect(calls).toEqual([]);
    expect((await inner.readRecords({ type: 'spent', limit: 9 })).records).toEqual([]);
    // The other one has taken itself back, too.
    await clock.advance('1s');
    expect(await soon(waits.outcome())).toMatchObject({ status: 'completed' });
    expect(calls).toHaveLength(1);
    expect((await inner.readRecords({ type: 'spent', limit: 9 })).records).toHaveLength(1);
  });

  test('one that fits begins, whatever others do', async () => {
    const { store } = contended(9, true);
    const { calls, made } = drawing();
    const flow = flowOf(made);
    const { end } = await opened(flow, { store, lease: '9s' });
    expect(await end(flow)).toBe('completed');
    expect(calls).toHaveLength(1);
  });

  test('who asks while it is being read waits for a reading that begins from then on, each time anew', async () => {
    const inner = memory();
    let readings = 0;
    const readRecords: Store['readRecords'] = async (query) => {
      readings += 1;
      await new Promise((resolve) => setImmediate(resolve));
      return inner.readRecords(query);
    };
    const { made } = drawing({ budget: { limit: 100, per: '1d' } });
    const flow = flowOf(made);
    const { box, clock, run } = await opened(flow, { store: wrapped({ shared: alone, readRecords }, inner) });
    // What is over by now is not read by all of them.
    await clock.advance('2m');
    await run(flow);
    const read = async (count: number): Promise<number> => {
      readings = 0;
      await Promise.all(new Array(count).fill(flow).map((each) => run(each)));
      await settled(box);
      return readings;
    };
    const ofOne = await read(1);
    const first = await read(9);
    // Those who come meanwhile share one.
    expect(first).toBeLessThan(9 * ofOne);
    expect(first).toBeGreaterThan(ofOne);
    expect(await read(9)).toBe(first);
  });

  test('what is over is not read again, however much there is of it; what others may still commit is', async () => {
    const inner = memory();
    const clock = fakeClock({ start: Date.UTC(2030, 0, 1, 12) });
    const today = `.${Math.floor(clock.now() / 86_400_000)}`;
    let readings = 0;
    const readRecords: Store['readRecords'] = (query) => {
      if (query.type === 'spent' && query.after === undefined && query.key?.value.endsWith(today)) readings += 1;
      return inner.readRecords(query);
    };
    const { made } = drawing({ budget: { limit: 1_000, per: '1d' } });
    const [flow, many] = [flowOf(made), orchestrator('many', head).track('t', drawings(made))];
    const { run, end } = await opened([flow, many], { store: wrapped({ shared: alone, readRecords }, inner), clock });
    /** How often what was spent today is read from its beginning: once before an attempt is counted, and once behind that. */
    const read = async (): Promise<number> => {
      readings = 0;
      expect(await end(flow)).toBe('completed');
      return readings;
    };
    expect(await (await run(many)).status()).toBe('completed');
    await clock.advance(SETTLED - 1);
    expect(await read()).toBe(2);
    await clock.advance(1);
    expect(await read()).toBe(1);
    expect(await read()).toBe(0);
  });
});

/** More of them than a page has. */
const drawings = (made: ReturnType<typeof drawing>['made']) =>
  track('t', { input: Anything }).map('m', { over: () => '1..101', each: made, concurrency: 101 });
