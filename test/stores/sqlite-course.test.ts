/**
 * All that a SQLite store is asked for, one thing after the other, with each statement that this has it execute, what is answered, and
 * what stands in the tables in the end: `sqlite-course.txt`. Other versions read and write these tables: a change in that file is a
 * change in what users have on their disks, or in what a question costs. It is read before it is taken over (`npx vitest run FILE -u`).
 */
import { dirname } from 'node:path';
import type { EventOf, RunEvent, Store } from 'signalbox';
import type { ActorRow, AttemptRow, RecordRow, RunChange, RunRow, SignalRow } from 'signalbox/store';
import { sqlite } from 'signalbox/sqlite';
import { expect, test } from 'vitest';
import { newFile, query } from '../helpers/files.ts';
import { owner } from '../helpers/sqlite.ts';
import { overhear } from '../helpers/statements.ts';

const ERROR = { code: 'task-failed', name: 'Error', message: 'busy' } as const;

function runRow(run: string, more: Partial<RunRow> = {}): RunRow {
  const times = { startedAt: 1_000, endedAt: null };
  const pin = { orchestrator: 'order', version: '1', hash: 'h', key: null, parent: null };
  return {
    run,
    ...pin,
    status: 'running',
    input: null,
    output: null,
    error: null,
    reason: null,
    metadata: {},
    ...times,
    ...more,
  };
}

function place(run: string, path: string, more: Partial<ActorRow> = {}): ActorRow {
  const at = path.lastIndexOf('/');
  const parent = path === '' ? null : path.slice(0, Math.max(0, at));
  const values = { input: null, output: null, error: null, memory: {}, due: null };
  const times = { attemptedAt: 1_000, startedAt: 1_000, endedAt: null, endedSeq: null };
  return { run, path, parent, kind: 'task', state: 'running', attempt: 1, ...values, ...times, ...more };
}

const ended = (endedSeq: number, endedAt: number, more: Partial<ActorRow> = {}): Partial<ActorRow> => ({
  state: 'completed',
  endedSeq,
  endedAt,
  ...more,
});

function change(run: string, after: number, more: Partial<RunChange> = {}): RunChange {
  return { run, fence: 1, after, row: null, actors: [], attempts: [], signals: [], events: [], ...more };
}

function event(run: string, seq: number, at: number, type: string, path: string, more: object = {}): RunEvent {
  return { run, seq, at, path, type, ...more } as RunEvent;
}

const started = (run: string, at = 1_000): RunEvent =>
  event(run, 1, at, 'run.started', '', { orchestrator: 'order', version: '1' });

const attempt = (run: string, path: string): AttemptRow => ({
  run,
  path,
  attempt: 1,
  error: ERROR,
  startedAt: 1_600,
  endedAt: 1_650,
});

function signal(run: string, id: string, more: Partial<SignalRow> = {}): SignalRow {
  return { run, id, name: 'go', payload: { n: 1 }, sentAt: 1_500, answer: 'buffered', takenBy: null, ...more };
}

function record(
  run: string,
  id: string,
  version: number,
  body: RecordRow['body'],
  keys: RecordRow['keys'] = {},
): RecordRow {
  return { run, type: 'note', id, version, body, keys };
}

type Say = (what: string, work: () => unknown) => void;

/** Rows of every sort, with values in every column. */
const begins: readonly RunChange[] = [
  change('a', 0, {
    row: runRow('a', {
      key: 'key of a',
      input: { cents: 5, list: [null, 'x'] },
      metadata: { tenant: 'acme', order: { b: 1, a: [2] }, long: 'x'.repeat(201) },
    }),
    actors: [
      place('a', '', { kind: 'orchestrator', attempt: 0, memory: { paused: true } }),
      place('a', 't', { kind: 'track', attempt: 0, input: { cents: 5 } }),
      place('a', 't/x', { input: 'of x', due: 1_700, memory: { tries: 2 } }),
      place('a', 'u', {
        kind: 'track',
        attempt: 0,
        ...ended(4, 1_000, { output: { done: true }, memory: { undo: null } }),
      }),
    ],
    events: [
      started('a'),
      event('a', 2, 1_000, 'step.started', 't/x', { attempt: 1 }),
      event('a', 3, 1_001, 'track.started', 'u'),
      event('a', 4, 1_001, 'track.completed', 'u', { sets: { v: 1 } }),
    ],
    signals: [signal('a', 's1'), signal('a', 's2', { answer: 'accepted', takenBy: 't/x' })],
    records: [
      record('a', 'n1', 1, { text: 'one' }, { state: 'open', by: 'y'.repeat(201) }),
      record('a', 'n2', 1, null),
    ],
  }),
  change('half \ud800', 0, {
    row: runRow('half \ud800', {
      key: 'a key \0',
      orchestrator: 'other',
      parent: { run: 'a', path: 't/\ufffd' },
      reason: 'because \udfff',
      input: 'JSON \ud800',
      metadata: { 'key \ud800': 'value \ud800' },
    }),
    actors: [
      place('half \ud800', '', { kind: 'orchestrator' }),
      place('half \ud800', 'step \ud800', { kind: 'kind \0' }),
    ],
    events: [event('half \ud800', 1, 2_000, 'run.started', '', { orchestrator: 'other', version: '1' })],
    signals: [signal('half \ud800', 'id \ud800', { name: 'name \0', takenBy: 'step \ud800' })],
    records: [record('half \ud800', 'note \ud800', 1, 'body \ud800', { 'k \ud800': 'v \ud800' })],
  }),
];

function writes(store: Store, say: Say): void {
  say('runs begin, each in a list of its own', () => store.commit(begins));
  say('a step ends that has its row, with one that began meanwhile, and one is tried again', () =>
    store.commit([
      change('a', 4, {
        actors: [
          place('a', 't/x', { input: 'of x', ...ended(5, 1_600, { output: { n: 1 } }) }),
          place('a', 't/y', { input: 'of y', startedAt: 1_600, attemptedAt: 1_600, ...ended(7, 1_600) }),
          place('a', 't/y2', { startedAt: 1_600, ...ended(7, 1_600) }),
          place('a', 't/y0', { startedAt: 1_600, ...ended(7, 1_600, { endedSeq: null }) }),
          place('a', 't/z', { startedAt: 1_600, attempt: 2, attemptedAt: 1_650, error: ERROR }),
        ],
        attempts: ['t/z', 't/z/below', 't/x'].map((path) => attempt('a', path)),
        events: [
          event('a', 5, 1_600, 'step.completed', 't/x', { attempt: 1 }),
          event('a', 6, 1_600, 'step.started', 't/y', { attempt: 1 }),
          event('a', 7, 1_600, 'step.completed', 't/y', { attempt: 1 }),
          event('a', 8, 1_600, 'step.started', 't/z', { attempt: 1 }),
        ],
        signals: [signal('a', 's1', { takenBy: 't/y' }), signal('a', 's3'), signal('a', 's4')],
        records: [
          record('a', 'n1', 2, { text: 'two' }, { state: 'open', by: 'y'.repeat(201) }),
          record('a', 'n2', 2, 'more', { state: 'done' }),
        ],
      }),
    ]),
  );
  say('a step ends that has no row, although it seems to have begun before', () =>
    store.commit([
      change('a', 8, {
        actors: [place('a', 't/late', { input: 'of late', ...ended(9, 1_700, { state: 'failed', error: ERROR }) })],
        events: [event('a', 9, 1_700, 'step.failed', 't/late', { attempt: 1, error: ERROR })],
      }),
    ]),
  );
  say('records go, one is there anew, and places are forgotten with what is below them', () =>
    store.commit([
      change('a', 9, {
        actors: [place('a', 't/w', { startedAt: 1_800, due: 90_000 }), place('a', 'u/new', { startedAt: 1_800 })],
        attempts: [attempt('a', 'u/new'), { ...attempt('a', 't/x'), attempt: 2 }],
        events: [event('a', 10, 1_800, 'track.started', 'w')],
        recordsGone: [
          { type: 'note', id: 'n1' },
          { type: 'note', id: 'nobody' },
        ],
        records: [record('a', 'n1', 1, 'anew', { state: 'new' })],
        forgotten: ['u', 't/z', ''],
      }),
    ]),
  );
  say('nothing but a row of the run, which ends', () =>
    store.commit([
      change('half \ud800', 1, {
        row: runRow('half \ud800', { status: 'failed', error: ERROR, reason: 'r \ud800', endedAt: 9 }),
      }),
    ]),
  );
  say('nothing but a record', () => store.commit([change('a', 10, { records: [record('a', 'n3', 1, 3)] })]));
  say('a change that needs a run that is not there', () => store.commit([change('nobody', 3)]));
  say('a change without the row of a run that begins', () => store.commit([change('nobody', 0)]));
  say('a change that is behind', () => store.commit([change('a', 4)]));
  say('a change under another fence, beside one that fits', () =>
    store.commit([change('a', 10), { ...change('a', 10), fence: 2 }]),
  );
  say('a run under a key that is taken', () =>
    store.commit([change('b', 0, { row: runRow('b', { key: 'key of a' }), events: [started('b')] })]),
  );
  say('a run under an id that is taken by one that has ended', () =>
    store.commit([change('half \ud800', 0, { row: runRow('half \ud800') })]),
  );
  say('a change to a run that has ended', () => store.commit([change('half \ud800', 1)]));
}

function definitions(store: Store, say: Say): void {
  const row = { orchestrator: 'order', version: '1', hash: 'h', lines: ['one', 'two \ud800'] };
  say('definitions are kept', () => store.saveDefinitions([row, { ...row, version: '2 \ud800', lines: [] }]));
  say('and stay as they are', () => store.saveDefinitions([{ ...row, lines: ['other'] }]));
  say('one is read', () => store.readDefinition('order', '1', 'h'));
  say('one is read that is not there', () => store.readDefinition('order', '2', 'h'));
}

function reads(store: Store, say: Say): void {
  for (const run of ['a', 'half \ud800', 'nobody']) {
    say(`run ${JSON.stringify(run)} is read`, () => store.readRun(run));
    say(`run ${JSON.stringify(run)} is read to go on with it`, () => store.readOpen(run));
  }
  say('a run is read by its key', () => store.readRunByKey('order', 'key of a'));
  say('and by one that another has', () => store.readRunByKey('order', 'a key \0'));
  const queries: readonly Omit<Parameters<Store['readRuns']>[0], 'limit'>[] = [
    {},
    { order: 'newest' },
    { cursor: '1' },
    { order: 'newest', cursor: '2' },
    { orchestrator: 'order' },
    { version: '1' },
    { status: 'failed' },
    { parent: 'a' },
    { metadata: {} },
    { metadata: { tenant: 'acme' } },
    { metadata: { order: { a: [2], b: 1 }, tenant: 'acme', long: 'x'.repeat(201) }, order: 'newest' },
    { metadata: { 'key \ud800': 'value \ud800' }, cursor: '1' },
    { orchestrator: 'other', version: '1', status: 'failed', parent: 'a', metadata: { 'key \ud800': 'value \ud800' } },
    { orchestrator: 'order', version: '1', status: 'failed', parent: 'a', order: 'newest', cursor: '3' },
    { cursor: 'x' },
  ];
  const names = async (query: (typeof queries)[number], limit: number): Promise<unknown> => {
    const { runs, cursor } = await store.readRuns({ ...query, limit });
    return { runs: runs.map(({ run }) => run), cursor };
  };
  for (const query of queries) {
    say(`runs, ${JSON.stringify(query)}`, () => names(query, 5));
    say('the first of them', () => names(query, 1));
  }
  for (const parents of [[''], ['t'], ['', 't'], ['t', 'nobody']])
    say(`children of ${JSON.stringify(parents)}`, () => store.readChildren('a', parents));
  for (const page of [{ limit: 1 }, { after: 't/x', limit: 1 }, { after: 't/x' }, { after: 'gone', limit: 2 }])
    say(`children of t, ${JSON.stringify(page)}`, () => store.readChildren('a', ['t'], page));
  say('the first of the tracks', () => store.readChildren('a', [''], { limit: 1 }));
  say('tracks behind the first', () => store.readChildren('a', [''], { after: 't' }));
  for (const parent of ['', 't', 'nobody'])
    say(`children of "${parent}" are counted`, () => store.countChildren('a', parent));
  say('failures', () => store.readFailures('a'));
  say('all steps', () => store.readActors('a'));
  for (const query of [
    { limit: 1 },
    { limit: 3 },
    { limit: 4 },
    { limit: 9 },
    { before: 7, limit: 9 },
    { before: 5, limit: 9 },
  ])
    say(`what has completed, ${JSON.stringify(query)}`, async () =>
      (await store.readCompleted('a', query)).map(({ path, endedSeq }) => [path, endedSeq]),
    );
  say('attempts', () => store.readAttempts('a'));
  say('a signal', () => store.readSignal('a', 's1'));
  say('a signal that is not there', () => store.readSignal('a', 's5'));
  for (const query of [
    { after: 0, limit: 1 },
    { after: 2, limit: 4 },
    { after: 9, limit: 9 },
    { after: 10, limit: 9 },
  ])
    say(`events, ${JSON.stringify(query)}`, () => store.readEvents('a', query));
  say('a record', () => store.readRecord('half \ud800', 'note', 'note \ud800'));
  say('a record that is not there', () => store.readRecord('a', 'note', 'nobody'));
  for (const more of [
    {},
    { run: 'a' },
    { key: { name: 'state', value: 'new' } },
    { run: 'a', key: { name: 'state', value: 'done' } },
  ]) {
    for (const limit of [1, 9])
      say(`records, ${JSON.stringify({ ...more, limit })}`, () => store.readRecords({ type: 'note', ...more, limit }));
    say('those behind the second', () => store.readRecords({ type: 'note', ...more, limit: 2, after: '2' }));
  }
}

function rest(store: Store, say: Say): void {
  say('a record is added', () =>
    store.addRecord(record('half \ud800', 'more \ud800', 1, 'added', { by: 'ann \ud800' })),
  );
  say('and stays as it is', () => store.addRecord(record('half \ud800', 'more \ud800', 2, 'other')));
  say('one is added to nobody', () => store.addRecord(record('nobody', 'n', 1, null)));
  say('there is a sign of life', () => store.renew());
  say('nothing is there to be claimed', () => store.claim(5));
  const end = { at: 3_000, path: '', type: 'run.cancelled', reason: 'enough \ud800' } as const;
  say('a run is abandoned', () => store.abandonRun({ run: 'a', ...end } as Omit<EventOf<'run.cancelled'>, 'seq'>));
  say('it is read', () => store.readRun('a'));
  say('one that has ended', () => store.abandonRun({ run: 'a', ...end } as Omit<EventOf<'run.cancelled'>, 'seq'>));
  say('its owner goes on', () => store.commit([change('a', 10)]));
}

/** What each table has, in its order. */
function rowsOf(file: string): string[] {
  const lines: string[] = [];
  const ofSchema = query(file, 'select type, name, sql from sqlite_schema order by rowid');
  for (const { type, name } of ofSchema) {
    if (type === 'index') continue;
    lines.push(`${type} ${name}`);
    for (const row of query(file, `select * from "${name}"`)) lines.push(`  ${JSON.stringify(row)}`);
  }
  return lines;
}

test('what a SQLite store asks of its file, and what it has then written, is what other versions read (P134, P234)', async () => {
  const file = newFile();
  const folder = dirname(file);
  const heard = overhear();
  const lines: string[] = [];
  let before: Promise<unknown> = Promise.resolve();
  const say: Say = (what, work) => {
    lines.push(`## ${what}`);
    let answer: unknown;
    try {
      answer = work();
    } catch (error) {
      answer = error;
    }
    lines.push(...heard.take(folder).map((line) => `  ${line}`));
    const at = lines.push('') - 1;
    const tell = (given: unknown): void => {
      const text = given instanceof Error ? `! ${given.name}: ${given.message}` : `= ${JSON.stringify(given)}`;
      lines[at] = text.replaceAll(folder, '<folder>');
    };
    if (answer instanceof Promise) before = Promise.all([before, answer.then(tell, tell)]);
    else tell(answer);
  };
  const store = sqlite(file, { thread: 'never', savepoint: `${file}-savepoint`, keep: '1h' });
  say('it is not open', () => store.readRun('a'));
  say('it is opened for the first time', () => store.open(owner('one', () => 5_000)));
  definitions(store, say);
  writes(store, say);
  reads(store, say);
  await before;
  const written = heard.apart(() => rowsOf(file));
  rest(store, say);
  say('a run that is not there is deleted', () => store.deleteRun('nobody'));
  say('a run that has ended is deleted', () => store.deleteRun('a'));
  say('another begins, which does not end', () =>
    store.commit([change('c', 0, { row: runRow('c'), events: [started('c')] })]),
  );
  say('one that does not end is deleted', () => store.deleteRun('c'));
  say('a savepoint', () => store.savepoint());
  say('a backup', () => store.backup(`${file}-backup`));
  say('another one in its place', () => store.backup(`${file}-backup`));
  say('its space is given back', () => store.vacuum());
  say('it is closed', () => store.close());
  say('it is closed again', () => store.close());
  say('it is closed, and asked', () => store.readRun('c'));
  const later = sqlite(file, { synchronous: 'normal', keep: '1h', thread: 'never' });
  say('it is opened by somebody else, when what has ended is old', () => later.open(owner('two', () => 3_700_000)));
  say('what nobody owns is claimed', () => later.claim(5));
  say('a run of its own goes on', () =>
    later.commit([{ ...change('c', 1), fence: 2, row: runRow('c', { reason: 'on' }) }]),
  );
  say('and once more, when it is known', () => later.commit([{ ...change('c', 1), fence: 2, row: runRow('c') }]));
  say('nothing old is left', () => later.prune());
  say('it is closed in the end', () => later.close());
  await before;
  const short = (text: string): string => text.replaceAll(/(.)\1{99,}/g, (all, letter) => `${letter}×${all.length}`);
  const pages = [
    '# What is asked, and answered',
    ...lines,
    '# What was written, before anything was deleted',
    ...written,
    '# How it is found',
    ...heard.plans(file),
    '# The tables',
    ...query(file, 'select sql from sqlite_schema where sql is not null order by rowid').map(({ sql }) => String(sql)),
    ...['user_version', 'application_id', 'journal_mode'].map((name) => JSON.stringify(query(file, `pragma ${name}`))),
  ];

  // A file has no half of a character.
  await expect(`${short(pages.join('\n')).toWellFormed()}\n`).toMatchFileSnapshot('./sqlite-course.txt');
});
