/**
 * Where a schedule stands, and what it decides: the pure function that its machine asks. A schedule remembers up to which
 * nominal time everything was dealt with (`cursor`), and which firings wait for their predecessor; all else follows from its spec.
 *
 * Starting a run twice is not its concern: a firing has the id of its run in its name (`runOfFiring`), and that run is started once.
 */
import type { Json } from '../json.ts';
import { nameOfTime, nameOfTrigger, OVERLAPS, type ScheduleSpec, sameTimes } from './spec.ts';
import { startOf, timesOf } from './times.ts';

/** JSON: it stands in the row of the schedule. */
export type Standing = {
  /** What it was changed to, since it began. */
  readonly changed: ScheduleSpec | null;
  /** Every nominal time up to this one has been dealt with. */
  readonly cursor: number;
  /** When its timer is due; null if nothing comes any more, or it is paused. */
  readonly due: number | null;
  readonly paused: { readonly at: number; readonly by: 'person' | 'failure'; readonly reason: string | null } | null;
  /** Nominal times of firings that wait for the end of those before, in the order in which they start. */
  readonly waiting: readonly number[];
  /** Runs that have failed since the last one that completed. */
  readonly failuresInARow: number;
  readonly counts: FiringCounts;
};

/** What has become of its firings so far. */
export type FiringCounts = {
  readonly started: number;
  readonly completed: number;
  readonly failed: number;
  /** Not started, because another one ran. */
  readonly skipped: number;
  /** Not started, because it was too late for them when somebody looked (`catchUp`). After a long time these are counted up to a bound. */
  readonly missed: number;
  /** Not kept, because so many waited already. */
  readonly dropped: number;
};

/** What somebody says to a schedule. */
export type Word =
  | { readonly do: 'pause'; readonly reason: string | null }
  | { readonly do: 'resume' }
  | { readonly do: 'trigger'; readonly key: string }
  /** The nominal times from `from` to `to`, both included, but for those that have had their run. An earlier version did not name them. */
  | { readonly do: 'backfill'; readonly from: number; readonly to: number; readonly had?: readonly number[] }
  | { readonly do: 'change'; readonly spec: ScheduleSpec };

/** Why a schedule looks at its times. */
export type Cause =
  | { readonly is: 'begun' }
  | { readonly is: 'due' }
  | { readonly is: 'word'; readonly word: Word }
  /** A run has ended. */
  | { readonly is: 'ended'; readonly status: string; readonly code: string | null; readonly message: string | null };

/** A run that is to be started. */
export interface Firing {
  /** What it is called: its nominal time. */
  readonly name: string;
  readonly at: number;
}

export interface Decision {
  readonly standing: Standing;
  readonly fire: readonly Firing[];
  /** The runs under way are to be cancelled; those that are started now are not among them. */
  readonly cancels: boolean;
  /** Nothing is under way, and nothing will ever come. */
  readonly isOver: boolean;
}

/** So many firings wait at the most. */
export const MAX_WAITING = 1_000;
/** So many runs are started in one turn, and so many times looked at; the rest comes in the next. */
const STARTS = 100;
const LOOKS = 1_000;

const NO_COUNTS: FiringCounts = { started: 0, completed: 0, failed: 0, skipped: 0, missed: 0, dropped: 0 };

/** What a schedule follows now: what it was begun with, or what it was changed to. */
export function specNow(begun: ScheduleSpec, standing: Standing | null): ScheduleSpec {
  return standing?.changed ?? begun;
}

/** A schedule that has `live` runs under way looks at its times. `standing` is null when it begins. */
export function decide(
  begun: ScheduleSpec,
  standing: Standing | null,
  live: number,
  now: number,
  cause: Cause,
): Decision {
  const draft = new Draft(begun, standing, live, now);
  draft.hear(cause);
  draft.goOn();
  return draft.decision();
}

class Draft {
  readonly #begun: ScheduleSpec;
  readonly #now: number;
  readonly #fire: Firing[] = [];
  readonly #waiting: number[];
  readonly #counts: { -readonly [count in keyof FiringCounts]: number };
  #live: number;
  #changed: ScheduleSpec | null;
  #cursor: number;
  #due: number | null = null;
  #paused: Standing['paused'];
  #failuresInARow: number;
  #cancels = false;
  #isOver = false;

  constructor(begun: ScheduleSpec, standing: Standing | null, live: number, now: number) {
    this.#begun = begun;
    this.#now = now;
    this.#live = live;
    this.#changed = standing?.changed ?? null;
    this.#cursor = standing?.cursor ?? now;
    this.#paused = standing?.paused ?? null;
    this.#waiting = [...(standing?.waiting ?? [])];
    this.#failuresInARow = standing?.failuresInARow ?? 0;
    this.#counts = { ...(standing?.counts ?? NO_COUNTS) };
  }

  get #spec(): ScheduleSpec {
    return this.#changed ?? this.#begun;
  }

  decision(): Decision {
    const standing: Standing = {
      changed: this.#changed,
      cursor: this.#cursor,
      due: this.#due,
      paused: this.#paused,
      waiting: this.#waiting,
      failuresInARow: this.#failuresInARow,
      counts: this.#counts,
    };
    return { standing, fire: this.#fire, cancels: this.#cancels, isOver: this.#isOver };
  }

  hear(cause: Cause): void {
    if (cause.is === 'ended') this.#ended(cause);
    else if (cause.is === 'word') this.#obey(cause.word);
  }

  /** Starts what waits, and what has come due; then says when to look again. */
  goOn(): void {
    if (this.#paused !== null) return;
    this.#startWaiting();
    this.#due = this.#lookAhead();
    this.#isOver = this.#due === null && this.#live === 0 && this.#waiting.length === 0;
  }

  #ended({ status, code, message }: Extract<Cause, { is: 'ended' }>): void {
    this.#live -= 1;
    if (status === 'completed') {
      this.#counts.completed += 1;
      this.#failuresInARow = 0;
    }
    // It was under way already, under the same name.
    if (status === 'skipped') this.#counts.started -= 1;
    // One that somebody has cancelled has not failed.
    if (status !== 'failed' || code === 'child-cancelled') return;
    this.#counts.failed += 1;
    this.#failuresInARow += 1;
    const { pauseOnFailure } = this.#spec;
    if (pauseOnFailure === null || this.#failuresInARow < pauseOnFailure || this.#paused !== null) return;
    this.#paused = { at: this.#now, by: 'failure', reason: message };
  }

  #obey(word: Word): void {
    switch (word.do) {
      case 'pause':
        this.#paused ??= { at: this.#now, by: 'person', reason: word.reason };
        return;
      case 'resume':
        // What would have come meanwhile is not made up for.
        if (this.#paused !== null) this.#cursor = Math.max(this.#cursor, this.#now);
        this.#paused = null;
        this.#failuresInARow = 0;
        return;
      case 'trigger':
        return this.#start(nameOfTrigger(word.key), this.#now);
      case 'backfill':
        return this.#backfill(word);
      case 'change':
        // Other times count from now on: what they would have been before is nobody's business.
        if (!sameTimes(this.#spec, word.spec)) this.#cursor = Math.max(this.#cursor, this.#now);
        this.#changed = word.spec;
        return;
      default:
        word satisfies never;
    }
  }

  #backfill({ from, to, had = [] }: Extract<Word, { do: 'backfill' }>): void {
    const times = timesOf(this.#spec);
    const known = new Set([...this.#waiting, ...had]);
    let looks = 0;
    for (let at = times.next(from - 1); at !== null && at <= to && looks < LOOKS; at = times.next(at)) {
      looks += 1;
      if (!known.has(at)) this.#wait(at);
    }
  }

  /** The next time, once those that have come are dealt with; null if there is none any more. */
  #lookAhead(): number | null {
    const { catchUp } = this.#spec;
    const times = timesOf(this.#spec);
    let missed = 0;
    for (let looks = 0; ; looks += 1) {
      const at = times.next(this.#cursor);
      if (at === null) return null;
      const start = startOf(this.#spec, at, this.#spec.jitter === 0 ? null : times.next(at));
      if (start > this.#now) return start;
      if (looks === LOOKS || this.#fire.length >= STARTS) {
        // Years of seconds are not gone through one by one.
        if (missed === LOOKS) this.#cursor = Math.max(this.#cursor, this.#now - catchUp - this.#spec.jitter - 1);
        return this.#now;
      }
      this.#cursor = at;
      if (this.#now - start <= catchUp) this.#meet(at);
      else {
        missed += 1;
        this.#counts.missed += 1;
      }
    }
  }

  /** A firing has come due. */
  #meet(at: number): void {
    const isFree = this.#live === 0 && this.#waiting.length === 0;
    const { overlap } = this.#spec;
    if (isFree || overlap === 'allowAll') return this.#start(nameOfTime(at), at);
    switch (overlap) {
      case 'skip':
        this.#counts.skipped += 1;
        return;
      case 'bufferOne':
        if (this.#waiting.length === 0) this.#wait(at);
        else this.#counts.skipped += 1;
        return;
      case 'bufferAll':
        return this.#wait(at);
      case 'cancelOther':
        // The newest of those that wait takes the place of all, also of those that were only about to begin.
        this.#takeBack();
        this.#counts.skipped += this.#waiting.length;
        this.#waiting.length = 0;
        if (this.#live === 0) return this.#start(nameOfTime(at), at);
        this.#cancels = true;
        return this.#wait(at);
      default:
        overlap satisfies never;
    }
  }

  #wait(at: number): void {
    if (this.#waiting.length < MAX_WAITING) this.#waiting.push(at);
    else this.#counts.dropped += 1;
  }

  #startWaiting(): void {
    const isAlone = this.#spec.overlap !== 'allowAll';
    while (this.#waiting.length > 0 && this.#fire.length < STARTS && !(isAlone && this.#live > 0)) {
      const at = this.#waiting.shift() as number;
      this.#start(nameOfTime(at), at);
    }
  }

  /** What was to be started for a time is not. What somebody has asked for at that moment is, and is waited for. */
  #takeBack(): void {
    const asked = this.#fire.filter(({ name, at }) => name !== nameOfTime(at));
    const count = this.#fire.length - asked.length;
    this.#fire.splice(0, this.#fire.length, ...asked);
    this.#live -= count;
    this.#counts.started -= count;
    this.#counts.skipped += count;
  }

  #start(name: string, at: number): void {
    this.#live += 1;
    this.#counts.started += 1;
    this.#fire.push({ name, at });
  }
}

/** What is wrong with what somebody says to a schedule, or null. Whoever may send signals must not be able to break one. */
export function faultOfWord(given: unknown): string | null {
  if (typeof given !== 'object' || given === null) return 'it is no word to a schedule';
  const word = given as { readonly [key: string]: unknown };
  switch (word.do) {
    case 'pause':
      return word.reason === null || typeof word.reason === 'string' ? null : 'its reason is neither a text nor null';
    case 'resume':
      return null;
    case 'trigger':
      return typeof word.key === 'string' && /^[^/#\p{Cc}]{1,40}$/u.test(word.key) ? null : 'its key cannot be one';
    case 'backfill':
      if (!Number.isSafeInteger(word.from) || !Number.isSafeInteger(word.to)) return 'its span is none';
      return word.had === undefined || areTimes(word.had) ? null : 'the times that have had their run are none';
    case 'change':
      return isSpec(word.spec) ? null : 'its spec is none';
    default:
      return `there is no word ${JSON.stringify((word.do as Json | undefined) ?? null)}`;
  }
}

function areTimes(given: unknown): boolean {
  return Array.isArray(given) && given.length <= MAX_WAITING && given.every((at) => Number.isSafeInteger(at));
}

/** As `readSchedule` makes one, as far as a schedule could stumble over it. */
function isSpec(given: unknown): boolean {
  const { id, of, overlap, catchUp, jitter, ...times } = Object(given) as Partial<ScheduleSpec>;
  const { orchestrator, version } = Object(of) as Partial<ScheduleSpec['of']>;
  if ([id, orchestrator, version].some((text) => typeof text !== 'string')) return false;
  if (![catchUp, jitter].every((ms) => typeof ms === 'number' && ms >= 0)) return false;
  try {
    // An interval that is none would never come to an end.
    const first = timesOf(times as ScheduleSpec).next(0);
    return OVERLAPS.includes(overlap as never) && Number.isSafeInteger(first) && (first as number) > 0;
  } catch {
    return false;
  }
}
