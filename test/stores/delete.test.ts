/** What is left of a run that was deleted, as somebody with a shell sees it: nothing, in any table and under any key (P130). */
import { createSignalbox, orchestrator, type Store, task, track } from 'signalbox';
import { postgres } from 'signalbox/postgres';
import { redis } from 'signalbox/redis';
import { sqlite } from 'signalbox/sqlite';
import type { RunChange } from 'signalbox/store';
import { fakeClock } from 'signalbox/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newFile, query as queryFile } from '../helpers/files.ts';
import { newSchema, query, useServer } from '../helpers/postgres.ts';
import { anyServer, command, hasRedis, newPrefix, WHY_NOT, wipe } from '../helpers/redis.ts';
import { Anything } from '../helpers/stage.ts';

const flaky = task('flaky', {
  input: Anything,
  output: Anything,
  retry: { maxAttempts: 3, delay: '1s' },
  run({ attempt }) {
    if (attempt < 3) throw new Error('busy');
    return attempt;
  },
});

/** Attempts, a timer, a signal that is taken and one that is kept. */
const flow = orchestrator('everything', { version: '1', input: Anything })
  .track('work', track('work', { input: Anything }).step('flaky', flaky).sleep('nap', '1m'))
  .track(
    'ask',
    track('ask', { input: Anything })
      .wait('asked', { signal: 'go' })
      .sleep('nap', '1m')
      .wait('unfit', { signal: 'go', where: () => false, timeout: '1m', onTimeout: { value: null } }),
  );

/** Rows by table. */
type Counts = { readonly [table: string]: number };

/** `store` with a record in each run that begins. */
function withRecords(store: Store): Store {
  const commit = (changes: readonly RunChange[]) =>
    store.commit(
      changes.map((change) => {
        const { run, after } = change;
        const record = { run, type: 'secret', id: '1', version: 1, body: 'secret', keys: { word: 'secret' } };
        return after === 0 ? { ...change, records: [record] } : change;
      }),
    );
  return new Proxy(store, {
    get(_, name: keyof Store) {
      if (name === 'commit') return commit;
      const member: unknown = store[name];
      return typeof member === 'function' ? member.bind(store) : member;
    },
  });
}

/** Runs two of them to their end, deletes the first, calls `after`, and deletes the other. */
async function endAndDelete(store: Store, after: () => unknown): Promise<void> {
  const clock = fakeClock();
  await using box = clock.follow(
    await createSignalbox({ orchestrators: [flow], store: withRecords(store), clock, logger: () => {} } as never),
  );
  const runs = [];
  for (const id of ['a', 'b']) {
    const run = await box.start(flow as never, { id, key: id, input: 'secret' } as never);
    runs.push(run);
    for (const answer of ['accepted', 'buffered']) expect(await run.signal('go', 'secret')).toMatchObject({ answer });
  }
  const outcomes = Promise.all(runs.map((run) => run.outcome()));
  let isOver = false;
  const end = (): void => {
    isOver = true;
  };
  // Also when the box is closed because something here has failed: then nobody awaits them any more.
  outcomes.then(end, end);
  const looks = { timeout: 60_000 };
  await expect
    .poll(async () => {
      await clock.advance('10s');
      return isOver;
    }, looks)
    .toBe(true);
  for (const { status } of await outcomes) expect(status).toBe('completed');
  await store.shared?.leaveCommand({ id: 'open', run: 'a', body: { secret: true } });
  await store.shared?.leaveCommand({ id: 'answered', run: 'a', body: {} });
  await store.shared?.answerCommand('answered', { secret: true });
  expect(await runs[0]?.delete()).toBe(true);
  await after();
  expect(await runs[1]?.delete()).toBe(true);
}

test('in a SQLite file: the definition alone', async () => {
  const file = newFile();
  const counts = (): Counts => {
    const found = queryFile(file, `select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'`);
    return Object.fromEntries(found.map(({ name }) => [name, queryFile(file, `select 1 from ${name}`).length]));
  };
  let half: Counts = {};

  await endAndDelete(sqlite(file), () => {
    half = counts();
  });

  // What belongs to the other was there until then.
  expect(half).toMatchObject({ runs: 1, attempts: 2, signals: 2, records: 3, record_keys: 1 });
  expect(counts()).toEqual({
    definitions: 1,
    epochs: 1,
    record_keys: 0,
    records: 0,
    run_metadata: 0,
    runs: 0,
    places: 0,
    attempts: 0,
    histories: 0,
    signals: 0,
  });
});

describe('in Postgres', () => {
  const server = useServer();

  test('the definition, and what is of the schema itself', async () => {
    const schema = newSchema(server);
    const counts = async (): Promise<Counts> => {
      const found = await query(server, schema, `select tablename from pg_tables where schemaname = '${schema}'`);
      const tables = found.map(({ tablename }) => String(tablename)).sort();
      const rows = await Promise.all(tables.map((table) => query(server, schema, `select 1 from ${table}`)));
      return Object.fromEntries(tables.map((table, index) => [table, rows[index]?.length ?? 0]));
    };
    let half: Counts = {};

    await endAndDelete(postgres(server.url, { schema }), async () => {
      half = await counts();
    });

    expect(half).toMatchObject({
      runs: 1,
      attempts: 2,
      signals: 2,
      records: 3,
      record_keys: 1,
      commands: 0,
      leases: 0,
    });
    const places = { open_places: 0, ended_places: 0 };
    const none = { runs: 0, ...places, attempts: 0, histories: 0, signals: 0, leases: 0, commands: 0, processes: 0 };
    expect(await counts()).toEqual({
      definitions: 1,
      store_version: 4,
      run_metadata: 0,
      records: 0,
      record_keys: 0,
      ...none,
    });
  });
});

describe.skipIf(!hasRedis)(`in Redis${WHY_NOT}`, () => {
  let server: Awaited<ReturnType<typeof anyServer>>;
  beforeAll(async () => {
    server = await anyServer();
  });
  afterAll(() => server?.dispose());

  test('the definition, and what is of the place itself', async () => {
    const prefix = newPrefix();
    const keys = async (): Promise<string[]> =>
      (await command<string[]>(server.url, 'KEYS', `{${prefix}}:*`)).map((key) => key.slice(prefix.length + 3)).sort();
    let half: string[] = [];

    await endAndDelete(redis(server.url, { prefix }), async () => {
      half = await keys();
    });

    expect(half.filter((key) => /:a$|^command/.test(key))).toEqual([]);
    const parts = [
      'attempts',
      'children',
      'completed',
      'events',
      'kept',
      'paths',
      'recorded',
      'records',
      'run',
      'signals',
      'steps',
    ];
    // Of its own, and those that its two signals have left.
    const byRecord = ['keyed:["secret","word","secret"]', 'typed:secret', 'typed:command'];
    expect(half.filter((key) => key.endsWith(':b'))).toEqual([...parts, ...byRecord].map((name) => `${name}:b`).sort());
    expect(await keys()).toEqual(['definitions', 'format', 'lists', 'number']);
    await wipe(server.url, prefix);
  });
});
