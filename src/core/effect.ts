/**
 * What a state may invoke, as the core sees it: what is owed to the world for it, as data, for a host that commits
 * before it acts; what it does in the turn in which it is entered or left; and what it waits for. The actors themselves
 * are in `src/actors`, and a kind brings those that its machine names.
 */
import type { AnyActorLogic } from 'xstate';
import type { PlanNode } from '../definition.ts';
import type { ErrorRecord } from '../errors/index.ts';
import type { Json } from '../json.ts';
import type { QueuedFor } from '../limits.ts';
import type { ActorRow, AttemptRow } from '../store.ts';
import type { TurnPort } from './port.ts';
import type { Actor, Owed, RunState } from './run.ts';

/** Something that the host owes the world once the turn is committed. */
export type Effect =
  | {
      readonly do: 'execute';
      readonly path: string;
      readonly attempt: number;
      readonly node: PlanNode;
      readonly input: Json;
    }
  | { readonly do: 'wake'; readonly path: string; readonly attempt: number; readonly due: number }
  | {
      readonly do: 'cleanup';
      readonly path: string;
      readonly attempt: number;
      readonly node: PlanNode;
      readonly input: Json;
      readonly reason: string;
    }
  | {
      readonly do: 'compensate';
      readonly path: string;
      readonly attempt: number;
      readonly node: PlanNode;
      readonly input: Json;
      readonly output: Json;
      /** How often it was tried, this time included. */
      readonly tries: number;
      /** The run that the step had completed in, if it is another one. */
      readonly of: string | null;
    }
  | {
      /** Reads a page of what has completed, which is to be undone: of the run itself, or of the run that it undoes. */
      readonly do: 'pull';
      readonly path: string;
      readonly attempt: number;
      readonly node: PlanNode;
      readonly input: Json;
      readonly before: number | null;
      readonly of: string | null;
    }
  | {
      /** Starts a child run and waits for its end. */
      readonly do: 'childRun';
      readonly path: string;
      readonly attempt: number;
      readonly node: PlanNode;
      readonly input: Json;
    }
  | {
      /** Sends a signal. */
      readonly do: 'send';
      readonly path: string;
      readonly attempt: number;
      readonly node: PlanNode;
      readonly input: Json;
    }
  | {
      /** Has a child run undone, and waits for the end of that. */
      readonly do: 'undoChild';
      readonly path: string;
      readonly attempt: number;
      readonly node: PlanNode;
      readonly input: Json;
      readonly of: string | null;
    }
  | {
      /** Cancels a child run, and waits for its end. */
      readonly do: 'endChild';
      readonly path: string;
      readonly attempt: number;
      readonly node: PlanNode;
      readonly input: Json;
      readonly reason: string | null;
    };

/** What is known of the actor whose state invokes something. */
export interface Invoker {
  readonly run: string;
  readonly path: string;
  readonly node: PlanNode;
  readonly input: Json;
  readonly output: Json;
  readonly error: ErrorRecord | null;
  readonly attempt: number;
  readonly reason: string | null;
  /** Set while something is undone. */
  readonly undo: UndoFacts | null;
  readonly now: number;
  /** When an actor is read back from the store: the due time that it had. */
  readonly due: number | null;
}

/** How far an undoing is: of a step, how often it was tried; of a run, which page is next. And of which run, if it is another one. */
export interface UndoFacts {
  readonly tries?: number;
  readonly before?: number | null;
  readonly of?: string | null;
}

/** An actor that states may invoke, under the name that their machine has for it. */
export interface Invoked {
  /** What an actor waits for whose state invokes this, read off its row alone (I7); `earlier` are its attempts that were followed by another. */
  waitsFor(row: ActorRow, earlier: readonly AttemptRow[]): WaitingFor;
  /** For `createActor`. */
  readonly logic: AnyActorLogic;
  /** For the host; null when nothing has to be done, because others will send the event. */
  describe(invoker: Invoker): Effect | null;
  /** For what waits for something else, and a timer is only its limit: the error that the end of the time is. */
  late?(invoker: Pick<Invoker, 'path' | 'node'>): ErrorRecord;
  /** What was invoked has failed: the error as the machine is to be told it. */
  failed?(run: RunState, actor: Actor, error: ErrorRecord, now: number): ErrorRecord;
  /** The state has been entered, or was read back. Nothing may be sent or told here. */
  entered?(run: RunState, actor: Actor): void;
  /** The state has been entered and the history says so: what is sent from here on comes after it. */
  told?(port: TurnPort, actor: Actor): void;
  /** Nobody waits any more for what was invoked: it has come, its time is up, or the state was left without it. */
  left?(port: TurnPort, actor: Actor): void;
  /** For what waits on when its timer fires, perhaps for another one: what happens then, in place of an answer. */
  woken?(port: TurnPort, actor: Actor): void;
  /** Of another run that is waited for: does that one stand still while this one is paused (S15)? */
  isHeldWith?(node: PlanNode): boolean;
  /** The state was left while it was under way: what is owed so that it ends, if it is more than a timer. */
  abort?(actor: Actor): Owed;
}

/** What a run, a track or a step waits for. Times are in milliseconds since 1970. */
export type WaitingFor =
  /** Its turn to begin. */
  | { readonly what: 'start'; readonly since: number }
  /** A signal of this name; `due` is when its `timeout` ends, if it has one. */
  | { readonly what: 'signal'; readonly signal: string; readonly since: number; readonly due: number | null }
  /** The end of a sleep. */
  | { readonly what: 'timer'; readonly since: number; readonly due: number }
  /** The end of the pause before the next attempt, which has the number `attempt`. */
  | { readonly what: 'retry'; readonly since: number; readonly due: number; readonly attempt: number }
  /** The answer of its body. In a process that does not own the run, perhaps a place for it. */
  | { readonly what: 'body'; readonly since: number; readonly attempt: number }
  /** Its turn under a limit, which has no place for its body yet (S35). */
  | { readonly what: 'queued'; readonly since: number; readonly attempt: number; readonly limit: QueuedFor }
  /** The tracks and steps below it; `due` is its deadline, if it has one. */
  | { readonly what: 'children'; readonly since: number; readonly due: number | null }
  /** A person: somebody is to say what becomes of it. */
  | { readonly what: 'person'; readonly since: number }
  /** The decision of one of these, by name or role (nobody: of anybody); `due` is when it expires. */
  | {
      readonly what: 'approval';
      readonly approval: string;
      readonly question: string;
      readonly users: readonly string[];
      readonly roles: readonly string[];
      /** Who has claimed it. */
      readonly claimed: string | null;
      /** When the claim ends; others may decide from then on, also while it is still named here. */
      readonly claimedUntil: number | null;
      /** Who has put it off last. From `until` on it is open again. */
      readonly deferred: { readonly by: string; readonly until: number } | null;
      /** Who has handed it to whom for their word. */
      readonly delegated: { readonly by: string; readonly to: string } | null;
      /** How often others were asked because it was escalated. */
      readonly escalations: number;
      /** The oldest question about it that has no answer. */
      readonly info: { readonly by: string; readonly question: string; readonly at: number } | null;
      /** How much has been approved, of what it takes; null where one approval is enough. */
      readonly quorum: { readonly approved: number; readonly approvals: number } | null;
      readonly since: number;
      readonly due: number | null;
    }
  /** The end of its `cleanup`, after it was cancelled. */
  | { readonly what: 'cleanup'; readonly attempt: number }
  /** The end of its `compensate`. */
  | { readonly what: 'compensation'; readonly attempt: number }
  /** The end of another run: of a child run, or of one that is being cancelled with its parent. */
  | { readonly what: 'run'; readonly run: string; readonly since: number }
  /** What the runs answer that it sends a signal to. */
  | { readonly what: 'delivery'; readonly since: number }
  /** Something that a kind from outside waits for, under the name that its actor has. */
  | { readonly what: 'other'; readonly of: string; readonly since: number; readonly due: number | null };
