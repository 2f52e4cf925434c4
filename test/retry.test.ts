/** When a failed attempt is made again (S10): delay, cap and jitter as a pure function. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Backoff, RetryPolicy } from '../src/definition.ts';
import { NO_RETRY, retryDelay } from '../src/retry.ts';

const CENTURY = 100 * 365 * 86_400_000;

const policy = (more: Partial<RetryPolicy>): RetryPolicy => ({ ...NO_RETRY, maxAttempts: 5, ...more });
const delays = (of: RetryPolicy, attempts: readonly number[], chance = 0): readonly number[] =>
  attempts.map((attempt) => retryDelay(of, attempt, chance));

const anyPolicy = fc.record({
  backoff: fc.constantFrom<Backoff>('fixed', 'linear', 'exponential'),
  delay: fc.nat({ max: 86_400_000 }),
  maxDelay: fc.oneof(fc.nat({ max: 604_800_000 }), fc.constant(Number.POSITIVE_INFINITY)),
  jitter: fc.double({ min: 0, max: 1, noNaN: true }),
});
const anyChance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const anyAttempt = fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 10_000 }));

describe('the delay after attempts 1, 2, 3, 4 (S10)', () => {
  test.each<[Backoff, readonly number[]]>([
    ['fixed', [1_000, 1_000, 1_000, 1_000]],
    ['linear', [1_000, 2_000, 3_000, 4_000]],
    ['exponential', [1_000, 2_000, 4_000, 8_000]],
  ])('with a %s backoff of a second', (backoff, expected) => {
    expect(delays(policy({ backoff, delay: 1_000 }), [1, 2, 3, 4])).toEqual(expected);
  });

  test.each<[Backoff, readonly number[]]>([
    ['fixed', [1_000, 1_000, 1_000, 1_000]],
    ['linear', [1_000, 2_000, 2_500, 2_500]],
    ['exponential', [1_000, 2_000, 2_500, 2_500]],
  ])('with a %s backoff that maxDelay caps at 2.5 s', (backoff, expected) => {
    expect(delays(policy({ backoff, delay: 1_000, maxDelay: 2_500 }), [1, 2, 3, 4])).toEqual(expected);
  });

  test('is capped first, and then jitter is taken off (S10)', () => {
    const capped = policy({ delay: 1_000, maxDelay: 4_000, jitter: 0.5 });

    expect(delays(capped, [1, 3, 9], 0)).toEqual([1_000, 4_000, 4_000]);
    expect(delays(capped, [1, 3, 9], 0.5)).toEqual([750, 3_000, 3_000]);
  });

  test('is shorter than the first delay when maxDelay is', () => {
    expect(delays(policy({ backoff: 'fixed', delay: 5_000, maxDelay: 100 }), [1, 2])).toEqual([100, 100]);
  });
});

describe('at attempt 10,000 nothing overflows (S10):', () => {
  test.each<[Backoff, number]>([
    ['fixed', 1_000],
    ['linear', 10_000_000],
    ['exponential', CENTURY],
  ])('a %s backoff', (backoff, expected) => {
    expect(retryDelay(policy({ backoff, delay: 1_000 }), 10_000, 0)).toBe(expected);
  });

  test('an exponential backoff of no delay stays none', () => {
    expect(retryDelay(policy({ delay: 0, jitter: 1 }), 10_000, 0.5)).toBe(0);
  });

  test('a cap still holds', () => {
    expect(retryDelay(policy({ maxDelay: 60_000 }), 10_000, 0)).toBe(60_000);
  });
});

describe('for any policy', () => {
  test('the delay is a whole number from 0 to maxDelay, and at most a century (S10, P52)', () => {
    fc.assert(
      fc.property(anyPolicy, anyAttempt, anyChance, (more, attempt, chance) => {
        const ms = retryDelay(policy(more), attempt, chance);
        expect(Number.isSafeInteger(ms)).toBe(true);
        expect(ms).toBeGreaterThanOrEqual(0);
        expect(ms).toBeLessThanOrEqual(Math.min(more.maxDelay, CENTURY));
      }),
    );
  });

  test('a later attempt never waits less, the chance being the same', () => {
    fc.assert(
      fc.property(anyPolicy, anyAttempt, anyChance, (more, attempt, chance) => {
        const of = policy(more);
        expect(retryDelay(of, attempt + 1, chance)).toBeGreaterThanOrEqual(retryDelay(of, attempt, chance));
      }),
    );
  });

  test('jitter takes off at most its share and never adds (P52)', () => {
    fc.assert(
      fc.property(anyPolicy, anyAttempt, anyChance, (more, attempt, chance) => {
        const whole = retryDelay(policy({ ...more, jitter: 0 }), attempt, chance);
        const ms = retryDelay(policy(more), attempt, chance);
        expect(ms).toBeLessThanOrEqual(whole);
        expect(ms).toBeGreaterThanOrEqual(Math.floor(whole * (1 - more.jitter)));
      }),
    );
  });
});

test('a task without a retry has one attempt', () => {
  expect(NO_RETRY.maxAttempts).toBe(1);
});
