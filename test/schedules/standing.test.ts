/** What a schedule decides: a pure function of its spec, where it stands, how many runs are under way, and the time (S36). */
import { describe, expect, test } from 'vitest';
import type { ScheduleSpec } from '../../src/schedules/spec.ts';
import {
  type Cause,
  type Decision,
  decide,
  faultOfWord,
  MAX_WAITING,
  type Word,
} from '../../src/schedules/standing.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOON = Date.parse('2026-01-01T12:00:00Z');

const hourly: ScheduleSpec = {
  id: 's',
  cron: null,
  every: HOUR,
  zone: 'UTC',
  dst: { missing: 'skip', doubled: 'both' },
  from: null,
  until: null,
  of: { orchestrator: 'report', version: '1' },
  input: null,
  metadata: {},
  overlap: 'skip',
  catchUp: DAY,
  jitter: 0,
  pauseOnFailure: null,
};

/** A schedule under a clock, and the hours of what it has started. */
function play(spec: Partial<ScheduleSpec> = {}) {
  const whole = { ...hourly, ...spec };
  let now = NOON;
  let live = 0;
  let last: Decision = decide(whole, null, 0, now, { is: 'begun' });
  const started: string[] = [];
  const hear = (cause: Cause): Decision => {
    last = decide(whole, last.standing, live, now, cause);
    if (cause.is === 'ended') live -= 1;
    live += last.fire.length;
    for (const { name } of last.fire) started.push(name.replace('2026-01-0', '').replace(':00:00Z', ''));
    return last;
  };
  return {
    started,
    get standing() {
      return last.standing;
    },
    at: (hours: number) => {
      now = NOON + hours * HOUR;
      return hear({ is: 'due' });
    },
    late: (hours: number, word: Word) => {
      now = NOON + hours * HOUR;
      return hear({ is: 'word', word });
    },
    ends: (status = 'completed', code: string | null = null) => hear({ is: 'ended', status, code, message: 'why' }),
    say: (word: Word) => hear({ is: 'word', word }),
  };
}

test('it begins with the first time from now on, and starts each at its time', () => {
  const { standing } = play();
  expect(standing).toMatchObject({ cursor: NOON, due: NOON + HOUR, waiting: [], paused: null });
  const schedule = play();
  expect(schedule.at(1).standing.due).toBe(NOON + 2 * HOUR);
  schedule.ends();
  schedule.at(2);
  expect(schedule.started).toEqual(['1T13', '1T14']);
  expect(schedule.standing.counts).toMatchObject({ started: 2, completed: 1 });
});

describe('a time that comes while the run before is under way', () => {
  test('is left out under `skip`', () => {
    const schedule = play({ overlap: 'skip' });
    schedule.at(1);
    schedule.at(2);
    schedule.at(3);
    schedule.ends();
    schedule.at(4);
    expect(schedule.started).toEqual(['1T13', '1T16']);
    expect(schedule.standing.counts.skipped).toBe(2);
  });

  test('waits under `bufferOne`, the first of them', () => {
    const schedule = play({ overlap: 'bufferOne' });
    for (const hour of [1, 2, 3, 4]) schedule.at(hour);
    schedule.ends();
    schedule.ends();
    expect(schedule.started).toEqual(['1T13', '1T14']);
    expect(schedule.standing.counts.skipped).toBe(2);
  });

  test('waits under `bufferAll`, all of them, one after the other', () => {
    const schedule = play({ overlap: 'bufferAll' });
    for (const hour of [1, 2, 3]) schedule.at(hour);
    expect(schedule.started).toEqual(['1T13']);
    schedule.ends();
    expect(schedule.started).toEqual(['1T13', '1T14']);
    schedule.ends('failed', 'child-failed');
    schedule.ends();
    expect(schedule.started).toEqual(['1T13', '1T14', '1T15']);
  });

  test('cancels it under `cancelOther`, and starts when it has ended; the newest that waits is the one', () => {
    const schedule = play({ overlap: 'cancelOther' });
    expect(schedule.at(1).cancels).toBe(false);
    expect(schedule.at(2).cancels).toBe(true);
    expect(schedule.at(3).cancels).toBe(true);
    expect(schedule.started).toEqual(['1T13']);
    schedule.ends('cancelled');
    expect(schedule.started).toEqual(['1T13', '1T15']);
    expect(schedule.standing.counts).toMatchObject({ skipped: 1, failed: 0 });
  });

  test('waits for what somebody has asked for at that very moment (S36)', () => {
    const schedule = play({ overlap: 'cancelOther' });
    schedule.at(1);
    schedule.ends();
    // Said by the time that the next one is due, and heard before its timer.
    const { fire, cancels, standing } = schedule.late(2, { do: 'trigger', key: 'k' });
    expect([fire.length, cancels, standing.waiting]).toEqual([1, true, [NOON + 2 * HOUR]]);
    schedule.ends('cancelled');
    expect(schedule.started.at(-1)).toBe('1T14');
  });

  test('starts beside it under `allowAll`', () => {
    const schedule = play({ overlap: 'allowAll' });
    for (const hour of [1, 2, 3]) schedule.at(hour);
    expect(schedule.started).toEqual(['1T13', '1T14', '1T15']);
  });
});

describe('after a time in which nobody was there', () => {
  test('what is not too late is made up for, the rest is missed', () => {
    const schedule = play({ overlap: 'allowAll', catchUp: 2 * HOUR });
    schedule.at(5.5);
    expect(schedule.started).toEqual(['1T16', '1T17']);
    expect(schedule.standing).toMatchObject({ due: NOON + 6 * HOUR, counts: { missed: 3 } });
  });

  test('of several that are made up for the last one runs under `cancelOther`, and nobody waits (S36)', () => {
    const schedule = play({ overlap: 'cancelOther' });
    expect(schedule.at(3.2)).toMatchObject({
      cancels: false,
      standing: { waiting: [], counts: { skipped: 2, started: 1 } },
    });
    expect(schedule.started).toEqual(['1T15']);
    // The one that is under way makes way for the last of the next three, which then waits for nothing else.
    expect(schedule.at(6.2)).toMatchObject({ cancels: true, fire: [], standing: { waiting: [NOON + 6 * HOUR] } });
    schedule.ends('cancelled');
    expect(schedule.started).toEqual(['1T15', '1T18']);
  });

  test('of several that are made up for one runs under `skip`', () => {
    const schedule = play();
    schedule.at(5.5);
    expect(schedule.started).toEqual(['1T13']);
    expect(schedule.standing.counts.skipped).toBe(4);
  });

  test('with no window nothing is made up for', () => {
    const schedule = play({ catchUp: 0 });
    schedule.at(5.5);
    expect(schedule.started).toEqual([]);
  });

  test('of years of seconds some are counted, and the rest is passed over', () => {
    const schedule = play({ every: 1_000, catchUp: HOUR, overlap: 'skip' });
    let turns = 0;
    for (let due: number | null = 0; due !== null && due <= NOON + 9_000 * HOUR; turns += 1)
      due = schedule.at(9_000).standing.due;
    expect(turns).toBe(5);
    expect(schedule.standing.counts).toMatchObject({ missed: 1_000, started: 1 });
  });

  test('a hundred are started in one turn, and the others in the next ones', () => {
    const schedule = play({ every: 1_000, overlap: 'allowAll' });
    expect(schedule.at(0.1)).toMatchObject({ fire: { length: 100 }, standing: { due: NOON + 0.1 * HOUR } });
    for (let turn = 0; turn < 3; turn += 1) schedule.at(0.1);
    expect(schedule.started).toHaveLength(360);
    expect(schedule.standing.due).toBe(NOON + 361_000);
  });
});

describe('pausing', () => {
  test('stops the timer; what would have come meanwhile is not made up for', () => {
    const schedule = play();
    schedule.say({ do: 'pause', reason: 'inventory' });
    expect(schedule.standing).toMatchObject({ due: null, paused: { at: NOON, by: 'person', reason: 'inventory' } });
    expect(schedule.at(3).fire).toEqual([]);
    schedule.say({ do: 'resume' });
    expect(schedule.standing).toMatchObject({ due: NOON + 4 * HOUR, paused: null, counts: { missed: 0 } });
    expect(schedule.started).toEqual([]);
  });

  test('lets what waits wait', () => {
    const schedule = play({ overlap: 'bufferAll' });
    schedule.at(1);
    schedule.at(2);
    schedule.say({ do: 'pause', reason: null });
    schedule.ends();
    expect(schedule.started).toEqual(['1T13']);
    schedule.say({ do: 'resume' });
    expect(schedule.started).toEqual(['1T13', '1T14']);
  });

  test('happens by itself after so many failures in a row', () => {
    const schedule = play({ pauseOnFailure: 2 });
    for (const [hour, status] of [
      [1, 'failed'],
      [2, 'completed'],
      [3, 'failed'],
      [4, 'failed'],
    ] as const) {
      schedule.at(hour);
      expect(schedule.standing.paused).toBeNull();
      schedule.ends(status, 'child-failed');
    }
    expect(schedule.standing.paused).toEqual({ at: NOON + 4 * HOUR, by: 'failure', reason: 'why' });
    schedule.say({ do: 'resume' });
    expect(schedule.standing).toMatchObject({ failuresInARow: 0, counts: { failed: 3, completed: 1 } });
  });

  test('does not happen because somebody has cancelled a run', () => {
    const schedule = play({ pauseOnFailure: 1 });
    schedule.at(1);
    schedule.ends('failed', 'child-cancelled');
    expect(schedule.standing).toMatchObject({ paused: null, counts: { failed: 0 } });
  });
});

test('a trigger starts at once, whatever runs, and also while it is paused', () => {
  const schedule = play();
  schedule.at(1);
  schedule.say({ do: 'pause', reason: null });
  schedule.say({ do: 'trigger', key: 'k1' });
  expect(schedule.started).toEqual(['1T13', 'by-hand.k1']);
});

test('a backfill waits its turn, and starts all at once where runs may overlap', () => {
  const span = { do: 'backfill', from: NOON - 3 * HOUR, to: NOON - HOUR } as const;
  const one = play();
  one.say(span);
  one.say(span);
  expect(one.started).toEqual(['1T09']);
  one.ends();
  one.ends();
  one.ends();
  expect(one.started).toEqual(['1T09', '1T10', '1T11', '1T09']);
  const all = play({ overlap: 'allowAll' });
  all.say(span);
  expect(all.started).toEqual(['1T09', '1T10', '1T11']);
  const some = play({ overlap: 'allowAll' });
  some.say({ ...span, had: [NOON - 2 * HOUR] });
  expect([some.started, some.standing.counts.started]).toEqual([['1T09', '1T11'], 2]);
});

test('no more than a thousand wait', () => {
  const schedule = play({ every: 1_000, overlap: 'bufferAll' });
  for (let turn = 0; turn < 3; turn += 1) schedule.at(0.5);
  expect(schedule.standing.waiting).toHaveLength(MAX_WAITING);
  expect(schedule.standing.counts).toMatchObject({ started: 1, dropped: 1_800 - 1 - MAX_WAITING });
});

describe('a change', () => {
  test('of its times counts from now on', () => {
    const schedule = play();
    schedule.at(0.9);
    schedule.say({ do: 'change', spec: { ...hourly, every: HOUR / 6 } });
    expect(schedule.started).toEqual([]);
    expect(schedule.standing.due).toBe(NOON + HOUR);
  });

  test('of anything else leaves what is due', () => {
    const schedule = play();
    schedule.at(0.9);
    schedule.say({ do: 'change', spec: { ...hourly, input: { a: 1 } } });
    expect(schedule.standing).toMatchObject({ cursor: NOON, due: NOON + HOUR, changed: { input: { a: 1 } } });
  });
});

test('it is over when nothing comes any more and the last run has ended', () => {
  const schedule = play({ until: NOON + 2 * HOUR });
  expect(schedule.at(1)).toMatchObject({ isOver: false, standing: { due: null } });
  expect(schedule.ends()).toMatchObject({ isOver: true });
});

test('jitter makes the start later, not the time', () => {
  const schedule = play({ jitter: HOUR });
  const { due } = schedule.standing;
  expect(due).toBeGreaterThan(NOON + HOUR);
  expect(due).toBeLessThan(NOON + 2 * HOUR);
  expect(schedule.at(1).fire).toEqual([]);
  expect(schedule.at((Number(due) - NOON) / HOUR).fire).toEqual([{ name: '2026-01-01T13:00:00Z', at: NOON + HOUR }]);
});

test('what is no word to a schedule is refused, since anybody may send a signal', () => {
  for (const word of [
    null,
    'pause',
    {},
    { do: 'stop' },
    { do: 'pause', reason: 5 },
    { do: 'trigger', key: 'a/b' },
    { do: 'backfill', from: 0, to: 1, had: 'all' },
    { do: 'backfill', from: 0, to: 1, had: [0.5] },
    { do: 'backfill', from: '2026', to: 1 },
    { do: 'change', spec: {} },
    { do: 'change', spec: { ...hourly, cron: 'x', every: null } },
    { do: 'change', spec: { ...hourly, zone: 5, cron: '@daily', every: null } },
    { do: 'change', spec: { ...hourly, every: Number.NaN } },
  ])
    expect([word, faultOfWord(word)]).toEqual([word, expect.any(String)]);
  expect(faultOfWord({ do: 'change', spec: hourly })).toBeNull();
});
