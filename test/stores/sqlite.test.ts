/** The SQLite store and its file: what it refuses, what it promises the disk, and what stands in it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type StoreHeld, StoreUnusable } from 'signalbox';
import { sqlite } from 'signalbox/sqlite';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { RecordQuery, RunQuery } from '../../src/store.ts';
import * as children from '../../src/stores/sqlite/child-statements.ts';
import { listOf } from '../../src/stores/sqlite/lists.ts';
import * as recordStatements from '../../src/stores/sqlite/record-statements.ts';
import { MIGRATIONS } from '../../src/stores/sqlite/schema.ts';
import * as statements from '../../src/stores/sqlite/statements.ts';
import { inShell, newFile, query } from '../helpers/files.ts';
import { ROOT } from '../helpers/sources.ts';
import { opened, owner, thrownBy, write } from '../helpers/sqlite.ts';

const DAY = 86_400_000;
/** Everything in a file but the names of owners. */
const contentsOf = (file: string): unknown =>
  [
    'select type, name, sql from sqlite_schema order by name',
    'select * from definitions',
    'select run, key, orchestrator, input, output, fence, status from runs order by run',
    ...['steps', 'attempts', 'events'].map((table) => `select * from ${table}`),
  ].map((sql) => query(file, sql));

describe('a file that cannot be used is refused with its name and a way out, and not changed:', () => {
  const refusals: readonly [string, (file: string) => void, RegExp][] = [
    ['text', (file) => writeFileSync(file, 'dear diary, '.repeat(1_000)), /not a SQLite database/],
    [
      'the database of another program',
      (file) => inShell(file, (db) => db.exec('create table notes (text)')),
      /of another program/,
    ],
    [
      'an empty database that another program has marked',
      (file) => inShell(file, (db) => db.exec('pragma application_id = 7')),
      /of another program/,
    ],
    [
      'one of a newer signalbox',
      (file) => {
        const store = sqlite(file);
        store.open(owner());
        store.close();
        inShell(file, (db) => db.exec('pragma user_version = 99'));
      },
      /newer signalbox .*version 99/,
    ],
    ['a folder', (file) => mkdirSync(file), /there is a folder at this path.* such as .*signalbox\.db\.$/],
  ];
  test.each(refusals)('%s', (_, make, reason) => {
    const file = newFile();
    make(file);
    const before = statSync(file).isFile() ? readFileSync(file) : null;

    const error = thrownBy(() => sqlite(file).open(owner()));

    expect(error).toBeInstanceOf(StoreUnusable);
    expect(error.message).toMatch(reason);
    expect(error.message).toContain(file);
    if (before !== null) expect(readFileSync(file).equals(before)).toBe(true);
  });

  test('one in a folder that is not there', () => {
    const file = join(newFile('nowhere'), 'runs.db');
    expect(() => sqlite(file).open(owner())).toThrow(`there is no folder ${dirname(file)}. Make it first.`);
    expect(existsSync(dirname(file))).toBe(false);
  });

  const hasDevice = existsSync('/dev/null');
  test.skipIf(!hasDevice)(`a device${hasDevice ? '' : ' (skipped: there is none here)'}`, () => {
    expect(() => sqlite('/dev/null').open(owner())).toThrow('what is at this path is no file.');
  });

  test('one that has lost its end says that it is corrupt, at the latest when what is lost is read', () => {
    const file = newFile();
    const store = sqlite(file);
    store.open(owner());
    for (let run = 0; run < 200; run += 1) write(store, `run ${run}`);
    store.close();
    truncateSync(file, Math.floor(statSync(file).size / 3 / 4096) * 4096);

    const error = thrownBy(() => {
      const cut = opened(file);
      for (let run = 0; run < 200; run += 1) {
        cut.readRun(`run ${run}`);
        cut.readActors(`run ${run}`);
      }
    });
    expect(error).toBeInstanceOf(StoreUnusable);
    expect(error.message).toMatch(/corrupt/);
  });

  test('a file that was refused can be used by the same process once it is mended', () => {
    const file = newFile();
    writeFileSync(file, 'dear diary, '.repeat(1_000));
    expect(() => sqlite(file).open(owner())).toThrow(StoreUnusable);
    rmSync(file);
    expect(opened(file).readRun('a')).toBe(null);
  });

  // No test of files without permissions: whoever may do everything, as in most containers, would not be refused.
});

describe('one process at a time:', () => {
  test('a second store on the file is refused, and told who has it', () => {
    const file = newFile();
    opened(file);
    const error = thrownBy(() => sqlite(file).open(owner('two'))) as StoreHeld;
    expect(error.code).toBe('store-held');
    expect(error.message).toContain(`process ${process.pid} on `);
    expect(error.message).toContain(file);
  });

  test('a file that is reached by a link is the same file', () => {
    const file = newFile();
    opened(file);
    symlinkSync(file, `${file}-link.db`);
    expect(() => opened(`${file}-link.db`)).toThrow(/open in another box/);
  });

  test('a store that was closed lets the next one in, also the same object', () => {
    const file = newFile();
    const store = sqlite(file);
    for (const each of [store, sqlite(file), store]) {
      each.open(owner());
      each.close();
      each.close();
    }
  });

  test('a store that is opened again remembers no fences from before (I2)', () => {
    const file = newFile();
    const store = sqlite(file);
    store.open(owner());
    write(store, 'a');
    store.close();
    store.open(owner('two'));
    onTestFinished(() => store.close());
    const nothing = { row: null, actors: [], attempts: [], events: [], signals: [] };
    expect(() => store.commit([{ run: 'a', fence: 1, after: 1, ...nothing }])).toThrow(/belongs to/);
  });

  test('a second process is refused while the first one lives, and let in when it was killed', async () => {
    const file = newFile();
    const module = JSON.stringify(pathToFileURL(join(ROOT, 'src/stores/sqlite/index.ts')).href);
    const code = `
      const { sqlite } = await import(${module});
      const store = sqlite(${JSON.stringify(file)});
      store.open({ name: 'other', lease: 1, now: () => 0 });
      store.saveDefinitions([{ orchestrator: 'order', version: '1', hash: 'h', lines: ['kept'] }]);
      process.send('open');
      process.on('message', () => store.renew());`;
    const holder = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    onTestFinished(() => void holder.kill('SIGKILL'));
    await once(holder, 'message');

    const error = thrownBy(() => sqlite(file).open(owner())) as StoreHeld;
    expect(error.code).toBe('store-held');
    expect(error.message).toContain(`process ${holder.pid} on `);

    holder.kill('SIGKILL');
    await once(holder, 'exit');
    expect(await opened(file).readDefinition('order', '1', 'h')).toMatchObject({ lines: ['kept'] });
  });
});

describe('the file', () => {
  test('is written ahead', () => {
    const file = newFile();
    opened(file);
    expect(query(file, 'pragma journal_mode')).toEqual([{ journal_mode: 'wal' }]);
  });

  test('opened twice is as it was: tables, indexes and rows (P135)', () => {
    const file = newFile();
    const store = opened(file);
    for (const run of ['a', 'b']) write(store, run);
    store.close();
    const before = contentsOf(file);
    for (let time = 0; time < 2; time += 1) {
      const again = sqlite(file);
      again.open(owner());
      again.close();
    }
    expect(contentsOf(file)).toEqual(before);
    expect(query(file, 'pragma user_version')).toEqual([{ user_version: MIGRATIONS.length }]);
  });

  test('has the tables and the view that docs/sqlite.md lists, and no others', () => {
    const file = newFile();
    opened(file);
    const documented = readFileSync(join(ROOT, 'docs/sqlite.md'), 'utf8').matchAll(/^### `(\w+)`/gm);
    const found = query(
      file,
      `select name from sqlite_schema where type in ('table', 'view') and name not like 'sqlite_%'`,
    );
    expect(found.map(({ name }) => name).sort()).toEqual([...documented].map(([, name]) => name).sort());
  });

  test('answers every query that docs/sqlite.md has', () => {
    const file = newFile();
    write(opened(file), 'a');
    const page = readFileSync(join(ROOT, 'docs/sqlite.md'), 'utf8');
    const queries = [...page.matchAll(/```sql\n(.*?)```/gs)].map(([, sql]) => sql as string);
    expect(queries.length).toBeGreaterThan(3);
    for (const sql of queries) expect(() => query(file, sql)).not.toThrow();
  });

  const list = (query: Partial<RunQuery>): string => listOf({ limit: 5, ...query }).text;
  test.each([
    ['what nobody owns', statements.SELECT_UNOWNED, 'runs_unowned'],
    ['what has ended long ago', statements.SELECT_OLD_RUNS, 'runs_finished'],
    ['a run by its key', statements.SELECT_RUN_BY_KEY, 'runs_by_key'],
    ['a run that is to be deleted', statements.SELECT_ENDED_RUN, 'sqlite_autoindex_runs_1 (run=?)'],
    ['runs of an orchestrator', list({ orchestrator: 'o' }), 'runs_by_orchestrator (orchestrator=? AND rowid>?)'],
    ['runs in a status', list({ status: 'failed' }), 'runs_by_status (status=? AND rowid>?)'],
    ['runs of an orchestrator in a status', list({ orchestrator: 'o', status: 'failed' }), 'runs_by_status (status=?'],
    ['runs of a version', list({ version: '1', orchestrator: 'o' }), 'runs_by_version (version=? AND rowid>?)'],
    [
      'runs that a run has started',
      list({ parent: 'r', status: 'failed' }),
      'runs_by_parent (parent_run=? AND rowid>?)',
    ],
    [
      'runs by their metadata',
      list({ metadata: { a: 1 }, status: 'failed' }),
      'first USING PRIMARY KEY (entry=? AND run>?)',
    ],
    ['runs by more of their metadata', list({ metadata: { a: 1, b: 2 } }), 'run_metadata_by_run (run=? AND entry=?)'],
    ['what is in a run that is abandoned', statements.ABANDON_PLACES, 'places_open (run=?)'],
    ['what is open in a run', statements.SELECT_OPEN_PLACES, 'places_open (run=?)'],
    ['the children of a step', children.SELECT_CHILDREN, 'places_by_path (run=? AND path>? AND path<?)'],
    ['a few children of a step', children.SELECT_FEW_CHILDREN, 'COVERING INDEX places_by_path (run=? AND path>?)'],
    [
      'a page of the children of a step',
      children.SELECT_CHILDREN_PAGE,
      'COVERING INDEX places_by_path (run=? AND path>? AND path<?)',
    ],
    [
      'a page of the tracks of a run',
      children.SELECT_CHILDREN_OF_RUN_PAGE,
      'COVERING INDEX places_by_path (run=? AND path>?)',
    ],
    ['how many children a step has', children.COUNT_CHILDREN, 'places_by_path (run=? AND path>? AND path<?)'],
    ['how many tracks a run has', children.COUNT_CHILDREN_OF_RUN, 'places_by_path (run=? AND path>?)'],
    ['events of a run', statements.SELECT_HISTORIES, 'histories_by_first (run=? AND first>?)'],
    ['in which order the steps of a run have completed', statements.SELECT_ORDER_OF_ENDS, 'places_by_path (run=?)'],
  ])('finds %s by an index (P134)', (_, sql, by) => {
    const file = newFile();
    opened(file);
    expect(JSON.stringify(query(file, `explain query plan ${sql}`))).toContain(by);
  });

  const records = (query: Partial<RecordQuery>): string =>
    recordStatements.recordsOf({ type: 't', limit: 5, ...query }).text;
  const key = { name: 'state', value: 'open' };
  test.each([
    ['a place that is forgotten', statements.FORGET_PLACE, 'places_by_path (run=? AND path=?)'],
    ['what is below it', statements.FORGET_BELOW, 'places_by_path (run=? AND path>? AND path<?)'],
    ['its attempts', statements.FORGET_ATTEMPTS, 'PRIMARY KEY (run=? AND path=?)'],
    ['attempts below it', statements.FORGET_ATTEMPTS_BELOW, 'PRIMARY KEY (run=? AND path>? AND path<?)'],
    ['a place that has completed', statements.SELECT_COMPLETED, 'places USING INTEGER PRIMARY KEY (rowid=?)'],
    ['a record', recordStatements.SELECT_RECORD, 'records_by_id (run=? AND type=? AND id=?)'],
    ['a record that is written', recordStatements.FIND_RECORD, 'records_by_id (run=? AND type=? AND id=?)'],
    ['records of a type', records({}), 'records_by_type (type=? AND rowid>?)'],
    ['records of a run', records({ run: 'r' }), 'records_of_run (run=? AND type=? AND rowid>?)'],
    ['records by a key', records({ key }), 'record_keys USING PRIMARY KEY (entry=? AND record>?)'],
    ['records of a run by a key', records({ run: 'r', key }), 'record_keys_of_run (run=? AND entry=? AND record>?)'],
  ])('finds %s by an index, in whose order they are (P134)', (_, sql, by) => {
    const file = newFile();
    opened(file);
    const plan = JSON.stringify(query(file, `explain query plan ${sql}`));
    expect(plan).toContain(by);
    expect(plan).not.toMatch(/SCAN|TEMP B-TREE/);
  });

  test('deletes all that belongs to a run by an index (P134)', () => {
    const file = newFile();
    opened(file);
    for (const sql of [...statements.DELETE_BY_NUMBER, ...statements.DELETE_BY_RUN, recordStatements.DELETE_RECORD])
      expect(JSON.stringify(query(file, `explain query plan ${sql}`)), sql).toMatch(/SEARCH .*=\?/);
  });

  test('is asked by statements without numbered parameters, which Node 22.13 and 24.0 bind wrongly', () => {
    const all = [
      ...Object.values(statements),
      ...Object.values(recordStatements),
      ...Object.values(children),
      records({ run: 'r', key }),
    ]
      .flat()
      .filter((each) => typeof each === 'string');
    expect(all.length).toBeGreaterThan(20);
    expect(all.filter((each) => /[?@:$]\w/.test(each))).toEqual([]);
  });

  test('has every event in its view as it is told, whatever its fields and times', () => {
    const file = newFile();
    const store = opened(file);
    write(store, 'a');
    const error = { code: 'task-failed', name: 'Ä', message: '{"}' };
    const step = { run: 'a', path: 'pay "now"' };
    const events = [
      { ...step, seq: 2, at: 7, type: 'step.started', attempt: 1 },
      { ...step, seq: 3, at: 7, type: 'step.retrying', attempt: 1, error, delay: 1.5, due: 8.5 },
      { ...step, seq: 4, at: 8.5, type: 'step.started', attempt: 2 },
      { ...step, seq: 5, at: 9e15, type: 'step.cancelling', attempt: 2, reason: null },
      { run: 'a', path: 'pay', seq: 6, at: 10, type: 'track.completed' },
      { run: 'a', path: '', seq: 7, at: 7, type: 'run.cancelled', reason: 'x' },
    ] as const;
    store.commit([{ run: 'a', fence: 1, after: 1, row: null, actors: [], attempts: [], events, signals: [] }]);
    const found = query(file, `select * from events where run = 'a' and seq > 1`);
    expect(found.map(({ run, data }) => ({ run, ...JSON.parse(data as string) }))).toEqual(events);
    expect(found.map(({ seq, at, type, path }) => ({ seq, at, type, path }))).toEqual(
      events.map(({ seq, at, type, path }) => ({ seq, at, type, path })),
    );
    expect(store.readEvents('a', { after: 1, limit: 10 })).toEqual(events);
    expect(store.readEvents('a', { after: 3, limit: 2 })).toEqual(events.slice(2, 4));
  });

  test('has a timer in words in its view', () => {
    const file = newFile();
    write(opened(file), 'a');
    expect(query(file, 'select * from timers')).toEqual([
      { run: 'a', path: 'pay', due: 5, due_utc: '1970-01-01 00:00:00' },
    ]);
  });
});

describe('runs that have ended', () => {
  test('are kept for as long as is said, with all that belongs to them; unfinished ones stay (P130, P136)', () => {
    const file = newFile();
    let now = 10 * DAY;
    const store = opened(file, { keep: '7d' }, () => now);
    write(store, 'unfinished');
    write(store, 'old', 2 * DAY);
    write(store, 'young', 9 * DAY);
    expect(store.prune()).toBe(1);
    expect([store.readRun('old'), store.readEvents('old', { after: 0, limit: 1 })]).toEqual([null, []]);
    expect([store.readActors('old'), store.readAttempts('old')]).toEqual([[], []]);
    expect(store.readRun('young')).not.toBe(null);

    now = 17 * DAY;
    write(store, 'next');
    expect(store.readRun('young')).toBe(null);
    expect(store.readRun('unfinished')).not.toBe(null);
  });

  test('and are old go by the way also where a thread writes (P130)', async () => {
    let now = 10 * DAY;
    const store = sqlite(newFile(), { keep: '7d', thread: 'always' });
    await store.open(owner('one', () => now));
    onTestFinished(() => store.close());
    await write(store, 'old', 9 * DAY);
    now = 17 * DAY;
    await write(store, 'next');
    expect(store.readRun('old')).toBe(null);
  });

  test('are kept for ever if nothing is said', () => {
    const store = opened(newFile(), {}, () => 10_000 * DAY);
    write(store, 'old', 1);
    expect(store.prune()).toBe(0);
    expect(store.readRun('old')).not.toBe(null);
  });

  test('and are old go whenever the file is opened, however soon it is opened again by the same store (P127)', () => {
    let now = 0;
    const file = newFile();
    const store = opened(file, { keep: '7d' }, () => now);
    write(store, 'kept', 1);
    now = 7 * DAY;
    store.close();
    store.open(owner('one', () => now));
    expect(store.readRun('kept')).not.toBe(null);
    now += 2;
    store.close();
    store.open(owner('one', () => now));
    expect(store.readRun('kept')).toBe(null);
  });

  test('and are pruned leave no place that the next run takes from who reads page by page (P127)', async () => {
    const store = opened(newFile(), { keep: '7d' }, () => 10 * DAY);
    write(store, 'first');
    write(store, 'last', 1);
    const { cursor } = await store.readRuns({ limit: 2 });
    store.prune();
    write(store, 'new');
    expect((await store.readRuns({ limit: 2, cursor: cursor ?? '' })).runs.map(({ run }) => run)).toEqual(['new']);
  });

  test('and are pruned give their space back to the system when it is asked for, and cursors stay good', async () => {
    const file = newFile();
    const store = opened(file, { keep: '7d' }, () => 10 * DAY);
    for (let run = 0; run < 1_000; run += 1) write(store, `old ${run}`, 1);
    for (const run of ['a', 'b', 'c']) write(store, run);
    store.prune();
    const { cursor } = await store.readRuns({ limit: 2 });
    const before = query(file, 'pragma page_count')[0]?.page_count as number;
    store.vacuum();
    expect(query(file, 'pragma page_count')[0]?.page_count).toBeLessThan(before / 4);
    expect((await store.readRuns({ limit: 2, cursor: cursor ?? '' })).runs.map(({ run }) => run)).toEqual(['c']);
  });
});

describe('a backup', () => {
  test('is a store with all that was committed, and the first goes on', () => {
    const file = newFile();
    const store = opened(file);
    for (const run of ['a', 'b']) write(store, run);
    store.backup(`${file}.backup`);
    write(store, 'c');

    const copy = sqlite(`${file}.backup`);
    copy.open(owner('two'));
    onTestFinished(() => copy.close());
    expect([copy.readRun('b'), copy.readActors('b')]).toEqual([store.readRun('b'), store.readActors('b')]);
    expect(copy.readRun('c')).toBe(null);
    expect(copy.claim(10)).toEqual(['a', 'b']);
  });

  test('does not write over a file that is there', () => {
    const file = newFile();
    const store = opened(file);
    writeFileSync(`${file}.backup`, 'precious');
    expect(() => store.backup(`${file}.backup`)).toThrow(StoreUnusable);
    expect(readFileSync(`${file}.backup`, 'utf8')).toBe('precious');
  });
});

test.each([
  ['no name', '', {}],
  ['a mode that there is not', 'runs.db', { synchronous: 'off' }],
  ['a time that is none', 'runs.db', { keep: 'long' }],
  ['a thread that is none', 'runs.db', { thread: 'sometimes' }],
])('%s is refused before anything is opened', (_, file, options) => {
  expect(() => sqlite(file, options as never)).toThrow(/"(file|synchronous|keep|thread)"|keep/);
});

test('a store that is closed says so', () => {
  const store = opened(newFile());
  store.close();
  expect(() => store.readRun('a')).toThrow(/not open/);
});
