/** The memory store: a commit lands whole or not at all (I3), and reads keep their order. */
import { describe, expect, test } from 'vitest';
import { CommitConflict, LeaseLost } from '../../src/errors/index.ts';
import type { RunEvent, Status } from '../../src/events.ts';
import type { ActorRow, RunChange, RunRow, Store } from '../../src/store.ts';
import { memory } from '../../src/stores/memory.ts';

const owner = (name: string) => ({ name, lease: 30_000, now: () => 0 });

/** A store that is open. */
function opened(): Store {
  const store = memory();
  store.open(owner('one'));
  return store;
}

const row = (run: string, status: Status = 'running'): RunRow => ({
  run,
  key: null,
  orchestrator: 'order',
  version: '1',
  hash: 'h',
  status,
  input: null,
  output: null,
  error: null,
  reason: null,
  metadata: {},
  startedAt: 0,
  endedAt: null,
  parent: null,
});

const actor = (path: string, state: Status = 'running', run = 'a'): ActorRow => ({
  run,
  path,
  parent: path === '' ? null : path.slice(0, Math.max(0, path.lastIndexOf('/'))),
  kind: 'task',
  state,
  attempt: 1,
  attemptedAt: 0,
  input: null,
  output: null,
  error: null,
  memory: {},
  due: null,
  startedAt: 0,
  endedAt: null,
  endedSeq: null,
});

/** Events `after + 1` to `after + count`. */
const events = (run: string, after: number, count: number): RunEvent[] =>
  Array.from({ length: count }, (_, index) => ({
    run,
    seq: after + index + 1,
    at: 0,
    path: 'payment',
    type: 'track.started',
  }));

/** A change of one event, and of whatever else is said. */
const change = (run: string, after: number, more: Partial<RunChange> = {}): RunChange => ({
  run,
  fence: 1,
  after,
  row: row(run),
  actors: [],
  attempts: [],
  events: events(run, after, 1),
  signals: [],
  ...more,
});

async function seqs(store: Store, run: string, after = 0, limit = 1_000): Promise<readonly number[]> {
  return (await store.readEvents(run, { after, limit })).map(({ seq }) => seq);
}

async function paths(rows: ReturnType<Store['readActors' | 'readChildren']>): Promise<readonly string[]> {
  return (await rows).map(({ path }) => path);
}

describe('a commit', () => {
  test('of several runs lands in all of them (I3)', async () => {
    const store = opened();
    await store.commit([change('a', 0), change('b', 0, { row: row('b', 'completed') })]);

    expect(await store.readRun('a')).toEqual(row('a'));
    expect(await store.readRun('b')).toEqual(row('b', 'completed'));
  });

  test('with a conflict among its changes applies none of them (I2, I3)', async () => {
    const store = opened();
    await store.commit([change('b', 0)]);
    const mixed = [
      change('a', 0, { actors: [actor('')] }),
      change('b', 0, { row: row('b', 'failed'), actors: [actor('', 'failed', 'b')] }),
      change('c', 0),
    ];

    expect(() => store.commit(mixed)).toThrow(CommitConflict);
    expect(await store.readRun('a')).toBe(null);
    expect(await store.readOpen('a')).toBe(null);
    expect(await store.readRun('b')).toEqual(row('b'));
    expect(await store.readActors('b')).toEqual([]);
    expect(await seqs(store, 'b')).toEqual([1]);
    expect(await store.readRun('c')).toBe(null);
  });

  test.each([
    ['stands on events that are not there', 3],
    ['stands on fewer events than there are', 1],
    ['begins a run that was begun', 0],
  ])('that %s is a conflict, with both numbers (I2)', async (_, after) => {
    const store = opened();
    await store.commit([change('a', 0, { events: events('a', 0, 2) })]);

    expect(() => store.commit([change('a', after)])).toThrow(
      new CommitConflict({ run: 'a', expected: after, found: 2 }),
    );
    expect(await seqs(store, 'a')).toEqual([1, 2]);
  });

  test('can be made again after a conflict, with the right number', async () => {
    const store = opened();
    await store.commit([change('a', 0)]);
    expect(() => store.commit([change('a', 0)])).toThrow(CommitConflict);

    await store.commit([change('a', 1)]);
    expect(await seqs(store, 'a')).toEqual([1, 2]);
  });

  test('without a row of the run leaves the one that is there', async () => {
    const store = opened();
    await store.commit([change('a', 0)]);
    await store.commit([change('a', 1, { row: null })]);

    expect(await store.readRun('a')).toEqual(row('a'));
  });

  test('of nothing is a commit', () => {
    expect(() => opened().commit([])).not.toThrow();
  });
});

describe('events', () => {
  test('come in pages that do not overlap, whatever is written in between', async () => {
    const store = opened();
    await store.commit([change('a', 0, { events: events('a', 0, 5) })]);

    const first = await seqs(store, 'a', 0, 2);
    await store.commit([change('a', 5, { events: events('a', 5, 2) })]);
    const second = await seqs(store, 'a', 2, 2);
    const rest = await seqs(store, 'a', 4, 100);

    expect([first, second, rest]).toEqual([
      [1, 2],
      [3, 4],
      [5, 6, 7],
    ]);
  });

  test('beyond the last are none, and a page once read does not grow', async () => {
    const store = opened();
    await store.commit([change('a', 0)]);
    const page = await store.readEvents('a', { after: 0, limit: 10 });
    await store.commit([change('a', 1)]);

    expect(page).toHaveLength(1);
    expect(await seqs(store, 'a', 2)).toEqual([]);
    expect(await seqs(store, 'a', 99)).toEqual([]);
  });
});

describe('actors', () => {
  test('of one parent come in the order in which they began, also when they end in another', async () => {
    const store = opened();
    await store.commit([change('a', 0, { actors: [actor(''), actor('z'), actor('b')] })]);
    await store.commit([change('a', 1, { actors: [actor('z/2'), actor('b', 'completed'), actor('a')] })]);
    await store.commit([change('a', 2, { actors: [actor('z/1'), actor('z', 'completed')] })]);

    expect(await paths(store.readChildren('a', ['']))).toEqual(['z', 'b', 'a']);
    expect(await paths(store.readChildren('a', ['z']))).toEqual(['z/2', 'z/1']);
    expect(await paths(store.readActors('a'))).toEqual(['', 'z', 'b', 'z/2', 'a', 'z/1']);
  });

  test('are read as they were last written', async () => {
    const store = opened();
    await store.commit([change('a', 0, { actors: [actor(''), actor('b')] })]);
    await store.commit([change('a', 1, { actors: [{ ...actor('b', 'completed'), output: 7 }] })]);

    expect(await store.readChildren('a', [''])).toEqual([{ path: 'b', state: 'completed', output: 7 }]);
    expect(await store.readActors('a')).toEqual([actor(''), { ...actor('b', 'completed'), output: 7 }]);
  });

  test('that are open are those that have not ended, whatever the end was called (I5)', async () => {
    const store = opened();
    const ended = ['completed', 'failed', 'timedOut', 'skipped', 'cancelled', 'compensated', 'compensationFailed'];
    const open = ['pending', 'running', 'retrying', 'paused', 'cancelling'];
    const actors = [...ended, ...open].map((state) => actor(state, state as Status));
    await store.commit([change('a', 0, { actors, events: events('a', 0, 3) })]);

    const found = await store.readOpen('a');
    expect(found?.open.map(({ path }) => path)).toEqual(open);
    expect(found?.seq).toBe(3);
    expect(found?.row).toEqual(row('a'));
  });
});

test('attempts are kept beside each other, in order', async () => {
  const store = opened();
  const error = { code: 'task-failed', name: 'Error', message: 'busy' };
  const attempt = (number: number) => ({
    run: 'a',
    path: 'pay',
    attempt: number,
    error,
    startedAt: 0,
    endedAt: number,
  });
  await store.commit([change('a', 0, { attempts: [attempt(1)] })]);
  await store.commit([change('a', 1, { attempts: [attempt(2), attempt(3)] })]);

  expect((await store.readAttempts('a')).map((each) => each.attempt)).toEqual([1, 2, 3]);
});

test('a run that nobody began has nothing to read', async () => {
  const store = opened();

  expect(await store.readRun('a')).toBe(null);
  expect(await store.readOpen('a')).toBe(null);
  expect(await store.readActors('a')).toEqual([]);
  expect(await store.readChildren('a', [''])).toEqual([]);
  expect(await store.readAttempts('a')).toEqual([]);
  expect(await seqs(store, 'a')).toEqual([]);
});

test('two stores know nothing of each other', async () => {
  const [one, other] = [opened(), opened()];
  await one.commit([change('a', 0)]);

  expect(await other.readRun('a')).toBe(null);
});

describe('a run that is owned', () => {
  test('takes no commit from another owner, or under an old fence (I2)', async () => {
    const store = opened();
    await store.commit([change('a', 0)]);
    store.open(owner('two'));

    expect(() => store.commit([change('b', 0), change('a', 1)])).toThrow(LeaseLost);
    expect(await store.readRun('b')).toBe(null);
    expect(await store.claim(10)).toEqual(['a']);
    expect(() => store.commit([change('a', 1)])).toThrow(new LeaseLost({ run: 'a', owner: 'two', fence: 2 }));
    await store.commit([change('a', 1, { fence: 2 })]);
    expect(await seqs(store, 'a')).toEqual([1, 2]);
  });

  test('is claimed by the next one, the oldest first, and only while it has not ended', async () => {
    const store = opened();
    for (const run of ['c', 'a', 'b']) await store.commit([change(run, 0)]);
    await store.commit([change('a', 1, { row: row('a', 'completed') })]);
    await store.close();
    store.open(owner('two'));

    expect(await store.claim(1)).toEqual(['c']);
    expect(await store.claim(10)).toEqual(['b']);
    expect(await store.claim(10)).toEqual([]);
    expect(await store.readOpen('b')).toMatchObject({ owner: 'two', fence: 2 });
  });
});

describe('runs', () => {
  test('come in pages in the order in which they were started, whatever starts in between', async () => {
    const store = opened();
    for (const run of ['c', 'a', 'b']) await store.commit([change(run, 0)]);
    const first = await store.readRuns({ limit: 2 });
    await store.commit([change('d', 0)]);
    const second = await store.readRuns({ limit: 2, cursor: first.cursor ?? '' });

    expect([...first.runs, ...second.runs].map(({ run }) => run)).toEqual(['c', 'a', 'b', 'd']);
  });

  test('are found by their key, within their orchestrator (S17)', async () => {
    const store = opened();
    await store.commit([change('a', 0, { row: { ...row('a'), key: 'k' } })]);

    expect((await store.readRunByKey('order', 'k'))?.run).toBe('a');
    expect(await store.readRunByKey('refund', 'k')).toBe(null);
    expect(await store.readRunByKey('order', 'l')).toBe(null);
  });
});
