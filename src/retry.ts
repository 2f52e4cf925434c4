/**
 * When a failed attempt is made again (S10): the delay of a policy, as a pure function.
 * Chance is handed in as a number, so the delay of one attempt is the same however often
 * it is asked for.
 */
import type { RetryPolicy } from './definition.ts';

/** One attempt and no other: what a task has without a `retry`. */
export const NO_RETRY: RetryPolicy = {
  maxAttempts: 1,
  delay: 1_000,
  backoff: 'exponential',
  maxDelay: Number.POSITIVE_INFINITY,
  jitter: 0,
  when: undefined,
};

/** No delay is longer than this, whatever a policy computes: a hundred years. */
export const LONGEST = 100 * 365 * 86_400_000;

/**
 * Milliseconds from the end of attempt `attempt` to the start of the next. `maxDelay` caps the
 * backoff, then `jitter` takes up to that share off it; `chance` is from 0 up to 1.
 */
export function retryDelay(policy: RetryPolicy, attempt: number, chance: number): number {
  const capped = Math.min(backoff(policy, attempt), policy.maxDelay, LONGEST);
  return Math.round(capped * (1 - policy.jitter * chance));
}

function backoff({ backoff: form, delay }: RetryPolicy, attempt: number): number {
  switch (form) {
    case 'fixed':
      return delay;
    case 'linear':
      return delay * attempt;
    case 'exponential':
      // 2 ** 9999 is Infinity, which the cap takes care of; 0 * Infinity would be NaN.
      return delay === 0 ? 0 : delay * 2 ** (attempt - 1);
    default:
      return form satisfies never;
  }
}
