/**
 * One attempt at a task: parse the input, let the executor run the body, parse and copy
 * what it answers, all within the timeout (S4, S11). Answers exactly once; whatever comes
 * after that is ignored and reported (I5).
 *
 * The host uses it behind a committed turn, the live machines use it as they are.
 */
import type { RunFacts, TaskDefinition } from './definition.ts';
import { fromMs } from './duration.ts';
import {
  type ErrorRecord,
  InputInvalid,
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
} from './errors.ts';
import type { Answer, Executor, Job } from './executor.ts';
import { type Json, type JsonObject, toJson } from './json.ts';
import { LONGEST } from './retry.ts';
import { type Parsed, parse } from './schema.ts';

/** How an attempt ended. */
export type Outcome =
  | { readonly ok: true; readonly output: Json }
  | { readonly ok: false; readonly error: ErrorRecord };

/** What an attempt needs of its surroundings. */
export interface Surroundings {
  readonly executor: Executor;
  readonly maxValueBytes: number;
  /** The attempt has ended; called once, and not at all for one that was aborted. */
  done(attempt: Attempt, outcome: Outcome): void;
  now(): number;
  wakeAfter(ms: number, wake: () => void): () => void;
  log(attempt: Attempt, message: string, fields?: JsonObject): void;
  progress(attempt: Attempt, fraction: number, note?: string): void;
  /** An answer that nobody waited for any more. */
  ignored(attempt: Attempt, why: 'late' | 'duplicate'): void;
}

export class Attempt implements Job {
  readonly task: TaskDefinition;
  readonly key: string;
  readonly path: string;
  readonly attempt: number;
  readonly run: RunFacts;
  input: unknown;
  deadline: number | null = null;
  /** False while it waits in line. */
  begun = false;
  readonly #around: Surroundings;
  #controller: AbortController | null = null;
  #abortedWith: Error | null = null;
  #stopTimer: (() => void) | null = null;
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
  ) {
    this.#around = around;
    this.task = task;
    this.key = key;
    this.path = path;
    this.attempt = attempt;
    this.run = run;
    this.input = input;
  }

  begin(): void {
    const { task } = this;
    this.begun = true;
    if (task.timeout !== undefined) {
      this.deadline = this.#around.now() + task.timeout;
      this.#stopTimer = this.#around.wakeAfter(task.timeout, () => this.#timeOut());
    }
    const parsed = this.#parse(task.input, this.input, 'input');
    if (parsed instanceof Promise) parsed.then((late) => this.#run(late));
    else this.#run(parsed);
  }

  /** Calls the body with what the input schema made of the input, unless the attempt is over by then. */
  #run(parsed: Parsed | null): void {
    if (parsed === null || this.#settled) return;
    if (!parsed.ok) return this.#fail(new InputInvalid({ what: this.#what('input'), issues: parsed.issues }), false);
    this.input = parsed.value;
    try {
      this.#around.executor.execute(this, (answer) => this.#take(answer));
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

  signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#abortedWith !== null) this.#controller.abort(this.#abortedWith);
    }
    return this.#controller.signal;
  }

  log(message: string, fields?: JsonObject): void {
    this.#around.log(this, message, fields);
  }

  progress(fraction: number, note?: string): void {
    if (!this.#settled) this.#around.progress(this, fraction, note);
  }

  #timeOut(): void {
    const timeout = this.task.timeout ?? 0;
    const error = new StepTimedOut({ task: this.task.name, timeout, text: fromMs(timeout) });
    if (this.#settled) return;
    // The standard name, so that a body can tell a timeout from a cancellation.
    this.abort(new DOMException(error.message, 'TimeoutError'));
    this.#around.done(this, { ok: false, error: toRecord(error, this.#place(this.#mayRetry(error))) });
  }

  #take(answer: Answer): void {
    if (this.#settled || this.#answered) return this.#ignore(answer);
    this.#answered = true;
    if (!answer.ok) return this.#failed(answer);
    const parsed = this.#parse(this.task.output, answer.value, 'output');
    if (parsed instanceof Promise) parsed.then((late) => this.#complete(late));
    else this.#complete(parsed);
  }

  #ignore(answer: Answer): void {
    const why = this.#answered ? 'duplicate' : 'late';
    this.#answered = true;
    // A body that ends with an error once its signal has fired does as it was told.
    if (why === 'late' && this.#abortedWith !== null && !answer.ok) return;
    this.#around.ignored(this, why);
  }

  #complete(parsed: Parsed | null): void {
    if (parsed === null || this.#settled) return;
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
    if (!(error instanceof Error)) return this.#fail(new TaskThrewValue({ task, value: error }), this.#mayRetry(error));
    const reason = error.message ? reasonOf(error) : `Task "${task}" threw ${reasonOf(error)}.`;
    const own = sync ? new TaskThrew({ task, reason }) : new TaskFailed({ task, reason });
    const record = toRecord(own, this.#place(error instanceof TerminalError ? false : this.#mayRetry(error)));
    if (this.#settled) return;
    this.#settle();
    const { name, stack, cause } = toRecord(error);
    const itself = { name, ...(stack === undefined ? {} : { stack }), ...(cause === undefined ? {} : { cause }) };
    const retryAfter =
      error instanceof RetryAfter && Number.isFinite(error.ms)
        ? { retryAfter: Math.min(Math.max(0, error.ms), LONGEST) }
        : {};
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
  }

  /** What the schema makes of a value; null when the schema itself failed, and with it the attempt. */
  #parse(
    schema: TaskDefinition['input'],
    value: unknown,
    side: 'input' | 'output',
  ): Parsed | Promise<Parsed | null> | null {
    try {
      const parsed = parse(schema, value);
      return parsed instanceof Promise ? parsed.catch((thrown: unknown) => this.#schemaFailed(side, thrown)) : parsed;
    } catch (thrown) {
      return this.#schemaFailed(side, thrown);
    }
  }

  #schemaFailed(side: 'input' | 'output', thrown: unknown): null {
    this.#fail(new SchemaFailed({ what: this.#what(side), reason: reasonOf(thrown) }, thrown), false);
    return null;
  }

  #what(side: 'input' | 'output'): string {
    return `${side} of task "${this.task.name}"`;
  }
}
