/** How a builder is told how often, and when, something is tried again (S10). */
import type { Backoff, RetryPolicy } from '../definition.ts';
import type { Duration } from '../duration.ts';
import type { Note } from './notes.ts';
import { readDuration, readOptions } from './reading.ts';

/** How often and when a failed attempt is tried again (S10). */
export interface RetryOptions {
  /** How many attempts there are, the first one counted. Default 1: no retry. */
  readonly maxAttempts?: number;
  /** What to wait before the second attempt. Default `'1s'`. */
  readonly delay?: Duration;
  /** How the delay grows: not at all, by `delay` each time, or doubling. Default `'exponential'`. */
  readonly backoff?: Backoff;
  /** No delay is longer. Default: a year, or `delay` if that is longer. */
  readonly maxDelay?: Duration;
  /** Takes up to this share off a delay, by chance: 0 to 1. Default 0. */
  readonly jitter?: number;
  /** Which errors are worth another attempt. Default: all but a `TerminalError`. */
  readonly when?: (error: unknown) => boolean;
}

const RETRY_KEYS = ['maxAttempts', 'delay', 'backoff', 'maxDelay', 'jitter', 'when'];
const DEFAULT_DELAY = 1_000;
const YEAR = 365 * 86_400_000;

/** `what` is what the options are called in messages. */
export function readRetry(options: unknown, what: string, notes: Note[]): RetryPolicy {
  const given = readOptions(options, what, RETRY_KEYS, notes);
  const { maxAttempts = 1, backoff = 'exponential', jitter = 0 } = given;
  const delay = readDuration(given.delay, 'retry.delay', DEFAULT_DELAY, notes);
  return Object.freeze({
    maxAttempts: maxAttempts as number,
    delay,
    backoff: backoff as Backoff,
    maxDelay: readDuration(given.maxDelay, 'retry.maxDelay', Math.max(delay, YEAR), notes),
    jitter: jitter as number,
    when: given.when as RetryPolicy['when'],
  });
}
