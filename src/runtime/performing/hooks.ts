/**
 * Hooks (S31): which of them are called for a run, a track or an attempt, and in which order: those of the box first, then those of the
 * orchestrator, of the tracks from the outside in, and of the task; what comes after, the other way round. What comes before is
 * asked before anything is begun; what comes after is told of what is committed, or, for an attempt, of what it has come to.
 */
import type { Attempt, AttemptOutcome } from '../../attempt.ts';
import { within } from '../../clock.ts';
import type { Kinds } from '../../core/kind.ts';
import type { HookMessage, Message } from '../../core/message.ts';
import type { Actor, RunState } from '../../core/run.ts';
import { placeAt } from '../../core/undo.ts';
import type { Plan, PlanNode, RunFacts } from '../../definition.ts';
import { toRecord } from '../../errors/index.ts';
import { endsRun, type RunEvent } from '../../events.ts';
import type { Logger } from '../../executor.ts';
import { type HookDefinition, type HookedRun, type HookName, NO_HOOKS, UNHOOKED } from '../../hooks.ts';
import { type Json, type JsonObject, toJson } from '../../json.ts';
import type { TracedCalls } from '../../performing/traced.ts';
import { fitsSegments } from '../../segments.ts';
import type { RunRow } from '../../store.ts';
import { isTerminal, type Status } from '../../status.ts';
import type { Held } from '../held.ts';
import { type HookError, HookRound } from './hook-round.ts';
import { nodesIn } from '../../plan-nodes.ts';

export interface HooksOptions {
  /** Of the box. */
  readonly hooks: readonly HookDefinition[];
  readonly kinds: Kinds;
  readonly logger: Logger;
  readonly tracer: { beside(run: Traceable, path: string | null): TracedCalls | null } | null;
  wakeAfter(ms: number, wake: () => void): () => void;
  post(run: string, message: Message): void;
  /** As `post`; false if the run has ended. */
  note(run: string, message: HookMessage): Promise<boolean>;
  /** Keeps a run in memory until what is answered is called. */
  hold(run: string): () => void;
}

type Traceable = Pick<RunFacts, 'id' | 'metadata'>;

/** The hooks of a step. */
export interface StepHooks {
  readonly plan: Plan;
  readonly before: readonly HookDefinition[];
  readonly after: readonly HookDefinition[];
  /** Of the attempt, where it is told after that. */
  readonly input?: Json;
}

/** What a plan and the box have of hooks. */
interface HookedPlan {
  /** The moments that any of them is for. */
  readonly names: ReadonlySet<HookName>;
  /** The same for all steps of a node; null where it matters what they stand in, and where. */
  readonly steps: Map<PlanNode, StepHooks | null> | null;
}

const NOTHING_HOOKED: HookedPlan = { names: new Set(), steps: null };

/** How long closing waits, in milliseconds. */
const PATIENCE = 5_000;

export class Hooks {
  readonly #options: HooksOptions;
  readonly #plans = new WeakMap<Plan, HookedPlan>();
  readonly #rounds = new Set<HookRound>();
  /** Tracks that are being asked for. */
  readonly #asking = new Set<string>();
  /** What is being told, one after the other, of each run. */
  readonly #telling = new Map<string, Promise<void>>();

  constructor(options: HooksOptions) {
    this.#options = options;
  }

  /** Throws if a run is not to begin; otherwise, what tells its history of hooks that failed, to be called once it has. */
  async beforeRun(plan: Plan, row: RunRow): Promise<readonly (() => void)[]> {
    const hooks = this.#has(plan, 'beforeRun') ? this.#among([plan.root], 'beforeRun', plan, '', null) : NO_HOOKS;
    const warnings: (() => void)[] = [];
    if (hooks.length === 0) return warnings;
    const facts = { run: hookedRun(plan, { ...row, id: row.run }), input: frozen(row.input) };
    const stopped = await new Promise<Error | null>((done) => {
      const warn = (hook: HookDefinition, error: Error): void =>
        void warnings.push(() => this.#note(row.run, warningOf(hook, 'beforeRun', '', error), error));
      const place = this.#options.tracer?.beside({ id: row.run, metadata: row.metadata }, null) ?? null;
      this.#begin(new HookRound(this.#options, { hooks, on: 'beforeRun', facts, place, warn, done, aborted: done }));
    });
    if (stopped !== null) throw stopped;
    return warnings;
  }

  /** Is somebody to be asked before a track begins? */
  asksFirst(run: RunState, { node, path, parent }: Actor): boolean {
    if (node.noun !== 'track' || !this.#has(run.plan, 'beforeTrack')) return false;
    return this.#among([...above(parent), node], 'beforeTrack', run.plan, path, null).length > 0;
  }

  /** Asks before a track begins; the answer is a message to the run. */
  askTrack({ id, plan, facts: run, actors }: Held, path: string): void {
    const { post, hold } = this.#options;
    const actor = actors.get(path);
    const name = `${id}/${path}`;
    if (actor?.invoked !== 'begin' || this.#asking.has(name)) return;
    this.#asking.add(name);
    const release = hold(id);
    const { node, input } = actor;
    const hooks = this.#among([...above(actor.parent), node], 'beforeTrack', plan, path, null);
    const facts = { run: hookedRun(plan, run), path, track: node.called, input: frozen(input) };
    const done = (stopped: Error | null): void => {
      this.#asking.delete(name);
      release();
      const error = stopped === null ? null : toRecord(stopped, { path, retryable: false });
      post(id, { type: 'asked', path, error });
    };
    this.#go(hooks, 'beforeTrack', run, path, facts, done);
  }

  /** Those of a step; null for none. */
  ofStep({ plan, actors }: Held, path: string, node: PlanNode, input: Json): StepHooks | null {
    const { names, steps } = this.#hooked(plan);
    if (!names.has('beforeStep') && !names.has('afterStep')) return null;
    let hooks = steps?.get(node);
    if (hooks === undefined) {
      hooks = this.#ofStep(plan, path, node, actors.get(path)?.parent ?? null);
      steps?.set(node, hooks);
    }
    return hooks === null || hooks.after.length === 0 ? hooks : { ...hooks, input };
  }

  #ofStep(plan: Plan, path: string, node: PlanNode, parent: Actor | null): StepHooks | null {
    const { task, called } = node;
    // What the engine makes of an async output or merge is nobody's step.
    if (task === null || called.startsWith('~')) return null;
    const nodes = [...above(parent), node];
    const before = this.#among(nodes, 'beforeStep', plan, path, called);
    const after = this.#among(nodes, 'afterStep', plan, path, called);
    return before.length === 0 && after.length === 0 ? null : { plan, before, after };
  }

  /** Asks before an attempt. Answers with the round, if it is not over at once. */
  beforeStep(
    { plan, before, input }: StepHooks,
    attempt: Attempt,
    done: (stopped: HookError | null) => void,
  ): HookRound | null {
    if (before.length > 0)
      return this.#go(before, 'beforeStep', attempt.run, attempt.path, stepFacts(plan, attempt, input), done);
    done(null);
    return null;
  }

  /** Tells what has become of an attempt; `null` for one that was cancelled. */
  afterStep(
    { plan, after, input }: StepHooks,
    attempt: Attempt,
    outcome: AttemptOutcome | null,
    done: () => void,
  ): HookRound | null {
    const facts = { ...stepFacts(plan, attempt, input), ...endOf(outcome) };
    return this.#go(after, 'afterStep', attempt.run, attempt.path, facts, done);
  }

  /** Committed events of a run that this process has. */
  told(run: Held, events: readonly RunEvent[]): void {
    const { names } = this.#hooked(run.plan);
    if (names.size === 0) return;
    for (const event of events) {
      const on = momentOf(event);
      if (on !== null && names.has(on)) this.#tell(run, event, on);
    }
  }

  /** Waits a while for those that are told of what has ended; all others are told to end, and nobody is called any more. */
  async close(reason: Error): Promise<void> {
    if (this.#telling.size > 0) await within(PATIENCE, this.#settled());
    for (const round of this.#rounds) round.abort(reason);
    this.#rounds.clear();
  }

  async #settled(): Promise<void> {
    while (this.#telling.size > 0) await Promise.all(this.#telling.values());
  }

  #tell({ id, plan, row, facts: run }: Held, event: RunEvent, on: HookName): void {
    const { path } = event;
    const nodes = this.#nodesAt(plan.root, path);
    const node = nodes.at(-1) as PlanNode;
    const hooks = this.#among(nodes, on, plan, path, node.task === null ? null : node.called);
    if (hooks.length === 0) return;
    const told = { run: hookedRun(plan, run), ...factsOf(event, node, row) };
    const facts = path === '' ? told : { ...told, path };
    // They may be called when what they are told of has ended, and stand under its span all the same.
    const place = this.#placeOf(run, path);
    const call = (): Promise<void> =>
      new Promise((resolve) => {
        this.#go(hooks, on, run, path, facts, () => resolve(), place);
      });
    const before = this.#telling.get(id);
    const over = before === undefined ? call() : before.then(call);
    this.#telling.set(id, over);
    void over.then(() => {
      if (this.#telling.get(id) === over) this.#telling.delete(id);
    });
  }

  #go(
    hooks: readonly HookDefinition[],
    on: HookName,
    run: Traceable,
    path: string,
    facts: object,
    done: (stopped: HookError | null) => void,
    place = this.#placeOf(run, path),
  ): HookRound | null {
    const warn = (hook: HookDefinition, error: Error): void =>
      this.#note(run.id, warningOf(hook, on, path, error), error);
    return this.#begin(new HookRound(this.#options, { hooks, on, facts, place, warn, done }));
  }

  #placeOf(run: Traceable, path: string): TracedCalls | null {
    return this.#options.tracer?.beside(run, path) ?? null;
  }

  #begin(round: HookRound): HookRound | null {
    round.go();
    if (round.isOver) return null;
    this.#rounds.add(round);
    round.whenOver = () => void this.#rounds.delete(round);
    return round;
  }

  /** A warning goes into the history; into the log, if that has ended. */
  #note(run: string, warning: HookMessage, error: Error): void {
    const { note, logger } = this.#options;
    const log = (): void => logger({ level: 'warn', message: error.message, run, path: warning.path, error });
    note(run, warning).then((isOpen) => void (isOpen || log()), log);
  }

  #has(plan: Plan, name: HookName): boolean {
    return this.#hooked(plan).names.has(name);
  }

  #hooked(plan: Plan): HookedPlan {
    let hooked = this.#plans.get(plan);
    if (hooked === undefined) {
      // What the engine runs for itself has no hooks.
      const isOwn = plan.name.startsWith('~') || plan.root.hooks === UNHOOKED;
      hooked = isOwn ? NOTHING_HOOKED : hookedIn(this.#options.hooks, plan.root);
      this.#plans.set(plan, hooked);
    }
    return hooked;
  }

  /** From the outside in for what comes before, and the other way round for all else. */
  #among(
    nodes: readonly PlanNode[],
    on: HookName,
    { name: orchestrator }: Plan,
    path: string,
    task: string | null,
  ): readonly HookDefinition[] {
    let found: HookDefinition[] | null = null;
    for (let at = -1; at < nodes.length; at += 1) {
      for (const hook of at < 0 ? this.#options.hooks : ((nodes[at] as PlanNode).hooks ?? NO_HOOKS)) {
        if (hook.calls[on] === undefined || !fits(hook, orchestrator, path, task)) continue;
        if (found === null) found = [];
        found.push(hook);
      }
    }
    if (found === null) return NO_HOOKS;
    return on.startsWith('before') ? found : found.reverse();
  }

  /** The nodes on the way to a path. */
  #nodesAt(root: PlanNode, path: string): readonly PlanNode[] {
    const nodes = [root];
    const { kinds } = this.#options;
    for (let end = path.indexOf('/'); path !== '' && end !== path.length; end = path.indexOf('/', end + 1)) {
      if (end < 0) end = path.length;
      const place = placeAt(kinds, root, path.slice(0, end));
      if (place !== null) nodes.push(place.node);
      if (end === path.length) break;
    }
    return nodes;
  }
}

function hookedIn(box: readonly HookDefinition[], root: PlanNode): HookedPlan {
  const names = new Set<HookName>();
  let isByNode = true;
  const add = ({ calls, only }: HookDefinition): void => {
    for (const name of Object.keys(calls)) names.add(name as HookName);
    isByNode &&= only.path === undefined;
  };
  for (const hook of box) add(hook);
  for (const { hooks = NO_HOOKS, noun } of nodesIn(root)) {
    for (const hook of hooks) add(hook);
    isByNode &&= noun !== 'track' || hooks.length === 0;
  }
  return { names, steps: isByNode ? new Map() : null };
}

/** The nodes of what something stands in, from the outside in. */
function above(actor: Actor | null): readonly PlanNode[] {
  const nodes: PlanNode[] = [];
  for (let at = actor; at !== null; at = at.parent) nodes.unshift(at.node);
  return nodes;
}

function fits({ only }: HookDefinition, orchestrator: string, path: string, task: string | null): boolean {
  const { orchestrator: orchestrators, path: paths, task: tasks } = only;
  if (orchestrators !== undefined && !orchestrators.includes(orchestrator)) return false;
  if (tasks !== undefined && (task === null || !tasks.includes(task))) return false;
  if (paths === undefined) return true;
  const segments = path.split('/');
  return paths.some((pattern) => fitsSegments(pattern.split('/'), segments));
}

const runs = new WeakMap<object, HookedRun>();

/** The same for all hooks of a run, for as long as it is in memory. */
function hookedRun(
  { name: orchestrator, version }: Plan,
  facts: Pick<RunFacts, 'id' | 'key' | 'startedAt' | 'metadata'>,
): HookedRun {
  let run = runs.get(facts);
  if (run === undefined) {
    const { id, key, startedAt } = facts;
    const metadata = frozen(facts.metadata) as JsonObject;
    run = Object.freeze({ id, key, orchestrator, version, startedAt, metadata });
    runs.set(facts, run);
  }
  return run;
}

/** The body's input is what the schema makes of it, and the body's own; a hook is told what its mapper has made. */
function stepFacts(plan: Plan, { run, path, task, attempt, key, input }: Attempt, kept: Json | undefined) {
  const made = frozen(kept ?? (input as Json));
  return { run: hookedRun(plan, run), path, task: task.name, attempt, key, input: made };
}

/** What the engine has copied is frozen all the way down; what comes from a store may not be. */
function frozen(value: Json): Json {
  return typeof value !== 'object' || value === null || Object.isFrozen(value)
    ? value
    : toJson(value, 'what a hook is told', Number.POSITIVE_INFINITY);
}

function warningOf({ name: hook }: HookDefinition, on: HookName, path: string, error: Error): HookMessage {
  return { type: 'hookFailed', hook, on, path, error: toRecord(error, { path, retryable: false }) };
}

function endOf(outcome: AttemptOutcome | null): object {
  if (outcome === null) return { status: 'cancelled', output: null, error: null };
  if (outcome.ok) return { status: 'completed', output: frozen(outcome.output), error: null };
  const { error } = outcome;
  const status = error.code === 'step-timed-out' ? 'timedOut' : 'failed';
  return { status, output: null, error: frozen(error as unknown as Json) };
}

/** What failed because of a hook before it was not begun. */
const NOT_BEGUN: ReadonlySet<string> = new Set(['hook-failed', 'hook-timed-out']);

/** The moment that an event is. */
function momentOf(event: RunEvent): HookName | null {
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

function factsOf(event: RunEvent, node: PlanNode, { output, error }: RunRow): object {
  const { type, path } = event;
  const status = type.slice(type.indexOf('.') + 1);
  if (path === '') return { status, output: frozen(output), error: frozen(error as Json) };
  if (type.startsWith('approval.'))
    return { task: node.task === null ? null : node.called, event: frozen(event as unknown as Json) };
  const failure = 'error' in event ? frozen(event.error as unknown as Json) : null;
  if (node.noun === 'track') return { track: node.called, status, error: failure };
  const attempt = 'attempt' in event ? event.attempt : 0;
  const step = { task: node.task === null ? null : node.called, attempt, error: failure };
  return type === 'step.retrying' ? { ...step, due: event.due } : { ...step, status };
}
