/** A box on a SQLite file that is closed and opened again: what goes on, what is not run twice, and what is refused. */
import { DatabaseSync } from 'node:sqlite';
import {
  type AnyOrchestrator,
  createSignalbox,
  type LogLine,
  memory,
  orchestrator,
  type Signalbox,
  type SignalboxError,
  type Store,
  task,
  track,
} from 'signalbox';
import { sqlite } from 'signalbox/sqlite';
import { describe, expect, test, vi } from 'vitest';
import { inShell, newFile, query } from '../helpers/files.ts';
import { called, playing, scenarios } from '../helpers/scenarios.ts';
import {
  Anything,
  eventsOf,
  fakeClock,
  faultsOfHistory,
  historyOf,
  hurriedClock,
  never,
  rejection,
  settled,
  soon,
  stage,
} from '../helpers/stage.ts';

const quiet = () => {};
const codesOf = (lines: readonly LogLine[]) => lines.map(({ error }) => (error as SignalboxError | undefined)?.code);

const work = task('work', { input: Anything, output: Anything, run: never });

/** `count` steps called `one`, `two`, `three` after one another. */
const flowOf = (count: number, more: { version?: string; name?: string } = {}): AnyOrchestrator => {
  const { version = '1', name = 'flow' } = more;
  const names = ['one', 'two', 'three'].slice(0, count);
  const steps = names.reduce((made, step) => made.step(step, work) as typeof made, track('t', { input: Anything }));
  return orchestrator(name, { version, input: Anything }).track('t', steps, { input: ({ input }) => input });
};
const flow = flowOf(2);

/** A box whose jobs lie on a desk. */
async function staged(
  file: string,
  orchestrators: readonly AnyOrchestrator[],
  store: Store = sqlite(file),
  clock = fakeClock(),
) {
  const { desk, lines, options } = stage();
  const box = await createSignalbox({ orchestrators, store, ...options, clock });
  clock.follow(box);
  await soon(box.recovered);
  await settled(box);
  return { box, desk, clock, lines, [Symbol.asyncDispose]: () => box.close() };
}

describe('a run on a file', () => {
  async function play(each: AnyOrchestrator, store: Store) {
    called.length = 0;
    await using box = await createSignalbox({ orchestrators: [each], store, clock: hurriedClock(), logger: quiet });
    playing.box = box as unknown as Signalbox;
    const run = await box.start(each, { id: 'r', input: null });
    const { status, output, outputs } = await soon(run.outcome());
    const [history, faults] = [await historyOf(run), await faultsOfHistory(run)];
    return { status, output, outputs, history: history.sort(), faults, called: [...called].sort() };
  }

  test.each(scenarios.map((each) => [each.name, each] as const))(
    'ends as in memory, with the same history and the same calls: %s (P89)',
    async (_, each) => {
      expect(await play(each, sqlite(newFile()))).toEqual(await play(each, memory()));
    },
  );

  test.each([
    ['full', 2],
    ['normal', 1],
  ] as const)('is synced as was said: %s', (synchronous, level) => {
    // The pragma is one of the connection, so it is asked for from within.
    const file = newFile();
    const seen: unknown[] = [];
    const prepare = DatabaseSync.prototype.prepare;
    const spy = vi.spyOn(DatabaseSync.prototype, 'prepare').mockImplementation(function (this: DatabaseSync, sql) {
      if (sql.includes('begin')) seen.push(prepare.call(this, 'pragma synchronous').get());
      return prepare.call(this, sql);
    });
    const store = sqlite(file, { synchronous });
    store.open({ name: 'one', lease: 1, now: () => 0 });
    store.saveDefinitions([]);
    store.close();
    spy.mockRestore();
    expect(seen.map((row) => ({ ...(row as object) }))).toEqual([{ synchronous: level }]);
  });
});

describe('a box that is opened on the file of another', () => {
  test('goes on where that one was: what had completed is not run again, what was in flight is, under its key (I6)', async () => {
    const file = newFile();
    const keys: string[] = [];
    {
      await using first = await staged(file, [flow]);
      await first.box.start(flow, { id: 'r', input: 1 });
      first.desk.give('t/one#1', 'done');
      await settled(first.box);
      keys.push(first.desk.job('t/two#1').key);
    }
    await using second = await staged(file, [flow]);
    expect(second.desk.begun).toEqual(['t/two#1']);
    keys.push(second.desk.job('t/two#1').key);
    expect(keys[1]).toBe(keys[0]);

    second.desk.give('t/two#1', 'over');
    const run = second.box.run('r');
    expect(await soon(run.result())).toEqual({ t: 'over' });
    expect(await faultsOfHistory(run)).toEqual([]);
    expect((await historyOf(run)).filter((event) => event === 'step.completed t/one')).toHaveLength(1);
  });

  test('waits for what remains of a pause between attempts, and counts on (S10)', async () => {
    const file = newFile();
    const busy = task('busy', {
      input: Anything,
      output: Anything,
      retry: { maxAttempts: 3, delay: '10s' },
      run: never,
    });
    const retrying = orchestrator('retrying', { version: '1', input: Anything }).track(
      't',
      track('t', { input: Anything }).step('one', busy),
    );
    let stoodAt = 0;
    {
      await using first = await staged(file, [retrying]);
      await first.box.start(retrying, { id: 'r', input: null });
      first.desk.fail('t/one#1');
      await first.clock.advance('4s');
      stoodAt = first.clock.now();
    }
    // The clock of the second box begins where that of the first one stood: six seconds remain.
    await using second = await staged(file, [retrying], sqlite(file), fakeClock({ start: stoodAt }));
    await second.clock.advance('5s');
    expect(second.desk.begun).toEqual([]);
    await second.clock.advance('1s');
    expect(second.desk.begun).toEqual(['t/one#2']);
    second.desk.give('t/one#2', 2);
    expect(await soon(second.box.run('r').result())).toEqual({ t: 2 });
  });

  test('does not touch runs that have ended, and reads them as they were', async () => {
    const file = newFile();
    let before: unknown;
    {
      await using first = await staged(file, [flow]);
      const run = await first.box.start(flow, { id: 'r', input: 1 });
      first.desk.give('t/one#1', 1);
      await settled(first.box);
      first.desk.fail('t/two#1');
      before = [await run.outcome(), await eventsOf(run), await run.snapshot()];
    }
    await using second = await staged(file, [flow]);
    const run = second.box.run('r');
    expect([await run.outcome(), await eventsOf(run), await run.snapshot()]).toEqual(before);
    expect(second.lines).toEqual([]);
  });

  test('gives the run that is there for its id and for its key, and refuses another input (S17)', async () => {
    const file = newFile();
    {
      await using first = await staged(file, [flow]);
      await first.box.start(flow, { id: 'r', key: 'k', input: { n: 1 } });
    }
    await using second = await staged(file, [flow]);
    expect((await second.box.start(flow, { id: 'r', input: { n: 1 } })).id).toBe('r');
    expect((await second.box.start(flow, { key: 'k', input: { n: 1 } })).id).toBe('r');
    for (const name of [{ id: 'r' }, { key: 'k' }]) {
      const error = await rejection<SignalboxError>(second.box.start(flow, { ...name, input: { n: 2 } }));
      expect(error.code).toBe('run-exists');
    }
    expect(query(file, 'select run from runs')).toEqual([{ run: 'r' }]);
  });

  test('starts once under a key that is given with an id and without at the same time (S17)', async () => {
    const file = newFile();
    await using first = await staged(file, [flow]);
    const starts = [
      first.box.start(flow, { id: 'r', key: 'k', input: 1 }),
      first.box.start(flow, { key: 'k', input: 1 }),
    ];
    const ids = await soon(Promise.all(starts.map(async (start) => (await start).id)));
    expect(new Set(ids).size).toBe(1);
  });

  test('goes on with a task that runs alone, once it is asked for it again under its key (S17)', async () => {
    const file = newFile();
    {
      await using first = await staged(file, []);
      first.box.runTask(work, 1, { key: 'k' }).catch(quiet);
      await settled(first.box);
    }
    await using second = await staged(file, []);
    const again = second.box.runTask(work, 1, { key: 'k' });
    await settled(second.box);
    for (const place of second.desk.open) second.desk.give(place, 'done');
    expect(await soon(again)).toBe('done');
  });
});

describe('a run that cannot be gone on with is refused, told once, and left as it is, and others go on:', () => {
  /** Two runs with a job in flight each; then the file is as `spoil` leaves it. */
  async function spoilt(spoil: (file: string) => void, then: readonly AnyOrchestrator[]) {
    const file = newFile();
    const other = flowOf(1, { name: 'other' });
    {
      await using first = await staged(file, [flow, other]);
      await first.box.start(flow, { id: 'bad', input: null });
      await first.box.start(other, { id: 'good', input: null });
      await settled(first.box);
    }
    spoil(file);
    const before = query(file, `select * from steps where run = 'bad'`);
    const second = await staged(file, [...then, other]);
    expect(second.desk.begun).toEqual(['t/one#1']);
    expect(second.desk.job('t/one#1').key).toContain('good');
    second.desk.give('t/one#1', 1);
    expect(await soon(second.box.run('good').result())).toEqual({ t: 1 });
    expect(query(file, `select * from steps where run = 'bad'`)).toEqual(before);
    expect(second.box.counts.refused).toBe(1);
    expect(second.lines).toHaveLength(1);
    await second.box.close();
    return second.lines[0] as LogLine;
  }

  test('its definition was changed, and the log says how (P124, P234)', async () => {
    const line = await spoilt(quiet, [flowOf(3)]);
    expect(codesOf([line])).toEqual(['definition-changed']);
    expect(line.message).toMatch(/\n {2}\+ .*three/);
  });

  test('its definition is not there', async () => {
    expect(codesOf([await spoilt(quiet, [])])).toEqual(['definition-missing']);
  });

  test('its version is not there', async () => {
    expect(codesOf([await spoilt(quiet, [flowOf(2, { version: '2' })])])).toEqual(['definition-missing']);
  });

  const BAD = `run = (select number from runs where run = 'bad')`;
  const edits: readonly [string, RegExp][] = [
    [`update places set memory = '{' where ${BAD} and path = 't/one'`, /"steps" \(bad, t\/one\)/],
    [`update places set memory = '7' where ${BAD} and path = 't/one'`, /"steps" \(bad, t\/one\)/],
    [`update places set error = '"busy"' where ${BAD} and path = 't/one'`, /"steps" \(bad, t\/one\)/],
    [`update places set state = 'banana' where ${BAD} and path = 't/one'`, /"steps" \(bad, t\/one\)/],
    [`update places set due = 'soon' where ${BAD} and path = 't/one'`, /"steps" \(bad, t\/one\)/],
    [`update places set attempted_at = 'late' where ${BAD} and path = 't/one'`, /"steps" \(bad, t\/one\)/],
    [`update places set output = x'00ff' where ${BAD} and path = 't'`, /"steps" \(bad, t\)/],
    [`update runs set input = 'what' where run = 'bad'`, /"runs" \(bad\)/],
    [`update runs set metadata = '[]' where run = 'bad'`, /"runs" \(bad\)/],
    [`update runs set status = 'banana' where run = 'bad'`, /"runs" \(bad\)/],
    [`delete from places where ${BAD} and path = ''`, /bad/],
    [`update places set path = 't/nine' where ${BAD} and path = 't/one'`, /bad/],
  ];
  test.each(edits)('somebody did: %s', async (edit, place) => {
    const line = await spoilt((file) => inShell(file, (db) => db.exec(edit)), [flow]);
    expect(line.message).toMatch(place);
    expect(codesOf([line])).toEqual(['row-unreadable']);
  });
});

test('two versions of one orchestrator run side by side, each run as it was begun (P113)', async () => {
  const file = newFile();
  const [old, now] = [flowOf(1), flowOf(2, { version: '2' })];
  {
    await using first = await staged(file, [old]);
    await first.box.start(old, { id: 'old', input: null });
  }
  await using second = await staged(file, [old, now]);
  await second.box.start(now, { id: 'new', input: null });
  await settled(second.box);
  expect(query(file, 'select run, version from runs order by rowid')).toEqual([
    { run: 'old', version: '1' },
    { run: 'new', version: '2' },
  ]);
  expect(second.lines).toEqual([]);
  expect(second.desk.begun).toEqual(['t/one#1', 't/one#1']);
});

test('a box that could not be made lets go of the file', async () => {
  const file = newFile();
  const store = sqlite(file);
  const broken = Object.assign(Object.create(store) as Store, {
    open: (owner: Parameters<Store['open']>[0]) => store.open(owner),
    close: () => store.close(),
    saveDefinitions: () => {
      throw new Error('no');
    },
  });
  await expect(createSignalbox({ orchestrators: [flow], store: broken })).rejects.toThrow();
  await using _ = await staged(file, [flow]);
});

test('a store that fails to claim is told to who waits for the recovery, and does no other harm', async () => {
  const store = memory();
  const broken: Store = {
    ...store,
    claim: () => {
      throw new Error('no claims today');
    },
  };
  const { options, lines } = stage();
  const loud: unknown[] = [];
  const hear = (reason: unknown): void => void loud.push(reason);
  process.on('unhandledRejection', hear);
  const box = await createSignalbox({
    orchestrators: [flow],
    tasks: { work: never },
    store: broken,
    ...options,
  } as never);
  await settled(box);
  await box.close();
  process.off('unhandledRejection', hear);
  expect(loud).toEqual([]);
  expect(lines.length).toBeGreaterThan(0);
});
