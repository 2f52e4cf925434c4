/**
 * One attempt at a task: parse the input, let the executor run the body, parse and copy
 * what it answers, all within the timeout (S4, S11). Answers exactly once; whatever comes
 * after that is ignored and reported (I5).
 *
 * The host uses it behind a committed turn, the live machines use it as they are.
 *
 * It has over 400 lines because it is one class: what begins an attempt, what may end it, and how what it answers is read.
 */
import type { RunFacts, TaskDefinition } from './definition.ts';
import { fromMs } from './duration.ts';
import {
  type ErrorRecord,
  ExecutorFailed,
  InputInvalid,
  isA,
  OutputInvalid,
  RetryAfter,
  SchemaFailed,
  StepTimedOut,
  reasonOf,
  show,
  TaskFailed,
  TaskThrew,
  TaskThrewValue,
  TerminalError,
  toRecord,
} from './errors/index.ts';
import type { Answer, Executor, Job } from './executor.ts';
import { type Json, type JsonObject, toJson } from './json.ts';
import { disarm, whenRejected } from './promises.ts';
import { LONGEST } from './retry.ts';
import { type Parsed, parse } from './schema.ts';
import { noteOf } from './text.ts';

/** How an attempt ended. */
export type AttemptOutcome =
  | { readonly ok: true; readonly output: Json }
  | { readonly ok: false; readonly error: ErrorRecord };

/** When the time of an attempt is over, apart from its own timeout; in milliseconds since 1970. */
export interface Bounds {
  /** By a deadline above: whoever has it ends the attempt. */
  readonly above: number | null;
  /** By the `totalTimeout` of its step. */
  readonly total: number | null;
}

/** Which of its two schemas. */
type Side = 'input' | 'output';

const UNBOUND: Bounds = Object.freeze({ above: null, total: null });

/** What an attempt needs of its surroundings. */
export interface Surroundings {
  readonly executor: Executor;
  readonly maxValueBytes: number;
  /** The attempt has ended; called once, and not at all for one that was aborted. */
  done(attempt: Attempt, outcome: AttemptOutcome): void;
  now(): number;
  /** Milliseconds that pass whatever the hour is. */
  elapsed(): number;
  wakeAfter(ms: number, wake: () => void): () => void;
  log(attempt: Attempt, message: string, fields?: JsonObject): void;
  /** Something that the body has done wrong and that harms nobody. */
  warn(attempt: Attempt, message: string): void;
  progress(attempt: Attempt, fraction: number, note: string | null): void;
  /** An answer that nobody waited for any more. */
  ignored(attempt: Attempt, why: 'late' | 'duplicate'): void;
}

/**
 * What an executor is handed is this object itself, so it is frozen: all that changes is private, and whoever writes to
 * a job is told by an error of the language's.
 */
export class Attempt implements Job {
  readonly task: TaskDefinition;
  readonly key: string;
  readonly path: string;
  readonly attempt: number;
  readonly run: RunFacts;
  readonly #around: Surroundings;
  #input: unknown;
  #deadline: number | null = null;
  /** By the clock that nobody sets. */
  #begunAt = 0;
  #begun = false;
  #controller: AbortController | null = null;
  #abortedWith: Error | null = null;
  #stopTimer: (() => void) | null = null;
  readonly #bounds: Bounds;
  /** How long it may take, and by which of its limits. */
  #limit: number | null = null;
  #limitedBy: 'timeout' | 'totalTimeout' = 'timeout';
  #lastBeat = 0;
  #stopBeat: (() => void) | null = null;
  #settled = false;
  #answered = false;

  constructor(
    around: Surroundings,
    task: TaskDefinition,
    key: string,
    path: string,
    attempt: number,
    run: RunFacts,
    input: Json,
    bounds: Bounds = UNBOUND,
  ) {
    this.#around = around;
    this.task = task;
    this.key = key;
    this.path = path;
    this.attempt = attempt;
    this.run = run;
    this.#input = input;
    this.#bounds = bounds;
    Object.freeze(this);
  }

  get input(): unknown {
    return this.#input;
  }

  get deadline(): number | null {
    return this.#deadline;
  }

  /** False while it waits in line. */
  get begun(): boolean {
    return this.#begun;
  }

  /** It has ended, or was told to. */
  get settled(): boolean {
    return this.#settled;
  }

  begin(): void {
    const { task } = this;
    this.#begun = true;
    if (task.timeout !== undefined || this.#bounds !== UNBOUND) this.#limitTime(task.timeout);
    // It was over while it waited in line.
    if (this.#limit === 0) return this.#timeOut();
    if (task.heartbeat !== undefined) {
      this.#lastBeat = this.#around.elapsed();
      this.#listen(task.heartbeat, task.heartbeat);
    }
    this.#parse('input', this.#input);
  }

  /** Goes on with what the schema makes of a value. A schema that fails itself fails the attempt. */
  #parse(side: Side, value: unknown): void {
    let parsed: Parsed | Promise<Parsed>;
    try {
      parsed = parse(this.task[side], value);
    } catch (thrown) {
      return this.#schemaFailed(side, thrown);
    }
    if (parsed instanceof Promise) this.#later(side, parsed);
    else this.#goOn(side, parsed);
  }

  // Apart, because it makes functions: who makes one has an object more for each call, also for those that make none.
  #later(side: Side, parsed: Promise<Parsed>): void {
    parsed.then(
      (late) => this.#goOn(side, late),
      (thrown: unknown) => this.#schemaFailed(side, thrown),
    );
  }

  #goOn(side: Side, parsed: Parsed): void {
    if (side === 'input') this.#run(parsed);
    else this.#complete(parsed);
  }

  #limitTime(timeout: number | undefined): void {
    const { above, total } = this.#bounds;
    const now = this.#around.now();
    const rest = total === null ? Number.POSITIVE_INFINITY : Math.max(0, total - now);
    const limit = Math.min(timeout ?? Number.POSITIVE_INFINITY, rest);
    if (limit !== Number.POSITIVE_INFINITY) {
      this.#begunAt = this.#around.elapsed();
      this.#limit = limit;
      this.#limitedBy = limit === timeout ? 'timeout' : 'totalTimeout';
      this.#stopTimer = this.#around.wakeAfter(limit, () => this.#timeOut());
    }
    const end = Math.min(now + limit, above ?? Number.POSITIVE_INFINITY);
    this.#deadline = end === Number.POSITIVE_INFINITY ? null : end;
  }

  /** Looks in a while whether there was a sign of life. */
  #listen(heartbeat: number, ms: number): void {
    this.#stopBeat = this.#around.wakeAfter(ms, () => {
      const silent = this.#around.elapsed() - this.#lastBeat;
      if (silent >= heartbeat) this.#timeOut('heartbeat');
      else this.#listen(heartbeat, heartbeat - silent);
    });
  }

  beat(): void {
    if (this.task.heartbeat !== undefined) this.#lastBeat = this.#around.elapsed();
  }

  /** Calls the body with what the input schema made of the input, unless the attempt is over by then. */
  #run(parsed: Parsed): void {
    if (this.#settled) return;
    if (!parsed.ok) return this.#fail(new InputInvalid({ what: this.#what('input'), issues: parsed.issues }), false);
    this.#input = parsed.value;
    try {
      const returned: unknown = this.#around.executor.execute(this, (answer) => this.#take(answer));
      // It has nothing to answer here; one that is async and breaks has not answered at all.
      if (returned !== undefined) whenRejected(returned, (error) => this.#take({ ok: false, error, sync: false }));
    } catch (error) {
      this.#take({ ok: false, error, sync: true });
    }
  }

  /** Tells the body to end. What it answers from here on is ignored. */
  abort(reason: Error): void {
    if (this.#settled) return;
    this.#settle();
    this.#abortedWith = reason;
    this.#controller?.abort(reason);
  }

  /**
   * Ends it as failed, whether it has begun or not; a body at work is told by its signal. If it is tried again, then `retryAfter`
   * milliseconds from now, where that is said.
   */
  refuse(error: Error, isRetryable: boolean, retryAfter?: number): void {
    if (this.#settled) return;
    this.abort(error);
    const mayRetry = isRetryable && this.#mayRetry(error);
    const delay = mayRetry && retryAfter !== undefined ? { retryAfter: Math.min(retryAfter, LONGEST) } : {};
    this.#around.done(this, { ok: false, error: toRecord(error, { ...this.#place(mayRetry), ...delay }) });
  }

  signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#abortedWith !== null) this.#controller.abort(this.#abortedWith);
    }
    return this.#controller.signal;
  }

  log(message: string, fields?: JsonObject): void {
    disarm(fields);
    this.#around.log(this, typeof message === 'string' ? message : show(message), fields);
  }

  progress(fraction: number, note?: unknown): void {
    if (this.#settled) return;
    this.beat();
    if (!(typeof fraction === 'number' && fraction >= 0 && fraction <= 1)) {
      return this.#around.warn(this, `progress(${show(fraction)}) was ignored: a fraction is a number from 0 to 1.`);
    }
    const text = noteOf(note);
    if (text === undefined) this.#around.warn(this, `The note of progress(${fraction}) was left out: it is no JSON.`);
    this.#around.progress(this, fraction, text ?? null);
  }

  #timeOut(limit: 'timeout' | 'totalTimeout' | 'heartbeat' = this.#limitedBy): void {
    const { name: task, [limit]: timeout = 0 } = this.task;
    const error = new StepTimedOut({ task, timeout, text: fromMs(timeout), limit });
    if (this.#settled) return;
    // The standard name, so that a body can tell a timeout from a cancellation.
    this.abort(new DOMException(error.message, 'TimeoutError'));
    this.#around.done(this, {
      ok: false,
      error: toRecord(error, this.#place(limit !== 'totalTimeout' && this.#mayRetry(error))),
    });
  }

  #take(answer: Answer): void {
    if (this.#settled || this.#answered) return this.#ignore(answer);
    this.#answered = true;
    if (this.#isOver()) return this.#timeOut();
    const read = this.#read(answer);
    if (read === null) return undefined;
    if (!read.ok) return this.#failed(read);
    this.#parse('output', read.value);
  }

  /** A copy of what an executor has answered, which may be anything; null if it is no answer, and the attempt has failed. */
  #read(answer: Answer | null | undefined): Answer | null {
    let cause: unknown;
    let did: string | null = null;
    try {
      if (answer?.ok === true) return { ok: true, value: answer.value };
      if (answer?.ok === false) return { ok: false, error: answer.error, sync: answer.sync };
    } catch (thrown) {
      cause = thrown;
      did = 'gave an answer that cannot be read';
    }
    did ??= `answered with ${show(answer)}`;
    this.#fail(new ExecutorFailed({ key: this.key, did }, cause));
    return null;
  }

  /** A body that keeps the thread for itself keeps its timer from firing, too. */
  #isOver(): boolean {
    return this.#limit !== null && this.#around.elapsed() - this.#begunAt >= this.#limit;
  }

  #ignore(answer: Answer): void {
    const why = this.#answered ? 'duplicate' : 'late';
    this.#answered = true;
    // A body that ends with an error once its signal has fired does as it was told.
    if (why === 'late' && this.#abortedWith !== null && failedIn(answer)) return;
    this.#around.ignored(this, why);
  }

  #complete(parsed: Parsed): void {
    if (this.#settled) return;
    if (!parsed.ok) return this.#fail(new OutputInvalid({ what: this.#what('output'), issues: parsed.issues }));
    let output: Json;
    try {
      output = toJson(parsed.value, this.#what('output'), this.#around.maxValueBytes);
    } catch (error) {
      return this.#fail(error as Error, false);
    }
    this.#settle();
    this.#around.done(this, { ok: true, output });
  }

  #failed({ error, sync }: Extract<Answer, { ok: false }>): void {
    const task = this.task.name;
    if (!isA(error, Error)) return this.#fail(new TaskThrewValue({ task, value: error }), this.#mayRetry(error));
    const said = reasonOf(error);
    const reason = said.endsWith('without a message') ? `Task "${task}" threw ${said}.` : said;
    const own = sync ? new TaskThrew({ task, reason }) : new TaskFailed({ task, reason });
    const record = toRecord(own, this.#place(isA(error, TerminalError) ? false : this.#mayRetry(error)));
    if (this.#settled) return;
    this.#settle();
    const { name, stack, cause } = toRecord(error);
    const itself = { name, ...(stack === undefined ? {} : { stack }), ...(cause === undefined ? {} : { cause }) };
    const wanted = isA(error, RetryAfter) ? delayIn(error) : null;
    const retryAfter = wanted === null ? {} : { retryAfter: Math.min(Math.max(0, wanted), LONGEST) };
    this.#around.done(this, { ok: false, error: { ...record, ...itself, ...retryAfter } });
  }

  #fail(error: Error, retryable = this.#mayRetry(error)): void {
    if (this.#settled) return;
    this.#settle();
    this.#around.done(this, { ok: false, error: toRecord(error, this.#place(retryable)) });
  }

  /** `when` is asked with the error itself, here, where it still is one; a `when` that throws counts as a no. */
  #mayRetry(error: unknown): boolean {
    const { when, maxAttempts } = this.task.retry;
    if (when === undefined || this.attempt >= maxAttempts) return true;
    try {
      const answer: unknown = when(error);
      if (typeof answer !== 'boolean') {
        whenRejected(answer, () => {});
        this.log(
          `The retry policy's "when" of task "${this.task.name}" answered ${show(answer)}, which counts as no: it takes true or false, and no promise.`,
        );
      }
      return answer === true;
    } catch (thrown) {
      this.log(
        `The retry policy's "when" of task "${this.task.name}" threw ${reasonOf(thrown)}; the step is not retried.`,
      );
      return false;
    }
  }

  #place(retryable: boolean): Partial<ErrorRecord> {
    return { path: this.path, attempt: this.attempt, ...(retryable ? {} : { retryable: false }) };
  }

  #settle(): void {
    this.#settled = true;
    this.#stopTimer?.();
    this.#stopBeat?.();
  }

  #schemaFailed(side: Side, thrown: unknown): void {
    this.#fail(new SchemaFailed({ what: this.#what(side), reason: reasonOf(thrown) }, thrown), false);
  }

  #what(side: Side): string {
    return `${side} of task "${this.task.name}"`;
  }
}

function failedIn(answer: Answer): boolean {
  try {
    return !answer.ok;
  } catch {
    return true;
  }
}

/** The delay that somebody's `RetryAfter` asks for, if it is one. */
function delayIn(error: RetryAfter): number | null {
  try {
    return Number.isFinite(error.ms) ? error.ms : null;
  } catch {
    return null;
  }
}

/** What a body that nobody wants any more is told by its signal: why, if that is known. */
export function cancelled(reason: string | null = null): Error {
  return new DOMException(reason || 'The step was cancelled.', 'AbortError');
}
