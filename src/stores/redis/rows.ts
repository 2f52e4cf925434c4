/**
 * Rows as texts of JSON, and back. What is null or empty in nearly every row is left out of its text. What does
 * not fit when it is read is an error that names the row.
 */
import type { RunEvent } from '../../events.ts';
import type { Json, JsonObject } from '../../json.ts';
import type {
  AbandonedEvent,
  ActorRow,
  AttemptRow,
  ChildRow,
  CommandRow,
  DefinitionRow,
  FailureRow,
  RecordRow,
  RunRow,
  SignalRow,
} from '../../store.ts';
import { jsonIn, objectOf, Reader } from '../rows.ts';

// --- To texts --------------------------------------------------------------------------------

/** What of a run stays as it began. */
export function startText({ key, orchestrator, version, hash, input, metadata, startedAt, parent }: RunRow): string {
  const from = parent === null ? {} : { parentRun: parent.run, parentPath: parent.path };
  return JSON.stringify({ key, orchestrator, version, hash, input, metadata, startedAt, ...from });
}

/** What of a run changes. */
export function stateText({
  status,
  output,
  error,
  reason,
  endedAt,
}: Pick<RunRow, 'status' | 'output' | 'error' | 'reason' | 'endedAt'>): string {
  return JSON.stringify({ status, output, error, reason, endedAt });
}

export function stepText(row: ActorRow): string {
  let text = `{"path":${JSON.stringify(row.path)},"kind":${JSON.stringify(row.kind)},"state":"${row.state}"`;
  if (row.attempt !== 0) text += `,"attempt":${row.attempt}`;
  if (row.input !== null) text += `,"input":${JSON.stringify(row.input)}`;
  if (row.output !== null) text += `,"output":${JSON.stringify(row.output)}`;
  if (row.error !== null) text += `,"error":${JSON.stringify(row.error)}`;
  const memory = JSON.stringify(row.memory);
  if (memory !== '{}') text += `,"memory":${memory}`;
  if (row.due !== null) text += `,"due":${row.due}`;
  text += `,"attemptedAt":${row.attemptedAt},"startedAt":${row.startedAt}`;
  if (row.endedAt !== null) text += `,"endedAt":${row.endedAt}`;
  return row.endedSeq === null ? `${text}}` : `${text},"endedSeq":${row.endedSeq}}`;
}

/** An attempt without its run. It begins with the path: a script looks for it there. */
export function attemptText({ path, attempt, error, startedAt, endedAt }: AttemptRow): string {
  return JSON.stringify({ path, attempt, error, startedAt, endedAt });
}

/** A signal or an event without its run, which stands in the key. `head` is how the text of one begins that names it first. */
export function partText(row: SignalRow | RunEvent | AbandonedEvent, head: string): string {
  const text = JSON.stringify(row);
  if (text.startsWith(head)) return `{${text.slice(head.length)}`;
  const { run: _, ...rest } = row;
  return JSON.stringify(rest);
}

/** Of a whole row. */
export function failureOf({ path, state, error }: ActorRow): FailureRow {
  return Object.freeze({ path, state, error });
}

export function headOf(run: string): string {
  return `{"run":${JSON.stringify(run)},`;
}

// --- From texts ------------------------------------------------------------------------------

/** What is left out of the text of a step if it is so. */
const STEP = {
  attempt: 0,
  input: null,
  output: null,
  error: null,
  memory: Object.freeze({}),
  due: null,
  endedAt: null,
  endedSeq: null,
};

/** A text as the server answers with it; null if there is none. */
type Text = string | null;

/** Reads rows of one store; `name` is what errors call it. What is checked stands in `src/stores/rows.ts`. */
export class RowReader {
  readonly #reader: Reader;

  constructor(name: string) {
    this.#reader = new Reader({ store: name, names: {}, text: (kept) => kept, json: (kept) => kept as Json });
  }

  run(run: string, start: Text, state: Text): RunRow {
    return this.#reader.run(run, () => ({ parentRun: null, ...parsed(start), ...parsed(state), run }));
  }

  step(run: string, row: Text, ordinal: string | number): ActorRow {
    return this.#reader.step(run, `${run}, ${ordinal}`, () => ({ ...STEP, ...parsed(row) }));
  }

  child(run: string, row: Text, ordinal: string): ChildRow {
    return this.#reader.child(`${run}, ${ordinal}`, () => ({ ...STEP, ...parsed(row) }));
  }

  failure(run: string, row: Text, ordinal: string): FailureRow {
    return this.#reader.failure(`${run}, ${ordinal}`, () => ({ ...STEP, ...parsed(row) }));
  }

  attempt(run: string, row: Text, index: number): AttemptRow {
    return this.#reader.attempt(`${run}, ${index}`, () => ({ ...parsed(row), run }));
  }

  signal(run: string, row: Text, id: string): SignalRow {
    return this.#reader.signal(`${run}, ${id}`, () => ({ ...parsed(row), run }));
  }

  record(run: string, row: Text, name: string): RecordRow {
    return this.#reader.record(`${run}, ${name}`, () => ({ ...parsed(row), run }));
  }

  event(run: string, row: Text, index: number): RunEvent {
    return this.#reader.event(`${run}, ${index}`, () => ({ run, ...parsed(row) }));
  }

  definition(row: Text, orchestrator: string, version: string, hash: string): DefinitionRow {
    const place = `${orchestrator}, ${version}`;
    return this.#reader.definition(place, () => ({ orchestrator, version, hash, lines: jsonIn(row) }));
  }

  command(id: string, run: string, body: Text): CommandRow {
    return this.#reader.read('commands', id, {}, () => ({ id, run, body: parsed(body) }));
  }

  answer(id: string, row: Text): JsonObject {
    return this.#reader.read('commands', id, {}, () => parsed(row));
  }
}

function parsed(row: Text): JsonObject {
  return objectOf(jsonIn(row));
}
