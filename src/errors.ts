/**
 * One family of errors. Each has a stable `code` for programs, `fields` for tools, and a
 * sentence for a tired person at night: what happened, with the value in it, and what to
 * do. `docs/errors.md` has a paragraph for each code, and a test compares the two lists.
 *
 * This file is over 400 lines because every error stands in it: one list, one look, one place to add to.
 *
 * An error that must outlive its process is kept as an `ErrorRecord`, which is JSON.
 */
import type { Fault } from './definition.ts';
import type { Json, JsonObject } from './json.ts';
import { disarm } from './promises.ts';
import { describeIssues, type Issue } from './schema.ts';
import { hide, revive, shorten } from './traces.ts';

type Fields = { readonly [name: string]: unknown };

/** The root of the family. */
export abstract class SignalboxError<F extends Fields = Fields> extends Error {
  /** Stable, kebab-case, never reused. */
  abstract readonly code: ErrorCode;
  readonly fields: F;

  constructor(message: string, fields: F, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.fields = fields;
  }
}

/** An error as a row keeps it and as results, events and snapshots show it. */
export type ErrorRecord = {
  readonly code: string;
  readonly name: string;
  readonly message: string;
  /** The step it came from. */
  readonly path?: string;
  readonly attempt?: number;
  /** False when trying again cannot help: a `TerminalError`, an invalid input, a `when` that said no. */
  readonly retryable?: boolean;
  /** A delay that the body asked for with `RetryAfter`, in milliseconds. */
  readonly retryAfter?: number;
  readonly fields?: JsonObject;
  readonly stack?: string;
  readonly cause?: ErrorRecord;
};

// --- Definitions and set-up --------------------------------------------------------------

/** A definition has faults; all of them are listed (S3). */
export class DefinitionInvalid extends SignalboxError<{
  readonly definition: string;
  readonly faults: readonly Fault[];
}> {
  readonly code = 'definition-invalid';
  readonly faults: readonly Fault[];
  constructor(fields: { definition: string; faults: readonly Fault[] }) {
    const count = fields.faults.length === 1 ? 'a fault' : `${fields.faults.length} faults`;
    const list = fields.faults.map(lineAbout).join('');
    super(`The definition of "${fields.definition}" has ${count}; fix these before starting a run.${list}`, fields);
    this.faults = fields.faults;
    hide(this, 'fields', 'faults');
    shorten(this);
  }
}

/** A duration that cannot be read. */
export class InvalidDuration extends SignalboxError<{ readonly what: string; readonly value: unknown }> {
  readonly code = 'duration-invalid';
  constructor(fields: { what: string; value: unknown }) {
    super(
      `${show(fields.value)} is not a duration (${fields.what}). Write it like '250ms', '30s', '1h30m', '2d', or as milliseconds.`,
      fields,
    );
  }
}

/** An option with a value that it cannot have. */
export class InvalidOption extends SignalboxError<{
  readonly option: string;
  readonly value: unknown;
  readonly expected: string;
}> {
  readonly code = 'option-invalid';
  /** `unknown`: there is no option of that name, and `expected` says which there are. */
  constructor({ unknown, ...fields }: { option: string; value: unknown; expected: string; unknown?: boolean }) {
    const { option, value, expected } = fields;
    super(
      unknown
        ? `Unknown option "${option}". ${expected}.`
        : `Option "${option}" cannot be ${show(value)}: it takes ${expected}.`,
      fields,
    );
  }
}

/** A task that an orchestrator calls has no body. */
export class TaskMissing extends SignalboxError<{ readonly tasks: readonly { task: string; orchestrator: string }[] }> {
  readonly code = 'task-missing';
  constructor(fields: { tasks: readonly { task: string; orchestrator: string }[] }) {
    const list = fields.tasks
      .map(({ task, orchestrator }) => `"${task}", which orchestrator "${orchestrator}" calls`)
      .join('; ');
    const names = [...new Set(fields.tasks.map(({ task }) => task))].join(', ');
    super(
      `No body was given for task ${list}. Add it to createSignalbox({ tasks: { ${names} } }), or give the task a "run".`,
      fields,
    );
  }
}

/** Bodies were given for tasks that nothing calls: most often misspelt names. */
export class TaskUnknown extends SignalboxError<{
  readonly tasks: readonly string[];
  readonly known: readonly string[];
  readonly missing: readonly string[];
}> {
  readonly code = 'task-unknown';
  constructor(fields: { tasks: readonly string[]; known: readonly string[]; missing: readonly string[] }) {
    const { tasks, missing } = fields;
    const names = tasks.map((task) => `"${task}"`).join(', ');
    const lacking = missing.length === 0 ? '' : ` Still without a body: ${missing.join(', ')}.`;
    super(
      `createSignalbox({ tasks }) has a body for ${names}, but no orchestrator calls a task of that name. ${known('tasks', fields.known)}${lacking}`,
      fields,
    );
  }
}

/** The box was asked to start an orchestrator that it was not given. */
export class OrchestratorUnknown extends SignalboxError<{
  readonly orchestrator: string;
  readonly known: readonly string[];
}> {
  readonly code = 'orchestrator-unknown';
  constructor(fields: { orchestrator: string; known: readonly string[]; another: boolean }) {
    const { orchestrator, known: names, another } = fields;
    const message = another
      ? `This box has another definition under the name "${orchestrator}" and this version. Start the very object that it was given, or give this one a version of its own.`
      : `This box has no orchestrator "${orchestrator}". ${known('orchestrators', names)} Add it to createSignalbox({ orchestrators: [...] }).`;
    super(message, { orchestrator, known: names });
  }
}

/** A kind of step that nobody registered. */
export class KindUnknown extends SignalboxError<{ readonly kind: string; readonly known: readonly string[] }> {
  readonly code = 'kind-unknown';
  constructor(fields: { kind: string; known: readonly string[] }) {
    super(`No kind of step is called "${fields.kind}". ${known('kinds', fields.known)}`, fields);
  }
}

/** A kind of step was registered under a name that is taken. */
export class KindTaken extends SignalboxError<{ readonly kind: string }> {
  readonly code = 'kind-taken';
  constructor(fields: { kind: string }) {
    super(`A kind of step called "${fields.kind}" is registered already. Give yours another name.`, fields);
  }
}

/** The machine of a kind wants what a host cannot keep. */
export class KindInvalid extends SignalboxError<{ readonly kind: string; readonly faults: readonly string[] }> {
  readonly code = 'kind-invalid';
  constructor(fields: { kind: string; faults: readonly string[] }) {
    super(`The machine of kind "${fields.kind}" cannot be kept: ${fields.faults.join(' ')}`, fields);
  }
}

// --- Values at the border ----------------------------------------------------------------

/** A value that its schema refuses. */
export class InputInvalid extends SignalboxError<{ readonly what: string; readonly issues: readonly Issue[] }> {
  readonly code = 'input-invalid';
  readonly issues: readonly Issue[];
  constructor(fields: { what: string; issues: readonly Issue[] }) {
    super(`The ${fields.what} does not fit its schema: ${describeIssues(fields.issues)}.`, fields);
    this.issues = fields.issues;
  }
}

/** A body answered with something that the task's output schema refuses (S4). */
export class OutputInvalid extends SignalboxError<{ readonly what: string; readonly issues: readonly Issue[] }> {
  readonly code = 'output-invalid';
  readonly issues: readonly Issue[];
  constructor(fields: { what: string; issues: readonly Issue[] }) {
    super(
      `The ${fields.what} does not fit its schema: ${describeIssues(fields.issues)}. Fix the body or relax the schema.`,
      fields,
    );
    this.issues = fields.issues;
  }
}

/** A schema itself threw, or answered with a promise where none can be waited for. */
export class SchemaFailed extends SignalboxError<{ readonly what: string }> {
  readonly code = 'schema-failed';
  constructor(fields: { what: string; reason: string }, cause?: unknown) {
    super(
      `The schema of the ${fields.what} could not be applied: ${sentence(fields.reason)} Fix the schema, or what it is given.`,
      { what: fields.what },
      cause,
    );
  }
}

/** A value that JSON cannot say (I10). */
export class NotJson extends SignalboxError<{
  readonly what: string;
  readonly path: string;
  readonly found: string;
  readonly value: string | null;
}> {
  readonly code = 'value-not-json';
  constructor(fields: { what: string; path: string; found: string; value: string | null }) {
    const place = fields.path === '' ? 'it is' : `"${fields.path}" is`;
    super(
      `The ${fields.what} is not JSON: ${place} ${fields.found}. Give plain objects, arrays, strings, finite numbers, booleans or null.`,
      fields,
    );
  }
}

/** A value over the size that is kept (S33). */
export class ValueTooLarge extends SignalboxError<{
  readonly what: string;
  readonly bytes: number;
  readonly maxBytes: number;
}> {
  readonly code = 'value-too-large';
  constructor(fields: { what: string; bytes: number; maxBytes: number; atLeast?: boolean }) {
    super(
      `The ${fields.what} has ${fields.atLeast ? 'at least ' : ''}${fields.bytes} bytes of JSON; at most ${fields.maxBytes} are kept. Store it elsewhere and hand on a reference, or raise createSignalbox({ maxValueBytes }).`,
      fields,
    );
  }
}

// --- What fails a step -------------------------------------------------------------------

/** A body's promise was rejected with an error. */
export class TaskFailed extends SignalboxError<{ readonly task: string }> {
  readonly code = 'task-failed';
  constructor(fields: { task: string; reason: string }, cause?: unknown) {
    super(fields.reason, { task: fields.task }, cause);
  }
}

/** A body threw before it gave a promise. */
export class TaskThrew extends SignalboxError<{ readonly task: string }> {
  readonly code = 'task-threw';
  constructor(fields: { task: string; reason: string }, cause?: unknown) {
    super(fields.reason, { task: fields.task }, cause);
  }
}

/** A body threw, or was rejected with, something that is no error. */
export class TaskThrewValue extends SignalboxError<{ readonly task: string; readonly value: string }> {
  readonly code = 'task-threw-value';
  constructor(fields: { task: string; value: unknown }) {
    super(
      `Task "${fields.task}" threw ${show(fields.value)}, which is not an Error. Throw an Error, so that the stack and the cause are kept.`,
      {
        task: fields.task,
        value: show(fields.value),
      },
    );
  }
}

/** An attempt took longer than its `timeout` (S11). */
export class StepTimedOut extends SignalboxError<{ readonly task: string; readonly timeout: number }> {
  readonly code = 'step-timed-out';
  constructor(fields: { task: string; timeout: number; text: string }) {
    super(
      `Task "${fields.task}" did not settle within its timeout of ${fields.text}. Its signal was aborted; what it still answers is ignored. Raise the timeout, or end the body when the signal fires.`,
      { task: fields.task, timeout: fields.timeout },
    );
  }
}

/** Nobody sent the signal that a step waited for. */
export class WaitTimedOut extends SignalboxError<{ readonly signal: string; readonly timeout: number }> {
  readonly code = 'wait-timed-out';
  constructor({ text, ...fields }: { signal: string; timeout: number; text: string }) {
    super(
      `No signal "${fields.signal}" that fits came within ${text}. Send it in time, raise the step's "timeout", or say with "onTimeout" what is to happen without it.`,
      fields,
    );
  }
}

/** A mapper, merge, output or predicate threw (S5). */
export class MapperFailed extends SignalboxError<{ readonly mapper: string }> {
  readonly code = 'mapper-failed';
  constructor(fields: { mapper: string; reason: string }, cause?: unknown) {
    super(
      `The ${fields.mapper} threw: ${sentence(fields.reason)} Mappers read what there is and must not throw; ask a task to do what may fail.`,
      { mapper: fields.mapper },
      cause,
    );
  }
}

/** A mapper answered with a promise (S5). */
export class MapperAsync extends SignalboxError<{ readonly mapper: string }> {
  readonly code = 'mapper-async';
  constructor(fields: { mapper: string }) {
    super(
      `The ${fields.mapper} answered with a promise. Mappers are synchronous; do the waiting in a task. (A merge or an output may wait if it is written as an "async" function.)`,
      fields,
    );
  }
}

// --- Runs --------------------------------------------------------------------------------

/**
 * What `result()` rejects with when a run ended without a result. `failures` lists every step that failed; `cause` is what the
 * body threw, with its own name, message and stack, also if that was in another process.
 */
export class RunFailed extends SignalboxError<{
  readonly run: string;
  readonly status: string;
  readonly failures: readonly ErrorRecord[];
}> {
  readonly code = 'run-failed';
  readonly run: string;
  readonly status: string;
  /** The first failure: what made the run fail. */
  readonly error: ErrorRecord;
  readonly failures: readonly ErrorRecord[];
  constructor(fields: {
    run: string;
    orchestrator: string;
    status: string;
    error: ErrorRecord;
    failures: readonly ErrorRecord[];
  }) {
    const { run, status, error, failures } = fields;
    const more =
      failures.length > 1
        ? ` (and ${failures.length - 1} more: ${failures
            .slice(1, 6)
            .map((other) => other.path)
            .join(', ')}${failures.length > 6 ? ', …' : ''})`
        : '';
    super(
      `Run "${run}" of orchestrator "${fields.orchestrator}" ended ${status}: ${where(error)}${error.message}${more}`,
      { run, status, failures },
      revive(error),
    );
    this.run = run;
    this.status = status;
    this.error = error;
    this.failures = failures;
    hide(this, 'fields', 'error', 'failures');
    shorten(this);
  }
}

/** What `result()` rejects with when a run was cancelled. */
export class RunCancelled extends SignalboxError<{ readonly run: string; readonly reason: string | null }> {
  readonly code = 'run-cancelled';
  readonly run: string;
  readonly reason: string | null;
  constructor(fields: { run: string; reason: string | null }) {
    super(`Run "${fields.run}" was cancelled${fields.reason === null ? '' : `: ${fields.reason}`}.`, fields);
    this.run = fields.run;
    this.reason = fields.reason;
  }
}

/** No run has this id. */
export class RunUnknown extends SignalboxError<{ readonly run: string }> {
  readonly code = 'run-unknown';
  readonly run: string;
  constructor(fields: { run: string }) {
    super(`The store has no run "${fields.run}". Look at the id, and at which store this box was given.`, fields);
    this.run = fields.run;
  }
}

/** A run of this id exists and was started differently (S17). */
export class RunExists extends SignalboxError<{ readonly run: string; readonly differs: string }> {
  readonly code = 'run-exists';
  readonly run: string;
  constructor(fields: { run: string; differs: string }) {
    super(
      `Run "${fields.run}" exists already with another ${fields.differs}. Start under a new id, or with the ${fields.differs} that it was started with to get that run.`,
      fields,
    );
    this.run = fields.run;
  }
}

/** A run is to be deleted that has not ended. */
export class RunUnfinished extends SignalboxError<{ readonly run: string; readonly status: string }> {
  readonly code = 'run-unfinished';
  readonly run: string;
  constructor(fields: { run: string; status: string }) {
    super(
      `Run "${fields.run}" is still "${fields.status}", and only a run that has ended can be deleted. Wait for its end, or cancel it first: await run.cancel(); await run.outcome(); await run.delete(). One that no box can go on with is ended by its rows alone: ${abandonLine(fields.run)}.`,
      fields,
    );
    this.run = fields.run;
  }
}

/** What ends a run that nobody can go on with, to be typed as it stands. */
function abandonLine(run: string): string {
  return `await box.run('${run.replace(/['\\\\]/g, '\\\\$&')}').abandon({ reason: '…' })`;
}

/** The process that owns the run could not do what was asked of it. */
export class CommandFailed extends SignalboxError<{
  readonly run: string;
  readonly command: string;
  readonly error: ErrorRecord;
}> {
  readonly code = 'command-failed';
  constructor(fields: { run: string; command: string; error: ErrorRecord }) {
    super(
      `Run "${fields.run}" could not take the ${fields.command}: ${sentence(fields.error.message)} Nothing of it was done.`,
      fields,
    );
  }
}

// --- The box -----------------------------------------------------------------------------

/** The box was closed. */
export class BoxClosed extends SignalboxError {
  readonly code = 'box-closed';
  constructor() {
    super('This box is closed. What was committed is in the store; create a new box on it to go on.', {});
  }
}

/** The store did not take a commit; its outcome counts as unknown (I3). */
export class CommitFailed extends SignalboxError<{ readonly runs: readonly string[]; readonly retryIn: number }> {
  readonly code = 'commit-failed';
  constructor(fields: { runs: readonly string[]; retryIn: number; reason: string }, cause?: unknown) {
    const which = fields.runs.length === 1 ? `run "${fields.runs[0]}"` : `${fields.runs.length} runs`;
    super(
      `The store did not commit a turn of ${which}: ${sentence(fields.reason)} Nothing was dispatched; the runs are read again and their messages repeated in ${fields.retryIn} ms.`,
      { runs: fields.runs, retryIn: fields.retryIn },
      cause,
    );
  }
}

/** Somebody else wrote to the run in between: its history does not end where this process thought (I2). */
export class CommitConflict extends SignalboxError<{
  readonly run: string;
  readonly expected: number;
  readonly found: number;
}> {
  readonly code = 'commit-conflict';
  constructor(fields: { run: string; expected: number; found: number }) {
    super(
      `Run "${fields.run}" was to go on after event ${fields.expected}, but its history ends at ${fields.found}. It is read again.`,
      fields,
    );
  }
}

/** Another process owns the run now (I2). What this one wanted to commit is dropped. */
export class LeaseLost extends SignalboxError<{
  readonly run: string;
  readonly owner: string;
  readonly fence: number;
}> {
  readonly code = 'lease-lost';
  constructor(fields: { run: string; owner: string; fence: number }) {
    super(
      `Run "${fields.run}" belongs to ${fields.owner} by now (fence ${fields.fence}): this process was taken for dead. Its turn is dropped, and the run goes on over there. If the process was only slow, give the box a longer "lease".`,
      fields,
    );
  }
}

/** The definition of an unfinished run was changed without a new version. */
export class DefinitionChanged extends SignalboxError<{
  readonly orchestrator: string;
  readonly version: string;
  readonly run: string;
  readonly gone: readonly string[];
  readonly come: readonly string[];
}> {
  readonly code = 'definition-changed';
  constructor(fields: {
    orchestrator: string;
    version: string;
    run: string;
    gone: readonly string[];
    come: readonly string[];
  }) {
    const { orchestrator, version, gone, come } = fields;
    const lines = [...gone.map((line) => `\n  - ${line}`), ...come.map((line) => `\n  + ${line}`)];
    const more = lines.length > 40 ? `\n  … and ${lines.length - 40} more` : '';
    super(
      `Orchestrator "${orchestrator}" has changed under version "${version}", and run "${fields.run}" is pinned to what it was, so it is not resumed. Give the changed definition a new version and hand both to createSignalbox, or bring the old one back. If nobody needs the run any more: ${abandonLine(fields.run)}.${lines.slice(0, 40).join('')}${more}`,
      fields,
    );
  }
}

/** An unfinished run needs a definition that this box was not given. */
export class DefinitionMissing extends SignalboxError<{
  readonly orchestrator: string;
  readonly version: string;
  readonly run: string;
  readonly known: readonly string[];
}> {
  readonly code = 'definition-missing';
  constructor(fields: { orchestrator: string; version: string; run: string; known: readonly string[] }) {
    super(
      `Run "${fields.run}" is pinned to version "${fields.version}" of orchestrator "${fields.orchestrator}", which this box was not given, so it is not resumed. ${known('orchestrators', fields.known)} Add the version to createSignalbox({ orchestrators: [...] }). If nobody needs the run any more: ${abandonLine(fields.run)}.`,
      fields,
    );
  }
}

/** Another process holds the file. */
export class StoreHeld extends SignalboxError<{ readonly store: string; readonly holder: string }> {
  readonly code = 'store-held';
  constructor(fields: { store: string; holder: string }) {
    super(
      `${fields.store} is open in another box: ${fields.holder}. One process at a time may write to it; end that one, or use a store that processes share.`,
      fields,
    );
  }
}

/** A store that was this box's, and is no more. */
export class StoreLost extends SignalboxError<{ readonly store: string; readonly reason: string }> {
  readonly code = 'store-lost';
  constructor(fields: { store: string; reason: string }) {
    super(
      `${fields.store} does not belong to this box any more: ${fields.reason} The box has ended its work; its unfinished runs go on with whoever has the store.`,
      fields,
    );
  }
}

/** A file or a server that cannot be used as a store. */
export class StoreUnusable extends SignalboxError<{ readonly store: string; readonly reason: string }> {
  readonly code = 'store-unusable';
  /** The fault will not pass by itself: a statement that the store does not know, a file that is corrupt. Asking again is of no use. */
  readonly isLasting: boolean;
  constructor(
    { store, reason, isLasting = false }: { store: string; reason: string; isLasting?: boolean },
    cause?: unknown,
  ) {
    super(`${store} cannot be used as a store: ${reason}`, { store, reason }, cause);
    this.isLasting = isLasting;
  }
}

/** The store will never commit what a message changes. The message is given back to whoever sent it; nothing was changed. */
export class CommitRefused extends SignalboxError<{ readonly run: string; readonly message: string }> {
  readonly code = 'commit-refused';
  constructor({ run, message, reason }: { run: string; message: string; reason: string }, cause?: unknown) {
    super(
      `The store does not commit what a message of type "${message}" changes in run "${run}", and would not the next time: ${sentence(reason)} Nothing was changed, and the message is not repeated.`,
      { run, message },
      cause,
    );
  }
}

/** The driver of a store is not installed. */
export class DriverMissing extends SignalboxError<{ readonly driver: string }> {
  readonly code = 'driver-missing';
  constructor(fields: { driver: string }, cause?: unknown) {
    const { driver } = fields;
    super(
      `The store needs the package "${driver}", which is not installed. Install it beside signalbox: npm install ${driver}`,
      fields,
      cause,
    );
  }
}

/** This Node is older than the package needs. */
export class NodeTooOld extends SignalboxError<{ readonly needed: string; readonly found: string }> {
  readonly code = 'node-too-old';
  constructor(fields: { needed: string; found: string }) {
    super(`signalbox needs Node ${fields.needed} or later; this is ${fields.found}.`, fields);
  }
}

/** A row that does not fit any more. */
export class RowUnreadable extends SignalboxError<{
  readonly store: string;
  readonly table: string;
  readonly row: string;
}> {
  readonly code = 'row-unreadable';
  constructor(fields: { store: string; table: string; row: string; reason: string }, cause?: unknown) {
    super(
      `${fields.store} has a row in "${fields.table}" (${fields.row}) that cannot be read: ${fields.reason}. Nothing was changed. Restore it from a backup, or fix the row by hand.`,
      fields,
      cause,
    );
  }
}

/** An executor did something else than to answer a job with an answer. */
export class ExecutorFailed extends SignalboxError<{ readonly key: string }> {
  readonly code = 'executor-failed';
  constructor({ key, did }: { key: string; did: string }, cause?: unknown) {
    super(
      `The executor ${did} for "${key}". It has to call answer({ ok: true, value }) or answer({ ok: false, error, sync }), once.`,
      { key },
      cause,
    );
  }
}

/** An answer that came late, twice, or for something unknown, and changed nothing (I5). Logged and counted. */
export class AnswerIgnored extends SignalboxError<{ readonly key: string; readonly why: 'late' | 'duplicate' }> {
  readonly code = 'answer-ignored';
  constructor(fields: { key: string; why: 'late' | 'duplicate' }) {
    const what = fields.why === 'late' ? 'came when nobody waited for it any more' : 'was the second for one attempt';
    super(`An answer for "${fields.key}" ${what}. It changed nothing.`, fields);
  }
}

/** A subscriber threw. Logged; it disturbs nothing else. */
export class SubscriberFailed extends SignalboxError<{ readonly event: string }> {
  readonly code = 'subscriber-failed';
  constructor(fields: { event: string; reason: string }, cause?: unknown) {
    super(
      `A subscriber of "${fields.event}" threw: ${sentence(fields.reason)} The run is not touched by it; catch what it throws.`,
      { event: fields.event },
      cause,
    );
  }
}

/** The engine itself is at fault: a state that must not be. Please report it. */
export class Impossible extends SignalboxError {
  readonly code = 'impossible';
  constructor(what: string, cause?: unknown) {
    super(`${what} This is a fault of signalbox; please report it with the run's history.`, {}, cause);
  }
}

/** Every code there is, in the order of `docs/errors.md`. */
export const ERROR_CODES = [
  'definition-invalid',
  'duration-invalid',
  'option-invalid',
  'task-missing',
  'task-unknown',
  'orchestrator-unknown',
  'kind-unknown',
  'kind-taken',
  'kind-invalid',
  'input-invalid',
  'output-invalid',
  'schema-failed',
  'value-not-json',
  'value-too-large',
  'task-failed',
  'task-threw',
  'task-threw-value',
  'step-timed-out',
  'wait-timed-out',
  'mapper-failed',
  'mapper-async',
  'run-failed',
  'run-cancelled',
  'run-unknown',
  'run-exists',
  'run-unfinished',
  'command-failed',
  'box-closed',
  'commit-failed',
  'commit-refused',
  'commit-conflict',
  'lease-lost',
  'definition-changed',
  'definition-missing',
  'store-held',
  'store-lost',
  'store-unusable',
  'driver-missing',
  'node-too-old',
  'row-unreadable',
  'executor-failed',
  'answer-ignored',
  'subscriber-failed',
  'impossible',
] as const;

/** The code of an error of signalbox. */
export type ErrorCode = (typeof ERROR_CODES)[number];

// --- What users throw --------------------------------------------------------------------

/** Throw this from a body when trying again cannot help: the step fails at once (S10). */
export class TerminalError extends Error {
  override readonly name = 'TerminalError';
}

/** Throw this from a body to be tried again after a delay of your own, e.g. from a `Retry-After` header (S10). */
export class RetryAfter extends Error {
  override readonly name = 'RetryAfter';
  readonly ms: number;
  constructor(ms: number, message = `to be tried again in ${ms} ms`) {
    super(message);
    this.ms = ms;
  }
}

// --- Records -----------------------------------------------------------------------------

/** How many causes of an error a record keeps, and how much of a stack. */
const MAX_CAUSES = 4;
const MAX_STACK = 4_000;
const MAX_MESSAGE = 8_000;
const MAX_NAME = 200;
const MAX_FIELDS = 16_000;

/** An error as a JSON record. Anything can be thrown in JavaScript, so anything can be given. */
export function toRecord(error: unknown, more: Partial<ErrorRecord> = {}, causes = MAX_CAUSES): ErrorRecord {
  if (!isA(error, Error)) return { code: 'task-threw-value', name: 'Error', message: show(error), ...more };
  const own = isA(error, SignalboxError);
  const fields = own ? plain(error.fields) : undefined;
  const [name, stack, cause] = [read(error, 'name'), read(error, 'stack'), read(error, 'cause')];
  return {
    code: own ? error.code : 'task-failed',
    name: typeof name === 'string' ? name.slice(0, MAX_NAME) : 'Error',
    message: reasonOf(error).slice(0, MAX_MESSAGE),
    ...(fields === undefined ? {} : { fields }),
    // The stack of an error of ours leads into the engine; that of its cause is the one to read.
    ...(own || typeof stack !== 'string' ? {} : { stack: stack.slice(0, MAX_STACK) }),
    ...(cause === undefined || causes === 0 ? {} : { cause: toRecord(cause, {}, causes - 1) }),
    ...more,
  };
}

/** Is it one? A revoked proxy cannot even be asked that. */
export function isA<E extends Error>(thrown: unknown, kind: abstract new (...args: never[]) => E): thrown is E {
  try {
    return thrown instanceof kind;
  } catch {
    return false;
  }
}

/** What somebody's error says under a name, unless reading it throws: a getter may, and so may a hook of `Error.prepareStackTrace`. */
function read(error: Error, name: 'name' | 'message' | 'stack' | 'cause'): unknown {
  try {
    return error[name];
  } catch {
    return undefined;
  }
}

function plain(fields: Fields): JsonObject | undefined {
  const keys = Object.keys(fields);
  if (keys.length === 0) return undefined;
  try {
    const text = JSON.stringify(fields, (_, value: Json) => (typeof value === 'bigint' ? String(value) : value));
    return text.length > MAX_FIELDS ? undefined : (JSON.parse(text) as JsonObject);
  } catch {
    // Fields that are not JSON are for whoever catches the error; a record does without.
    return undefined;
  }
}

function lineAbout({ path, message, code, source }: Fault): string {
  return `\n  ${path}: ${message} [${code}]${source === undefined ? '' : `\n    defined at ${source}`}`;
}

function where(error: ErrorRecord): string {
  return error.path === undefined ? '' : `step "${error.path}": `;
}

function known(what: string, names: readonly string[]): string {
  return names.length === 0
    ? `It knows no ${what} at all.`
    : `Known ${what}: ${names.slice(0, 20).join(', ')}${names.length > 20 ? ', …' : ''}.`;
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** What something thrown says of itself, whatever it is. */
export function reasonOf(thrown: unknown): string {
  if (!isA(thrown, Error)) return show(thrown);
  const message = read(thrown, 'message');
  const text = typeof message === 'string' ? message.slice(0, MAX_MESSAGE) : show(message);
  if (text !== '' && text !== 'undefined') return text;
  return `${show(read(thrown, 'name') ?? 'an error').replaceAll('"', '')} without a message`;
}

/** Any value in a few words, for a message. */
export function show(value: unknown): string {
  disarm(value);
  try {
    if (typeof value === 'string') return JSON.stringify(value.length > 200 ? `${value.slice(0, 200)}…` : value);
    if (typeof value === 'function') return `the function ${value.name || '(anonymous)'}`;
    if (typeof value !== 'object' || value === null) return String(value);
    return (JSON.stringify(value) ?? Object.prototype.toString.call(value)).slice(0, 200);
  } catch {
    // A cycle, or an object that cannot even be asked what it is.
    return 'an object that cannot be shown';
  }
}
