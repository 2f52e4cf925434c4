/** How a schedule is declared: what its options mean, and all that is wrong with them at once (S3, S36). */
import { DefinitionInvalid } from 'signalbox';
import { describe, expect, test } from 'vitest';
import { problemOfId, readSchedule } from '../../src/schedules/definition.ts';

const around = {
  of: { orchestrator: 'report', version: '1' },
  now: Date.parse('2026-01-01T00:00:00Z'),
  maxValueBytes: 1_000,
};
const read = (options: unknown, id: unknown = 'nightly') => readSchedule(id, options, around);

function faultsOf(options: unknown, id?: unknown): string[] {
  try {
    read(options, id);
  } catch (error) {
    expect(error).toBeInstanceOf(DefinitionInvalid);
    return (error as DefinitionInvalid).faults.map(({ code, path, message }) => `${code} ${path}: ${message}`);
  }
  return [];
}

test('the options of a schedule become JSON, with everything that was left out', () => {
  expect(read({ cron: '30 2 * * *', zone: 'Europe/Berlin', input: { a: 1 } })).toEqual({
    id: 'nightly',
    cron: '30 2 * * *',
    every: null,
    zone: 'Europe/Berlin',
    dst: { missing: 'next', doubled: 'first' },
    from: null,
    until: null,
    of: { orchestrator: 'report', version: '1' },
    input: { a: 1 },
    metadata: {},
    overlap: 'skip',
    catchUp: 86_400_000,
    jitter: 0,
    pauseOnFailure: null,
  });
  const more = {
    every: '90s',
    from: '2026-02-01',
    until: new Date('2026-03-01'),
    overlap: 'bufferAll',
    catchUp: '1h',
    jitter: '5s',
    pauseOnFailure: true,
    metadata: { tenant: 'acme' },
  };
  expect(read(more)).toMatchObject({
    cron: null,
    every: 90_000,
    zone: 'UTC',
    from: Date.parse('2026-02-01'),
    until: Date.parse('2026-03-01'),
    overlap: 'bufferAll',
    catchUp: 3_600_000,
    jitter: 5_000,
    pauseOnFailure: 1,
    metadata: { tenant: 'acme' },
    input: null,
  });
  expect(read({ cron: '@hourly', dst: { doubled: 'second' } }).dst).toEqual({ missing: 'skip', doubled: 'second' });
});

test('everything that is wrong is told at once, each with a code and a way out', () => {
  const wrong = {
    cron: '61 * * * *',
    zone: 'Europe/Atlantis',
    overlap: 'queue',
    dst: { missing: 'later', doublet: 'first' },
    catchup: '1h',
    jitter: '5 minutes',
    pauseOnFailure: -1,
    from: 'tomorrow',
    metadata: [],
    input: { at: new Date(0) },
  };
  expect(faultsOf(wrong, 'a/b')).toEqual([
    expect.stringMatching(/^bad-name a\/b: "a\/b" cannot be the id of a schedule: a "\/" separates/),
    expect.stringMatching(/^unknown-key a\/b: "catchup" is none of the options.*Did you mean "catchUp"\?$/),
    expect.stringMatching(/^bad-option a\/b: .*"from"/),
    expect.stringMatching(/^bad-option a\/b: Option "cron" cannot be "61 \* \* \* \*".*Croner says: .*minute: 61/),
    expect.stringMatching(/^bad-option a\/b: Option "zone" cannot be "Europe\/Atlantis": it takes an IANA time zone/),
    expect.stringMatching(/^unknown-key a\/b: "doublet" is none of the options of "dst".*Did you mean "doubled"\?$/),
    expect.stringMatching(/^bad-option a\/b: Option "missing" cannot be "later": it takes 'skip', 'next', 'shift'\.$/),
    expect.stringMatching(/^bad-option a\/b: .*input/),
    expect.stringMatching(/^bad-option a\/b: Option "metadata" cannot be .*: it takes an object\.$/),
    expect.stringMatching(/^bad-option a\/b: Option "overlap" cannot be "queue": it takes 'skip', 'bufferOne'/),
    expect.stringMatching(/^bad-option a\/b: .*"jitter"/),
    expect.stringMatching(/^bad-option a\/b: Option "pauseOnFailure" cannot be -1/),
  ]);
});

test.each<[string, unknown, RegExp]>([
  ['neither a line nor an interval', {}, /^bad-option .*"cron" or "every"/],
  ['both of them', { cron: '@daily', every: '1d' }, /^bad-option .*takes one of them/],
  ['a zone for an interval', { every: '1d', zone: 'Asia/Tokyo' }, /^bad-option .*"zone" belongs to "cron"/],
  ['an interval that is too short', { every: '10ms' }, /^bad-option .*"every" cannot be "10ms".*from 1s on/],
  ['an end before the beginning', { every: '1d', from: '2026-02-01', until: '2026-01-02' }, /^bad-option .*"until"/],
  ['a date for a line', { cron: '2030-01-01T00:00:00' }, /^bad-option .*it is a date/],
  ['an offset for a zone', { cron: '@daily', zone: '+02:00' }, /^bad-option .*"zone" cannot be "\+02:00"/],
  ['no object', 'daily', /^bad-option .*options of a schedule are an object; got "daily"/],
])('refused: %s', (_, options, message) => {
  expect(faultsOf(options)[0]).toMatch(message);
});

test.each<[unknown, RegExp]>([
  ['', /it is empty/],
  [7, /it is not a string/],
  ['x'.repeat(151), /it has 151 characters and 150 are allowed/],
  ['~s', /belong to the engine/],
  ['a\ud800', /half of a character/],
  ['a\0', /a control character/],
])('no id of a schedule: %j', (id, message) => {
  expect(problemOfId(id)).toMatch(message);
  expect(faultsOf({ every: '1h' }, id)[0]).toMatch(/^bad-name /);
});

describe('a schedule that would never fire is an error of its definition, not a silence:', () => {
  test.each<[string, object, RegExp]>([
    ['the 30th of February', { cron: '0 0 30 2 *' }, /^never-fires nightly: .*"0 0 30 2 \*" in zone UTC/],
    ['a year that is over', { cron: '0 0 0 1 1 * 2020' }, /^never-fires/],
    [
      'an hour that is always skipped',
      { cron: '30 2 * 3 SUN#L', zone: 'Europe/Berlin', dst: { missing: 'skip' } },
      /^never-fires/,
    ],
    [
      'an end before the first time',
      { cron: '0 0 1 6 *', until: '2026-05-01' },
      /^never-fires .*before 2026-05-01T00:00:00\.000Z/,
    ],
  ])('%s', (_, options, message) => {
    const faults = faultsOf(options);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(message);
  });
});

test('an end that is past is none: such a schedule has had its time', () => {
  expect(faultsOf({ every: '1h', until: '2025-01-01' })).toEqual([]);
  expect(faultsOf({ cron: '0 0 30 2 *', until: '2025-01-01' })[0]).toMatch(/^never-fires .*no time fits the line/);
});
