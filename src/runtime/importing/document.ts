/**
 * An export as rows: read as what a stranger hands over, copied, and checked by itself (I10). Whether it fits a definition is looked at in
 * `fit.ts`, and whether this store can take it in `import.ts`.
 */
import { faultOfEvent, endsRun, type RunEvent } from '../../events.ts';
import { type Json, type JsonObject, toJson } from '../../json.ts';
import { isTerminal } from '../../status.ts';
import type { ActorRow, AttemptRow, RecordRow, RunRow, SignalRow } from '../../store.ts';
import * as is from '../../forms.ts';
import { type Form, isJsonObject, rowIn, rowsIn, Unfit } from '../../forms.ts';
import { pathAbove } from '../../segments.ts';

/** A run that came as a document. */
export interface Brought {
  readonly row: RunRow;
  readonly steps: readonly ActorRow[];
  readonly attempts: readonly AttemptRow[];
  /** Those that are kept for a step, and those that steps have taken. */
  readonly signals: readonly SignalRow[];
  readonly events: readonly RunEvent[];
  readonly records: readonly RecordRow[];
  /** Runs that it waits for or undoes. */
  readonly needs: readonly string[];
}

/** A document may be this large, in bytes of JSON. */
const MOST_BYTES = 256 * 1024 * 1024;
const LONGEST_ID = 400;
/** What separates the parts of a key, and control characters. */
const NO_PART_OF_AN_ID = /[/#\p{Cc}]/u;

const id: is.Want = {
  wanted: `a text of 1 to ${LONGEST_ID} characters without "/", "#" and control characters`,
  fits: (value) => {
    const isShort = typeof value === 'string' && value !== '' && value.length <= LONGEST_ID;
    return isShort && value.isWellFormed() && !NO_PART_OF_AN_ID.test(value);
  },
};

const RUN: Form<RunRow> = {
  run: id,
  key: is.orNull(id),
  orchestrator: is.text,
  version: is.text,
  hash: is.text,
  status: is.status,
  input: is.json,
  output: is.json,
  error: is.orNull(is.error),
  reason: is.orNull(is.text),
  metadata: is.object,
  startedAt: is.instant,
  endedAt: is.orNull(is.instant),
  parent: is.orNull(is.has({ run: id, path: is.text })),
};

const STEP: Form<ActorRow> = {
  run: is.text,
  path: is.text,
  parent: is.orNull(is.text),
  kind: is.text,
  state: is.status,
  attempt: is.amount,
  input: is.json,
  output: is.json,
  error: is.orNull(is.error),
  memory: is.object,
  due: is.orNull(is.instant),
  attemptedAt: is.instant,
  startedAt: is.instant,
  endedAt: is.orNull(is.instant),
  endedSeq: is.orNull(is.amount),
};

const ATTEMPT: Form<AttemptRow> = {
  run: is.text,
  path: is.text,
  attempt: is.amount,
  error: is.error,
  startedAt: is.instant,
  endedAt: is.instant,
};

const SIGNAL: Form<SignalRow> = {
  run: is.text,
  id: is.text,
  name: is.text,
  payload: is.json,
  sentAt: is.instant,
  answer: is.oneOf('accepted', 'buffered'),
  takenBy: is.orNull(is.text),
};

const RECORD: Form<RecordRow> = {
  run: is.text,
  type: is.text,
  id: is.text,
  version: is.version,
  body: is.json,
  keys: is.named,
};

const EVENT: Form<Pick<RunEvent, 'at'>> = { at: is.instant };

/** Which run a document is of, as far as that can be said; for messages. */
export function runIn(exported: unknown): string | null {
  const { run } = ((exported as { readonly run?: unknown } | null | undefined)?.run ?? {}) as {
    readonly run?: unknown;
  };
  return typeof run === 'string' && run.length <= LONGEST_ID ? run : null;
}

/** Reads a document. Throws `Unfit`, or what `toJson` does. */
export function documentOf(exported: unknown, maxValueBytes: number): Brought {
  const whole = toJson(exported, 'export of a run', MOST_BYTES);
  if (!isJsonObject(whole)) throw new Unfit('', 'it is not what run.export() answers');
  const rest = restOf(whole);
  const row = rowIn(RUN, whole.run, 'run');
  const steps = rowsIn(STEP, whole.steps, 'steps');
  const attempts = rowsIn(ATTEMPT, whole.attempts, 'attempts');
  const kept = rowsIn(SIGNAL, whole.signals, 'signals');
  const taken = rowsIn(SIGNAL, rest.taken, 'forImport.taken');
  const records = rowsIn(RECORD, rest.records, 'forImport.records');
  if (!is.texts.fits(rest.needs)) throw new Unfit('forImport.needs', `a list of runs belongs there`);
  const events = eventsOf(whole.events, row);
  const lists = { steps, attempts, signals: kept, 'forImport.taken': taken, 'forImport.records': records };
  for (const [at, rows] of Object.entries(lists))
    for (const [index, { run }] of rows.entries())
      if (run !== row.run) throw new Unfit(`${at}[${index}].run`, 'it is a row of another run');
  checkRun(row, events);
  checkSteps(row, steps, events.length);
  once(attempts, 'attempts', ({ path, attempt }) => JSON.stringify([path, attempt]));
  once([...kept, ...taken], 'signals', (signal) => signal.id);
  once(records, 'forImport.records', (record) => JSON.stringify([record.type, record.id]));
  if (kept.some(({ takenBy }) => takenBy !== null)) throw new Unfit('signals', 'one of them was taken');
  if (taken.some(({ takenBy }) => takenBy === null)) throw new Unfit('forImport.taken', 'one of them was not taken');
  checkSizes({ row, steps, signals: [...kept, ...taken] }, maxValueBytes);
  const needs = rest.needs as readonly string[];
  return { row, steps, attempts, signals: [...taken, ...kept], events, records, needs };
}

/** What an export has for an import; why it has it not. */
function restOf({ format, redacted, forImport }: JsonObject): JsonObject {
  if (format !== 1) throw new Unfit('format', 'it is not what run.export() answers, or a later version has made it');
  if (redacted !== false)
    throw new Unfit(
      'redacted',
      'parts of it were blanked. Export it from a box without "redact", for only that is whole',
    );
  if (forImport === undefined)
    throw new Unfit(
      'forImport',
      'an earlier version has made it, which left out what it takes to go on. Export it again',
    );
  if (forImport === null)
    throw new Unfit('forImport', 'the run went on while it was read. Export it again, or pause it before');
  if (!isJsonObject(forImport)) throw new Unfit('forImport', 'an object belongs there');
  if (forImport.version !== 1) throw new Unfit('forImport.version', 'a later version has made it. Update signalbox');
  return forImport;
}

function eventsOf(given: Json | undefined, { run }: RunRow): readonly RunEvent[] {
  if (!Array.isArray(given)) throw new Unfit('events', 'a list belongs there');
  return (given as readonly Json[]).map((event, index) => {
    const at = `events[${index}]`;
    const fault = faultOfEvent(event);
    if (fault !== null) throw new Unfit(at, fault);
    rowIn(EVENT, event, at);
    const { seq, run: of } = event as unknown as RunEvent;
    if (of !== run) throw new Unfit(`${at}.run`, 'it is an event of another run');
    if (seq !== index + 1) throw new Unfit(`${at}.seq`, `it is ${seq}, and events are numbered from 1 without a gap`);
    return event as unknown as RunEvent;
  });
}

/** Its row, and what its history says of it. */
function checkRun({ orchestrator, version, status, endedAt, parent, run }: RunRow, events: readonly RunEvent[]): void {
  if (status === 'pending') throw new Unfit('run.status', 'it has not begun');
  if (isTerminal(status) !== (endedAt !== null)) throw new Unfit('run.endedAt', `it does not go with "${status}"`);
  if (parent?.run === run) throw new Unfit('run.parent', 'no run has started itself');
  const start = events.find(({ type }) => type === 'run.started');
  if (start?.type !== 'run.started') throw new Unfit('events', 'the start of the run is missing');
  if (start.orchestrator !== orchestrator || start.version !== version)
    throw new Unfit(`events[${start.seq - 1}]`, 'another orchestrator was started');
  const end = events.findIndex(({ type, path }) => path === '' && endsRun(type));
  if (end === -1 ? isTerminal(status) : end !== events.length - 1 || events[end]?.type !== `run.${status}`)
    throw new Unfit('events', `they do not end as a run that is "${status}" does`);
}

/** Places below places that are there, each once, ended or not. */
function checkSteps(row: RunRow, steps: readonly ActorRow[], last: number): void {
  const known = new Set<string>();
  for (const [index, { path, parent, state, endedAt, endedSeq }] of steps.entries()) {
    const at = `steps[${index}]`;
    if (known.has(path)) throw new Unfit(`${at}.path`, `"${path}" is there twice`);
    const above = path === '' ? null : pathAbove(path);
    // A run that undoes another has steps whose tracks are that one's.
    const isApart = row.parent?.path === '';
    if (parent !== above || (above !== null && !isApart && !known.has(above)))
      throw new Unfit(`${at}.parent`, `"${path}" stands in nothing that comes before it`);
    known.add(path);
    const hasEnded = isTerminal(state);
    if (hasEnded !== (endedAt !== null)) throw new Unfit(`${at}.endedAt`, `it does not go with "${state}"`);
    if (endedSeq !== null && (!hasEnded || endedSeq === 0 || endedSeq > last))
      throw new Unfit(`${at}.endedSeq`, `it has not ended with event ${endedSeq}`);
    if (!hasEnded && isTerminal(row.status)) throw new Unfit(`${at}.state`, 'the run has ended, and it has not');
    if (path === '' && (hasEnded ? state !== row.status : isTerminal(row.status)))
      throw new Unfit(`${at}.state`, `the run is "${row.status}"`);
  }
  if (!known.has('')) throw new Unfit('steps', "the run's own place is missing");
}

function once<T>(rows: readonly T[], at: string, nameOf: (row: T) => string): void {
  if (new Set(rows.map(nameOf)).size < rows.length) throw new Unfit(at, 'one of them is there twice');
}

/** Values may be as large as any that this box takes (S33). Throws what `toJson` does. */
function checkSizes({ row, steps, signals }: Pick<Brought, 'row' | 'steps' | 'signals'>, maxValueBytes: number): void {
  for (const { path, input, output } of [{ ...row, path: '' }, ...steps]) {
    toJson(input, `input of "${path}" in the export`, maxValueBytes);
    toJson(output, `output of "${path}" in the export`, maxValueBytes);
  }
  for (const { name, payload } of signals) toJson(payload, `payload of signal "${name}" in the export`, maxValueBytes);
}
