/** Whatever happens to a schedule: each of its times is dealt with once, in order, and has become something (S36). */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nameOfTime, OVERLAPS, type ScheduleSpec } from '../../src/schedules/spec.ts';
import { type Cause, type Decision, decide } from '../../src/schedules/standing.ts';
import { timesOf } from '../../src/schedules/times.ts';

const MINUTE = 60_000;
const START = Date.parse('2026-03-28T20:00:00Z');

const spec = fc.record({
  times: fc.constantFrom(
    { cron: null, every: 7 * MINUTE },
    { cron: '*/20 1-3 * * *', every: null },
    { cron: '30 2 * * *', every: null },
  ),
  overlap: fc.constantFrom(...OVERLAPS),
  catchUp: fc.constantFrom(0, 30 * MINUTE, 86_400_000),
  jitter: fc.constantFrom(0, 5 * MINUTE),
});

const happening = fc.oneof(
  { weight: 4, arbitrary: fc.record({ what: fc.constant('later' as const), minutes: fc.nat(600) }) },
  { weight: 2, arbitrary: fc.constant({ what: 'due' as const }) },
  {
    weight: 4,
    arbitrary: fc.record({
      what: fc.constant('ends' as const),
      status: fc.constantFrom('completed', 'failed', 'cancelled'),
    }),
  },
);

test('each time is started, waits, was skipped, missed or dropped, and none is twice', () => {
  fc.assert(
    fc.property(spec, fc.array(happening, { maxLength: 40 }), ({ times, ...rest }, happenings) => {
      const whole: ScheduleSpec = {
        ...times,
        ...rest,
        id: 's',
        zone: times.cron === null ? 'UTC' : 'Europe/Berlin',
        dst: { missing: 'next', doubled: 'both' },
        from: null,
        until: null,
        of: { orchestrator: 'o', version: '1' },
        input: null,
        metadata: {},
        pauseOnFailure: null,
      };
      let now = START;
      let live = 0;
      const started: string[] = [];
      let last: Decision = decide(whole, null, 0, now, { is: 'begun' });
      const hear = (cause: Cause): void => {
        if (cause.is === 'ended' && live === 0) return;
        last = decide(whole, last.standing, live, now, cause);
        live += last.fire.length - (cause.is === 'ended' ? 1 : 0);
        started.push(...last.fire.map(({ name }) => name));
        const { counts, waiting, cursor, due } = last.standing;

        // One run at a time, unless it says otherwise.
        if (whole.overlap !== 'allowAll') expect(live).toBeLessThanOrEqual(1);
        // Nothing waits for a run that is not there.
        if (waiting.length > 0) expect(live).toBeGreaterThan(0);
        expect(due).toBeGreaterThanOrEqual(now);
        // What has been dealt with are the times up to the cursor, each once.
        const dealtWith: string[] = [];
        const all = timesOf(whole);
        for (let at = all.next(START); at !== null && at <= cursor; at = all.next(at)) dealtWith.push(nameOfTime(at));
        expect(counts.started + counts.skipped + counts.missed + counts.dropped + waiting.length).toBe(
          dealtWith.length,
        );
        expect(new Set(started).size).toBe(started.length);
        expect(dealtWith).toEqual(expect.arrayContaining(started));
        expect([...started].sort()).toEqual(started);
      };
      for (const each of happenings) {
        if (each.what === 'later') now += each.minutes * MINUTE;
        else if (each.what === 'due') now = Math.max(now, last.standing.due ?? now);
        if (each.what === 'ends') hear({ is: 'ended', status: each.status, code: null, message: null });
        else if (now >= (last.standing.due ?? Number.POSITIVE_INFINITY)) hear({ is: 'due' });
      }
    }),
    { numRuns: 500 },
  );
});
