/**
 * Dispatch: after the commit, the effects. Attempts go to the executor, timers to the timer
 * service, and what they answer comes back as a message to the run. An effect that is under
 * way already is not begun again, so what is owed to a run may be dispatched twice.
 */
import type { Effect } from '../../core/effect.ts';
import { Attempt, type AttemptOutcome, cancelled, type Surroundings } from '../../attempt.ts';
import { NO_BUDGETS } from '../../budgets.ts';
import { boundsOf } from '../../core/limits.ts';
import { type Clock, elapsedBy } from '../../clock.ts';
import type { PlanNode } from '../../definition.ts';
import { AnswerIgnored, type ErrorRecord } from '../../errors/index.ts';
import type { Executor, Logger } from '../../executor.ts';
import type { Json } from '../../json.ts';
import type { LimitDefinition, QueuedFor } from '../../limits.ts';
import type { Message } from '../../core/message.ts';
import { keyOf, type Owed } from '../../core/run.ts';
import type { Store } from '../../store.ts';
import type { Held } from '../held.ts';
import { type BudgetRefusal, Budgets } from './budgets.ts';
import type { CacheEntry, CacheHit, OutputCache } from './cache.ts';
import { Cleanups, isCutOff } from '../../performing/cleanups.ts';
import { Compensations } from '../../performing/compensations.ts';
import type { Errands } from './errands.ts';
import type { HookRound, Interrupted } from './hook-round.ts';
import type { Hooks, StepHooks } from './hooks.ts';
import { Line } from './line.ts';
import type { Timers } from './timers.ts';
import type { Fairness } from './under.ts';
import type { Tracer } from '../tracing.ts';
import { traceOf } from '../../tracing.ts';

export interface DispatcherOptions {
  readonly store: Store;
  readonly executor: Executor;
  readonly tracer: Tracer | null;
  readonly errands: Errands;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly maxValueBytes: number;
  /** How many bodies may run at once; what is over waits in line. */
  readonly concurrency: number;
  readonly limits: readonly LimitDefinition[];
  readonly fairness: Fairness;
  readonly hooks: Hooks;
  readonly cache: OutputCache;
  post(run: string, message: Message): void;
  /** Does somebody in this process wait for the end of the run? */
  awaits(run: string): boolean;
  /** Can nobody else have taken the run? */
  isSure(run: string): boolean;
  /** Asks the store whose a run is, before anything is begun for it. */
  ifOurs(run: string, then: (ours: boolean) => void): void;
}

export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #around: Surroundings;
  /** Attempts under way or in line, by key. */
  readonly #attempts = new Map<string, Attempt>();
  /** Hooks of attempts that have some, by key. */
  readonly #hooked = new Map<string, StepHooks>();
  /** What outputs are kept under, of attempts whose output is kept, by key. */
  readonly #kept = new Map<string, CacheEntry>();
  /** What is kept of attempts that a budget has just refused, by key. */
  readonly #refused = new Map<string, NonNullable<BudgetRefusal['record']>>();
  /** Those that are being called for an attempt, by key. */
  readonly #calling = new Map<string, HookRound>();
  readonly #cleanups: Cleanups;
  readonly #compensations: Compensations;
  /** How much is under way for each run: a run with anything is kept in memory. */
  readonly #busy = new Map<string, number>();
  readonly #line: Line;
  readonly #budgets: Budgets;
  /** Answers that changed nothing (I5). */
  ignored = 0;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    const { executor, clock, timers, maxValueBytes, logger } = options;
    this.#line = new Line({ ...options, begin: (attempt) => this.#begin(attempt) });
    this.#budgets = new Budgets(options);
    const around: Omit<Surroundings, 'done' | 'executor'> = {
      maxValueBytes,
      now: () => clock.now(),
      elapsed: () => elapsedBy(clock),
      wakeAfter: (ms, wake) => timers.in(ms, wake),
      log: (attempt, message, fields) =>
        logger({ level: 'info', message, ...placeOf(attempt), ...(fields === undefined ? {} : { fields }) }),
      warn: (attempt, message) => logger({ level: 'warn', message, ...placeOf(attempt) }),
      progress: (attempt, fraction, note) => this.#progress(attempt, fraction, note),
      ignored: (attempt, why) => this.ignore(attempt.key, why),
    };
    this.#around = { ...around, executor, done: (attempt, outcome) => this.#done(attempt, outcome) };
    const hold = (run: string): (() => void) => this.hold(run);
    this.#compensations = new Compensations({ ...options, around, hold });
    this.#cleanups = new Cleanups({ ...options, hold });
  }

  /** Keeps a run in memory until what is answered is called. */
  hold(run: string): () => void {
    this.#more(run);
    return () => this.#fewer(run);
  }

  /** Nothing is asked of the store. What is under way beside that may take its time. */
  get quiet(): boolean {
    return this.#budgets.quiet && this.#options.errands.quiet;
  }

  /** Is anything under way for a run; for any, if none is named? */
  isBusy(run?: string): boolean {
    return run === undefined ? this.#busy.size > 0 : this.#busy.has(run);
  }

  /** The limit that an attempt stands in line for; null if it does not (S35). */
  queuedFor(key: string): QueuedFor | null {
    return this.#line.queuedFor(key);
  }

  dispatch(run: Held, owed: Owed): void {
    switch (owed.do) {
      case 'execute':
        return this.#execute(run, owed);
      case 'wake':
        return this.#wake(run, owed);
      case 'cleanup':
        return this.#cleanups.begin(run, owed);
      case 'compensate':
        return this.#compensations.begin(run, owed);
      case 'childRun':
      case 'endChild':
      case 'undoChild':
      case 'pull':
      case 'send':
        return this.#options.errands.begin(run, owed);
      case 'holdChild':
        return this.#options.errands.hold(run, owed);
      case 'ask':
        return this.#options.hooks.askTrack(run, owed.path);
      case 'abort':
        this.#options.errands.abort(keyOf(run.id, owed.path, owed.attempt));
        return this.#cancel(keyOf(run.id, owed.path, owed.attempt), owed.reason);
      case 'abortUndo':
        return this.#compensations.abort(run.id, owed, cancelled());
      case 'unwake':
        return this.#options.timers.clear(timerOf(run.id, owed.path));
      default:
        return owed satisfies never;
    }
  }

  /**
   * After a run was read again: what is under way for it and nobody waits for any more is told to
   * end. The word to do so may have been lost with the commit. Null for a run that is over, or another process's: `why`
   * is what its bodies are told.
   */
  reconcile(id: string, run: Held | null, why: Error = cancelled()): void {
    for (const { run: of, path, attempt, key } of [...this.#attempts.values()]) {
      if (of.id !== id) continue;
      const actor = run?.actors.get(path);
      const waits = actor?.invoked === 'execute' && (actor.state.context as { attempt?: unknown }).attempt === attempt;
      if (!waits) this.#abort(key, why);
    }
    this.#compensations.reconcile(id, run, why);
    this.#options.errands.reconcile(id, run);
    this.#options.timers.clearUnder(
      `${id}/`,
      (name) => (run?.actors.get(name.slice(id.length + 1))?.due ?? null) !== null,
    );
  }

  /** Tells everything under way to end, for good. */
  abortAll(reason: Error): void {
    this.#line.close();
    for (const key of [...this.#attempts.keys()]) this.#abort(key, reason);
    this.#compensations.abortAll(reason);
    this.#cleanups.abortAll(reason);
  }

  /** An answer that came late, twice, or for nobody: counted and told, and nothing else. */
  ignore(key: string, why: 'late' | 'duplicate'): void {
    this.ignored += 1;
    const error = new AnswerIgnored({ key, why });
    // A body that was done a moment too late is no reason to wake anybody; one that answers twice is a mistake.
    this.#options.logger({ level: why === 'late' ? 'info' : 'warn', message: error.message, error });
  }

  #execute(run: Held, { path, attempt, node, input }: Extract<Effect, { do: 'execute' }>): void {
    const key = keyOf(run.id, path, attempt);
    if (this.#attempts.has(key) || node.task === null) return;
    // Begun and cancelled in one batch: nobody waits for it any more, so it is not begun at all.
    const actor = run.actors.get(path);
    if (actor?.invoked !== 'execute') return;
    const one = new Attempt(this.#around, node.task, key, path, attempt, run.facts, input, boundsOf(actor));
    this.#attempts.set(key, one);
    this.#more(run.id);
    const hooks = this.#options.hooks.ofStep(run, path, node, input);
    if (hooks !== null) this.#hooked.set(key, hooks);
    if (node.task.cache === undefined) this.#line.add(one, run, node, input);
    else this.#ask(one, run, node, input);
  }

  /** Asks for what is kept (S32); what is not stands in line to be made. */
  #ask(attempt: Attempt, run: Held, node: PlanNode, input: Json): void {
    const { cache, post } = this.#options;
    const { key, path } = attempt;
    let entry: CacheEntry | null;
    try {
      entry = cache.entryOf(run, path, node, attempt.attempt, input);
    } catch (error) {
      return attempt.refuse(error as Error, false);
    }
    if (entry !== null) this.#kept.set(key, entry);
    if (entry === null || entry.bypasses) return this.#line.add(attempt, run, node, input);
    void cache.find(entry).then((hit) => {
      if (this.#attempts.get(key) !== attempt) return;
      post(run.id, { type: 'cache', path, attempt: attempt.attempt, from: hit?.from ?? null });
      if (hit === null) this.#line.add(attempt, run, node, input);
      else this.#takeKept(attempt, hit);
    });
  }

  /** The hooks are asked and told as if the body had been called. */
  #takeKept(attempt: Attempt, { output }: CacheHit): void {
    this.#kept.delete(attempt.key);
    const hooks = this.#hooked.get(attempt.key);
    const outcome: AttemptOutcome = { ok: true, output };
    if (hooks === undefined) return this.#end(attempt, outcome);
    const from = this.#options.hooks.beforeStep(hooks, attempt);
    if (from !== null) return this.#askHooks(hooks, attempt, from, () => this.#tellHooks(hooks, attempt, outcome));
    if (this.#attempts.get(attempt.key) === attempt) this.#tellHooks(hooks, attempt, outcome);
  }

  /** Begins an attempt; where it has hooks, once these have let it (S31). */
  #begin(attempt: Attempt): void {
    const hooks = this.#hooked.get(attempt.key);
    if (hooks === undefined) return this.#spend(attempt, !this.#kept.has(attempt.key));
    const from = this.#options.hooks.beforeStep(hooks, attempt);
    if (from !== null) return this.#askHooks(hooks, attempt, from, (isAtOnce) => this.#spend(attempt, isAtOnce));
    // They may have ended it.
    if (this.#attempts.get(attempt.key) === attempt) this.#spend(attempt, !this.#kept.has(attempt.key));
  }

  /** Begins an attempt; where it has budgets, once it is counted there (S38). */
  #spend(attempt: Attempt, isAtOnce: boolean): void {
    const { budgets = NO_BUDGETS } = attempt.task;
    if (budgets.length > 0) this.#askBudgets(attempt);
    else if (isAtOnce) attempt.begin();
    else this.#beginIfOurs(attempt);
  }

  #askBudgets(attempt: Attempt): void {
    const isWanted = (): boolean => this.#attempts.get(attempt.key) === attempt;
    void this.#budgets.ask(attempt, isWanted).then((refusal) => {
      if (!isWanted()) return;
      if (refusal === null) return this.#beginIfOurs(attempt);
      const { error, isRetryable, retryAfter, record } = refusal;
      if (record !== undefined) this.#refused.set(attempt.key, record);
      attempt.refuse(error, isRetryable, retryAfter);
      this.#refused.delete(attempt.key);
    });
  }

  /** Goes on asking, and then with the attempt. */
  #askHooks(hooks: StepHooks, attempt: Attempt, from: Interrupted | 'traced', then: (isAtOnce: boolean) => void): void {
    // What was looked up before has taken its time, too.
    let isAtOnce = !this.#kept.has(attempt.key);
    const round = this.#options.hooks.goOnBeforeStep(hooks, attempt, from, (stopped) => {
      this.#calling.delete(attempt.key);
      if (this.#attempts.get(attempt.key) !== attempt) return;
      if (stopped !== null) attempt.refuse(stopped, false);
      else then(isAtOnce);
    });
    isAtOnce = false;
    if (round !== null) this.#calling.set(attempt.key, round);
  }

  /** Time has passed since it was looked at whose the run is. */
  #beginIfOurs(attempt: Attempt): void {
    const { isSure, ifOurs } = this.#options;
    const run = attempt.run.id;
    if (isSure(run)) return attempt.begin();
    ifOurs(run, (ours) => {
      if (this.#attempts.get(attempt.key) !== attempt) return undefined;
      // It is told to end if it is somebody else's; a run that is just being read again is asked for once more.
      return ours ? attempt.begin() : this.#beginIfOurs(attempt);
    });
  }

  /** An attempt has come to its end, and its hooks are told before the run is. */
  #done(attempt: Attempt, outcome: AttemptOutcome): void {
    const hooks = this.#hooked.get(attempt.key);
    if (hooks === undefined || !attempt.begun) return this.#end(attempt, outcome);
    this.#line.ended(attempt);
    this.#tellHooks(hooks, attempt, outcome);
  }

  #tellHooks(hooks: StepHooks, attempt: Attempt, outcome: AttemptOutcome): void {
    if (hooks.after.length === 0) return this.#end(attempt, outcome);
    const round = this.#options.hooks.afterStep(hooks, attempt, outcome, () => {
      this.#calling.delete(attempt.key);
      if (this.#attempts.get(attempt.key) === attempt) this.#end(attempt, outcome);
    });
    if (round !== null) this.#calling.set(attempt.key, round);
  }

  #end(attempt: Attempt, outcome: AttemptOutcome): void {
    const { key, path, task } = attempt;
    const run = attempt.run.id;
    this.#hooked.delete(key);
    if (this.#attempts.delete(key)) this.#fewer(run);
    const { output, error } = outcome.ok
      ? { output: outcome.output, error: null }
      : { output: null, error: outcome.error };
    const entry = this.#kept.get(key);
    const kept = entry === undefined || error !== null ? null : this.#options.cache.recordOf(entry, key, output);
    const record = kept ?? (error?.retryAfter === undefined ? null : (this.#refused.get(key) ?? null));
    this.#kept.delete(key);
    const said = { type: 'answer', from: 'execute', path, attempt: attempt.attempt, output, error } as const;
    const answer = record === null ? said : { ...said, record };
    if (error !== null && attempt.begun && task.cleanup !== undefined && isCutOff(error))
      this.#tidyBefore(answer, attempt, error);
    else this.#options.post(run, answer);
    this.#line.ended(attempt);
  }

  /** What the body had begun is tidied up before the next attempt, or the end of the step (S11). */
  #tidyBefore(answer: Message, attempt: Attempt, { message: reason }: ErrorRecord): void {
    const { key, path, task, input } = attempt;
    const { isSure, ifOurs, post } = this.#options;
    const run = attempt.run.id;
    const context = { input, key, reason };
    const then = (): void => post(run, answer);
    const tidy = (): void => this.#cleanups.bounded(attempt.run, path, attempt.attempt, task, context, then);
    if (isSure(run)) tidy();
    else ifOurs(run, (ours) => void (ours && tidy()));
  }

  /** Nobody wants it any more: those who heard of its beginning hear of that. */
  #cancel(key: string, reason: string | null = null): void {
    const attempt = this.#attempts.get(key);
    const hooks = this.#hooked.get(key);
    const isAtWork = attempt?.begun === true && !attempt.settled;
    this.#abort(key, cancelled(reason));
    if (hooks !== undefined && hooks.after.length > 0 && isAtWork)
      this.#options.hooks.afterStep(hooks, attempt, null, () => {});
  }

  #abort(key: string, reason: Error): void {
    const attempt = this.#attempts.get(key);
    if (attempt === undefined) return;
    this.#attempts.delete(key);
    this.#fewer(attempt.run.id);
    attempt.abort(reason);
    this.#calling.get(key)?.abort(reason);
    this.#calling.delete(key);
    this.#hooked.delete(key);
    this.#kept.delete(key);
    this.#line.ended(attempt);
  }

  #wake(run: Held, { path, attempt, due }: Extract<Effect, { do: 'wake' }>): void {
    // The timer may outlive the run's place in memory, so it holds the id and nothing else of it.
    const { id } = run;
    this.#options.timers.set(timerOf(id, path), due, () => this.#options.post(id, { type: 'wake', path, attempt }));
  }

  #progress({ run, path, attempt }: Attempt, fraction: number, note: string | null): void {
    this.#options.post(run.id, { type: 'progress', path, attempt, fraction, note });
  }

  #more(run: string): void {
    this.#busy.set(run, (this.#busy.get(run) ?? 0) + 1);
  }

  #fewer(run: string): void {
    const busy = (this.#busy.get(run) ?? 1) - 1;
    if (busy === 0) this.#busy.delete(run);
    else this.#busy.set(run, busy);
  }
}

const UNTOUCHED: ReadonlySet<Owed['do']> = new Set(['wake', 'unwake', 'abort']);

/** Does it let something happen in the world? */
export function touches({ do: wanted }: Owed): boolean {
  return !UNTOUCHED.has(wanted);
}

function timerOf(run: string, path: string): string {
  return `${run}/${path}`;
}

function placeOf({ run, path, attempt }: Attempt): { run: string; path: string; attempt: number; trace?: string } {
  const trace = traceOf(run.metadata);
  return { run: run.id, path, attempt, ...(trace === null ? {} : { trace }) };
}
