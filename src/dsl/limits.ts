/**
 * Limits as people write them (S30): `concurrency: 4`, `{ limit: 1, key }`, a list of those, and rates. Read into data; what
 * is wrong with that is told by whoever checks it.
 */
import type { Options } from '../core/declaration.ts';
import type { Duration } from '../duration.ts';
import { type LimitDefinition, type LimitFacts, type LimitKey, NO_LIMITS, type WhenFull } from '../limits.ts';
import type { RunFacts } from '../user-code.ts';
import type { Budget } from './budgets.ts';
import type { Note } from './notes.ts';
import { NO_OPTIONS, readOptions, readPeriod } from './reading.ts';

/** How many bodies may run at once. */
export interface ConcurrencyLimit<F> {
  readonly limit: number;
  /** Each key that it answers with has a limit of its own; `null` is for bodies that this limit is not for. */
  readonly key?: (facts: F) => string | number | boolean | null;
  /** What becomes of a body that finds it reached. Default `'wait'`. */
  readonly whenFull?: WhenFull;
  /** With `'dropNewest'` and `'replaceOldest'`: how many may stand in line before it comes to that. Default 0. */
  readonly queue?: number;
}

/** A number, a limit that says more, or several. */
export type Concurrency<F> = number | ConcurrencyLimit<F> | readonly (number | ConcurrencyLimit<F>)[];

/** How many bodies may begin in a time. Those over it wait, and none fails for it. */
export interface RateLimit<F> {
  readonly limit: number;
  readonly per: Duration;
  readonly key?: (facts: F) => string | number | boolean | null;
  /** How many may begin at once after a pause. Default: `limit`. */
  readonly burst?: number;
}

/** What the limits of a task ask. */
export interface TaskLimits<I> {
  /** How many bodies of this task may run at once in a process, in all runs together. Default: as many as there are. */
  readonly concurrency?: Concurrency<LimitFacts<I>>;
  /** How many of them may begin in a time: `{ limit: 100, per: '1m' }`. Default: as many as there are. */
  readonly rate?: RateLimit<LimitFacts<I>> | readonly RateLimit<LimitFacts<I>>[];
  /** How much its attempts may spend in a time: `{ limit: 10, per: '1d' }`. One over it is refused. Default: as much as they like. */
  readonly budget?: Budget<LimitFacts<I>> | readonly Budget<LimitFacts<I>>[];
  /** Of bodies in line those with the highest number begin first. Default 0. */
  readonly priority?: number | ((facts: LimitFacts<I>) => number);
}

/** How bodies of a track or an orchestrator are limited, in all of its runs together. */
export type BodiesLimit = Concurrency<{ readonly run: RunFacts }>;

const CONCURRENCY_KEYS = ['limit', 'key', 'whenFull', 'queue'];
const RATE_KEYS = ['limit', 'per', 'key', 'burst'];

/** What was given as `option`, which says how many may run at once. */
export function readConcurrency(given: unknown, option: string, notes: Note[]): readonly LimitDefinition[] {
  return readEach(given, (one, index) => {
    const given =
      typeof one === 'object' ? readOptions(one, what(option, index), CONCURRENCY_KEYS, notes) : { limit: one };
    const { limit, key, whenFull = 'wait', ...more } = unread(given, { limit: 1 });
    const { queue = whenFull === 'wait' ? Number.POSITIVE_INFINITY : 0 } = more;
    return {
      limit: limit as number,
      per: null,
      burst: 1,
      key: key as LimitKey | undefined,
      whenFull: whenFull as WhenFull,
      queue: queue as number,
    };
  });
}

/** What was given as `rate`. */
export function readRate(given: unknown, notes: Note[]): readonly LimitDefinition[] {
  return readEach(given, (one, index) => {
    const given = readOptions(one ?? null, what('rate', index), RATE_KEYS, notes);
    const { limit, per, key, burst = limit } = unread(given, { limit: 1, per: 1 });
    return {
      limit: limit as number,
      per: readPeriod(per, 'rate.per', notes),
      burst: burst as number,
      key: key as LimitKey | undefined,
      whenFull: 'wait',
      queue: Number.POSITIVE_INFINITY,
    };
  });
}

/** What is no object has been told, and is not told again for each of its parts: they stand in for it. */
function unread(given: Options, standIn: Options): Options {
  return given === NO_OPTIONS ? standIn : given;
}

function readEach(given: unknown, read: (one: unknown, index: number) => LimitDefinition): readonly LimitDefinition[] {
  if (given === undefined) return NO_LIMITS;
  return Object.freeze((Array.isArray(given) ? given : [given]).map((one, index) => Object.freeze(read(one, index))));
}

const what = (option: string, index: number): string =>
  `option "${option}"${index === 0 ? '' : ` (number ${index + 1})`}`;
