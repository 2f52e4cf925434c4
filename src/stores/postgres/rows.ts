/** From rows as Postgres gives them to rows as the host takes them. What does not fit is an error that names the row. */
import { type ErrorRecord, RowUnreadable, reasonOf, show } from '../../errors.ts';
import { isStatus, type RunEvent, type Status } from '../../events.ts';
import type { Json, JsonObject } from '../../json.ts';
import type { ActorRow, AttemptRow, CommandRow, DefinitionRow, OpenRun, RunRow, SignalRow } from '../../store.ts';
import { eventsOf } from '../history.ts';
import { fromColumn } from './text.ts';

/** A row with its columns by name; JSON in them is text still. */
export type Columns = { readonly [column: string]: string | number | null };

/** Reads rows of one store; `name` is what errors call it. */
export class RowReader {
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  run(row: Columns): RunRow {
    return this.#read('runs', row, ['run'], () => ({
      run: text(row.run),
      key: orNull(row.key, text),
      orchestrator: text(row.orchestrator),
      version: text(row.version),
      hash: text(row.hash),
      status: status(row.status),
      input: json(row.input),
      output: json(row.output),
      error: orNull(row.error, errorOf),
      reason: orNull(row.reason, text),
      metadata: object(row.metadata),
      startedAt: number(row.started_at),
      endedAt: orNull(row.ended_at, number),
    }));
  }

  /** A place; its row has the number of its run, and its parent is what its path says. */
  step(run: string, row: Columns): ActorRow {
    return this.#read('steps', { ...row, run }, ['run', 'path'], () => {
      const path = text(row.path);
      return {
        run,
        path,
        parent: path === '' ? null : path.slice(0, Math.max(0, path.lastIndexOf('/'))),
        kind: text(row.kind),
        state: status(row.state),
        attempt: number(row.attempt),
        input: json(row.input),
        output: json(row.output),
        error: orNull(row.error, errorOf),
        memory: object(row.memory),
        due: orNull(row.due, number),
        attemptedAt: number(row.attempted_at),
        startedAt: number(row.started_at),
        endedAt: orNull(row.ended_at, number),
      };
    });
  }

  attempt(row: Columns): AttemptRow {
    return this.#read('attempts', row, ['run', 'path', 'attempt'], () => ({
      run: text(row.run),
      path: text(row.path),
      attempt: number(row.attempt),
      error: errorOf(row.error),
      startedAt: number(row.started_at),
      endedAt: number(row.ended_at),
    }));
  }

  signal(row: Columns): SignalRow {
    return this.#read('signals', row, ['run', 'id'], () => ({
      run: text(row.run),
      id: text(row.id),
      name: text(row.name),
      payload: json(row.payload),
      sentAt: number(row.sent_at),
      answer: answer(row.answer),
      takenBy: orNull(row.taken_by, text),
    }));
  }

  /** A run with the steps and signals that came in its row. */
  open(columns: Columns): OpenRun {
    const row = this.run(columns);
    return {
      row,
      owner: orNull(columns.owner, text),
      fence: number(columns.fence),
      seq: number(columns.seq),
      open: rowsIn(columns.steps).map((step) => this.step(row.run, step)),
      signals: rowsIn(columns.signals).map((signal) => this.signal(signal)),
    };
  }

  /** The events that were committed together. */
  events(run: string, row: Columns): readonly RunEvent[] {
    return this.#read('histories', { ...row, run }, ['run', 'last'], () =>
      eventsOf(run, number(row.first), number(row.at), json(row.events)),
    );
  }

  definition(row: Columns): DefinitionRow {
    return this.#read('definitions', row, ['orchestrator', 'version'], () => ({
      orchestrator: text(row.orchestrator),
      version: text(row.version),
      hash: text(row.hash),
      lines: json(row.lines) as readonly string[],
    }));
  }

  command(row: Columns): CommandRow {
    return this.#read('commands', row, ['id'], () => ({
      id: text(row.id),
      run: text(row.run),
      body: object(row.body),
    }));
  }

  answer(row: Columns): JsonObject {
    return this.#read('commands', row, ['id'], () => object(row.answer));
  }

  #read<T>(table: string, row: Columns, names: readonly string[], read: () => T): T {
    try {
      return Object.freeze(read());
    } catch (error) {
      const place = names.map((name) => String(row[name])).join(', ');
      throw new RowUnreadable({ store: this.#name, table, row: place, reason: reasonOf(error) }, error);
    }
  }
}

type Column = string | number | null | undefined;

function orNull<T>(value: Column, read: (value: Column) => T): T | null {
  return value === null ? null : read(value);
}

function text(value: Column): string {
  if (typeof value !== 'string') throw new Error(`there is ${String(value)} where a text belongs`);
  return fromColumn(value);
}

function number(value: Column): number {
  if (typeof value !== 'number') throw new Error(`there is ${String(value)} where a number belongs`);
  return value;
}

function status(value: Column): Status {
  if (!isStatus(value)) throw new Error(`${show(value)} is no status`);
  return value;
}

function answer(value: Column): SignalRow['answer'] {
  if (value !== 'accepted' && value !== 'buffered') throw new Error(`${show(value)} is no answer to a signal`);
  return value;
}

/** Null stands for an object without members. */
function object(value: Column): JsonObject {
  const parsed = json(value) ?? {};
  if (typeof parsed !== 'object' || Array.isArray(parsed))
    throw new Error(`there is ${show(parsed)} where an object belongs`);
  return Object.freeze(parsed) as JsonObject;
}

function errorOf(value: Column): ErrorRecord {
  const record = object(value);
  for (const each of [record.code, record.name, record.message])
    if (typeof each !== 'string') throw new Error(`there is ${show(each)} where a text belongs`);
  return record as unknown as ErrorRecord;
}

function json(value: Column): Json {
  if (value === null) return null;
  if (typeof value !== 'string') throw new Error(`there is ${String(value)} where JSON belongs`);
  return deepFrozen(JSON.parse(value) as Json);
}

function rowsIn(list: Column): readonly Columns[] {
  return typeof list === 'string' ? (JSON.parse(list) as readonly Columns[]) : [];
}

/** What crosses the store's border is frozen, from whichever side. */
function deepFrozen(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value;
  for (const member of Object.values(value)) deepFrozen(member);
  return Object.freeze(value);
}
