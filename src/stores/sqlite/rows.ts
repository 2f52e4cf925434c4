/** From rows as SQLite gives them to rows as the host takes them. What does not fit is an error that names the row. */
import { type ErrorRecord, RowUnreadable, reasonOf, show } from '../../errors.ts';
import { isStatus, type RunEvent, type Status } from '../../events.ts';
import type { Json, JsonObject } from '../../json.ts';
import type { ActorRow, AttemptRow, DefinitionRow, RunRow, SignalRow } from '../../store.ts';
import { eventsOf } from '../history.ts';

/** A row with its columns by name. */
export type Columns = { readonly [column: string]: string | number | null };

const NOTHING: JsonObject = Object.freeze({});

/** Reads rows of one store; `name` is what errors call it. */
export class RowReader {
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  run(row: Columns): RunRow {
    return this.#read('runs', String(row.run), () => ({
      run: text(row.run),
      key: row.key as string | null,
      orchestrator: text(row.orchestrator),
      version: text(row.version),
      hash: text(row.hash),
      status: status(row.status),
      input: json(row.input),
      output: json(row.output),
      error: row.error === null ? null : errorOf(row.error),
      reason: row.reason as string | null,
      metadata: object(row.metadata),
      startedAt: number(row.started_at),
      endedAt: row.ended_at === null ? null : number(row.ended_at),
    }));
  }

  /** A place; its row has the number of its run, and its parent is what its path says. */
  step(run: string, row: Columns): ActorRow {
    return this.#read('steps', `${run}, ${row.path}`, () => {
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
        error: row.error === null ? null : errorOf(row.error),
        memory: row.memory === null ? NOTHING : object(row.memory),
        due: row.due === null ? null : number(row.due),
        attemptedAt: number(row.attempted_at),
        startedAt: number(row.started_at),
        endedAt: row.ended_at === null ? null : number(row.ended_at),
      };
    });
  }

  attempt(row: Columns): AttemptRow {
    return this.#read('attempts', `${row.run}, ${row.path}, ${row.attempt}`, () => ({
      run: text(row.run),
      path: text(row.path),
      attempt: number(row.attempt),
      error: errorOf(row.error),
      startedAt: number(row.started_at),
      endedAt: number(row.ended_at),
    }));
  }

  signal(row: Columns): SignalRow {
    return this.#read('signals', `${row.run}, ${row.id}`, () => ({
      run: text(row.run),
      id: text(row.id),
      name: text(row.name),
      payload: json(row.payload),
      sentAt: number(row.sent_at),
      answer: answer(row.answer),
      takenBy: row.taken_by as string | null,
    }));
  }

  /** The events that were committed together. */
  events(run: string, row: Columns): readonly RunEvent[] {
    return this.#read('histories', `${run}, ${row.last}`, () =>
      eventsOf(run, number(row.first), number(row.at), json(row.events)),
    );
  }

  definition(row: Columns): DefinitionRow {
    return this.#read('definitions', `${row.orchestrator}, ${row.version}`, () => ({
      orchestrator: text(row.orchestrator),
      version: text(row.version),
      hash: text(row.hash),
      lines: json(row.lines) as readonly string[],
    }));
  }

  #read<T>(table: string, row: string, read: () => T): T {
    try {
      return Object.freeze(read());
    } catch (error) {
      throw new RowUnreadable({ store: this.#name, table, row, reason: reasonOf(error) }, error);
    }
  }
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new Error(`there is ${String(value)} where a text belongs`);
  return value;
}

function number(value: unknown): number {
  if (typeof value !== 'number') throw new Error(`there is ${String(value)} where a number belongs`);
  return value;
}

function status(value: unknown): Status {
  if (!isStatus(value)) throw new Error(`${show(value)} is no status`);
  return value;
}

function answer(value: unknown): SignalRow['answer'] {
  if (value !== 'accepted' && value !== 'buffered') throw new Error(`${show(value)} is no answer to a signal`);
  return value;
}

function object(value: unknown): JsonObject {
  const parsed = json(value);
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new Error(`there is ${show(parsed)} where an object belongs`);
  return parsed as JsonObject;
}

function errorOf(value: unknown): ErrorRecord {
  const { code, name, message } = object(value);
  for (const each of [code, name, message]) text(each);
  return object(value) as unknown as ErrorRecord;
}

function json(value: unknown): Json {
  return value === null ? null : deepFrozen(JSON.parse(text(value)) as Json);
}

/** What crosses the store's border is frozen, from whichever side. */
function deepFrozen(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value;
  for (const member of Object.values(value)) deepFrozen(member);
  return Object.freeze(value);
}
