import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { task } from '../../src/dsl/index.ts';
import { faultList, faultText, Nothing, untyped } from './fixtures.ts';

const contract = { input: Nothing, output: z.string() };

describe('a task', () => {
  test('that says nothing of retries has one attempt, and thirty seconds to tidy up (S10, S14)', () => {
    const { definition } = task('t', contract);

    expect(definition.retry).toEqual({
      maxAttempts: 1,
      delay: 1_000,
      backoff: 'exponential',
      maxDelay: 365 * 86_400_000,
      jitter: 0,
      when: undefined,
    });
    expect(definition).toMatchObject({
      is: 'task',
      name: 't',
      cleanupTimeout: 30_000,
      timeout: undefined,
      run: undefined,
    });
  });

  test('keeps its durations in milliseconds', () => {
    const retry = { maxAttempts: 5, delay: '2s', maxDelay: '1m', backoff: 'linear', jitter: 0.2 } as const;
    const { definition } = task('t', { ...contract, retry, timeout: '1h30m', cleanupTimeout: 5 });

    expect(definition.retry).toMatchObject({
      maxAttempts: 5,
      delay: 2_000,
      maxDelay: 60_000,
      backoff: 'linear',
      jitter: 0.2,
    });
    expect([definition.timeout, definition.cleanupTimeout]).toEqual([5_400_000, 5]);
  });

  test('is not capped below the delay that it asks for', () => {
    const { definition } = task('t', { ...contract, retry: { delay: '800d' } });

    expect(definition.retry.maxDelay).toBe(800 * 86_400_000);
  });

  test('is frozen through and through', () => {
    const made = task('t', contract);

    expect([made, made.definition, made.definition.retry].every(Object.isFrozen)).toBe(true);
  });

  test('with everything wrong is built without a throw, and all of it is reported at once (S3)', () => {
    const wrong = task(
      '',
      untyped({
        input: 'text',
        run: 1,
        compensate: {},
        cleanup: 'no',
        cleanupTimeout: 'soon',
        timeout: 0,
        retry: {
          maxAttempts: 0,
          delay: '1 fortnight',
          maxDelay: -1,
          backoff: 'cubic',
          jitter: 2,
          when: true,
          tries: 3,
        },
        tiemout: '3s',
      }),
    );

    expect(faultList(wrong)).toEqual([
      'bad-name [0]',
      'unknown-key [0]',
      'bad-option [0]',
      'unknown-key [0]',
      'bad-option [0]',
      'bad-option [0]',
      'bad-schema [0]',
      'bad-schema [0]',
      'bad-body [0]',
      'bad-body [0]',
      'bad-option [0]',
      'bad-option [0]',
      'bad-option [0]',
      'bad-option [0]',
      'bad-option [0]',
      'bad-body [0]',
    ]);
  });

  test.each([
    [{ timeout: 'soon' }, 'Option "timeout" cannot be "soon": it takes a duration'],
    [{ timeout: 0 }, 'Option "timeout" cannot be 0: it takes a duration above 0'],
    [{ retry: { maxAttempts: 1.5 } }, 'Option "retry.maxAttempts" cannot be 1.5: it takes a whole number from 1'],
    [{ retry: { jitter: Number.NaN } }, 'Option "retry.jitter" cannot be NaN: it takes a number from 0 to 1'],
    [
      { retry: { backoff: 'cubic' } },
      `Option "retry.backoff" cannot be "cubic": it takes 'fixed', 'linear' or 'exponential'`,
    ],
    [{ retry: 3 }, 'The option "retry" of a task cannot be 3: give an object.'],
    [{ tiemout: '3s' }, 'The options of a task cannot have "tiemout".'],
    [{ tiemout: '3s' }, 'Did you mean "timeout"?'],
    [{ input: {} }, 'The schema "input" is {}. Give a schema'],
    [{ output: undefined }, 'The schema "output" is missing.'],
    [{ run: 'later' }, 'Option "run" cannot be "later": it takes a function.'],
  ])('with %o says so with the value in it and the way out', (options, text) => {
    expect(faultText(task('t', untyped({ ...contract, ...options })))).toContain(text);
  });

  test('without any options lacks its schemas', () => {
    expect(faultList(task('t', untyped(undefined)))).toEqual(['bad-schema t', 'bad-schema t']);
  });
});
