/**
 * What can reach a run. Every message may be taken twice: a second time it finds nothing that
 * waits for it and changes nothing (I5), which is what lets a commit of unknown outcome be
 * repeated (I3).
 */
import type { AnyEventObject } from 'xstate';
import type { Plan } from '../definition.ts';
import type { ErrorRecord } from '../errors/index.ts';
import type { Json } from '../json.ts';
import type { ApprovalAnswer, ApprovalAsk } from '../people.ts';
import type { Status } from '../status.ts';
import type { RecordName, RecordRow, RunRow } from '../store.ts';
import type { Commanded } from './audit.ts';
import type { Rerun } from './rerun.ts';
import type { SignalAnswer } from './signals.ts';
import { keepsOf } from './cache.ts';

export type Message =
  /** An actor that a state invoked has answered. */
  | {
      readonly type: 'answer';
      readonly from: keyof typeof DONE;
      readonly path: string;
      readonly attempt: number;
      readonly output: Json;
      readonly error: ErrorRecord | null;
      /** Of an undoing: which try it answers for. */
      readonly tries?: number;
      /** What is kept of it, with the commit that takes it. */
      readonly record?: Omit<RecordRow, 'run'>;
    }
  /** A timer is due. */
  | { readonly type: 'wake'; readonly path: string; readonly attempt: number }
  | {
      readonly type: 'progress';
      readonly path: string;
      readonly attempt: number;
      readonly fraction: number;
      readonly note: string | null;
    }
  /** Whoever had to be asked before a track begins has answered: it may, or it has failed. */
  | { readonly type: 'asked'; readonly path: string; readonly error: ErrorRecord | null }
  | HookMessage
  | CacheMessage
  | SpentMessage
  | CommandMessage;

/** What a step results in was kept from before, by the run `from`; null if it was not, and is made. */
export interface CacheMessage {
  readonly type: 'cache';
  readonly path: string;
  readonly attempt: number;
  readonly from: string | null;
}

/** What an attempt spends of its budgets is to be kept before its body is called (S38), or taken back. */
export interface SpentMessage {
  readonly type: 'spent';
  readonly path: string;
  readonly attempt: number;
  readonly records: readonly Omit<RecordRow, 'run'>[];
  readonly gone: readonly RecordName[];
  /** Does the step still wait for the attempt? Set in the turn. */
  isWanted: boolean;
}

/** A hook has failed, and nothing else comes of it. */
export interface HookMessage {
  readonly type: 'hookFailed';
  readonly hook: string;
  readonly on: string;
  readonly path: string;
  readonly error: ErrorRecord;
}

/** What somebody asks of a run, and is answered. */
export type CommandMessage =
  | StartMessage
  | CancelMessage
  | PauseMessage
  | InterveneMessage
  | SignalMessage
  | DecideMessage;

export interface StartMessage {
  readonly type: 'start';
  readonly plan: Plan;
  readonly row: RunRow;
  /** It undoes this run, which has ended, and does nothing else. */
  readonly undoes?: string;
  /** It takes over what had finished in another run before a step, and goes on from there (S16). */
  readonly rerun?: Rerun;
  /** What is kept of it beside its rows, in the commit in which it begins. */
  readonly records?: readonly Omit<RecordRow, 'run'>[];
  /** When its time is over, whatever its own deadline says: what its parent has left. */
  readonly limit?: number;
}

export interface CancelMessage extends Commanded {
  readonly type: 'cancel';
  readonly reason: string | null;
  /** What has completed is undone (S13). */
  readonly compensate?: boolean;
  /** Cleanups and compensations are not waited for. */
  readonly force?: boolean;
}

export interface PauseMessage extends Commanded {
  readonly type: 'pause' | 'resume';
  /** By the run that started it, which is paused or goes on. */
  readonly above?: boolean;
  /** The status of a run that does not take it; set in the turn. */
  refused: Status | null;
}

/** The type of the records that interventions leave. */
export const INTERVENTION = 'intervention';

/** Somebody says what becomes of a step. */
export interface InterveneMessage {
  readonly type: 'retry' | 'skip' | 'resolve';
  /** Of the record that it leaves. */
  readonly id: string;
  readonly path: string;
  readonly reason: string;
  readonly by: string | null;
  /** For another attempt; left out: what it had. */
  readonly input?: Json;
  /** What the step results in. */
  readonly output?: Json;
  /** Why it was not done; set in the turn. */
  refused: string | null;
  /** The store has its record: what it was answered stands. */
  known: boolean;
}

/** Somebody says something to an approval. */
export interface DecideMessage {
  readonly type: 'decide';
  /** Of the record that it leaves; sent twice, it is answered as the first time. */
  readonly id: string;
  readonly path: string;
  readonly number: number;
  readonly ask: ApprovalAsk;
  /** What whoever says it is told; set in the turn. Null if the approval was not open any more. */
  answer: ApprovalAnswer | null;
  /** The store has it: what it was answered stands. */
  known: boolean;
}

/** A signal. It must not be taken twice, so a run that is read again says whether it is one that it has (I3). */
export interface SignalMessage extends Commanded {
  readonly type: 'signal';
  readonly id: string;
  readonly name: string;
  readonly payload: Json;
  /** What the sender is told; set in the turn, and again should the turn be taken again. */
  answer: SignalAnswer | null;
  /** The store has it: what it was answered stands. */
  known: boolean;
}

/** An answer as the event that the machine of its actor is sent: what XState itself would send. */
export function answerEvent({ from, output, error, record }: Extract<Message, { type: 'answer' }>): AnyEventObject {
  if (error !== null) return { type: FAILED[from], error, actorId: from };
  const event = { type: DONE[from], output, actorId: from };
  const keeps = keepsOf(record);
  return keeps === null ? event : { ...event, keeps };
}

const DONE = {
  execute: 'xstate.done.actor.execute',
  cleanup: 'xstate.done.actor.cleanup',
  compensate: 'xstate.done.actor.compensate',
  childRun: 'xstate.done.actor.childRun',
  endChild: 'xstate.done.actor.endChild',
  undoChild: 'xstate.done.actor.undoChild',
  pull: 'xstate.done.actor.pull',
  send: 'xstate.done.actor.send',
} as const;
const FAILED = {
  execute: 'xstate.error.actor.execute',
  cleanup: 'xstate.error.actor.cleanup',
  compensate: 'xstate.error.actor.compensate',
  childRun: 'xstate.error.actor.childRun',
  endChild: 'xstate.error.actor.endChild',
  undoChild: 'xstate.error.actor.undoChild',
  pull: 'xstate.error.actor.pull',
  send: 'xstate.error.actor.send',
} as const;
