/** What a turn is handed, and what those who take part in it may do: kinds by their wishes, actors when a state invokes or leaves them. */
import type { AnyEventObject } from 'xstate';
import type { Place } from '../definition.ts';
import type { RunEvent } from '../events.ts';
import type { Skipped } from './children/children.ts';
import type { EventPlace, Kinds } from './kind.ts';
import type { CommandMessage } from './message.ts';
import type { Actor, Changes, RunState } from './run.ts';
import type { RecordName, RecordRow } from '../store.ts';
import type { Stepper } from './stepper.ts';

/** What a turn is handed besides the run and the message. */
export interface Rules {
  readonly kinds: Kinds;
  readonly maxValueBytes: number;
  readonly signalBuffer: number;
  stepperOf(kind: string): Stepper;
  /** Is somebody outside to be asked before this begins? Left out: nobody ever is. */
  readonly asksFirst?: ((run: RunState, actor: Actor) => boolean) | undefined;
  /** What somebody asks of the run: `src/commands` has them. */
  takeCommand(port: TurnPort, message: CommandMessage): boolean;
}

/** A turn that is being taken. Nothing here reaches the world: what is owed to it is noted down (I1). */
export interface TurnPort {
  readonly run: RunState;
  readonly changes: Changes;
  readonly rules: Rules;
  /** The time of this turn (I4). */
  readonly now: number;
  /** Where the next event goes. Its number is taken when it is told. */
  at(path: string): EventPlace;
  /** Tells the history; nothing, for null. */
  tell(event: RunEvent | null): void;
  /** Sends an event to an actor, behind all that has been sent in this turn. */
  send(actor: Actor, event: AnyEventObject): void;
  /** Keeps a record with this commit: something of the run that is no actor and no event. */
  record(record: Omit<RecordRow, 'run'>): void;
  /** Does something when nobody has anything left to say. */
  atEnd(act: () => void): void;
  /** Deletes one. */
  dropRecord(name: RecordName): void;
  /** Deletes the rows of a place that has ended, and of all below it, with this commit. The history stays. */
  forget(path: string): void;
  /** Sets the timer of an actor that waits on, or takes it away. */
  arm(actor: Actor, due: number | null): void;
  /** What the actor's state has invoked is no longer waited for. */
  release(actor: Actor): void;
  /** Begins an actor that is there. */
  start(actor: Actor): void;
  /** Begins a child. */
  spawn(parent: Actor, place: Place): void;
  /** Tells of children that never begin. */
  skip(parent: Actor, skipped: Skipped): void;
}
