/** What hooks are told (S31): facts that are frozen, and a signal, which is made when it is asked for: most never do. */
import type { Attempt, AttemptOutcome } from '../../attempt.ts';
import type { Plan, PlanNode, RunFacts } from '../../definition.ts';
import { endsRun, type RunEvent } from '../../events.ts';
import type { HookedRun, HookName } from '../../hooks.ts';
import { type Json, type JsonObject, toJson } from '../../json.ts';
import { isTerminal, type Status } from '../../status.ts';
import type { RunRow } from '../../store.ts';

/** What one hook is told. */
export abstract class HookTold {
  #controller: AbortController | null = null;
  #abortedWith: Error | null = null;

  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#abortedWith !== null) this.#controller.abort(this.#abortedWith);
    }
    return this.#controller.signal;
  }

  abort(reason: Error): void {
    this.#abortedWith = reason;
    this.#controller?.abort(reason);
  }

  /** The same for the next hook, with a signal of its own: one whose time was up says nothing about the next. */
  abstract again(): HookTold;
}

/** Whatever there is to tell. */
export class ToldFacts extends HookTold {
  readonly #facts: object;

  constructor(facts: object) {
    super();
    this.#facts = facts;
    Object.assign(this, facts);
    Object.freeze(this);
  }

  again(): HookTold {
    return new ToldFacts(this.#facts);
  }
}

/** What comes before an attempt, which there may be very many of. */
export class ToldAttempt extends HookTold {
  readonly run: HookedRun;
  readonly path: string;
  readonly task: string;
  readonly attempt: number;
  readonly key: string;
  readonly input: Json;

  constructor(run: HookedRun, path: string, task: string, attempt: number, key: string, input: Json) {
    super();
    this.run = run;
    this.path = path;
    this.task = task;
    this.attempt = attempt;
    this.key = key;
    this.input = input;
    Object.freeze(this);
  }

  again(): HookTold {
    return new ToldAttempt(this.run, this.path, this.task, this.attempt, this.key, this.input);
  }
}

const runs = new WeakMap<object, HookedRun>();

/** The same for all hooks of a run, for as long as it is in memory. */
export function hookedRun(
  { name: orchestrator, version }: Plan,
  facts: Pick<RunFacts, 'id' | 'key' | 'startedAt' | 'metadata'>,
): HookedRun {
  let run = runs.get(facts);
  if (run === undefined) {
    const { id, key, startedAt } = facts;
    const metadata = frozenCopy(facts.metadata) as JsonObject;
    run = Object.freeze({ id, key, orchestrator, version, startedAt, metadata });
    runs.set(facts, run);
  }
  return run;
}

/** The body's input is what the schema makes of it, and the body's own; a hook is told what its mapper has made. */
export function toldAtBegin(
  plan: Plan,
  { run, path, task, attempt, key, input }: Attempt,
  kept: Json | undefined,
): ToldAttempt {
  return new ToldAttempt(hookedRun(plan, run), path, task.name, attempt, key, frozenCopy(kept ?? (input as Json)));
}

/** What the engine has copied is frozen all the way down; what comes from a store may not be. Numbers, texts and null always are. */
export function frozenCopy(value: Json): Json {
  return Object.isFrozen(value) ? value : toJson(value, 'what a hook is told', Number.POSITIVE_INFINITY);
}

export function toldEnd(outcome: AttemptOutcome | null): object {
  if (outcome === null) return { status: 'cancelled', output: null, error: null };
  if (outcome.ok) return { status: 'completed', output: frozenCopy(outcome.output), error: null };
  const { error } = outcome;
  const status = error.code === 'step-timed-out' ? 'timedOut' : 'failed';
  return { status, output: null, error: frozenCopy(error as unknown as Json) };
}

/** What failed because of a hook before it was not begun. */
const NOT_BEGUN: ReadonlySet<string> = new Set(['hook-failed', 'hook-timed-out']);

/** The moment that an event is. */
export function momentOf(event: RunEvent): HookName | null {
  const { type, path } = event;
  if (path === '') return endsRun(type) ? 'afterRun' : null;
  if (type === 'step.retrying') return 'onRetry';
  const noun = type.slice(0, type.indexOf('.'));
  if (noun === 'approval') return 'onApproval';
  const status = type.slice(noun.length + 1) as Status;
  if (noun === 'track' && isTerminal(status) && status !== 'skipped') {
    const isBegun = !('error' in event) || event.error.path !== path || !NOT_BEGUN.has(event.error.code);
    return isBegun ? 'afterTrack' : null;
  }
  return noun === 'step' && 'error' in event ? 'onError' : null;
}

export function factsToTell(event: RunEvent, node: PlanNode, { output, error }: RunRow): object {
  const { type, path } = event;
  const status = type.slice(type.indexOf('.') + 1);
  if (path === '') return { status, output: frozenCopy(output), error: frozenCopy(error as Json) };
  if (type.startsWith('approval.'))
    return { task: node.task === null ? null : node.called, event: frozenCopy(event as unknown as Json) };
  const failure = 'error' in event ? frozenCopy(event.error as unknown as Json) : null;
  if (node.noun === 'track') return { track: node.called, status, error: failure };
  const attempt = 'attempt' in event ? event.attempt : 0;
  const step = { task: node.task === null ? null : node.called, attempt, error: failure };
  return type === 'step.retrying' ? { ...step, due: event.due } : { ...step, status };
}
