/**
 * The course of a run as its history tells it: of each track and step the statuses that it was in, from when to when, with attempts and
 * errors. A fold over events: what it has taken is never asked for again.
 */
import type { ErrorRecord } from '../errors/index.ts';
import { endsRun, type RunEvent } from '../events.ts';
import { isTerminal, type Status } from '../status.ts';

/** A time in which a track or a step was in one status. */
export interface Period {
  readonly status: Status;
  readonly from: number;
  /** Null as long as it goes on. */
  readonly to: number | null;
  /** The attempt that was under way; 0 for what makes none. */
  readonly attempt: number;
  /** What it came to; null as long as it goes on. */
  readonly next: Status | null;
  /** Why it ended, if it did so badly. */
  readonly error: ErrorRecord | null;
  /** When it was to end by itself. */
  readonly due: number | null;
}

type Open = { -readonly [K in keyof Period]: Period[K] };

/** What the history has told of one track or step; of the run itself under the empty path. */
export interface Told {
  readonly path: string;
  readonly noun: 'run' | 'track' | 'step';
  status: Status;
  readonly startedAt: number;
  endedAt: number | null;
  endedSeq: number | null;
  attempt: number;
  attemptedAt: number;
  error: ErrorRecord | null;
  due: number | null;
  /** When it had completed, before it was undone. */
  completedAt: number | null;
  undoings: number;
  /** How many below it never began and are told as a number. */
  skipped: number;
  /** The time that it is in; null once it has ended. */
  open: Open | null;
}

/** What has a status; signals, approvals, hooks and a user's own events change none. */
const ACTORS: ReadonlySet<string> = new Set(['run', 'track', 'step']);

/** The status that an event leaves behind; null for one that only tells something on the way. */
export function statusAfter(type: RunEvent['type']): Status | null {
  const [noun = '', happened = ''] = type.split('.');
  if (happened === 'progress' || !ACTORS.has(noun) || type === 'run.rerun') return null;
  return happened === 'started' || happened === 'resumed' ? 'running' : (happened as Status);
}

export class HistoryFold {
  /** By path, in the order in which they began. */
  readonly told = new Map<string, Told>();
  seq = 0;
  at = 0;
  readonly #ended: (told: Told, period: Period) => void;

  /** `ended` hears of each time that is over. */
  constructor(ended: (told: Told, period: Period) => void = () => {}) {
    this.#ended = ended;
  }

  take(event: RunEvent): void {
    const { type, path, at, seq } = event;
    this.seq = seq;
    this.at = at;
    if (type === 'children.skipped') {
      const parent = this.told.get(path);
      if (parent !== undefined) parent.skipped += event.count;
      return;
    }
    const status = statusAfter(type);
    if (status === null) return;
    const attempt = 'attempt' in event ? event.attempt : 0;
    const error = 'error' in event ? ((event.error as ErrorRecord | null) ?? null) : null;
    const due = 'due' in event ? event.due : null;
    const told = this.told.get(path) ?? this.#begin(event, status);
    // A child run that somebody has started once more is the next attempt, and no event says so.
    const isNext = status === 'waiting' && told.status === 'awaitingIntervention';
    this.#over(told, at, status, error);
    told.status = status;
    told.error = status === 'completed' ? null : (error ?? told.error);
    told.due = due;
    if (isNext || (status === 'running' && attempt !== told.attempt)) told.attemptedAt = at;
    if (isNext) told.attempt += 1;
    if (attempt > 0) told.attempt = attempt;
    if (status === 'compensating') told.undoings += 1;
    if (status === 'completed') told.completedAt = at;
    told.endedAt = isTerminal(status) ? at : null;
    told.endedSeq = isTerminal(status) ? seq : null;
    if (!isTerminal(status))
      told.open = { status, from: at, to: null, attempt: told.attempt, next: null, error: null, due };
    if (path === '' && endsRun(type)) this.#end(event, status);
  }

  #begin({ type, path, at }: RunEvent, status: Status): Told {
    const noun = type.slice(0, type.indexOf('.')) as Told['noun'];
    const told: Told = {
      path,
      noun,
      status,
      startedAt: at,
      endedAt: null,
      endedSeq: null,
      attempt: 0,
      attemptedAt: at,
      error: null,
      due: null,
      completedAt: null,
      undoings: 0,
      skipped: 0,
      open: null,
    };
    this.told.set(path, told);
    return told;
  }

  #over(told: Told, at: number, next: Status, error: ErrorRecord | null): void {
    const { open } = told;
    if (open === null) return;
    told.open = null;
    this.#ended(told, { ...open, to: at, next, error });
  }

  /** A run that was abandoned has ended with everything that was open in it, and nothing was told of that. */
  #end({ at, seq }: RunEvent, status: Status): void {
    for (const told of this.told.values()) {
      if (told.open === null) continue;
      this.#over(told, at, status, null);
      Object.assign(told, { status, endedAt: at, endedSeq: seq, due: null });
    }
  }
}
