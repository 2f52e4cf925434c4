/**
 * Places that were written by the first tables of each store: `test/fixtures` has what stood in them, as the version of that
 * time had left it. Each is opened, brought up to date, and its runs go on, are found and are ended as if they had begun today.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type AnyOrchestrator, createSignalbox, type Run, type Signalbox, type Store } from 'signalbox';
import { postgres } from 'signalbox/postgres';
import { redis } from 'signalbox/redis';
import { sqlite } from 'signalbox/sqlite';
import type { OpenRun } from 'signalbox/store';
import { expect, onTestFinished, test } from 'vitest';
import { newFile } from '../helpers/files.ts';
import { DEEP, LONG, order } from '../helpers/old-places.ts';
import { newSchema, query, useServer } from '../helpers/postgres.ts';
import { anyServer, change, command, hasRedis, newPrefix, owner, step, WHY_NOT, wipe } from '../helpers/redis.ts';
import { ROOT } from '../helpers/sources.ts';
import { faultsOfHistory, rejection } from '../helpers/stage.ts';

const server = useServer();

function fixture<T>(name: string): T {
  return JSON.parse(readFileSync(join(ROOT, 'test/fixtures', `${name}.json`), 'utf8')) as T;
}

/** Columns whose type is `json`: what stands in them is JSON also when it is a text. */
const JSONS = new Set([
  'definitions.lines',
  'runs.input',
  'runs.output',
  'runs.error',
  'runs.metadata',
  'attempts.error',
  'signals.payload',
]);

/** As Postgres reads it. */
function literal(value: unknown, isJson: boolean): string {
  if (value === null) return 'null';
  const text = typeof value === 'string' && !isJson ? value : JSON.stringify(value);
  return `'${text.replaceAll("'", "''")}'`;
}

async function boxOn(store: Store): Promise<Signalbox> {
  const options = { orchestrators: [order] as readonly AnyOrchestrator[], store, logger: () => {} };
  const box = (await createSignalbox(options as never)) as Signalbox;
  onTestFinished(() => box.close());
  await box.recovered;
  return box;
}

/** Writes to a run of the place what it had no room for then, as an owner of its own, and lets go of the run again. */
async function addToday(store: Store): Promise<void> {
  await store.open({ name: 'of today', lease: 10_000, now: Date.now });
  expect(await store.readRecords({ type: 'approval', limit: 5 })).toEqual({ records: [], cursor: null });
  expect(await store.claim(10)).toEqual(['waits']);
  const { fence, seq: after } = (await store.readOpen('waits')) as OpenRun;
  const records = [{ run: 'waits', type: 'approval', id: '1', version: 1, body: DEEP, keys: { state: 'open' } }];
  const none = { row: null, actors: [], attempts: [], events: [], signals: [] };
  await store.commit([{ run: 'waits', fence, after, ...none, records }]);
  await store.close();
}

const opened = { type: 'approval', key: { name: 'state', value: 'open' }, limit: 5 } as const;

/** All that is wanted of a place of the first tables; `open` opens it as another process would, after the one before. */
async function goesOn(open: () => Store): Promise<void> {
  const ids = async (box: Signalbox, asked: object) => (await box.runs(asked)).runs.map(({ run }) => run);
  await addToday(open());
  const store = open();
  const box = await boxOn(store);
  expect(await ids(box, {})).toEqual(['waits', 'failed', 'done', 'plain']);
  expect(await ids(box, { metadata: { tenant: 'acme' } })).toEqual(['waits', 'done']);
  expect(await ids(box, { metadata: { deep: { a: DEEP.a, b: DEEP.b }, none: null, n: 1 } })).toEqual(['waits']);
  expect(await ids(box, { metadata: { long: LONG } })).toEqual(['failed']);
  expect(await ids(box, { version: '1', status: 'completed' })).toEqual(['done', 'plain']);
  // What was left as running is put right with the take-over.
  await expect.poll(() => ids(box, { status: 'waiting' })).toEqual(['waits']);
  expect(await ids(box, { status: 'running' })).toEqual([]);
  const failure = await rejection<{ failures: readonly object[] }>(box.run('failed').result());
  expect(failure).toMatchObject({ code: 'run-failed', failures: [{ path: 't/work', code: 'task-threw' }] });

  expect(await box.run('waits').signal('go', 'now')).toMatchObject({ answer: 'accepted' });
  expect(await box.run('waits').result()).toEqual({ t: 'now' });
  expect((await store.readRecords(opened)).records).toMatchObject([{ run: 'waits', id: '1', body: DEEP }]);
  const completed = async (run: string) => (await store.readCompleted(run, { limit: 2 })).map(({ path }) => path);
  // Nobody noted with which events these ended.
  expect(await completed('done')).toEqual(['t/asked', 't/work', 't', '']);
  expect(await completed('waits')).toEqual(['', 't']);
  expect((await store.readCompleted('waits', { before: 9, limit: 2 })).map(({ path }) => path)).toEqual([
    't',
    't/asked',
  ]);
  expect((await store.readCompleted('waits', { before: 7, limit: 2 })).map(({ path }) => path)).toEqual(['t/work']);
  const fresh = (await box.start(order, { id: 'fresh', input: 'good', metadata: { tenant: 'acme' } } as never)) as Run;
  expect(await ids(box, { metadata: { tenant: 'acme' } })).toEqual(['waits', 'done', 'fresh']);
  for (const id of ['waits', 'failed', 'done', 'plain']) {
    expect(await faultsOfHistory(box.run(id))).toEqual([]);
    expect(await box.run(id).delete()).toBe(true);
  }
  expect(await ids(box, { metadata: { tenant: 'acme' } })).toEqual(['fresh']);
  expect((await store.readRecords(opened)).records).toEqual([]);
  await fresh.abandon({ reason: 'enough' });
  await box.close();
  // What is of today by now is opened as it is.
  expect(await ids(await boxOn(open()), { metadata: { tenant: 'acme' }, status: 'cancelled' })).toEqual(['fresh']);
}

test('a SQLite file of the first tables is brought up to date, and its runs go on (P134)', async () => {
  const { schema, rows } = fixture<{ schema: string[]; rows: Record<string, Record<string, never>[]> }>('sqlite-1');
  const file = newFile();
  const db = new DatabaseSync(file);
  for (const statement of schema) db.exec(statement);
  for (const [table, all] of Object.entries(rows))
    for (const each of all) {
      const columns = Object.keys(each);
      db.prepare(`insert into ${table} (${columns}) values (${columns.map(() => '?')})`).run(...Object.values(each));
    }
  db.exec(`pragma application_id = ${0x53474258}; pragma user_version = 1`);
  db.close();
  await goesOn(() => sqlite(file));
});

test('a Postgres schema of the first tables is brought up to date, and its runs go on (P134)', async () => {
  const { schema: tables, rows } = fixture<{ schema: string[]; rows: Record<string, string> }>('postgres-1');
  const schema = newSchema(server);
  await query(server, '', `create schema ${schema}`);
  await query(
    server,
    schema,
    'create table store_version (version integer primary key, since timestamptz not null default now())',
  );
  await query(server, schema, `${tables.join('\n')}; insert into store_version (version) values (1)`);
  for (const [table, all] of Object.entries(rows)) {
    for (const each of JSON.parse(all) as Record<string, unknown>[]) {
      const values = Object.entries(each).map(([column, value]) => literal(value, JSONS.has(`${table}.${column}`)));
      await query(
        server,
        schema,
        `insert into ${table} (${Object.keys(each)}) overriding system value values (${values})`,
      );
    }
  }
  await query(server, schema, `select setval('turns', 1000), setval(pg_get_serial_sequence('runs', 'number'), 1000)`);
  await goesOn(() => postgres(server.url, { schema }));
});

test.skipIf(!hasRedis)(
  `a Redis prefix of the first format is brought up to date, and its runs go on (P134)${WHY_NOT}`,
  async () => {
    const { url, dispose } = await anyServer();
    onTestFinished(() => dispose());
    const prefix = newPrefix('old');
    onTestFinished(() => wipe(url, prefix));
    for (const [word, key, ...values] of fixture<[string, string, ...string[]][]>('redis-1'))
      await command(url, word, key.replace('{old}', `{${prefix}}`), ...values);
    await goesOn(() => redis(url, { prefix }));
  },
);

test.skipIf(!hasRedis)(
  `a Redis prefix of the second format, which did not list what has completed, is read as if it had (P134)${WHY_NOT}`,
  async () => {
    const { url, dispose } = await anyServer();
    onTestFinished(() => dispose());
    const prefix = newPrefix('second');
    onTestFinished(() => wipe(url, prefix));
    const done = (path: string, endedSeq: number | null) =>
      step('a', path, { state: 'completed', endedAt: 1, endedSeq });
    const failed = step('a', 'failed', { state: 'failed', endedAt: 1 });
    const old = redis(url, { prefix });
    await old.open(owner());
    await old.commit([change('a', 0, { actors: [done('x', null), done('y', null), failed] })]);
    await old.close();
    await command(url, 'SET', `{${prefix}}:format`, '2');
    await command(url, 'DEL', `{${prefix}}:completed:a`);

    const store = redis(url, { prefix });
    onTestFinished(() => store.close());
    await store.open(owner('two'));
    await store.claim(1);
    await store.commit([
      { ...change('a', 1, { actors: [done('z', 2)] }), fence: 2 },
      change('b', 0, { actors: [step('b', 'w', { state: 'completed', endedAt: 1, endedSeq: 1 })] }),
    ]);

    const paths = async (run: string, limit: number) =>
      (await store.readCompleted(run, { limit })).map(({ path }) => path);
    expect(await command(url, 'GET', `{${prefix}}:format`)).toBe('3');
    expect([await paths('a', 1), await paths('a', 2), await paths('b', 1)]).toEqual([['z'], ['z', 'y', 'x'], ['w']]);
    expect((await store.readFailures('a')).map(({ path }) => path)).toEqual(['failed']);
    expect(await command(url, 'HGET', `{${prefix}}:run:a`, 'unlisted')).toBe('2');
    expect(await command(url, 'HGET', `{${prefix}}:run:b`, 'unlisted')).toBe(null);
  },
);
