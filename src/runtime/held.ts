/** A run as a host holds it: what the core knows of it, and what only this process does. */
import { Changes, more, NONE, type RunState } from '../core/run.ts';
import type { Message } from '../core/message.ts';

/** What is to be committed of a run, and what led there. */
export class Pending extends Changes {
  /** The messages that were taken, to be taken again should the commit fail (I3). */
  messages: readonly Message[] = NONE;
  /** Called when the commit is over, whatever came of it. */
  over: readonly (() => void)[] = NONE;

  take(message: Message): void {
    this.messages = more(this.messages, message);
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

export interface Held extends RunState {
  /** The term of this process in which the store last said that the run is ours: with a commit that landed, or when it was asked. */
  term: number;
  /** Its start has landed. */
  isKept: boolean;
  /** Under which this process owns the run. */
  readonly fence: number;
  changes: Pending | null;
  /** In which what was changed before is just being committed: what it asks for comes afterwards, so the run has to stay until then (I7). */
  committing: UnderWay | null;
  /** Set when the run was thrown out of memory: a turn on it would be lost. */
  evicted: boolean;
}

/** Something of it is to be committed, or is just being. */
export function isUnderWay(run: Held | undefined): boolean {
  return run !== undefined && (run.changes !== null || run.committing !== null);
}

/** A run that was begun or read here. The same object, so that turns on it are turns on what is held. */
export function hold(run: RunState, fence: number, isKept: boolean): Held {
  return Object.assign(run, { term: 0, isKept, fence, changes: null, committing: null, evicted: false });
}
