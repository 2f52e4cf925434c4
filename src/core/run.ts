/**
 * A run in memory: its actors that have not ended, and what turns have changed in it.
 * All of it is derived from rows and can be thrown away at any time between two turns;
 * `assemble.ts` makes it again.
 */
import type { Effect } from './effect.ts';
import type { Place, Plan, PlanNode, RunFacts } from '../definition.ts';
import type { RunEvent } from '../events.ts';
import type { Json } from '../json.ts';
import type { Children } from './children/children.ts';
import type { Deciders } from './deciders.ts';
import type { Kind } from './kind.ts';
import type { MachineState, Stepper } from './stepper.ts';
import type { ActorRow, AttemptRow, RecordName, RecordRow, RunRow, SignalRow } from '../store.ts';
import type { Rerun } from './rerun.ts';
import type { Signals } from './signals.ts';

/** One actor of a run that has not ended. */
export interface Actor {
  readonly path: string;
  /** Where it stands below its parent; null for the run's own actor. */
  readonly place: Place | null;
  readonly node: PlanNode;
  readonly kind: Kind;
  readonly stepper: Stepper;
  readonly parent: Actor | null;
  /** Another one for the next attempt, if somebody says so. */
  input: Json;
  /** Set anew for a step that is undone: it had begun long before. */
  startedAt: number;
  state: MachineState;
  /** What a parent knows of all of its children. */
  children: Children | null;
  /** Its children that have not ended, as a list through themselves: a set for every track of one step costs more than the track. */
  firstLive: Actor | null;
  lastLive: Actor | null;
  nextLive: Actor | null;
  beforeLive: Actor | null;
  /** What its state has invoked and not yet heard from. */
  invoked: string | null;
  due: number | null;
  /** When the attempt under way began. */
  attemptAt: number;
  endedAt: number | null;
  /** The number of the event with which it ended. */
  endedSeq: number | null;
  progress: number;
  /** The number of the batch that it was last changed in; a reference would keep that batch for as long as the actor lives. */
  changedIn: number;
}

/** Something that is owed once the turn is committed: an actor's effect, or the end of one. */
export type Owed =
  | Effect
  /** `reason`: why, where somebody has said so. */
  | { readonly do: 'abort'; readonly path: string; readonly attempt: number; readonly reason?: string | null }
  /** A child run is told whether it is to stand still with this one. */
  | { readonly do: 'holdChild'; readonly path: string; readonly attempt: number; readonly input: Json }
  | { readonly do: 'abortUndo'; readonly path: string; readonly attempt: number; readonly of: string | null }
  | { readonly do: 'unwake'; readonly path: string }
  /** Whoever wants to be asked before something begins is asked. */
  | { readonly do: 'ask'; readonly path: string };

export const NONE: readonly never[] = Object.freeze([]);

/** A list with one more. As long as there are few it is made anew, with room for them alone: one that is pushed to makes room for seventeen. */
export function more<T>(list: readonly T[], item: T): readonly T[] {
  switch (list.length) {
    case 0:
      return [item];
    case 1:
      return [list[0] as T, item];
    case 2:
      return [list[0] as T, list[1] as T, item];
    default:
      (list as T[]).push(item);
      return list;
  }
}

let numbers = 0;
function nextNumber(): number {
  numbers += 1;
  return numbers;
}

/**
 * What turns have changed in one run, to be committed together. It is made for nearly every step of every run, so what most
 * of them have nothing of takes no room.
 */
export class Changes {
  /** Each once, in the order in which they were first changed. */
  dirty: readonly Actor[] = NONE;
  /** Children that never began and are told as skipped: they have a row and no actor. */
  skipped: readonly ActorRow[] = NONE;
  attempts: readonly AttemptRow[] = NONE;
  signals: readonly SignalRow[] = NONE;
  /** Whatever kinds and commands keep beside actors and events, those that go, and places that are not kept any longer. */
  records: readonly RecordRow[] = NONE;
  recordsGone: readonly RecordName[] = NONE;
  forgotten: readonly string[] = NONE;
  events: readonly RunEvent[] = NONE;
  owed: readonly Owed[] = NONE;
  readonly after: number;
  rowChanged = false;
  readonly #number = nextNumber();

  constructor(after: number) {
    this.after = after;
  }

  changed(actor: Actor): void {
    if (actor.changedIn === this.#number) return;
    actor.changedIn = this.#number;
    this.dirty = more(this.dirty, actor);
  }

  tell(event: RunEvent): void {
    this.events = more(this.events, event);
  }

  skip(row: ActorRow): void {
    this.skipped = more(this.skipped, row);
  }

  retry(attempt: AttemptRow): void {
    this.attempts = more(this.attempts, attempt);
  }

  signal(row: SignalRow): void {
    this.signals = more(this.signals, row);
  }

  /** A signal that was kept has been taken. Where the same commit was to say that it is kept, it says this instead: each has one row. */
  signalTaken(row: SignalRow): void {
    const kept = this.signals.findIndex(({ id }) => id === row.id);
    if (kept === -1) this.signal(row);
    else (this.signals as SignalRow[])[kept] = row;
  }

  /** Each stands in a commit once: the last word counts. */
  record(row: RecordRow): void {
    this.records = more(without(this.records, row), row);
  }

  dropRecord(name: RecordName): void {
    this.records = without(this.records, name);
    this.recordsGone = more(without(this.recordsGone, name), name);
  }

  forget(path: string): void {
    this.forgotten = more(this.forgotten, path);
  }

  owe(owed: Owed): void {
    this.owed = more(this.owed, owed);
  }
}

function without<T extends RecordName>(list: readonly T[], { type, id }: RecordName): readonly T[] {
  return list.length === 0 ? NONE : list.filter((each) => each.type !== type || each.id !== id);
}

/** A page of what has completed in a run, the last first, that is being undone. */
export interface Undoing {
  readonly rows: readonly ActorRow[];
  /** The next page ends before this event; null if there is none. */
  readonly next: number | null;
  /** How many of them have been gone through. */
  readonly at: number;
}

/** A run, as far as it is in memory. */
export interface RunState {
  readonly id: string;
  readonly plan: Plan;
  readonly facts: RunFacts;
  readonly root: Actor;
  readonly actors: Map<string, Actor>;
  row: RunRow;
  /** The number of the last event, committed or not. */
  seq: number;
  /** Steps that wait for signals, and signals that wait for steps; null as long as there are none. */
  signals: Signals | null;
  /** What is just being undone; null as long as nothing is. */
  undoing: Undoing | null;
  /** How many of its steps are live and wait, are at work, and stand still until somebody intervenes: see `rest.ts`. */
  resting: number;
  working: number;
  standing: number;
  /** Who has decided what, where an approval asks for that; null as long as there is none of it. */
  decided: Deciders | null;
  /** What it takes over from another run; null for every run that begins at its beginning. */
  rerun: Rerun | null;
}

/** Is nothing to begin in it: is it paused, or does one of its steps wait for somebody to say what becomes of it? */
export function isHeld(run: RunState): boolean {
  return run.standing > 0 || isPaused(run);
}

/**
 * Who has paused a run: somebody, the run that started it, both. `over` is for one that was paused and goes on: should its process
 * have died before its children heard of it, they are told again.
 */
export type Paused = false | true | 'above' | 'both' | 'over';

export function pausedOf({ root }: RunState): Paused {
  return (root.state.context as { readonly paused?: Paused }).paused ?? false;
}

/** Has somebody paused it, or the run that started it? */
export function isPaused(run: RunState): boolean {
  const paused = pausedOf(run);
  return paused !== false && paused !== 'over';
}

/** Its child runs stand still with it, and go on with it: what they are to be told. */
export function toldChildren(run: RunState): readonly Owed[] {
  const owed: Owed[] = [];
  for (const { path, input, invoked, kind, node, state } of run.actors.values()) {
    if (invoked === null || kind.actors[invoked]?.isHeldWith?.(node) !== true) continue;
    owed.push({ do: 'holdChild', path, attempt: Number(state.context.attempt), input });
  }
  return owed;
}

/** Puts a child at the end of its parent's list. */
export function addLive(parent: Actor, child: Actor): void {
  child.beforeLive = parent.lastLive;
  if (parent.lastLive === null) parent.firstLive = child;
  else parent.lastLive.nextLive = child;
  parent.lastLive = child;
}

/** Takes a child out. It keeps its own `nextLive`, so whoever is just walking the list goes on. */
export function dropLive(parent: Actor, child: Actor): void {
  const { beforeLive, nextLive } = child;
  if (beforeLive === null) parent.firstLive = nextLive;
  else beforeLive.nextLive = nextLive;
  if (nextLive === null) parent.lastLive = beforeLive;
  else nextLive.beforeLive = beforeLive;
}

export function pathUnder(parent: string, name: string): string {
  return parent === '' ? name : `${parent}/${name}`;
}

export function keyOf(run: string, path: string, attempt: number): string {
  return `${run}/${path}#${attempt}`;
}

interface Columns {
  readonly attempt?: number;
  readonly output: Json;
  readonly error: ActorRow['error'];
}

/** The key of what undoes a step: the same however often it is tried, and not the step's own. */
export function undoKeyOf(run: string, path: string, attempt: number): string {
  return `${keyOf(run, path, attempt)}~undo`;
}

/** What an actor stands in. One that is undone hangs below the root, whatever it stood in, which has ended. */
function parentIn({ path: parent }: Actor, path: string): string {
  return parent === '' ? path.slice(0, Math.max(0, path.lastIndexOf('/'))) : parent;
}

/** An actor as the store keeps it. */
function rowOf(run: string, actor: Actor): ActorRow {
  const { attempt, output, error } = actor.state.context as unknown as Columns;
  return {
    run,
    path: actor.path,
    parent: actor.parent === null ? null : parentIn(actor.parent, actor.path),
    kind: actor.node.kind,
    state: actor.state.value as ActorRow['state'],
    attempt: attempt ?? 0,
    input: actor.input,
    output,
    error,
    memory: actor.kind.keep(actor.state.context),
    due: actor.due,
    attemptedAt: actor.attemptAt,
    startedAt: actor.startedAt,
    endedAt: actor.endedAt,
    endedSeq: actor.endedSeq,
  };
}

/** The rows of all actors that have changed, those that never begin included. */
export function actorRows(run: RunState, { skipped, dirty }: Changes): readonly ActorRow[] {
  const rows = new Array<ActorRow>(dirty.length + skipped.length);
  for (let at = 0; at < dirty.length; at += 1) rows[at] = rowOf(run.id, dirty[at] as Actor);
  // Behind the others: what they stand in may be new with this commit, and a store is told of it first.
  for (let at = 0; at < skipped.length; at += 1) rows[dirty.length + at] = skipped[at] as ActorRow;
  return rows;
}
