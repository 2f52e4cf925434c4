/**
 * Rows as texts of JSON, and back. What is null or empty in nearly every row is left out of its text. What does
 * not fit when it is read is an error that names the row.
 */
import { type ErrorRecord, RowUnreadable, reasonOf, show } from '../../errors.ts';
import { faultOfEvent, isStatus, type RunEvent, type Status } from '../../events.ts';
import type { Json, JsonObject } from '../../json.ts';
import type { ActorRow, AttemptRow, CommandRow, DefinitionRow, RunRow, SignalRow } from '../../store.ts';

// --- To texts --------------------------------------------------------------------------------

/** What of a run stays as it began. */
export function startText({ key, orchestrator, version, hash, input, metadata, startedAt }: RunRow): string {
  return JSON.stringify({ key, orchestrator, version, hash, input, metadata, startedAt });
}

/** What of a run changes. */
export function stateText({ status, output, error, reason, endedAt }: RunRow): string {
  return JSON.stringify({ status, output, error, reason, endedAt });
}

export function stepText(row: ActorRow): string {
  let text = `{"path":${JSON.stringify(row.path)},"kind":${JSON.stringify(row.kind)},"state":"${row.state}"`;
  if (row.parent !== null) text += `,"parent":${JSON.stringify(row.parent)}`;
  if (row.attempt !== 0) text += `,"attempt":${row.attempt}`;
  if (row.input !== null) text += `,"input":${JSON.stringify(row.input)}`;
  if (row.output !== null) text += `,"output":${JSON.stringify(row.output)}`;
  if (row.error !== null) text += `,"error":${JSON.stringify(row.error)}`;
  const memory = JSON.stringify(row.memory);
  if (memory !== '{}') text += `,"memory":${memory}`;
  if (row.due !== null) text += `,"due":${row.due}`;
  text += `,"attemptedAt":${row.attemptedAt},"startedAt":${row.startedAt}`;
  return row.endedAt === null ? `${text}}` : `${text},"endedAt":${row.endedAt}}`;
}

/** An attempt, a signal or an event without its run, which stands in the key. `head` is how the text of one begins that names it first. */
export function partText(row: AttemptRow | SignalRow | RunEvent, head: string): string {
  const text = JSON.stringify(row);
  if (text.startsWith(head)) return `{${text.slice(head.length)}`;
  const { run: _, ...rest } = row;
  return JSON.stringify(rest);
}

export function headOf(run: string): string {
  return `{"run":${JSON.stringify(run)},`;
}

// --- From texts ------------------------------------------------------------------------------

const NOTHING = Object.freeze({});

/** A text as the server answers with it; null if there is none. */
type Text = string | null;

/** Reads rows of one store; `name` is what errors call it. */
export class RowReader {
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  run(run: string, start: Text, state: Text): RunRow {
    return this.#read('runs', run, () => {
      const [began, now] = [parsed(start), parsed(state)];
      return {
        run,
        key: textOrNull(began.key),
        orchestrator: text(began.orchestrator),
        version: text(began.version),
        hash: text(began.hash),
        status: status(now.status),
        input: there(began.input),
        output: there(now.output),
        error: errorOrNull(now.error),
        reason: textOrNull(now.reason),
        metadata: object(began.metadata),
        startedAt: number(began.startedAt),
        endedAt: numberOrNull(now.endedAt),
      };
    });
  }

  step(run: string, row: Text, ordinal: string | number): ActorRow {
    return this.#read('steps', `${run}, ${ordinal}`, () => {
      const kept = parsed(row);
      return {
        run,
        path: text(kept.path),
        parent: textOrNull(kept.parent),
        kind: text(kept.kind),
        state: status(kept.state),
        attempt: number(kept.attempt ?? 0),
        input: kept.input ?? null,
        output: kept.output ?? null,
        error: errorOrNull(kept.error),
        memory: object(kept.memory ?? NOTHING),
        due: numberOrNull(kept.due),
        attemptedAt: number(kept.attemptedAt),
        startedAt: number(kept.startedAt),
        endedAt: numberOrNull(kept.endedAt),
      };
    });
  }

  attempt(run: string, row: Text, index: number): AttemptRow {
    return this.#read('attempts', `${run}, ${index}`, () => {
      const { path, attempt, error, startedAt, endedAt } = parsed(row);
      const times = { startedAt: number(startedAt), endedAt: number(endedAt) };
      return { run, path: text(path), attempt: number(attempt), error: errorOf(error), ...times };
    });
  }

  signal(run: string, row: Text, id: string): SignalRow {
    return this.#read('signals', `${run}, ${id}`, () => {
      const kept = parsed(row);
      return {
        run,
        id: text(kept.id),
        name: text(kept.name),
        payload: there(kept.payload),
        sentAt: number(kept.sentAt),
        answer: answer(kept.answer),
        takenBy: textOrNull(kept.takenBy),
      };
    });
  }

  event(run: string, row: Text, index: number): RunEvent {
    return this.#read('events', `${run}, ${index}`, () => {
      const event = { run, ...parsed(row) };
      const fault = faultOfEvent(event);
      if (fault !== null) throw new Error(fault);
      return event as unknown as RunEvent;
    });
  }

  definition(row: Text, orchestrator: string, version: string, hash: string): DefinitionRow {
    return this.#read('definitions', `${orchestrator}, ${version}`, () => {
      const lines = deepFrozen(JSON.parse(text(row)) as Json);
      if (!Array.isArray(lines)) throw new Error(`there is ${show(lines)} where a list belongs`);
      return { orchestrator, version, hash, lines: lines as readonly string[] };
    });
  }

  command(id: string, run: string, body: Text): CommandRow {
    return this.#read('commands', id, () => ({ id, run, body: parsed(body) }));
  }

  answer(id: string, row: Text): JsonObject {
    return this.#read('commands', id, () => parsed(row));
  }

  #read<T>(table: string, row: string, read: () => T): T {
    try {
      return Object.freeze(read());
    } catch (error) {
      throw new RowUnreadable({ store: this.#name, table, row, reason: reasonOf(error) }, error);
    }
  }
}

function parsed(row: Text): JsonObject {
  return object(deepFrozen(JSON.parse(text(row)) as Json));
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new Error(`there is ${show(value)} where a text belongs`);
  return value;
}

function number(value: unknown): number {
  if (typeof value !== 'number') throw new Error(`there is ${show(value)} where a number belongs`);
  return value;
}

function textOrNull(value: unknown): string | null {
  return value === null || value === undefined ? null : text(value);
}

function numberOrNull(value: unknown): number | null {
  return value === null || value === undefined ? null : number(value);
}

function there(value: Json | undefined): Json {
  if (value === undefined) throw new Error('a value is missing');
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
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`there is ${show(value)} where an object belongs`);
  return value as JsonObject;
}

function errorOf(value: unknown): ErrorRecord {
  const { code, name, message } = object(value);
  for (const each of [code, name, message]) text(each);
  return value as ErrorRecord;
}

function errorOrNull(value: unknown): ErrorRecord | null {
  return value === null || value === undefined ? null : errorOf(value);
}

/** What crosses the store's border is frozen, from whichever side. */
function deepFrozen(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value;
  for (const member of Object.values(value)) deepFrozen(member);
  return Object.freeze(value);
}
