/**
 * Instants as people give them: a `Date`, a text like `'2030-01-01T09:00:00Z'`, or milliseconds since 1970. From there on
 * everything is milliseconds. A time of day without a zone is refused: two machines would read two instants in it.
 */
import { InvalidInstant } from './errors/index.ts';

/** `new Date(…)`, `'2030-01-01'`, `'2030-01-01T09:00:00+02:00'`, or milliseconds since 1970. */
export type Instant = Date | string | number;

const TEXT = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2}))?$/;

/** No `Date` can say more in either direction. */
const FARTHEST = 8_640_000_000_000_000;

/** Milliseconds since 1970, or an `InvalidInstant` that names `what` it was meant for. */
export function instantOf(value: unknown, what: string): number {
  const ms = millisecondsOf(value);
  if (!Number.isFinite(ms) || Math.abs(ms) > FARTHEST) throw new InvalidInstant({ what, value });
  return Math.round(ms);
}

function millisecondsOf(value: unknown): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'string') return TEXT.test(value) ? Date.parse(value) : Number.NaN;
  try {
    return value instanceof Date ? Date.prototype.getTime.call(value) : Number.NaN;
  } catch {
    // A proxy whose target is gone, or a date whose methods were replaced.
    return Number.NaN;
  }
}
