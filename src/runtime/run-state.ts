/**
 * A run in memory: its actors that have not ended, and what this batch has changed in it.
 * All of it is derived from rows and can be thrown away at any time between two turns;
 * `recall.ts` makes it again.
 */
import type { Effect } from '../actors/effect.ts';
import type { Plan, PlanNode, RunFacts } from '../definition.ts';
import type { RunEvent } from '../events.ts';
import type { Json } from '../json.ts';
import type { Ledger } from '../machines/ledger.ts';
import type { Kind } from '../machines/registry.ts';
import type { MachineState, Stepper } from '../machines/stepper.ts';
import type { ActorRow, AttemptRow, RunRow, SignalRow } from '../store.ts';
import type { Message } from './message.ts';
import type { Signals } from './signals.ts';

/** One actor of a run that has not ended. */
export interface Actor {
  readonly path: string;
  readonly node: PlanNode;
  readonly kind: Kind;
  readonly stepper: Stepper;
  readonly parent: Actor | null;
  readonly input: Json;
  readonly startedAt: number;
  state: MachineState;
  /** What a parent knows of all of its children. */
  ledger: Ledger | null;
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
  | { readonly do: 'abort'; readonly path: string; readonly attempt: number }
  | { readonly do: 'unwake'; readonly path: string };

const NONE: readonly never[] = Object.freeze([]);

/** A list with one more. One of one has room for one: an empty list that is pushed to makes room for seventeen. */
function more<T>(list: readonly T[], item: T): readonly T[] {
  if (list === NONE) return [item];
  (list as T[]).push(item);
  return list;
}

let numbers = 0;
function nextNumber(): number {
  numbers += 1;
  return numbers;
}

/**
 * What the turns of one batch have changed in one run. It is made for nearly every step of every run, so what most of them
 * have nothing of takes no room.
 */
export class Changes {
  /** The messages that led here, to be taken again should the commit fail (I3). */
  messages: readonly Message[] = NONE;
  /** Each once, in the order in which they were first changed. */
  readonly dirty: Actor[] = [];
  /** Children that never began and are told as skipped: they have a row and no actor. */
  skipped: readonly ActorRow[] = NONE;
  attempts: readonly AttemptRow[] = NONE;
  signals: readonly SignalRow[] = NONE;
  readonly events: RunEvent[] = [];
  owed: readonly Owed[] = NONE;
  /** Called when the commit is over, whatever came of it. */
  over: readonly (() => void)[] = NONE;
  readonly after: number;
  rowChanged = false;
  readonly #number = nextNumber();

  constructor(after: number) {
    this.after = after;
  }

  changed(actor: Actor): void {
    if (actor.changedIn === this.#number) return;
    actor.changedIn = this.#number;
    this.dirty.push(actor);
  }

  take(message: Message): void {
    this.messages = more(this.messages, message);
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

  owe(owed: Owed): void {
    this.owed = more(this.owed, owed);
  }

  whenOver(call: () => void): void {
    this.over = more(this.over, call);
  }
}

/** A commit of several runs. */
export interface UnderWay {
  /** In which it was begun. */
  readonly term: number;
  /** How many. */
  readonly runs: number;
  /** Resolves when it has landed or has failed; null for one that is over at once. */
  over: Promise<void> | null;
}

/** A run as the host holds it. */
export interface RunState {
  readonly id: string;
  readonly plan: Plan;
  readonly facts: RunFacts;
  readonly root: Actor;
  readonly actors: Map<string, Actor>;
  row: RunRow;
  /** The term of this process in which the store last said that the run is ours: with a commit that landed, or when it was asked. */
  term: number;
  /** Its start has landed. */
  isKept: boolean;
  /** Under which this process owns the run. */
  readonly fence: number;
  /** The number of the last event, committed or not. */
  seq: number;
  changes: Changes | null;
  /** In which what was changed before is just being committed: what it asks for comes afterwards, so the run has to stay until then (I7). */
  committing: UnderWay | null;
  /** Steps that wait for signals, and signals that wait for steps; null as long as there are none. */
  signals: Signals | null;
  /** How many of its steps are live and wait, and how many are at work: see `rest.ts`. */
  resting: number;
  working: number;
  /** Set when the run was thrown out of memory: a turn on it would be lost. */
  evicted: boolean;
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

/** An actor as the store keeps it. */
export function rowOf(run: string, actor: Actor): ActorRow {
  const { attempt, output, error } = actor.state.context as unknown as Columns;
  return {
    run,
    path: actor.path,
    parent: actor.parent === null ? null : actor.parent.path,
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
