/** The Postgres store and its schema: what it refuses and in which words, what stands in its tables, and how it is found. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { inspect } from 'node:util';
import { join } from 'node:path';
import { InvalidOption, RunExists, StoreUnusable } from 'signalbox';
import { CommitConflict } from 'signalbox/errors';
import { type PostgresStore, postgres } from 'signalbox/postgres';
import { describe, expect, onTestFinished, test } from 'vitest';
import { commitOf, PART_NAMES } from '../../src/stores/postgres/commit.ts';
import { Server } from '../../src/stores/postgres/server.ts';
import * as sql from '../../src/stores/postgres/statements.ts';
import type { Owner, RecordQuery, RunQuery } from '../../src/store.ts';
import { listOf } from '../../src/stores/postgres/lists.ts';
import { recordsOf, SELECT_RECORD } from '../../src/stores/postgres/record-lists.ts';
import { fromColumn, toColumn } from '../../src/stores/postgres/text.ts';
import { newSchema, PASSWORD, query, until, useServer } from '../helpers/postgres.ts';
import { ROOT } from '../helpers/sources.ts';
import { actor, change, events, row } from '../../src/testing/conformance-rows.ts';

const DAY = 86_400_000;
const server = useServer();
const owner = (name = 'one', now = () => 10 * DAY): Owner => ({ name, lease: 10_000, now });

async function opened(
  schema: string,
  options: Parameters<typeof postgres>[1] = {},
  as = owner(),
): Promise<PostgresStore> {
  const store = postgres(server.url, { ...options, schema });
  await store.open(as);
  onTestFinished(() => store.close());
  return store;
}

/** A run with a step that waits for a timer, one attempt and one signal. */
const full = (run: string, more: Parameters<typeof row>[1] = {}) =>
  change(run, 0, {
    row: row(run, { key: `key of ${run}`, startedAt: 0, ...more }),
    actors: [actor(run, ''), actor(run, 'pay', { due: 5, input: { n: 1 } }), actor(run, 'failed', { state: 'failed' })],
    attempts: [
      { run, path: 'pay', attempt: 1, error: { code: 'x', name: 'E', message: 'busy' }, startedAt: 0, endedAt: 1 },
    ],
    signals: [{ run, id: 's', name: 'confirm', payload: 1, sentAt: 3, answer: 'buffered', takenBy: null }],
    records: [{ run, type: 'approval', id: '1', version: 1, body: { n: 1 }, keys: { state: 'open', run } }],
  });

async function refusalOf(store: PostgresStore): Promise<StoreUnusable> {
  const error: unknown = await Promise.resolve(store.open(owner())).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(StoreUnusable);
  const said = `${inspect(error, { depth: 20 })} ${JSON.stringify(error)} ${inspect(store, { depth: 20 })}`;
  for (const secret of [PASSWORD, encodeURIComponent(PASSWORD), 'hunter2']) expect(said).not.toContain(secret);
  return error as StoreUnusable;
}

/** What `explain` says of one step of a plan. */
interface PlanNode {
  readonly Plan?: PlanNode;
  readonly Plans?: readonly PlanNode[];
  readonly [word: string]: unknown;
}

/** Tables that a plan walks through, or an index of them, from end to end; the few processes are no matter. */
function scansIn(node: PlanNode | undefined): readonly string[] {
  if (node === undefined) return [];
  const { 'Node Type': type, 'Relation Name': table, 'Index Name': index } = node;
  // A scan by a bitmap of an index has its condition under another name.
  const condition = node['Index Cond'] ?? node['Recheck Cond'];
  const whole = /Scan/.test(String(type)) && table !== undefined && table !== 'processes' && condition === undefined;
  return [...(whole ? [`${type} of ${table} ${index}`] : []), ...(node.Plans ?? []).flatMap(scansIn)];
}

const changed = (url: string, change: (url: URL) => void): string => {
  const other = new URL(url);
  change(other);
  return other.href;
};

describe('a server that cannot be used is refused with its name, a way out, and no password:', () => {
  test('one that is not there', async () => {
    const error = await refusalOf(postgres('postgres://me:hunter2@127.0.0.1:1/orders'));
    expect(error.message).toMatch(/^postgres 127\.0\.0\.1\/orders cannot be used .*nothing answers there/);
  });

  test('one whose name nobody knows', async () => {
    const error = await refusalOf(postgres('postgres://me:hunter2@nowhere.invalid/orders'));
    expect(error.message).toMatch(/nowhere\.invalid.*name/);
  });

  test('one that is no Postgres', async () => {
    const web = createServer((socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(0, '127.0.0.1');
    onTestFinished(() => void web.close());
    await new Promise((resolve) => web.once('listening', resolve));
    const { port } = web.address() as { port: number };
    await refusalOf(postgres(`postgres://me:hunter2@127.0.0.1:${port}/orders`));
  });

  test('a wrong password', async () => {
    const url = changed(server.url, (each) => {
      each.password = 'hunter2';
    });
    expect((await refusalOf(postgres(url))).message).toMatch(/refuses the password.*user and password/);
  });

  test('a database that is not there', async () => {
    const url = changed(server.url, (each) => {
      each.pathname = '/nowhere';
    });
    expect((await refusalOf(postgres(url))).message).toMatch(/nowhere.*no such database/);
  });

  test('a user that may not make a schema, and one that has been made for it will do', async () => {
    const schema = newSchema(server);
    const user = `${schema}_user`;
    await query(server, '', `create role ${user} login password 'hunter2'`);
    const url = changed(server.url, (each) => {
      each.username = user;
      each.password = 'hunter2';
    });
    expect((await refusalOf(postgres(url, { schema }))).message).toMatch(/may not do that.*grant create on database/);
    await query(server, '', `create schema ${schema} authorization ${user}`);
    const store = postgres(url, { schema });
    await store.open(owner());
    await store.commit([full('a')]);
    await store.close();
    await query(server, '', `drop schema ${schema} cascade; drop role ${user}`);
  });

  test('a schema of a newer signalbox, which is not changed', async () => {
    const schema = newSchema(server);
    await (await opened(schema)).close();
    await query(server, schema, 'insert into store_version (version) values (99)');
    const error = await refusalOf(postgres(server.url, { schema }));
    expect(error.message).toMatch(/newer signalbox .*version 99/);
  });

  test('a schema with tables of another program', async () => {
    const schema = newSchema(server);
    await query(server, '', `create schema ${schema}; create table ${schema}.runs (distance integer)`);
    expect((await refusalOf(postgres(server.url, { schema }))).message).toMatch(/tables of another program/);
    expect(await query(server, schema, `select to_regclass('steps')::text as steps`)).toEqual([{ steps: null }]);
  });

  test('a database that cannot hold every character', async () => {
    const name = newSchema(server);
    await query(server, '', `create database ${name} encoding 'LATIN1' template template0`);
    const url = changed(server.url, (each) => {
      each.pathname = `/${name}`;
    });
    expect((await refusalOf(postgres(url))).message).toMatch(/LATIN1.*UTF8/);
    await query(server, '', `drop database ${name} with (force)`);
  });
});

test.each([
  ['an empty URL', '', {}],
  ['a URL that cannot be read', 'postgres://me:hunter2%@host:port/orders', {}],
  ['a URL without a scheme', 'me:hunter2@host/orders', {}],
  ['a host alone', 'localhost', {}],
  ['a URL of another program', 'redis://me:hunter2@host/0', {}],
  ['no connection', undefined, {}],
  ['a schema with a quote', 'postgres://host/orders', { schema: 'a"; drop table runs; --' }],
  ['a schema with a setting', 'postgres://host/orders', { schema: 'a -c role=admin' }],
  ['a schema in capitals', 'postgres://host/orders', { schema: 'Orders' }],
  ["a schema of Postgres's own", 'postgres://host/orders', { schema: 'pg_toast' }],
  ['a schema that is too long', 'postgres://host/orders', { schema: 'a'.repeat(64) }],
])('%s is refused before anything is opened', (_, connection, options) => {
  const make = () => postgres(connection as string, options);
  expect(make).toThrow(InvalidOption);
  expect(make).not.toThrow(/hunter2/);
});

test('a keep that is no time is refused before anything is opened', () => {
  expect(() => postgres('postgres://host/orders', { keep: 'long' })).toThrow(/keep/);
});

test.each([
  ['a URL', 'postgres://me:hunter2@db.internal:5433/orders', 'postgres db.internal/orders'],
  ['an object', { host: 'db', database: 'orders', user: 'me', password: 'hunter2' }, 'postgres db/orders'],
  ['a URL without a host', 'postgres://me@/orders', 'postgres localhost/orders'],
  ['a URL without a database', 'postgresql://me@[::1]:5433', 'postgres ::1/me'],
  ['a URL of a socket', 'postgres:///orders?host=/run/postgresql', 'postgres /run/postgresql/orders'],
  ['a folder of a socket', '/run/postgresql orders', 'postgres /run/postgresql/orders'],
  ['a URL with percent signs that mean themselves', 'postgres://me:50%off@db/orders', 'postgres db/orders'],
  ['a URL in an object', { connectionString: 'postgres://me:hunter2@db/orders', max: 3 }, 'postgres db/orders'],
])('a store from %s is called by host and database', (_, connection, name) => {
  expect(postgres(connection).name).toBe(name);
});

test('options that a URL brings along are kept beside those of the store', async () => {
  const schema = newSchema(server);
  const store = postgres(`${server.url}?options=-c%20statement_timeout%3D1&application_name=mine`, { schema });
  await expect(store.open(owner())).rejects.toThrow(/statement_timeout/);
});

test('a store that is closed, or was never opened, says so', async () => {
  const schema = newSchema(server);
  const store = await opened(schema);
  await store.close();
  await store.close();
  await expect(store.readRun('a')).rejects.toThrow(/not open/);
  await expect(async () => await postgres(server.url).commit([full('a')])).rejects.toThrow(/not open/);
  await store.open(owner());
  expect(await store.readRun('a')).toBe(null);
});

describe('the schema', () => {
  test('is made once by several that open it at once (P135)', async () => {
    const schema = newSchema(server);
    const stores = Array.from({ length: 6 }, () => postgres(server.url, { schema }));
    await Promise.all(stores.map(async (store, index) => await store.open(owner(`p${index}`))));
    await Promise.all(stores.map((store) => store.close()));
    expect(await query(server, schema, 'select version from store_version')).toEqual([
      { version: 1 },
      { version: 2 },
      { version: 3 },
      { version: 4 },
    ]);
  });

  test('opened again is as it was', async () => {
    const schema = newSchema(server);
    const store = await opened(schema);
    await store.commit([full('a')]);
    await store.close();
    const tables = [
      'runs',
      'open_places',
      'ended_places',
      'attempts',
      'histories',
      'signals',
      'definitions',
      'records',
      'record_keys',
      'store_version',
    ];
    const contents = async () =>
      await Promise.all(tables.map((table) => query(server, schema, `select * from ${table}`)));
    const before = await contents();
    await (await opened(schema)).close();
    expect(await contents()).toEqual(before);
  });

  test('has the tables and the views that docs/postgres.md lists, and no others', async () => {
    const schema = newSchema(server);
    await opened(schema);
    const page = readFileSync(join(ROOT, 'docs/postgres.md'), 'utf8');
    const documented = [...page.matchAll(/^### (.*)/gm)].flatMap(([, names]) =>
      [...(names as string).matchAll(/`(\w+)`/g)].map(([, name]) => name),
    );
    const found = await query(
      server,
      schema,
      `select relname from pg_class where relnamespace = '${schema}'::regnamespace and relkind in ('r', 'v')`,
    );
    expect(found.map(({ relname }) => relname).sort()).toEqual(documented.sort());
  });

  test('answers every query that docs/postgres.md has, also about texts that Postgres cannot hold', async () => {
    const schema = newSchema(server);
    const store = await opened(schema);
    const error = { code: 'x', name: 'E', message: '\0 \ud800 \\u0000' };
    await store.commit([full('order-17'), full('b', { status: 'failed', error })]);
    const page = readFileSync(join(ROOT, 'docs/postgres.md'), 'utf8');
    const queries = [...page.matchAll(/```sql\n(.*?)```/gs)].map(([, text]) => text as string);
    expect(queries.length).toBeGreaterThan(5);
    for (const text of queries.filter((each) => !/^(create|grant|alter) /m.test(each))) {
      await expect(query(server, schema, text), text).resolves.toBeDefined();
    }
  });

  test('shows events and timers as rows', async () => {
    const schema = newSchema(server);
    const store = await opened(schema);
    const error = { code: 'x', name: 'E', message: 'a\0b\\u0000\ud800' };
    const failed = { run: 'a', seq: 1, at: 1_500, path: 'pay', type: 'step.failed', attempt: 1, error } as const;
    await store.commit([{ ...full('a'), events: [failed, ...events('a', 1, 1)] }]);
    const found = await query(
      server,
      schema,
      `select seq, at_time, type, data -> 'error' ->> 'message' as said from events`,
    );
    expect(found).toEqual([
      { seq: 1, at_time: new Date(1_500), type: 'step.failed', said: 'a\ufffdb\\u0000\ufffd' },
      { seq: 2, at_time: new Date(1), type: 'track.started', said: null },
    ]);
    expect(await query(server, schema, 'select * from timers')).toEqual([
      { run: 'a', path: 'pay', due: 5, due_time: new Date(5) },
    ]);
    expect((await store.readEvents('a', { after: 0, limit: 9 }))[0]).toEqual(failed);
  });

  const records = (query: Partial<RecordQuery>): string => recordsOf({ type: 't', limit: 5, ...query }).text;
  const key = { name: 'state', value: 'open' };
  test.each([
    ['a page of what has completed', sql.SELECT_COMPLETED],
    ['a page of children', sql.SELECT_CHILDREN_PAGE],
    ['a count of children', sql.COUNT_CHILDREN],
    ['a page of records', records({})],
    ['a page of records of a run', records({ run: 'r' })],
    ['a page of records by a key', records({ key })],
    ['a page of records of a run by a key', records({ run: 'r', key })],
    ['a look at a record', SELECT_RECORD],
    ['a commit of many runs', commitOf(PART_NAMES.filter((name) => name !== 'newRuns' && name !== 'begun'))],
    ['a look at many runs', sql.SELECT_STANDING],
    ['a claim', sql.CLAIM],
    ['pruning', sql.PRUNE],
    ['deleting', sql.DELETE_RUN],
    ['a look at a run', sql.SELECT_OPEN],
  ])('%s looks up row by row, also when the tables were found empty a moment ago (P134)', async (_, text) => {
    const schema = newSchema(server);
    await opened(schema);
    const client = await new Server(server.url, schema).client();
    await client.connect();
    onTestFinished(() => client.end());
    for (const table of [
      'leases',
      'runs',
      'open_places',
      'ended_places',
      'histories',
      'attempts',
      'signals',
      'commands',
      'records',
      'record_keys',
    ])
      await client.query(`vacuum analyze ${table}`);
    await client.query(`prepare it as ${text}`);
    const count = Math.max(...[...text.matchAll(/\$(\d+)/g)].map(([, number]) => Number(number)));
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(
      `explain (format json) execute it (${Array(count).fill('null').join()})`,
    );
    const [{ Plan: plan }] = JSON.parse(rows[0]?.['QUERY PLAN'] as string) as [PlanNode];
    expect(scansIn(plan)).toEqual([]);
  });

  const list = (query: Partial<RunQuery>): string => listOf({ limit: 5, ...query }).text;
  const byIndex: readonly (readonly [what: string, text: string, indexes: readonly string[]])[] = [
    ['what is open in a run', sql.SELECT_OPEN, ['open_places_pkey', 'signals_kept']],
    ['the children of a step', sql.SELECT_CHILDREN, ['open_places_pkey', 'ended_places_pkey']],
    ['a page of the children of a step', sql.SELECT_CHILDREN_PAGE, ['open_places_pkey', 'ended_places_pkey']],
    ['how many children a step has', sql.COUNT_CHILDREN, ['open_places_pkey', 'ended_places_pkey']],
    ['a run by its key', sql.SELECT_RUN_BY_KEY, ['runs_by_key']],
    ['events of a run', sql.SELECT_HISTORIES, ['histories_pkey']],
    [
      'what has ended long ago',
      sql.PRUNE,
      ['runs_finished', 'ended_places_pkey', 'open_places_pkey', 'histories_pkey', 'commands_by_run'],
    ],
    [
      'what belongs to a run',
      sql.DELETE_RUN,
      [
        ...['runs_run_key', 'ended_places_pkey', 'open_places_pkey', 'histories_pkey'],
        ...['attempts_pkey', 'signals_pkey', 'commands_by_run', 'run_metadata_by_run'],
        ...['record_keys_of_run', 'records_'],
      ],
    ],
    ['what nobody owns, or a dead one', sql.CLAIM, ['leases_by_owner', 'leases_pkey']],
    ['runs of an orchestrator', list({ orchestrator: 'o' }), ['runs_by_orchestrator']],
    ['runs in a status', list({ status: 'failed' }), ['runs_by_status']],
    ['runs of a version', list({ version: '1' }), ['runs_by_version']],
    ['runs that a run has started', list({ parent: 'r' }), ['runs_by_parent']],
    [
      'runs by their metadata',
      list({ metadata: { a: 1, b: 2 }, status: 'failed' }),
      ['run_metadata_pkey', 'runs_pkey'],
    ],
    ['who owns a run', sql.SELECT_OWNER, ['runs_run_key', 'leases_pkey']],
    ['what has completed', sql.SELECT_COMPLETED, ['runs_run_key', 'ended_places_completed']],
    ['a record', SELECT_RECORD, ['runs_run_key', 'records_pkey']],
    ['records of a type', records({}), ['records_by_type', 'runs_pkey']],
    ['records of a run', records({ run: 'r' }), ['runs_run_key', 'records_of_run', 'runs_pkey']],
    ['records by a key', records({ key }), ['record_keys_pkey', 'records_by_number', 'runs_pkey']],
    [
      'records of a run by a key',
      records({ run: 'r', key }),
      ['runs_run_key', 'record_keys_of_run', 'records_by_number', 'runs_pkey'],
    ],
    [
      'what is in a run that is abandoned',
      sql.ABANDON,
      ['leases_pkey', 'runs_pkey', 'open_places_pkey', 'histories_pkey'],
    ],
    ['commands that wait', sql.SELECT_COMMANDS, ['commands_open', 'leases_pkey']],
    ['what a commit forgets', commitOf(['forgotten']), ['ended_places_pkey', 'open_places_pkey', 'attempts_pkey']],
    [
      'what a commit changes',
      commitOf(['endedRuns', 'changedRuns', 'ended']),
      ['leases_pkey', 'runs_pkey', 'open_places_pkey'],
    ],
  ];
  /** How each of them is looked up, while the schema is empty and when it is full. */
  async function plansOf(): Promise<readonly (readonly [empty: string, full: string])[]> {
    const schema = newSchema(server);
    const store = await opened(schema);
    const client = await new Server(server.url, schema).client();
    await client.connect();
    onTestFinished(() => client.end());
    const plans = async (): Promise<readonly string[]> => {
      const found: string[] = [];
      for (const [at, [, text]] of byIndex.entries()) {
        const count = Math.max(...[...text.matchAll(/\$(\d+)/g)].map(([, number]) => Number(number)));
        const { rows } = await client.query(`explain execute it${at} (${Array(count).fill('null').join()})`);
        found.push(JSON.stringify(rows));
      }
      return found;
    };
    for (const [at, [, text]] of byIndex.entries()) await client.query(`prepare it${at} as ${text}`);
    const empty = await plans();
    await store.commit(Array.from({ length: 200 }, (_each, at) => full(`r${at}`)));
    await query(server, schema, 'analyze');
    const filled = await plans();
    return empty.map((plan, at) => [plan, filled[at] as string] as const);
  }
  let known: ReturnType<typeof plansOf> | undefined;
  test.each(byIndex.map(([what, , indexes], at) => [what, at, indexes] as const))(
    'finds %s by an index, while it is empty and when it is full (P134)',
    async (_, at, indexes) => {
      known ??= plansOf();
      const plans = (await known)[at];
      for (const index of indexes)
        expect(plans).toEqual([expect.stringContaining(index), expect.stringContaining(index)]);
    },
  );

  test.each([
    ['as many open places as parents', 2_000],
    ['few places', 2],
  ])('looks the children of many parents up by parent, and compares no two lists, with %s (P134)', async (_, count) => {
    const schema = newSchema(server);
    const store = await opened(schema);
    const client = await new Server(server.url, schema).client();
    await client.connect();
    onTestFinished(() => client.end());
    const begun = Array.from({ length: count }, (_each, at) => actor('a', `t${at}`));
    await store.commit([{ ...full('a'), actors: begun }]);
    await client.query(`prepare it as ${sql.SELECT_CHILDREN}`);
    const { rows } = await client.query('explain execute it (null, null)');
    expect(JSON.stringify(rows)).not.toContain('Join Filter');
  });
});

describe('a text', () => {
  test.each([
    ['plain, with a quote and a percent', `it's 100% "ä😀"`],
    ['with what Postgres cannot hold', 'a\0b \ud800 \udc00 \ud83d'],
    ['that looks like an escape', '\\u0000 \\\\u0000 \\ \\n'],
    ['that would be SQL', `'; drop table runs; --`],
    ['that is empty', ''],
  ])('%s stands as an id, a key, a path, a name and a reason (I10)', async (_, text) => {
    expect(fromColumn(toColumn(text))).toBe(text);
    const schema = newSchema(server);
    const store = await opened(schema, {}, owner(`one ${text}`));
    const error = { code: 'x', name: text, message: text };
    const begun = row(text, {
      key: text,
      orchestrator: text,
      version: text,
      reason: text,
      metadata: { [text]: text },
      error,
    });
    const signals = [{ run: text, id: text, name: text, payload: text, sentAt: 1, answer: 'accepted', takenBy: text }];
    const actors = [actor(text, text, { kind: text, input: text, memory: { [text]: text } })];
    await store.commit([change(text, 0, { row: begun, actors, signals: signals as never })]);
    await store.commit([change(text, 1)]);
    expect([await store.readRun(text), await store.readRunByKey(text, text)]).toEqual([begun, begun]);
    expect([await store.readActors(text), await store.readSignal(text, text)]).toEqual([actors, signals[0]]);
    expect(await store.readEvents(text, { after: 0, limit: 9 })).toEqual(events(text, 0, 2));
    expect(await store.readOpen(text)).toMatchObject({ owner: `one ${text}`, seq: 2, open: actors });
    await store.saveDefinitions([{ orchestrator: text, version: text, hash: text, lines: [text] }]);
    expect(await store.readDefinition(text, text, text)).toMatchObject({ lines: [text] });
    expect((await store.readRuns({ orchestrator: text, limit: 9 })).runs).toEqual([begun]);
    const next = await opened(schema, {}, owner('two'));
    await store.close();
    expect(await next.claim(9)).toEqual([text]);
  });

  test('that is plain stands in its column as it is', () => {
    expect(toColumn(`it's "ä😀"`)).toBe(`it's "ä😀"`);
  });

  test('that is too long for an index is refused in words, and with it the commit (I3)', async () => {
    const store = await opened(newSchema(server));
    const key = Array.from({ length: 9_000 }, (_, at) => (at * 7919).toString(36)).join('');
    await expect(store.commit([full('a'), full('b', { key })])).rejects.toThrow(/too long to be looked up by/);
    expect(await store.readRun('a')).toBe(null);
  });
});

describe('a commit', () => {
  test('of a key that is taken names the run that has it, and nothing of it lands (S17, I3)', async () => {
    const store = await opened(newSchema(server));
    await store.commit([full('a', { key: 'k' })]);
    const second = async () => await store.commit([full('c'), full('b', { key: 'k' })]);
    await expect(second()).rejects.toThrow(RunExists);
    await expect(second()).rejects.toMatchObject({ fields: { run: 'a', differs: 'id' } });
    const both = async () => await store.commit([full('d', { key: 'l' }), full('e', { key: 'l' })]);
    await expect(both()).rejects.toMatchObject({ fields: { run: 'd' } });
    expect([await store.readRun('b'), await store.readRun('c'), await store.readRun('d')]).toEqual([null, null, null]);
  });

  test('to a run that has ended is refused, and says so (I5)', async () => {
    const store = await opened(newSchema(server));
    await store.commit([full('a', { status: 'completed' })]);
    await expect(async () => await store.commit([change('a', 1)])).rejects.toThrow(/belongs to nobody/);
    await expect(async () => await store.commit([change('a', 0)])).rejects.toThrow(CommitConflict);
    expect(await store.readOpen('a')).toMatchObject({ owner: null, fence: 1, seq: 1 });
  });

  test('of a place that has ended and is undone has it open again, where it was among the others, and then ended', async () => {
    const schema = newSchema(server);
    const store = await opened(schema);
    const undone = (state: 'completed' | 'compensating' | 'compensated') => actor('a', 'pay', { state, input: 1 });
    await store.commit([change('a', 0, { actors: [actor('a', ''), undone('completed'), actor('a', 'ship')] })]);
    for (const [at, state] of (['compensating', 'compensated'] as const).entries()) {
      await store.commit([change('a', at + 1, { actors: [undone(state)] })]);
      const actors = [actor('a', ''), undone(state), actor('a', 'ship')];
      expect(await store.readActors('a')).toEqual(actors);
      expect((await store.readOpen('a'))?.open).toEqual(actors.filter(({ endedAt }) => endedAt === null));
      expect(await query(server, schema, `select path, state from steps order by ordinal`)).toHaveLength(3);
    }
  });

  test('of a run with twenty thousand steps is one, and so is the change of all of them', async () => {
    const store = await opened(newSchema(server));
    const paths = Array.from({ length: 20_000 }, (_, at) => `lines/${at}/ship`);
    await store.commit([change('a', 0, { actors: paths.map((path) => actor('a', path)) })]);
    await store.commit([change('a', 1, { actors: paths.map((path) => actor('a', path, { state: 'completed' })) })]);
    const found = await store.readActors('a');
    expect([found.length, found[19_999]?.path]).toEqual([20_000, 'lines/19999/ship']);
    expect((await store.readOpen('a'))?.open).toEqual([]);
  });
});

describe('a row that does not fit any more is an error that names it:', () => {
  test.each([
    [
      'a status',
      `update runs set status = 'dancing'`,
      (store: PostgresStore) => store.readRun('a'),
      /"runs" \(a\).*dancing/,
    ],
    [
      'an error',
      `update ended_places set error = '[]'`,
      (store: PostgresStore) => store.readActors('a'),
      /"steps" \(a, .*object belongs/,
    ],
    [
      'an open step',
      `update open_places set state = 'x'`,
      (store: PostgresStore) => store.readOpen('a'),
      /"steps" \(a, /,
    ],
    [
      'an event',
      `update histories set events = '[1]'`,
      (store: PostgresStore) => store.readEvents('a', { after: 0, limit: 1 }),
      /"histories" \(a, 1\)/,
    ],
    [
      'an attempt',
      `update attempts set error = '{}'`,
      (store: PostgresStore) => store.readAttempts('a'),
      /"attempts" \(a, pay, 1\)/,
    ],
    [
      'a signal',
      `update signals set answer = 'yes'`,
      (store: PostgresStore) => store.readSignal('a', 's'),
      /"signals" \(a, s\)/,
    ],
    [
      'a record',
      `update records set keys = '{"state":1}'`,
      (store: PostgresStore) => store.readRecords({ type: 'approval', limit: 1 }),
      /"records" \(a, approval, 1\).*text belongs/,
    ],
  ])('%s', async (_, text, read, reason) => {
    const schema = newSchema(server);
    const store = await opened(schema);
    await store.commit([full('a')]);
    await query(server, schema, text);
    await expect(async () => await read(store)).rejects.toThrow(reason);
  });
});

describe('runs that have ended', () => {
  const ended = (run: string, endedAt: number) => full(run, { status: 'completed', endedAt });

  test('are kept for as long as is said, with all that belongs to them; unfinished ones stay', async () => {
    const schema = newSchema(server);
    const now = Date.now();
    const store = await opened(
      schema,
      { keep: '7d' },
      owner('one', () => now),
    );
    // What goes by itself when it is opened is over then.
    await store.prune();
    await store.commit([full('unfinished'), ended('old', now - 8 * DAY), ended('young', now - DAY)]);
    expect(await store.prune()).toBe(1);
    expect([await store.readRun('old'), await store.readEvents('old', { after: 0, limit: 1 })]).toEqual([null, []]);
    expect([await store.readActors('old'), await store.readAttempts('old')]).toEqual([[], []]);
    expect(await store.readSignal('old', 's')).toBe(null);
    expect([await store.readRun('young'), await store.readRun('unfinished')]).not.toContain(null);
    await store.commit([full('again', { key: 'key of old' })]);
  });

  test('go by themselves, once an hour, however many they are, while a command that nobody fetches goes after a day', async () => {
    const schema = newSchema(server);
    let now = Date.now();
    const store = await opened(schema, { keep: '2d' }, { ...owner('one', () => now), oneTime: true });
    await store.commit(Array.from({ length: 1_200 }, (_, at) => ended(`r${at}`, now)));
    await store.shared?.leaveCommand({ id: 'c', run: 'r1', body: {} });
    now += DAY / 2;
    await store.renew();
    now += 2 * DAY;
    await store.renew();
    await until(async () => (await store.readRuns({ limit: 1 })).runs.length === 0);
    expect(await query(server, schema, 'select * from commands')).toEqual([]);
  });

  test('are kept for ever if nothing is said', async () => {
    const store = await opened(newSchema(server));
    await store.commit([ended('old', 1)]);
    expect(await store.prune()).toBe(0);
    expect(await store.readRun('old')).not.toBe(null);
  });
});

test('a cursor that no page has given is refused', async () => {
  const store = await opened(newSchema(server));
  await expect(async () => await store.readRuns({ limit: 1, cursor: '1; drop table runs' })).rejects.toThrow(
    InvalidOption,
  );
});
