/**
 * The firings of twenty lines over ten years in every zone, held against an oracle that is written from the declared rule (S36).
 *
 * `npm test` plays the zones that are odd in some way. The long form plays all of `Intl`: those whose clocks agree for the whole span are
 * told apart by the oracle's own reading of them, and one of each is played.
 */
import { describe, expect, test } from 'vitest';
import { DOUBLED_RULES, MISSING_RULES } from '../../src/schedules/spec.ts';
import { timesOf } from '../../src/schedules/times.ts';
import { isLong } from '../helpers/form.ts';
import { LINES, oracle, type OracleLine, type OracleRule, OracleZone } from './oracle.ts';

const HOUR = 3_600_000;
const from = Date.UTC(2020, 0, 1);
const to = Date.UTC(2030, 0, 1);

const RULES: readonly OracleRule[] = MISSING_RULES.flatMap((missing) =>
  DOUBLED_RULES.map((doubled) => ({ missing, doubled })),
);

function firings(zone: string, { cron }: OracleLine, dst: OracleRule, until = to): number[] {
  const times = timesOf({ cron, every: null, zone, dst, from, until });
  const found: number[] = [];
  for (let at = times.next(from - 1); at !== null; at = times.next(at)) found.push(at);
  return found;
}

/** Three rules for each line, in which each word comes once; one for a line that comes many times a day. */
function isPlayed(line: number, rule: number): boolean {
  const isDense = (LINES[line] as OracleLine).hours.length > 3;
  return isDense ? rule === line % RULES.length : (rule + Math.floor(rule / 3) + line) % 3 === 0;
}

/** Lines and rules for which code and oracle differ in a zone, with the first difference. */
function differences(name: string, rulesOf: (line: number) => readonly OracleRule[], until: number): string[] {
  const zone = new OracleZone(name);
  return LINES.flatMap((line, number) =>
    rulesOf(number).flatMap((rule) => {
      const expected = oracle(zone, line, rule, from, until);
      const found = firings(name, line, rule, until);
      if (expected.length === found.length && expected.every((at, index) => at === found[index])) return [];
      const index = expected.findIndex((at, place) => at !== found[place]);
      const shown = [expected, found].map((list) => new Date(list[index] ?? Number.NaN).getTime());
      return [`${name} ${line.cron} ${JSON.stringify(rule)} #${index}: ${shown.join(' ≠ ')}`];
    }),
  );
}

describe('the firings of twenty lines are those of the declared rule (S36)', () => {
  // Half an hour, two hours, months of their own, a change at midnight, an odd distance, one that gave it up, one that has none.
  test.each([
    'Europe/Berlin',
    'America/New_York',
    'Australia/Lord_Howe',
    'Antarctica/Troll',
    'Africa/Casablanca',
    'America/Asuncion',
    'Asia/Beirut',
    'Pacific/Chatham',
    'America/St_Johns',
    'Asia/Tehran',
    'Asia/Kolkata',
    'Antarctica/Vostok',
  ])('in %s, for a year', (name) => {
    const rulesOf = (line: number) => RULES.filter((_, rule) => isPlayed(line, rule));
    expect(differences(name, rulesOf, Date.UTC(2021, 0, 1))).toEqual([]);
  });

  test('a day that a zone left out, in the years before', () => {
    // Apia went from the east to the west of the date line: the 30th of December 2011 is missing there.
    const times = timesOf({
      cron: '0 9 * * *',
      every: null,
      zone: 'Pacific/Apia',
      dst: { missing: 'next', doubled: 'first' },
      from: Date.UTC(2011, 11, 28, 12),
      until: Date.UTC(2012, 0, 1),
    });
    const found: string[] = [];
    for (let at = times.next(0); at !== null; at = times.next(at)) found.push(new Date(at).toISOString());
    expect(found).toEqual([
      '2011-12-28T19:00:00.000Z',
      '2011-12-29T19:00:00.000Z',
      '2011-12-30T10:00:00.000Z',
      '2011-12-30T19:00:00.000Z',
      '2011-12-31T19:00:00.000Z',
    ]);
  });
});

/** One zone of each kind: those whose clocks agree for the whole span are alike. */
function unlike(): string[] {
  const alike = new Map<string, string>();
  for (const name of Intl.supportedValuesOf('timeZone')) {
    const zone = new OracleZone(name);
    const changes: string[] = [];
    let last = Number.NaN;
    // Every half hour, with two days on either side: nothing of a zone that matters for the span is left out.
    for (let at = from - 48 * HOUR; at < to + 48 * HOUR; at += HOUR / 2) {
      const offset = zone.offsetAt(at);
      if (offset !== last) changes.push(`${at}:${offset}`);
      last = offset;
    }
    const key = changes.join();
    if (!alike.has(key)) alike.set(key, name);
  }
  return [...alike.values()];
}

describe.runIf(isLong)('the long form: every zone, ten years, twenty lines', () => {
  // Asked for only where it is played: a test's table is made in any case.
  const zones = isLong ? unlike() : ['none'];

  test.each(zones.map((name, index) => [name, index] as const))(
    'in %s and all that are like it',
    (name, index) => {
      // The rules go round, so that each line meets each of them in some zones.
      expect(differences(name, (line) => [RULES[(line + index) % RULES.length] as OracleRule], to)).toEqual([]);
    },
    120_000,
  );
});
