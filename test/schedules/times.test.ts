/** When a schedule fires, by example: intervals, bounds, jitter, hours that are missing or there twice (S36). */
import { describe, expect, test } from 'vitest';
import { type ScheduleSpec, sameTimes, type TimesSpec } from '../../src/schedules/spec.ts';
import { cronLine, ruleOf, startOf, timesOf } from '../../src/schedules/times.ts';
import { zoneNamed } from '../../src/schedules/zones.ts';

const plain: TimesSpec = {
  cron: null,
  every: null,
  zone: 'UTC',
  dst: { missing: 'skip', doubled: 'both' },
  from: null,
  until: null,
};

function some(spec: Partial<TimesSpec>, after: string, count = 3): string[] {
  const times = timesOf({ ...plain, ...spec });
  const found: string[] = [];
  for (let at = times.next(Date.parse(after)); at !== null && found.length < count; at = times.next(at))
    found.push(new Date(at).toISOString().slice(0, 16));
  return found;
}

describe('the hour that Berlin skips, from two to three on the 29th of March 2026,', () => {
  const line = { cron: '30 2 * * *', zone: 'Europe/Berlin' } as const;
  const around = (missing: 'skip' | 'next' | 'shift') =>
    some({ ...line, dst: { missing, doubled: 'first' } }, '2026-03-28T00:00:00Z');

  test('has no firing under `skip`', () => {
    expect(around('skip')).toEqual(['2026-03-28T01:30', '2026-03-30T00:30', '2026-03-31T00:30']);
  });

  test('has its firing at its end under `next`', () => {
    expect(around('next')).toEqual(['2026-03-28T01:30', '2026-03-29T01:00', '2026-03-30T00:30']);
  });

  test('has its firing half an hour after three under `shift`', () => {
    expect(around('shift')).toEqual(['2026-03-28T01:30', '2026-03-29T01:30', '2026-03-30T00:30']);
  });

  test('fires once where a shifted time meets a regular one', () => {
    const both = { cron: '30 2,3 * * *', zone: 'Europe/Berlin', dst: { missing: 'shift', doubled: 'first' } } as const;
    expect(some(both, '2026-03-28T22:00:00Z', 2)).toEqual(['2026-03-29T01:30', '2026-03-30T00:30']);
  });

  test('fires once for all times of a line that are in it, under `next`', () => {
    const dense = { cron: '*/15 2 * * *', zone: 'Europe/Berlin', dst: { missing: 'next', doubled: 'first' } } as const;
    expect(some(dense, '2026-03-28T22:00:00Z', 2)).toEqual(['2026-03-29T01:00', '2026-03-30T00:00']);
  });
});

describe('the hour that Berlin has twice, from two to three on the 25th of October 2026,', () => {
  const around = (doubled: 'first' | 'second' | 'both') =>
    some(
      { cron: '*/30 2 * * *', zone: 'Europe/Berlin', dst: { missing: 'skip', doubled } },
      '2026-10-24T22:00:00Z',
      4,
    ).filter((at) => at.startsWith('2026-10-25'));

  test('fires in its first pass, in its second, or in both, in the order of time', () => {
    expect(around('first')).toEqual(['2026-10-25T00:00', '2026-10-25T00:30']);
    expect(around('second')).toEqual(['2026-10-25T01:00', '2026-10-25T01:30']);
    expect(around('both')).toEqual(['2026-10-25T00:00', '2026-10-25T00:30', '2026-10-25T01:00', '2026-10-25T01:30']);
  });

  test('has its second pass also for a line that never comes again', () => {
    const last = { cron: '0 30 2 25 10 * 2026', zone: 'Europe/Berlin' };
    expect(some(last, '2026-01-01T00:00:00Z')).toEqual(['2026-10-25T00:30', '2026-10-25T01:30']);
  });
});

test('without a rule, a time of the day is neither left out nor doubled, and a line that repeats itself goes by real time', () => {
  for (const line of ['30 2 * * *', '0 30 2 * * SUN', '@daily'])
    expect(ruleOf(line)).toEqual({ missing: 'next', doubled: 'first' });
  for (const line of ['*/5 * * * *', '30 1,2 * * *', '@hourly'])
    expect(ruleOf(line)).toEqual({ missing: 'skip', doubled: 'both' });
});

describe('an interval', () => {
  test('is counted from 1970 on, or from `from`', () => {
    expect(some({ every: 3_600_000 }, '2026-01-01T10:20:00Z', 2)).toEqual(['2026-01-01T11:00', '2026-01-01T12:00']);
    const from = Date.parse('2026-01-01T10:30:00Z');
    expect(some({ every: 3_600_000, from }, '2026-01-01T10:30:00Z', 2)).toEqual([
      '2026-01-01T11:30',
      '2026-01-01T12:30',
    ]);
    expect(some({ every: 3_600_000, from }, '2020-01-01T00:00:00Z', 1)).toEqual(['2026-01-01T10:30']);
  });

  test('ends before `until`', () => {
    const until = Date.parse('2026-01-01T12:00:00Z');
    expect(some({ every: 3_600_000, until }, '2026-01-01T09:30:00Z')).toEqual(['2026-01-01T10:00', '2026-01-01T11:00']);
  });
});

describe('a line', () => {
  test('that never comes has no time, and the search for it ends', () => {
    expect(some({ cron: '0 0 30 2 *' }, '2026-01-01T00:00:00Z')).toEqual([]);
    expect(some({ cron: '0 0 0 1 1 * 2020' }, '2026-01-01T00:00:00Z')).toEqual([]);
    // The last Sunday of March, at a time that is missing on each of them.
    expect(some({ cron: '30 2 * 3 SUN#L', zone: 'Europe/Berlin' }, '2026-01-01T00:00:00Z')).toEqual([]);
  });

  test('may be years away', () => {
    expect(some({ cron: '0 0 29 2 +MON', zone: 'Asia/Tokyo' }, '2026-01-01T00:00:00Z', 2)).toEqual([
      '2044-02-28T15:00',
      '2072-02-28T15:00',
    ]);
  });

  test('may be missing for years', () => {
    // Moscow skipped this hour each year until 2011, and has kept its clocks since.
    const skipped = {
      cron: '30 2 * 3 SUN#L',
      zone: 'Europe/Moscow',
      dst: { missing: 'skip', doubled: 'both' },
    } as const;
    expect(some(skipped, '2005-01-01T00:00:00Z', 1)).toEqual(['2012-03-24T22:30']);
  });

  test('is no date', () => {
    expect(() => cronLine('2030-01-01T00:00:00')).toThrow(/it is a date/);
    expect(() => cronLine('61 * * * *')).toThrow(/minute: 61/);
  });
});

describe('jitter', () => {
  const spec = { ...plain, id: 's', jitter: 60_000 } as unknown as ScheduleSpec;

  test('depends on the schedule and the time alone', () => {
    const starts = Array.from({ length: 50 }, (_, at) => startOf(spec, at * 100_000, null) - at * 100_000);
    expect(starts).toEqual(
      Array.from({ length: 50 }, (_, at) => startOf({ ...spec }, at * 100_000, null) - at * 100_000),
    );
    expect(new Set(starts).size).toBeGreaterThan(40);
    for (const late of starts) expect(late).toSatisfy((ms: number) => ms >= 0 && ms < 60_000);
    expect(startOf({ ...spec, id: 't' }, 100_000, null)).not.toBe(startOf(spec, 100_000, null));
  });

  test('never comes up to the next time', () => {
    for (let at = 0; at < 100_000; at += 1_000) expect(startOf(spec, at, at + 1_000)).toBeLessThan(at + 1_000);
  });
});

test('a zone that the platform does not know is refused', () => {
  expect(() => zoneNamed('Europe/Atlantis')).toThrow(RangeError);
});

test('a change of anything else is no change of the times', () => {
  expect(sameTimes(plain, { ...plain, overlap: 'skip' } as TimesSpec)).toBe(true);
  expect(sameTimes(plain, { ...plain, dst: { missing: 'next', doubled: 'both' } })).toBe(false);
});
