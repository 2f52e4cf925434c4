/**
 * From what a store has kept to rows as the host takes them: checked, frozen, and with an error that names the row if
 * something does not fit. What a store calls its fields, and how it writes texts and JSON, it says itself: `Reader` is for any
 * store, `ColumnReader` for tables with columns of SQL.
 */
import { type ErrorRecord, RowUnreadable, reasonOf, show } from '../errors/index.ts';
import { faultOfEvent, isStatus, type RunEvent, type Status } from '../events.ts';
import type { Json, JsonObject } from '../json.ts';
import type {
  ActorRow,
  AttemptRow,
  ChildRow,
  CommandRow,
  DefinitionRow,
  FailureRow,
  RecordRow,
  RunRow,
  SignalRow,
} from '../store.ts';
import { eventsOf } from './history.ts';
import { pathAbove } from '../segments.ts';

/** What is kept of a row, under the names of the store. */
export type RowFields = { readonly [name: string]: unknown };

/** Of a row, or how to come by it, should that fail, too. */
type Given = RowFields | (() => RowFields);

/** How a store writes down what it keeps. */
export interface Notation {
  /** What messages call it. */
  readonly store: string;
  /** What fields are called that are not called as in `store.ts`. */
  readonly names: { readonly [field: string]: string };
  /** A text as it was before it was kept. */
  text(kept: string): string;
  /** JSON as it was; frozen. */
  json(kept: unknown): Json;
}

const NOTHING: JsonObject = Object.freeze({});

/** The rows of one store. `place` is what errors call a row. */
export class Reader {
  readonly #notation: Notation;

  constructor(notation: Notation) {
    this.#notation = notation;
  }

  run(place: string, given: Given): RunRow {
    return this.read('runs', place, given, (row) => ({
      run: row.text('run'),
      key: row.textOrNull('key'),
      orchestrator: row.text('orchestrator'),
      version: row.text('version'),
      hash: row.text('hash'),
      status: statusOf(row.get('status')),
      input: row.json('input'),
      output: row.json('output'),
      error: row.errorOrNull('error'),
      reason: row.textOrNull('reason'),
      metadata: row.object('metadata'),
      startedAt: row.number('startedAt'),
      endedAt: row.numberOrNull('endedAt'),
      parent: parentOf(row),
    }));
  }

  /** A place of a run; its parent is what its path says. */
  step(run: string, place: string, given: Given): ActorRow {
    return this.read('steps', place, given, (row) => {
      const path = row.text('path');
      return {
        run,
        path,
        parent: path === '' ? null : pathAbove(path),
        kind: row.text('kind'),
        state: statusOf(row.get('state')),
        attempt: row.number('attempt'),
        input: row.json('input'),
        output: row.json('output'),
        error: row.errorOrNull('error'),
        memory: row.object('memory'),
        due: row.numberOrNull('due'),
        attemptedAt: row.number('attemptedAt'),
        startedAt: row.number('startedAt'),
        endedAt: row.numberOrNull('endedAt'),
        // Tables have no null where nobody noted it.
        endedSeq: row.numberOrNull('endedSeq') || null,
      };
    });
  }

  child(place: string, given: Given): ChildRow {
    return this.read('steps', place, given, (row) => ({
      path: row.text('path'),
      state: statusOf(row.get('state')),
      output: row.json('output'),
    }));
  }

  failure(place: string, given: Given): FailureRow {
    return this.read('steps', place, given, (row) => ({
      path: row.text('path'),
      state: statusOf(row.get('state')),
      error: row.errorOrNull('error'),
    }));
  }

  attempt(place: string, given: Given): AttemptRow {
    return this.read('attempts', place, given, (row) => ({
      run: row.text('run'),
      path: row.text('path'),
      attempt: row.number('attempt'),
      error: errorOf(row.object('error')),
      startedAt: row.number('startedAt'),
      endedAt: row.number('endedAt'),
    }));
  }

  signal(place: string, given: Given): SignalRow {
    return this.read('signals', place, given, (row) => ({
      run: row.text('run'),
      id: row.text('id'),
      name: row.text('name'),
      payload: row.json('payload'),
      sentAt: row.number('sentAt'),
      answer: answerOf(row.get('answer')),
      takenBy: row.textOrNull('takenBy'),
    }));
  }

  record(place: string, given: Given): RecordRow {
    return this.read('records', place, given, (row) => ({
      run: row.text('run'),
      type: row.text('type'),
      id: row.text('id'),
      version: row.number('version'),
      body: row.json('body'),
      keys: textsOf(row.object('keys')),
    }));
  }

  definition(place: string, given: Given): DefinitionRow {
    return this.read('definitions', place, given, (row) => ({
      orchestrator: row.text('orchestrator'),
      version: row.text('version'),
      hash: row.text('hash'),
      lines: listOf(row.json('lines')) as readonly string[],
    }));
  }

  event(place: string, given: Given): RunEvent {
    return this.read('events', place, given, (row) => {
      const fault = faultOfEvent(row.fields);
      if (fault !== null) throw new Error(fault);
      return row.fields as unknown as RunEvent;
    });
  }

  /** Whatever else is kept. */
  read<T>(table: string, place: string, given: Given, read: (row: Kept) => T): T {
    try {
      return Object.freeze(read(new Kept(typeof given === 'function' ? given() : given, this.#notation)));
    } catch (error) {
      throw new RowUnreadable({ store: this.#notation.store, table, row: place, reason: reasonOf(error) }, error);
    }
  }
}

/** One row, field by field. What does not fit throws. */
class Kept {
  readonly fields: RowFields;
  readonly #notation: Notation;

  constructor(fields: RowFields, notation: Notation) {
    this.fields = fields;
    this.#notation = notation;
  }

  get(field: string): unknown {
    return this.fields[this.#notation.names[field] ?? field];
  }

  text(field: string): string {
    const value = this.get(field);
    if (typeof value !== 'string') throw new Error(`there is ${show(value)} where a text belongs`);
    return this.#notation.text(value);
  }

  textOrNull(field: string): string | null {
    return this.get(field) === null ? null : this.text(field);
  }

  number(field: string): number {
    const value = this.get(field);
    if (typeof value !== 'number') throw new Error(`there is ${show(value)} where a number belongs`);
    return value;
  }

  numberOrNull(field: string): number | null {
    return this.get(field) === null ? null : this.number(field);
  }

  json(field: string): Json {
    const value = this.get(field);
    if (value === undefined) throw new Error(`"${field}" is missing`);
    return this.#notation.json(value);
  }

  /** Null stands for an object without members. */
  object(field: string): JsonObject {
    return objectOf(this.json(field) ?? NOTHING);
  }

  errorOrNull(field: string): ErrorRecord | null {
    return this.get(field) === null ? null : errorOf(this.object(field));
  }
}

const COLUMNS = {
  startedAt: 'started_at',
  endedAt: 'ended_at',
  endedSeq: 'ended_seq',
  attemptedAt: 'attempted_at',
  sentAt: 'sent_at',
  takenBy: 'taken_by',
  parentRun: 'parent_run',
  parentPath: 'parent_path',
} as const;

/** A row of a table, with its columns by name; JSON in them is text still. */
export type Columns = { readonly [column: string]: string | number | null };

/** The rows of a database; `text` is how a column is read that is not the text itself. */
export class ColumnReader {
  readonly #reader: Reader;

  constructor(store: string, text = (column: string): string => column) {
    this.#reader = new Reader({ store, names: COLUMNS, text, json: jsonIn });
  }

  run(row: Columns): RunRow {
    return this.#reader.run(String(row.run), row);
  }

  step(run: string, row: Columns): ActorRow {
    return this.#reader.step(run, `${run}, ${row.path}`, row);
  }

  child(run: string, row: Columns): ChildRow {
    return this.#reader.child(`${run}, ${row.path}`, row);
  }

  failure(run: string, row: Columns): FailureRow {
    return this.#reader.failure(`${run}, ${row.path}`, row);
  }

  attempt(row: Columns): AttemptRow {
    return this.#reader.attempt(`${row.run}, ${row.path}, ${row.attempt}`, row);
  }

  signal(row: Columns): SignalRow {
    return this.#reader.signal(`${row.run}, ${row.id}`, row);
  }

  record(row: Columns): RecordRow {
    return this.#reader.record(`${row.run}, ${row.type}, ${row.id}`, row);
  }

  definition(row: Columns): DefinitionRow {
    return this.#reader.definition(`${row.orchestrator}, ${row.version}`, row);
  }

  /** The events that were committed together. */
  events(run: string, columns: Columns): readonly RunEvent[] {
    return this.#reader.read('histories', `${run}, ${columns.last}`, columns, (row) =>
      eventsOf(run, row.number('first'), row.number('at'), row.json('events')),
    );
  }

  command(columns: Columns): CommandRow {
    return this.#reader.read('commands', String(columns.id), columns, (row) => ({
      id: row.text('id'),
      run: row.text('run'),
      body: row.object('body'),
    }));
  }

  answer(columns: Columns): JsonObject {
    return this.#reader.read('commands', String(columns.id), columns, (row) => row.object('answer'));
  }
}

/** JSON of a text; no text is null. */
export function jsonIn(text: unknown): Json {
  if (text === null) return null;
  if (typeof text !== 'string') throw new Error(`there is ${show(text)} where JSON belongs`);
  return deepFrozen(JSON.parse(text) as Json);
}

export function objectOf(value: unknown): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`there is ${show(value)} where an object belongs`);
  return value as JsonObject;
}

function listOf(value: Json): readonly Json[] {
  if (!Array.isArray(value)) throw new Error(`there is ${show(value)} where a list belongs`);
  return value as readonly Json[];
}

/** A run's parent stands in two fields. */
function parentOf(row: Kept): RunRow['parent'] {
  const run = row.textOrNull('parentRun');
  return run === null ? null : Object.freeze({ run, path: row.text('parentPath') });
}

function textsOf(value: JsonObject): RecordRow['keys'] {
  for (const each of Object.values(value))
    if (typeof each !== 'string') throw new Error(`there is ${show(each)} where a text belongs`);
  return value as RecordRow['keys'];
}

function errorOf(record: JsonObject): ErrorRecord {
  for (const each of [record.code, record.name, record.message])
    if (typeof each !== 'string') throw new Error(`there is ${show(each)} where a text belongs`);
  return record as unknown as ErrorRecord;
}

function statusOf(value: unknown): Status {
  if (!isStatus(value)) throw new Error(`${show(value)} is no status`);
  return value;
}

function answerOf(value: unknown): SignalRow['answer'] {
  if (value !== 'accepted' && value !== 'buffered') throw new Error(`${show(value)} is no answer to a signal`);
  return value;
}

/** What crosses the store's border is frozen, from whichever side. */
function deepFrozen(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value;
  for (const member of Object.values(value)) deepFrozen(member);
  return Object.freeze(value);
}
