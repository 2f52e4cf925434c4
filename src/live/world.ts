/**
 * What a run without a box is owed by the world: bodies are called in this process, and timers are this process's. What they answer is
 * told to the run as a message, as a host would. Child runs are in `family.ts`.
 */
import type { AnyActorRef } from 'xstate';
import { Attempt, type AttemptOutcome, cancelled, type Surroundings } from '../attempt.ts';
import { elapsedBy, MAX_DELAY, systemClock, wakeAfterAny } from '../clock.ts';
import type { Effect } from '../core/effect.ts';
import { boundsOf } from '../core/limits.ts';
import type { Message } from '../core/message.ts';
import { type Actor, keyOf, type Owed, type RunState } from '../core/run.ts';
import { isLeft, wasTried } from '../core/undo.ts';
import { inProcess } from '../executors/in-process.ts';
import { toRecord } from '../errors/index.ts';
import { stepIdOf } from '../ids.ts';
import { DEFAULT_MAX_BYTES, type Json } from '../json.ts';
import type { SendAsked, SendSpec } from '../leaves.ts';
import type { LiveRoot } from '../machines/live.ts';
import { Cleanups, isCutOff } from '../performing/cleanups.ts';
import { Compensations } from '../performing/compensations.ts';
import { Tally } from '../performing/tally.ts';
import { LiveFamily, type KeptFamily } from './family.ts';
import type { LiveRows } from './rows.ts';
import type { Kin, LiveFacts } from './run.ts';

/** What is persisted of it: nothing but child runs, for all else is owed again. */
export type KeptWorld = KeptFamily;

export interface WorldOptions {
  readonly run: RunState;
  /** How many runs it stands below. */
  readonly level: number;
  readonly kin: Kin;
  /** The rows of a run that is undone; null for the run itself. */
  rowsOf(run: string | null): LiveRows | null;
  /** Who shows an actor. */
  refOf(actor: Actor): AnyActorRef | null;
  take(message: Message): void;
  /** Begins a run that an actor stands for. */
  begin(root: LiveRoot, facts: LiveFacts): void;
}

type Performed<D extends Effect['do']> = Extract<Effect, { readonly do: D }>;

export class World {
  readonly #options: WorldOptions;
  readonly #around: Surroundings;
  readonly #attempts = new Map<string, Attempt>();
  readonly #timers = new Map<string, () => void>();
  readonly #cleanups: Cleanups;
  readonly #compensations: Compensations;
  readonly #family: LiveFamily;

  constructor(options: WorldOptions) {
    this.#options = options;
    const { take } = options;
    const wakeIn = (ms: number, wake: () => void) => systemClock.wakeAfter(Math.min(ms, MAX_DELAY), wake);
    const around: Omit<Surroundings, 'done' | 'executor'> = {
      maxValueBytes: DEFAULT_MAX_BYTES,
      now: systemClock.now,
      elapsed: () => elapsedBy(systemClock),
      wakeAfter: wakeIn,
      // Nobody has said where to.
      log: () => {},
      warn: () => {},
      ignored: () => {},
      progress: ({ path, attempt }, fraction, note) => take({ type: 'progress', path, attempt, fraction, note }),
    };
    this.#around = { ...around, executor: inProcess(), done: (attempt, outcome) => this.#done(attempt, outcome) };
    const alone = {
      post: (_: string, message: Message) => take(message),
      hold: () => () => {},
      isSure: () => true,
      ifOurs: (_: string, then: (ours: boolean) => void) => then(true),
    };
    this.#compensations = new Compensations({ ...alone, around, tracer: null });
    this.#cleanups = new Cleanups({ ...alone, timers: { in: wakeIn }, logger: () => {}, tracer: null });
    this.#family = new LiveFamily(options);
  }

  open(kept: KeptWorld): void {
    this.#family.open(kept);
  }

  persist(): KeptWorld {
    return this.#family.persist();
  }

  perform(owed: Owed): void {
    const { run, take } = this.#options;
    switch (owed.do) {
      case 'execute':
        return this.#execute(owed);
      case 'wake':
        return this.#wake(owed);
      case 'unwake':
        return this.#unwake(owed.path);
      case 'cleanup':
        return this.#cleanups.begin(run, owed);
      case 'compensate':
        return this.#compensations.begin(run, owed);
      case 'abortUndo':
        return this.#compensations.abort(run.id, owed, cancelled());
      case 'abort':
        this.#family.giveUp(owed);
        return this.#abort(keyOf(run.id, owed.path, owed.attempt), cancelled(owed.reason));
      case 'ask':
        return take({ type: 'asked', path: owed.path, error: null });
      case 'pull':
        return this.#pull(owed);
      case 'send':
        return queueMicrotask(() => this.#send(owed));
      case 'childRun':
      case 'endChild':
      case 'undoChild':
      case 'holdChild':
        return this.#family.perform(owed);
      default:
        return owed satisfies never;
    }
  }

  /** Everything ends: somebody has stopped the actor. */
  stop(): void {
    const why = new DOMException('The actor was stopped.', 'AbortError');
    for (const key of [...this.#attempts.keys()]) this.#abort(key, why);
    this.#compensations.abortAll(why);
    this.#cleanups.abortAll(why);
    for (const path of [...this.#timers.keys()]) this.#unwake(path);
    this.#family.stop();
  }

  #execute({ path, attempt, node, input }: Performed<'execute'>): void {
    const { run } = this.#options;
    const actor = run.actors.get(path);
    if (node.task === null || actor?.invoked !== 'execute') return;
    const key = keyOf(run.id, path, attempt);
    const one = new Attempt(this.#around, node.task, key, path, attempt, run.facts, input, boundsOf(actor));
    this.#attempts.set(key, one);
    one.begin();
  }

  #done(one: Attempt, outcome: AttemptOutcome): void {
    const { path, attempt, key, task } = one;
    if (this.#attempts.get(key) !== one) return;
    this.#attempts.delete(key);
    const { output, error } = outcome.ok
      ? { output: outcome.output, error: null }
      : { output: null, error: outcome.error };
    const answer = (): void => this.#options.take({ type: 'answer', from: 'execute', path, attempt, output, error });
    if (error === null || !one.begun || task.cleanup === undefined || !isCutOff(error)) return answer();
    const context = { input: one.input, key, reason: error.message };
    this.#cleanups.bounded(one.run, path, attempt, task, context, answer);
  }

  #abort(key: string, why: Error): void {
    const attempt = this.#attempts.get(key);
    this.#attempts.delete(key);
    attempt?.abort(why);
  }

  #wake({ path, attempt, due }: Performed<'wake'>): void {
    this.#unwake(path);
    const stop = wakeAfterAny(Math.max(0, due - systemClock.now()), () => {
      this.#timers.delete(path);
      this.#options.take({ type: 'wake', path, attempt });
    });
    this.#timers.set(path, stop);
  }

  #unwake(path: string): void {
    this.#timers.get(path)?.();
    this.#timers.delete(path);
  }

  /** All that has completed is one page: it is in memory already. */
  #pull(effect: Performed<'pull'>): void {
    const { before, of } = effect;
    const steps = this.#options.rowsOf(of)?.steps ?? [];
    const completed = steps
      .filter(({ state, endedSeq }) => state === 'completed' && (before === null || (endedSeq ?? 0) < before))
      .sort((one, other) => (other.endedSeq ?? 0) - (one.endedSeq ?? 0));
    const isFirst = before === null;
    const tried = isFirst && of !== null ? steps.filter((row) => wasTried(row) && row.state !== 'compensated') : [];
    tried.sort((one, other) => (one.endedSeq ?? 0) - (other.endedSeq ?? 0));
    const left = isFirst && of === null ? steps.filter(isLeft).map(({ path }) => path) : [];
    const page = { rows: [...tried, ...completed], next: null, left };
    this.#answer(effect, page as unknown as Json, null);
  }

  /** The runs that there are without a box are those of the family. Not within the turn that has sent it: it may be for this very run. */
  #send(effect: Performed<'send'>): void {
    const { run, kin } = this.#options;
    const { path, attempt, node, input } = effect;
    if (run.actors.get(path)?.invoked !== 'send') return;
    const { to, payload } = input as unknown as SendAsked;
    const spec = node.spec as SendSpec;
    const tally = new Tally(spec, to);
    const message = { id: stepIdOf(run.id, path, attempt), name: spec.sends, payload };
    const waiting = [...kin.keys()].filter((each) => kin.get(each)?.waitsFor(spec.sends));
    const runs = 'run' in to ? [to.run] : 'all' in to ? waiting : [];
    for (const each of runs) tally.add(each, kin.get(each)?.signal(message) ?? { answer: 'noSuchRun' });
    try {
      this.#answer(effect, tally.counts(), null);
    } catch (thrown) {
      this.#answer(effect, null, thrown as Error);
    }
  }

  #answer({ do: from, path, attempt }: Performed<'pull' | 'send'>, output: Json, thrown: Error | null): void {
    const error = thrown === null ? null : toRecord(thrown, { path, attempt, retryable: false });
    this.#options.take({ type: 'answer', from, path, attempt, output, error });
  }
}
