/**
 * A run from its rows: a `RunState` that goes on where the last commit left it, and what it
 * is still owed. Nothing is replayed. What a state invokes says what its
 * actor waits for, so the effects need no rows of their own: an attempt that was under way is
 * owed again under the same key (I6), a timer with the time that remains.
 */
import type { Place, Plan, PlanNode, RunFacts } from '../definition.ts';
import type { ErrorRecord } from '../errors/index.ts';
import type { Json, JsonObject } from '../json.ts';
import { bears, type EndMemory, type KnownChild, toldOf } from './children/children.ts';
import type { Invoker } from './effect.ts';
import type { Kinds, Memory } from './kind.ts';
import type { MachineState } from './stepper.ts';
import type { ActorRow, ChildCounts, ChildRow, RunRow, SignalRow } from '../store.ts';
import { type Actor, addLive, isHeld, type Owed, pausedOf, type RunState, toldChildren } from './run.ts';
import { signalsOf } from './signals.ts';
import { newActor } from './actor.ts';
import { count } from './rest.ts';
import { isOfUndo, placeAt, placeIn } from './undo.ts';
import type { Rules } from './port.ts';

/** A run that begins: its own actor and nothing else. */
export function newRun(rules: Rules, plan: Plan, row: RunRow): RunState {
  const root = newActor(
    rules.kinds,
    rules.stepperOf(plan.root.kind),
    null,
    plan.root,
    null,
    '',
    row.input,
    row.startedAt,
  );
  return stateOf(plan, row, 0, root, new Map([['', root]]));
}

/** The rows of a run that goes on: its own, those of its actors that have not ended, in the order in which they began, and signals that are kept. */
export interface RunRows {
  readonly row: RunRow;
  readonly seq: number;
  readonly open: readonly ActorRow[];
  readonly signals: readonly SignalRow[];
}

/** A row that the definition cannot have brought forth. */
export class Misfit extends Error {
  readonly path: string;

  constructor(path: string, reason: string) {
    super(reason);
    this.path = path;
  }
}

/** A run as its rows say that it stands. Its parents do not know their children yet: `adopt` tells them. */
export function assemble(rules: Rules, plan: Plan, { row, seq, open, signals }: RunRows): RunState {
  const made = new Map<string, Actor>();
  // Parents before their children, and these in the order in which they began: it is that of their parent's list.
  for (const each of [...open].sort((left, right) => depthOf(left) - depthOf(right))) {
    made.set(each.path, actorOf(rules, plan, each, made));
  }
  const root = made.get('');
  if (root === undefined) throw new Misfit('', 'the run has not ended, and its own place is missing');
  // What goes on first when nothing holds the run up any more is what began first.
  const actors = new Map(open.map(({ path }) => [path, made.get(path) as Actor]));
  const run = stateOf(plan, row, seq, root, actors);
  for (const signal of signals) signalsOf(run).keep(signal);
  // In the order in which they began, which is not that of the paths: the first to wait is the first to be served.
  for (const { path } of open) {
    const actor = actors.get(path) as Actor;
    if (actor.invoked !== null) actor.kind.actors[actor.invoked]?.entered?.(run, actor);
  }
  return run;
}

function depthOf({ path }: ActorRow): number {
  if (path === '') return 0;
  let depth = 1;
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) depth += 1;
  return depth;
}

/** What is to be asked of the store before a run can go on. */
export interface Unread {
  /** Parents whose children are to be read. */
  readonly rows: readonly string[];
  /** Parents whose children are to be counted. */
  readonly counts: readonly string[];
  /** Parents that know themselves how many of their children are in which state. */
  readonly known: ReadonlyMap<string, ChildCounts>;
}

/** The parents in a run. The children of `needed` are read in any case. */
export function parentsIn(run: RunState, needed: ReadonlySet<string> = NOBODY): Unread {
  const rows: string[] = [];
  const counts: string[] = [];
  const known = new Map<string, ChildCounts>();
  for (const actor of run.actors.values()) {
    const { path, node, kind, state } = actor;
    if (
      isUndoing(state) ||
      (kind.placeNamed === undefined && (kind.children === undefined || node.children.length === 0))
    )
      continue;
    const isCounted = !needed.has(path) && kind.isCounted?.(node, state.context) === true;
    const ended = isCounted ? (kind.endedIn?.(state.context) ?? null) : null;
    if (ended !== null) known.set(path, { ...ended, ...countsOfKnown(liveIn(actor)) });
    else (isCounted ? counts : rows).push(path);
  }
  return { rows, counts, known };
}

const NOBODY: ReadonlySet<string> = new Set();
const UNCOUNTED: ReadonlyMap<string, ChildCounts> = new Map();

/** Tells the parents of a run that was assembled of their children, those that have ended included. */
export function adopt(
  rules: Rules,
  run: RunState,
  rows: readonly ChildRow[],
  counted: ReadonlyMap<string, ChildCounts> = UNCOUNTED,
): RunState {
  const children = childrenOf(rows);
  for (const actor of run.actors.values()) {
    const { place, node, kind, input, parent } = actor;
    if (kind.children === undefined || isUndoing(actor.state)) continue;
    const counts = countsTo(actor, counted.get(actor.path) ?? null);
    const known = counts === null ? knownTo(actor, children.get(actor.path) ?? []) : liveIn(actor);
    const above = parent?.children ?? null;
    const { kept = null } = actor.state.context as { readonly kept?: Json };
    const family = {
      place,
      node,
      input,
      run: run.facts,
      maxBytes: rules.maxValueBytes,
      above,
      path: actor.path,
      known,
      counts,
      kept,
    };
    actor.children = kind.children(family);
    // What was skipped as a number has no rows. Nothing begins in a parent that comes to its end.
    if (actor.state.value === 'cancelling') actor.children.rest();
    const context = kind.recount?.(actor.state.context, actor.children, counts ?? countsOfKnown(known));
    if (context !== undefined) actor.state = actor.stepper.recall(String(actor.state.value), context);
  }
  return run;
}

/** A run that is undone has no children any more, but steps that are undone. */
function isUndoing({ value }: MachineState): boolean {
  return value === 'compensating';
}

/** The children as their parent was told of them. */
function knownTo(actor: Actor, children: readonly KnownChild[]): readonly KnownChild[] {
  const { node, kind, state } = actor;
  const isBearing = isBearingIn(actor);
  const asNamed = kind.placeNamed === undefined && node.children.some(isLenient);
  if (!isBearing && !asNamed) return children;
  // What a group makes up for is the one failure in it that is not borne.
  const { kept = null } = state.context as { readonly kept?: { readonly step?: string } | null };
  return children.map(({ name, status, output }) => {
    const place = node.childByName.get(name) ?? {};
    const isBorne = isBearing && !(node.catches && kept?.step === name);
    return { name, ...toldOf(place, node.strategy, { status, output, isBorne }) };
  });
}

function isLenient({ optional, permissive }: Place): boolean {
  return optional === true || permissive === true;
}

/** Does it go on although some of its children have failed? Each of them is borne then, but for one that is made up for. */
function isBearingIn({ node, state }: Actor): boolean {
  const { borne = null } = state.context as Partial<EndMemory>;
  return borne !== null && bears(node.strategy) && state.value === 'running';
}

function countsTo(actor: Actor, counts: ChildCounts | null): ChildCounts | null {
  if (counts === null || !isBearingIn(actor)) return counts;
  const { failed = 0, timedOut = 0, skipped = 0, ...rest } = counts;
  return { ...rest, skipped: skipped + failed + timedOut };
}

function liveIn(parent: Actor): readonly KnownChild[] {
  const live: KnownChild[] = [];
  for (let child = parent.firstLive; child !== null; child = child.nextLive) {
    const { name } = child.place as Place;
    live.push({ name, status: String(child.state.value), output: null });
  }
  return live;
}

function countsOfKnown(known: readonly KnownChild[]): ChildCounts {
  const counts: { [state: string]: number } = {};
  for (const { status } of known) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

/** What parents knew of their children, by the path of each parent. */
function childrenOf(rows: readonly ChildRow[]): ReadonlyMap<string, readonly KnownChild[]> {
  const known = new Map<string, KnownChild[]>();
  for (const { path, state: status, output } of rows) {
    const slash = path.lastIndexOf('/');
    const parent = path.slice(0, Math.max(0, slash));
    const child = { name: path.slice(slash + 1), status, output };
    const others = known.get(parent);
    if (others === undefined) known.set(parent, [child]);
    else others.push(child);
  }
  return known;
}

/** What the actors of a run that was read back still wait for. */
export function owedTo(run: RunState, now: number): Owed[] {
  const owed: Owed[] = [];
  const begins = !isHeld(run);
  for (const { path, node, kind, input, due, invoked, state } of run.actors.values()) {
    if (invoked === null) continue;
    if (invoked === 'begin' && begins) owed.push({ do: 'ask', path });
    const { output, error, attempt = 0, reason, undo = null } = state.context as unknown as Remembered;
    const effect = kind.actors[invoked]?.describe({
      run: run.id,
      path,
      node,
      input,
      output,
      error,
      attempt,
      reason,
      undo,
      due,
      now,
    });
    if (effect) owed.push(effect);
  }
  // They may not have heard of it.
  if (pausedOf(run) !== false) owed.push(...toldChildren(run));
  return owed;
}

interface Remembered {
  readonly output: Json;
  readonly error: ErrorRecord | null;
  readonly attempt?: number;
  readonly reason: string | null;
  readonly undo?: Invoker['undo'];
}

function actorOf(rules: Rules, plan: Plan, row: ActorRow, actors: ReadonlyMap<string, Actor>): Actor {
  const { path } = row;
  const isUndone = path !== '' && isOfUndo(row);
  const above = isUndone ? '' : row.parent;
  const parent = above === null ? null : (actors.get(above) ?? null);
  if (parent === null && path !== '') throw new Misfit(path, 'what it stands in has ended');
  const place = parent === null ? null : placeOf(rules.kinds, parent, path, isUndone);
  const node = parent === null ? plan.root : place?.node;
  if (node === undefined) throw new Misfit(path, 'the definition does not know this place');
  if (node.kind !== row.kind)
    throw new Misfit(path, `it is of kind "${row.kind}", and the definition has a ${node.kind} there`);
  const stepper = rules.stepperOf(node.kind);
  const actor = newActor(rules.kinds, stepper, place, node, parent, path, row.input, row.startedAt);
  actor.state = stepper.recall(row.state, memoryOf(actor.state.context, node, row));
  actor.invoked = stepper.invokedBy(row.state);
  actor.due = row.due;
  actor.attemptAt = row.attemptedAt;
  if (parent !== null) addLive(parent, actor);
  return actor;
}

function placeOf(kinds: Kinds, { node, path: above }: Actor, path: string, isUndone: boolean): Place | null {
  if (isUndone) return placeAt(kinds, node, path);
  return placeIn(kinds, node, path.slice(above === '' ? 0 : above.length + 1));
}

/** The memory that a machine of this kind begins with, and over it what the row kept. */
function memoryOf(fresh: Memory, node: PlanNode, { input, output, error, attempt, memory }: ActorRow): Memory {
  return { ...fresh, ...memory, node, input, output, error, ...('attempt' in fresh ? { attempt } : {}) };
}

/** The run's facts. Its variables are those that there are when somebody looks. */
class FactsOfRun implements RunFacts {
  /** One getter for all: an object with a getter of its own is a class of its own to the engine, and every read of it is slow. */
  static readonly #VARIABLES: PropertyDescriptor = {
    enumerable: true,
    get(this: FactsOfRun): JsonObject {
      return (this.#of.root.state.context as { readonly variables?: JsonObject }).variables ?? NO_VARIABLES;
    },
  };
  readonly id: string;
  readonly key: string | null;
  readonly startedAt: number;
  readonly metadata: JsonObject;
  declare readonly variables: JsonObject;
  readonly #of: { readonly root: Actor };

  constructor({ run, key, startedAt, metadata }: RunRow, of: { readonly root: Actor }) {
    this.id = run;
    this.key = key;
    this.startedAt = startedAt;
    this.metadata = metadata;
    this.#of = of;
    Object.defineProperty(this, 'variables', FactsOfRun.#VARIABLES);
    Object.freeze(this);
  }
}

export function runFacts(row: RunRow, of: { readonly root: Actor }): RunFacts {
  return new FactsOfRun(row, of);
}

const NO_VARIABLES: JsonObject = Object.freeze({});

function stateOf(plan: Plan, row: RunRow, seq: number, root: Actor, actors: Map<string, Actor>): RunState {
  const facts = runFacts(row, { root });
  const run: RunState = {
    id: row.run,
    plan,
    facts,
    root,
    actors,
    row,
    seq,
    signals: null,
    undoing: null,
    resting: 0,
    working: 0,
    standing: 0,
    decided: null,
    rerun: null,
  };
  for (const { kind, state } of actors.values()) count(run, kind, String(state.value), 1);
  return run;
}
