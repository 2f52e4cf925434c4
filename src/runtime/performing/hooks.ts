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
import type { RunEvent } from '../../events.ts';
import type { Logger } from '../../executor.ts';
import { type HookDefinition, type HookName, NO_HOOKS } from '../../hooks.ts';
import type { Json } from '../../json.ts';
import type { TracedCalls } from '../../performing/traced.ts';
import { fitsSegments } from '../../segments.ts';
import type { RunRow } from '../../store.ts';
import type { Held } from '../held.ts';
import { callAtOnce, type HookError, HookRound, type Interrupted } from './hook-round.ts';
import {
  toldEnd,
  factsToTell,
  frozenCopy,
  hookedRun,
  type HookTold,
  momentOf,
  ToldFacts,
  toldAtBegin,
} from './hook-told.ts';
import { nodesIn } from '../../plan-nodes.ts';
import { isEngines } from '../options.ts';

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

/** How a round is begun, if not at its first hook, and where its spans stand. */
interface Going {
  readonly place?: TracedCalls | null;
  readonly interrupted?: Interrupted | null;
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
    const hooks = this.#has(plan, 'beforeRun') ? this.#among([plan.root], 'beforeRun', plan, '') : NO_HOOKS;
    const warnings: (() => void)[] = [];
    if (hooks.length === 0) return warnings;
    const facts = { run: hookedRun(plan, { ...row, id: row.run }), input: frozenCopy(row.input) };
    const stopped = await new Promise<Error | null>((done) => {
      const warn = (hook: HookDefinition, error: Error): void =>
        void warnings.push(() => this.#note(row.run, warningOf(hook, 'beforeRun', '', error), error));
      const place = this.#options.tracer?.beside({ id: row.run, metadata: row.metadata }, null) ?? null;
      const round = { hooks, on: 'beforeRun', told: new ToldFacts(facts), place, warn, done, aborted: done } as const;
      this.#begin(new HookRound(this.#options, round));
    });
    if (stopped !== null) throw stopped;
    return warnings;
  }

  /** Is somebody to be asked before a track begins? */
  asksFirst(run: RunState, { node, path, parent }: Actor): boolean {
    if (node.noun !== 'track' || !this.#has(run.plan, 'beforeTrack')) return false;
    return this.#among([...above(parent), node], 'beforeTrack', run.plan, path).length > 0;
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
    const hooks = this.#among([...above(actor.parent), node], 'beforeTrack', plan, path);
    const facts = { run: hookedRun(plan, run), path, track: node.called, input: frozenCopy(input) };
    const done = (stopped: Error | null): void => {
      this.#asking.delete(name);
      release();
      const error = stopped === null ? null : toRecord(stopped, { path, retryable: false });
      post(id, { type: 'asked', path, error });
    };
    this.#go(hooks, 'beforeTrack', run, path, new ToldFacts(facts), done);
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
    // What the engine makes of an async output or merge is nobody's step.
    if (node.called.startsWith('~')) return null;
    const nodes = [...above(parent), node];
    const before = this.#among(nodes, 'beforeStep', plan, path);
    const after = this.#among(nodes, 'afterStep', plan, path);
    return before.length === 0 && after.length === 0 ? null : { plan, before, after };
  }

  /** Asks before an attempt. Null if all have answered at once, and let it; otherwise what is to be gone on with. */
  beforeStep({ plan, before, input }: StepHooks, attempt: Attempt): Interrupted | 'traced' | null {
    if (before.length === 0) return null;
    return this.#options.tracer === null
      ? callAtOnce(before, 'beforeStep', toldAtBegin(plan, attempt, input))
      : 'traced';
  }

  /** Goes on asking. Answers with the round, if it is not over at once. */
  goOnBeforeStep(
    { plan, before, input }: StepHooks,
    attempt: Attempt,
    from: Interrupted | 'traced',
    done: (stopped: HookError | null) => void,
  ): HookRound | null {
    const interrupted = from === 'traced' ? null : from;
    const told = interrupted?.told ?? toldAtBegin(plan, attempt, input);
    return this.#go(before, 'beforeStep', attempt.run, attempt.path, told, done, { interrupted });
  }

  /** Tells what has become of an attempt; `null` for one that was cancelled. */
  afterStep(
    { plan, after, input }: StepHooks,
    attempt: Attempt,
    outcome: AttemptOutcome | null,
    done: () => void,
  ): HookRound | null {
    const facts = { ...toldAtBegin(plan, attempt, input), ...toldEnd(outcome) };
    return this.#go(after, 'afterStep', attempt.run, attempt.path, new ToldFacts(facts), done);
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
  }

  async #settled(): Promise<void> {
    while (this.#telling.size > 0) await Promise.all(this.#telling.values());
  }

  #tell({ id, plan, row, facts: run }: Held, event: RunEvent, on: HookName): void {
    const { path } = event;
    const nodes = this.#nodesAt(plan.root, path);
    const node = nodes.at(-1) as PlanNode;
    const hooks = this.#among(nodes, on, plan, path);
    if (hooks.length === 0) return;
    const told = { run: hookedRun(plan, run), ...factsToTell(event, node, row) };
    const facts = path === '' ? told : { ...told, path };
    // They may be called when what they are told of has ended, and stand under its span all the same.
    const place = this.#placeOf(run, path);
    const call = (): Promise<void> =>
      new Promise((resolve) => {
        this.#go(hooks, on, run, path, new ToldFacts(facts), () => resolve(), { place });
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
    told: HookTold,
    done: (stopped: HookError | null) => void,
    { place = this.#placeOf(run, path), interrupted = null }: Going = {},
  ): HookRound | null {
    const warn = (hook: HookDefinition, error: Error): void =>
      this.#note(run.id, warningOf(hook, on, path, error), error);
    return this.#begin(new HookRound(this.#options, { hooks, on, told, place, warn, done }), interrupted);
  }

  #placeOf(run: Traceable, path: string): TracedCalls | null {
    return this.#options.tracer?.beside(run, path) ?? null;
  }

  #begin(round: HookRound, interrupted: Interrupted | null = null): HookRound | null {
    if (interrupted === null) round.go();
    else round.goFrom(interrupted);
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
      hooked = isEngines(plan) ? NOTHING_HOOKED : hookedIn(this.#options.hooks, plan.root);
      this.#plans.set(plan, hooked);
    }
    return hooked;
  }

  /** Those for the last of these nodes: from the outside in for what comes before, and the other way round for all else. */
  #among(
    nodes: readonly PlanNode[],
    on: HookName,
    { name: orchestrator }: Plan,
    path: string,
  ): readonly HookDefinition[] {
    const node = nodes.at(-1) as PlanNode;
    let found: HookDefinition[] | null = null;
    for (let at = -1; at < nodes.length; at += 1) {
      for (const hook of at < 0 ? this.#options.hooks : ((nodes[at] as PlanNode).hooks ?? NO_HOOKS)) {
        if (hook.calls[on] === undefined || !fits(hook, orchestrator, path, node)) continue;
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
    if (path === '') return nodes;
    for (let end = path.indexOf('/'); ; end = path.indexOf('/', end + 1)) {
      if (end < 0) end = path.length;
      const place = placeAt(kinds, root, path.slice(0, end));
      if (place !== null) nodes.push(place.node);
      if (end === path.length) return nodes;
    }
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

function fits({ only }: HookDefinition, orchestrator: string, path: string, { task, called }: PlanNode): boolean {
  const { orchestrator: orchestrators, path: paths, task: tasks } = only;
  if (orchestrators !== undefined && !orchestrators.includes(orchestrator)) return false;
  if (tasks !== undefined && (task === null || !tasks.includes(called))) return false;
  if (paths === undefined) return true;
  const segments = path.split('/');
  return paths.some((pattern) => fitsSegments(pattern.split('/'), segments));
}

function warningOf({ name: hook }: HookDefinition, on: HookName, path: string, error: Error): HookMessage {
  return { type: 'hookFailed', hook, on, path, error: toRecord(error, { path, retryable: false }) };
}
