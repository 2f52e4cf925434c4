/** Durations as people write them, and the short spelling that messages use. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromMs, roughly, toMs } from '../src/duration.ts';
import { InvalidDuration } from '../src/errors/index.ts';
import { untyped } from './dsl/fixtures.ts';

describe('a duration', () => {
  test.each([
    [0, 0],
    [250, 250],
    [0.5, 0.5],
    [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    ['0s', 0],
    ['250ms', 250],
    ['30s', 30_000],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['1.5h', 5_400_000],
    ['0.25d', 21_600_000],
    ['7d', 604_800_000],
    ['2w', 1_209_600_000],
    ['1h30m', 5_400_000],
    ['30m1h', 5_400_000],
    ['1m500ms', 60_500],
    ['1w2d3h4m5s6ms', 788_645_006],
    ['007s', 7_000],
  ])('%j is %d ms', (text, ms) => {
    expect(toMs(text, 'timeout')).toBe(ms);
  });

  test.each([
    '',
    ' ',
    '30',
    '30 s',
    ' 30s',
    '30s ',
    '-30s',
    '+30s',
    '.5s',
    '5.s',
    '1e3ms',
    '30S',
    '1y',
    '1h and 30m',
    '1h30',
    'PT30S',
    'soon',
    `${'9'.repeat(400)}d`,
    -1,
    Number.MAX_SAFE_INTEGER + 1,
    null,
    true,
    [],
    ['30s'],
    {},
  ])('%j is refused, with the value, its place and how to write one', (value) => {
    const refused = () => toMs(untyped(value), 'timeout of task "charge"');

    expect(refused).toThrow(InvalidDuration);
    const shown = value === null ? 'null' : JSON.stringify(value);
    expect(refused).toThrow(
      `${shown.length > 200 ? '…"' : shown} is not a duration (timeout of task "charge"). Write it like '250ms', '30s', '1h30m', '2d', or as milliseconds.`,
    );
  });

  test('undefined is refused', () => {
    expect(() => toMs(untyped(undefined), 'timeout')).toThrow('undefined is not a duration (timeout).');
  });

  const cycle: { itself?: unknown } = {};
  cycle.itself = cycle;

  test.each([
    ['NaN', Number.NaN, 'NaN is not a duration'],
    ['Infinity', Number.POSITIVE_INFINITY, 'Infinity is not a duration'],
    ['a bigint', 30n, '30 is not a duration'],
    ['a cyclic object', cycle, 'is not a duration'],
    ['a function', () => 'its source', 'the function '],
  ])('%s is refused, and the message says what was given', (_, value, says) => {
    expect(() => toMs(untyped(value), 'timeout')).toThrow(InvalidDuration);
    expect(() => toMs(untyped(value), 'timeout')).toThrow(says);
  });

  test('with a fraction of a second is a whole number of milliseconds', () => {
    expect(toMs('1.005s', 'timeout')).toBe(1_005);
  });

  test('is read the same however often, the last reading leaves nothing behind', () => {
    expect(() => toMs('1h30', 'timeout')).toThrow(InvalidDuration);
    expect([toMs('1h', 'timeout'), toMs('1h', 'timeout')]).toEqual([3_600_000, 3_600_000]);
  });
});

describe('in a message', () => {
  test.each([
    [0, '0ms'],
    [1, '1ms'],
    [999, '999ms'],
    [1_000, '1s'],
    [1_500, '1.5s'],
    [60_000, '1m'],
    [90_000, '1m30s'],
    [3_600_000, '1h'],
    [3_601_000, '1h1s'],
    [86_400_000, '1d'],
    [604_800_000, '7d'],
    [694_861_001, '8d1h1m1.001s'],
  ])('%d ms is %s', (ms, text) => {
    expect(fromMs(ms)).toBe(text);
  });

  test('a duration reads back as itself', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (ms) => {
        expect(Math.round(toMs(fromMs(ms), 'timeout'))).toBe(ms);
      }),
    );
  });
});

test.each([
  [Number.NaN, '0 ms'],
  [-5, '0 ms'],
  [0, '0 ms'],
  [999.4, '999 ms'],
  [1_000, '1 s'],
  [1_449, '1.4 s'],
  [59_900, '1 min'],
  [60_000, '1 min'],
  [725_000, '12 min 5 s'],
  [3_600_000, '1 h'],
  [165_600_000, '46 h'],
  [172_799_999, '2 d'],
  [277_200_000, '3 d 5 h'],
  [1e12, '11574 d 2 h'],
])('%j ms is %s to a person', (ms, said) => {
  expect(roughly(ms)).toBe(said);
});
