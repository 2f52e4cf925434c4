/** What can be wrong with the export of a run: each of its places with something else in it, rows twice and in another order, and numbers and states that do not go together. */
import type { RunExport } from 'signalbox';

// biome-ignore lint/suspicious/noExplicitAny: broken on purpose
export type Broken = any;
type Path = readonly (string | number)[];

/** One thing that is wrong with a document. */
export interface Damage {
  /** The place, the same for places of one sort. */
  readonly name: string;
  /** Where it is in this document. */
  readonly at: string;
  readonly how: string;
  /** It may matter to what becomes of the run. */
  readonly plays: boolean;
  make(): Broken;
}

interface Place {
  readonly path: Path;
  readonly name: string;
  readonly value: Broken;
}

/** What a row is called: by what it is, not by where it stands. */
function sortOf(list: string, row: Broken): string {
  if (list === 'steps') return `${row.kind} ${row.state}`;
  return list === 'events' || list === 'records' ? row.type : '';
}

function placesIn(value: Broken, path: Path = [], name = ''): readonly Place[] {
  const own = path.length === 0 ? [] : [{ path, name, value }];
  if (typeof value !== 'object' || value === null) return own;
  const list = String(path.at(-1));
  const below = Array.isArray(value)
    ? value.flatMap((each, at) => placesIn(each, [...path, at], `${name}[${sortOf(list, each)}]`))
    : Object.keys(value).flatMap((key) => placesIn(value[key], [...path, key], name === '' ? key : `${name}.${key}`));
  return [...own, ...below];
}

const REMOVED = Symbol('removed');
const VALUES: readonly [string, unknown][] = [
  ['nothing', REMOVED],
  ['null', null],
  ['0', 0],
  ['-1', -1],
  ['1.5', 1.5],
  ["'x'", 'x'],
  ["''", ''],
  ['[]', []],
  ['{}', {}],
  ['true', true],
];
/** Of what stands deeper in a row. */
const SOME = VALUES.filter(([how]) => ['nothing', 'null', "'x'", '{}'].includes(how));
/** Of a row of a sort that is not the first in its list, and of what is read by nobody but people. */
const FEW = VALUES.slice(0, 2);
const GONE = VALUES.slice(0, 1);
const NULL = VALUES.slice(1, 2);
const STATES = 'pending running waiting retrying paused cancelling completed failed skipped compensated'
  .split(' ')
  .map((state): [string, string] => [state, state]);
/** Values of users, and what is there for people to read. */
const FREE =
  /\.(waitingFor|input|output|payload|shown|proposed|form|value|patch|metadata|details|data|fields|before|after)(?=[.[]|$)/;
const DEEPER = new RegExp(`${FREE.source}[.[]`);
/** Fields that each row of a list has, and those among them that mean something else in each sort of row. */
const COMMON = /^(steps|events|forImport\.records)\[[^\]]+\]\.(\w+)$/;
/** Where it may matter to what becomes of the run. */
const PLAYED = /^(run\.\w+|steps.*|attempts|signals.*|forImport\.(taken|needs|records)(\[\w+\])?)$/;
const EVENT = ['run', 'seq', 'at', 'type', 'path'];
const TELLING = ['', 'state', 'due', 'memory', 'endedAt', 'endedSeq', 'body'];
/** What was remembered of an approval that is over, and what was told of it. */
const PAST = /^(steps\[\w+ (completed|failed|compensated)\]\.memory\.\w+|events\[[^\]]+\]\.\w+)[.[]/;

function textOf(path: Path): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    return text === '' ? key : `${text}.${key}`;
  }, '');
}

/** A copy with something else done at a place. */
function put(document: RunExport, path: Path, value: unknown): Broken {
  const copy = structuredClone(document) as Broken;
  const at = path.slice(0, -1).reduce((inner, key) => inner[key], copy);
  const key = path.at(-1) as string | number;
  if (value !== REMOVED) at[key] = value;
  else if (Array.isArray(at)) at.splice(Number(key), 1);
  else delete at[key];
  return copy;
}

/** Each place of a document with something else in it. Those that were `seen` in another document are passed by. */
export function damagesOf(document: RunExport, seen: Set<string>): readonly Damage[] {
  return placesIn(document).flatMap(({ path, name, value }) => {
    if (seen.has(name) || DEEPER.test(name) || PAST.test(name)) return [];
    seen.add(name);
    const [, list, field = ''] = COMMON.exec(name) ?? [];
    const sort = list === undefined ? name : `${list}[].${field}`;
    const isKnown = list !== undefined && seen.has(sort);
    seen.add(sort);
    if (isKnown && !TELLING.includes(field) && !(list === 'events' && !EVENT.includes(field))) return [];
    const isRow = list === undefined && /\[[^\]]*\]$/.test(name);
    const isOther = isRow && seen.has(`${name.slice(0, name.lastIndexOf('['))}[]`);
    if (isRow) seen.add(`${name.slice(0, name.lastIndexOf('['))}[]`);
    let values = path.length > 3 ? SOME : VALUES;
    if (FREE.test(name)) values = FEW;
    if (isOther || (list === 'events' && !EVENT.includes(field))) values = GONE;
    if (isKnown && list !== 'events') values = field === 'body' ? SOME : NULL;
    if (field === 'state') values = isKnown ? STATES : [...values, ...STATES];
    const at = textOf(path);
    const one = (how: string, make: () => Broken): Damage => ({
      name,
      at,
      how,
      plays: PLAYED.test(name) && how !== 'more in it',
      make,
    });
    const given = JSON.stringify(value);
    const made = values
      .filter(([, each]) => JSON.stringify(each) !== given)
      .map(([how, each]) => one(how, () => put(document, path, each)));
    if (Array.isArray(value) && value.length > 0)
      made.push(one('the first twice', () => put(document, path, [...value, value[0]])));
    if (Array.isArray(value) && value.length > 1)
      made.push(one('the other way round', () => put(document, path, [...value].reverse())));
    if (typeof value === 'object' && value !== null && !Array.isArray(value) && path.length < 3 && !isOther)
      made.push(one('more in it', () => put(document, path, { ...value, unheardOf: 1 })));
    return made;
  });
}

type Change = (copy: Broken) => unknown;
type Table = { readonly [how: string]: Change };

const last = (list: readonly Broken[]): Broken => list.at(-1);
const stepOf = (copy: Broken, path: string): Broken => copy.steps.find((step: Broken) => step.path === path);
const recordOf = (copy: Broken, type: string, at = 0): Broken =>
  copy.forImport.records.filter((record: Broken) => record.type === type)[at];
const plain = { code: 'c', name: 'n', message: 'm' };
const caused = (times: number): object =>
  Array.from({ length: times }).reduce<object>((cause) => ({ ...plain, cause }), plain);
const large = 'x'.repeat(2_000_000);
const event = (copy: Broken, more: object): object => ({ ...last(copy.events), seq: copy.events.length + 1, ...more });

/** What does not go together in any run that is under way. */
const ANY: Table = {
  'a key of 400 characters': (copy) => Object.assign(copy.run, { key: 'x'.repeat(400) }),
  'a key of 401 characters': (copy) => Object.assign(copy.run, { key: 'x'.repeat(401) }),
  'a key with "/"': (copy) => Object.assign(copy.run, { key: 'a/b' }),
  'a key with "#"': (copy) => Object.assign(copy.run, { key: 'a#b' }),
  'a key with a control character': (copy) => Object.assign(copy.run, { key: 'a\u0007b' }),
  'a key with half a character': (copy) => Object.assign(copy.run, { key: 'a\ud800b' }),
  'the last date that there is': (copy) => Object.assign(copy.run, { startedAt: 8.64e15 }),
  'a later one': (copy) => Object.assign(copy.run, { startedAt: 8.64e15 + 1 }),
  'as many attempts as are counted': (copy) => Object.assign(copy.steps[0], { attempt: 2_147_483_647 }),
  'one more': (copy) => Object.assign(copy.steps[0], { attempt: 2_147_483_648 }),
  'an error': (copy) => Object.assign(copy.run, { error: plain }),
  'an error with 20 causes': (copy) => Object.assign(copy.run, { error: caused(20) }),
  'an error with 21 causes': (copy) => Object.assign(copy.run, { error: caused(21) }),
  'an error with all its fields': (copy) =>
    Object.assign(copy.run, {
      error: { ...plain, path: 'p', attempt: 1, retryable: true, retryAfter: 1, fields: { a: 1 }, stack: 's' },
    }),
  'an error with fields that are null': (copy) => Object.assign(copy.run, { error: { ...plain, fields: null } }),
  ...Object.fromEntries(
    Object.entries({
      path: 1,
      stack: 1,
      attempt: 'x',
      retryAfter: 'x',
      retryable: 'x',
      fields: [],
      cause: 'x',
      code: 1,
    }).map(([field, value]): [string, Change] => [
      `an error with a wrong "${field}"`,
      (copy) => Object.assign(copy.run, { error: { ...plain, [field]: value } }),
    ]),
  ),
  'an error that has fields and a wrong "retryable"': (copy) =>
    Object.assign(copy.run, { error: { ...plain, retryable: 1, fields: {} } }),
  'it is pending': (copy) => Object.assign(copy.run, { status: 'pending' }),
  'it has ended, at no time': (copy) => Object.assign(copy.run, { status: 'completed' }),
  'it has ended, and its steps have not': (copy) => {
    Object.assign(copy.run, { status: 'completed', endedAt: 1 });
    copy.events.push(event(copy, { type: 'run.completed', path: '' }));
  },
  'it has not ended, and its history has': (copy) => copy.events.push(event(copy, { type: 'run.completed', path: '' })),
  'the end of another place is the last event': (copy) =>
    copy.events.push(event(copy, { type: 'run.completed', path: 'x' })),
  'it has started itself': (copy) => Object.assign(copy.run, { parent: { run: copy.run.run, path: 'x' } }),
  'another one has started it': (copy) => Object.assign(copy.run, { parent: { run: 'elsewhere', path: 'x' } }),
  'it was started twice': (copy) => copy.events.push(event(copy, { ...copy.events[0], seq: copy.events.length + 1 })),
  'its start is not the first event': (copy) => {
    copy.events.unshift({ ...copy.events[1] });
    for (const [at, each] of copy.events.entries()) each.seq = at + 1;
  },
  'another version was started': (copy) => Object.assign(copy.events[0], { version: '2' }),
  'a place twice': (copy) => copy.steps.push(last(copy.steps)),
  'a place below what comes after it': (copy) => copy.steps.splice(1, 0, copy.steps.pop()),
  'a place that the definition has not': (copy) =>
    Object.assign(last(copy.steps), { path: `${last(copy.steps).parent}/no` }),
  'a place below another than its parent': (copy) => Object.assign(last(copy.steps), { parent: '' }),
  'all places but its own': (copy) => copy.steps.splice(0, 1),
  'an input that is too large': (copy) => Object.assign(copy.run, { input: large }),
  'an output that is too large': (copy) => Object.assign(copy.run, { output: large }),
  'an input of a step that is too large': (copy) => Object.assign(last(copy.steps), { input: large }),
  'an output of a step that is too large': (copy) => Object.assign(last(copy.steps), { output: large }),
  'an attempt of a step': (copy) => copy.attempts.push(attemptOf(copy, {})),
  'an attempt twice': (copy) => copy.attempts.push(attemptOf(copy, {}), attemptOf(copy, {})),
  'two attempts': (copy) => copy.attempts.push(attemptOf(copy, {}), attemptOf(copy, { attempt: 2 })),
  'an attempt with number 0': (copy) => copy.attempts.push(attemptOf(copy, { attempt: 0 })),
  'an attempt of another place': (copy) => copy.attempts.push(attemptOf(copy, { path: 'x' })),
  'an attempt of another run': (copy) => copy.attempts.push(attemptOf(copy, { run: 'x' })),
  'variables that are none': (copy) => Object.assign(copy.steps[0].memory, { variables: null }),
  'what was set, of no form': (copy) => Object.assign(copy.steps[0].memory, { sets: null }),
  'what was set, without its order': (copy) => Object.assign(copy.steps[0].memory, { sets: { a: ['x', 1] } }),
  'what was set, with more than that': (copy) => Object.assign(copy.steps[0].memory, { sets: { a: [1, 1, 1] } }),
  'what was set, as it is kept': (copy) => Object.assign(copy.steps[0].memory, { sets: { a: [1, 1] } }),
};

function attemptOf({ run, steps }: Broken, more: object): object {
  return { run: run.run, path: last(steps).path, attempt: 1, error: plain, startedAt: 1, endedAt: 1, ...more };
}

/** The record of an approval of run `r`, and what its step remembers, changed alike. */
const both =
  (path: string, change: Change): Change =>
  (copy) => {
    const record = copy.forImport.records.find(({ type, body }: Broken) => type === 'approval' && body.path === path);
    change(record.body);
    change(stepOf(copy, path).memory.approval);
    return record;
  };
const filed = (at: number): Table => ({
  'it is of another run': (copy) => Object.assign(recordOf(copy, 'approval', at).body, { run: 'x' }),
  'its id is another': (copy) => Object.assign(recordOf(copy, 'approval', at).body, { id: 'x' }),
  'its number is another': (copy) => Object.assign(recordOf(copy, 'approval', at).body, { number: 2 }),
  'its path is another': (copy) => Object.assign(recordOf(copy, 'approval', at).body, { path: 'x' }),
  'its version is another': (copy) => Object.assign(recordOf(copy, 'approval', at), { version: 99 }),
  'it is filed under another name': (copy) => Object.assign(recordOf(copy, 'approval', at), { id: 'x' }),
  'it is filed for another user': (copy) => Object.assign(recordOf(copy, 'approval', at).keys, { 'user:x': 'open' }),
  'it is filed for nobody': (copy) => Object.assign(recordOf(copy, 'approval', at), { keys: {} }),
});
const named = (what: string, table: Table): Table =>
  Object.fromEntries(Object.entries(table).map(([how, change]) => [`${what}: ${how}`, change]));

/** What a parent remembers of its children, in several ways, beside what it remembers anyway. */
const kept = (path: string, what: string, ...ways: readonly (object | null)[]): Table =>
  Object.fromEntries(
    ways.map((way) => [
      `${what} ${JSON.stringify(way)}`,
      (copy: Broken) => {
        const { memory } = stepOf(copy, path);
        memory.kept = way === null ? null : { ...memory.kept, ...way };
      },
    ]),
  );
const rounds = { iterations: 0, accumulator: null, last: null };

/** What does not go together in one of the documents. */
const OWN: { readonly [what: string]: Table } = {
  ended: {
    'it has ended otherwise than its history': (copy) => Object.assign(copy.run, { status: 'failed' }),
    'it goes on': (copy) => Object.assign(copy.run, { status: 'running', endedAt: null }),
    'it has an end, and goes on': (copy) => Object.assign(copy.run, { status: 'running' }),
    'something comes after its end': (copy) => copy.events.push(event(copy, { type: 'run.paused' })),
    'its end is not told': (copy) => copy.events.pop(),
    'its own place goes on': (copy) =>
      Object.assign(copy.steps[0], { state: 'running', endedAt: null, endedSeq: null }),
    'its own place has ended otherwise': (copy) => Object.assign(copy.steps[0], { state: 'failed' }),
    'a step goes on': (copy) => Object.assign(last(copy.steps), { state: 'running', endedAt: null, endedSeq: null }),
    'a step ended with the last event': (copy) => Object.assign(last(copy.steps), { endedSeq: copy.events.length }),
    'a step ended after the last event': (copy) =>
      Object.assign(last(copy.steps), { endedSeq: copy.events.length + 1 }),
  },
  apart: {
    'it undoes no run': (copy) => Object.assign(copy.run, { parent: null }),
    'it undoes a step': (copy) => Object.assign(copy.run.parent, { path: 'a' }),
    'a step stands below another than its parent': (copy) => Object.assign(last(copy.steps), { parent: '' }),
  },
  failed: named('an approval that is over', filed(0)),
  flight: {
    ...named('an approval that is open', filed(1)),
    'an approval that was handed on, filed as it was once': (copy) => {
      delete copy.forImport.records.find(({ body }: Broken) => body.path === 'b/asked').keys['user:tom'];
    },
    'an approval that is open, changed alike in its step': both('b/asked', (body) =>
      Object.assign(body, { digest: 'x' }),
    ),
    'an approval that is open, without its record': (copy) =>
      copy.forImport.records.splice(copy.forImport.records.indexOf(recordOf(copy, 'approval', 1)), 1),
    'an approval that is open, and its step has ended': (copy) =>
      Object.assign(stepOf(copy, 'h/asking'), { state: 'completed', endedAt: 1, endedSeq: 1 }),
    'an approval that is over, without its record': (copy) =>
      copy.forImport.records.splice(copy.forImport.records.indexOf(recordOf(copy, 'approval', 0)), 1),
    ...kept(
      'c/items',
      'a map that has counted',
      { tally: [1, 0, 0] },
      { tally: [1, 0] },
      { tally: [1, 0, 0, 0] },
      { tally: [1, 0, 'x'] },
    ),
    ...kept('d/rounds', 'a loop that remembers', rounds, { ...rounds, iterations: 'x' }, { iterations: 1 }, null),
    'a record twice': (copy) => copy.forImport.records.push(copy.forImport.records[0]),
    'a record of another run': (copy) => Object.assign(last(copy.forImport.records), { run: 'x' }),
    'a record whose type is a name of objects': (copy) =>
      Object.assign(last(copy.forImport.records), { type: 'toString' }),
    'two records that have their id in common': (copy) =>
      copy.forImport.records.push({ ...recordOf(copy, 'command'), type: 'keyed', body: null }),
    'a signal that was taken, among those that are kept': (copy) => copy.signals.push(copy.forImport.taken[0]),
    'a signal that is kept, among those that were taken': (copy) =>
      copy.forImport.taken.push({ ...copy.signals[0], id: 'x' }),
    'a signal that is kept and was taken': (copy) =>
      copy.forImport.taken.push({ ...copy.signals[0], takenBy: 'a/early' }),
    'a signal that was answered otherwise': (copy) => Object.assign(copy.signals[0], { answer: 'refused' }),
    'a payload that is too large': (copy) => Object.assign(copy.signals[0], { payload: large }),
    'a payload of a signal that was taken that is too large': (copy) =>
      Object.assign(copy.forImport.taken[0], { payload: large }),
    'needs that are none': (copy) => Object.assign(copy.forImport, { needs: [1] }),
    'it needs 10 runs': (copy) =>
      Object.assign(copy.forImport, { needs: Array.from({ length: 10 }, (_, n) => `n${n}`) }),
    'it needs 11 runs': (copy) =>
      Object.assign(copy.forImport, { needs: Array.from({ length: 11 }, (_, n) => `n${n}`) }),
    'it needs nothing': (copy) => Object.assign(copy.forImport, { needs: [] }),
  },
};

/** Numbers, states and names that do not go together. */
export function inconsistencies(what: string, document: RunExport): readonly Damage[] {
  const table = { ...(what === 'below' ? ANY : {}), ...OWN[what] };
  return Object.entries(table).map(([how, change]) => ({
    name: how,
    at: '',
    how: '',
    plays: false,
    make() {
      const copy = structuredClone(document) as Broken;
      change(copy);
      return copy;
    },
  }));
}
