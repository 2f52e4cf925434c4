/** Retries (S10) and timeouts (S11): when, how often, with which error, and what a late answer is worth. */
import { createSignalbox, orchestrator, RetryAfter, TerminalError, task, track } from 'signalbox';
import { describe, expect, test } from 'vitest';
import { MAX_DELAY } from '../../src/clock.ts';
import { retryDelay } from '../../src/retry.ts';
import {
  Anything,
  eventsOf,
  faultsOfHistory,
  historyOf,
  never,
  rejection,
  settled,
  stage,
  statusesOf,
} from '../helpers/stage.ts';

type Options = Parameters<typeof task>[1];

/** One track `t` of one step `try`, with these policies. */
const flowOf = (more: Pick<Options, 'retry' | 'timeout'>) =>
  orchestrator('flow', { version: '1', input: Anything }).track(
    't',
    track('t', { input: Anything }).step(
      'try',
      task('try', { input: Anything, output: Anything, run: never, ...more }) as ReturnType<typeof anyTask>,
    ),
  );
const anyTask = () => task('try', { input: Anything, output: Anything, run: never });

/** Starts a run and lets every attempt fail; answers with the delays that the history tells. */
async function delaysOf(retry: NonNullable<Options['retry']>, id = 'r'): Promise<number[]> {
  const { desk, clock, options } = stage();
  const flow = flowOf({ retry });
  await using box = clock.follow(await createSignalbox({ orchestrators: [flow], ...options }));
  const run = await box.start(flow, { id, input: null });
  for (let attempt = 1; attempt <= (retry.maxAttempts ?? 1); attempt += 1) {
    const before = clock.now();
    desk.fail(`t/try#${attempt}`);
    await settled(box);
    const told = (await eventsOf(run)).findLast(({ type }) => type === 'step.retrying');
    if (attempt === retry.maxAttempts || told?.type !== 'step.retrying') break;
    expect(told.due - before).toBe(told.delay);
    if (told.delay > 0) await clock.advance(told.delay - 1);
    expect(desk.begun).toHaveLength(attempt);
    await clock.advance(told.delay > 0 ? 1 : 0);
    expect(desk.begun).toHaveLength(attempt + 1);
  }
  await rejection(run.result());
  expect(await faultsOfHistory(run)).toEqual([]);
  return (await eventsOf(run)).flatMap((event) => (event.type === 'step.retrying' ? [event.delay] : []));
}

test.each([
  ['fixed', [1_000, 1_000, 1_000, 1_000]],
  ['linear', [1_000, 2_000, 3_000, 4_000]],
  ['exponential', [1_000, 2_000, 4_000, 8_000]],
] as const)('a %s backoff waits exactly as long as it says, and then begins (S10, P51)', async (backoff, delays) => {
  expect(await delaysOf({ maxAttempts: 5, delay: '1s', backoff })).toEqual(delays);
});

test('three retries are four attempts, after one, two and four seconds (S10, P206)', async () => {
  const retry = { maxAttempts: 4, delay: 1_000, backoff: 'exponential' } as const;
  expect(await delaysOf(retry)).toEqual([1_000, 2_000, 4_000]);
});

test('maxDelay caps every backoff (S10, P51)', async () => {
  expect(await delaysOf({ maxAttempts: 5, delay: '1s', maxDelay: '3s' })).toEqual([1_000, 2_000, 3_000, 3_000]);
});

test('a delay of nothing tries again at once (S10)', async () => {
  expect(await delaysOf({ maxAttempts: 3, delay: 0 })).toEqual([0, 0]);
});

test('without a retry there is one attempt (S10)', async () => {
  expect(await delaysOf({})).toEqual([]);
});

test('jitter takes at most its share off the capped delay, and the same again for the same key (S10, I4, P51, P52)', async () => {
  const policy = { maxAttempts: 6, delay: '10s', backoff: 'fixed', jitter: 0.5 } as const;
  const first = await delaysOf(policy, 'a');
  expect(await delaysOf(policy, 'a')).toEqual(first);
  expect(await delaysOf(policy, 'b')).not.toEqual(first);
  for (const delay of first) {
    expect(delay).toBeGreaterThan(5_000);
    expect(delay).toBeLessThanOrEqual(10_000);
  }
  expect(new Set(first).size).toBe(5);
});

test('the delay stays finite and capped at attempt 10,000 (S10, P52)', () => {
  const policy = { maxAttempts: 20_000, delay: 1_000, maxDelay: 60_000, jitter: 0, when: undefined } as const;
  for (const backoff of ['fixed', 'linear', 'exponential'] as const) {
    const open = retryDelay({ ...policy, backoff, maxDelay: Number.POSITIVE_INFINITY }, 10_000, 0);
    expect(Number.isSafeInteger(open)).toBe(true);
    expect(retryDelay({ ...policy, backoff }, 10_000, 0)).toBe(backoff === 'fixed' ? 1_000 : 60_000);
  }
  expect(retryDelay({ ...policy, backoff: 'exponential', delay: 0 }, 10_000, 0)).toBe(0);
});

describe('which errors are tried again', () => {
  /** Fails the first attempt with `error`; how many attempts there were. */
  async function attemptsAfter(error: unknown, retry: NonNullable<Options['retry']>) {
    const { desk, clock, lines, options } = stage();
    const flow = flowOf({ retry: { maxAttempts: 3, delay: '1s', ...retry } });
    await using box = clock.follow(await createSignalbox({ orchestrators: [flow], ...options }));
    const run = await box.start(flow, { input: null });
    desk.fail('t/try#1', error);
    await clock.advance('1d');
    return { begun: desk.begun.length, lines, events: await eventsOf(run) };
  }

  test('`when` is given the very error that was thrown, and decides (S10, P51)', async () => {
    class Busy extends Error {
      readonly wait = 7;
    }
    const asked: unknown[] = [];
    const busy = new Busy('busy');
    const when = (error: unknown) => {
      asked.push(error);
      return error instanceof Busy && error.wait === 7;
    };
    expect((await attemptsAfter(busy, { when })).begun).toBe(2);
    expect(asked[0]).toBe(busy);
    expect((await attemptsAfter(new Error('other'), { when })).begun).toBe(1);
  });

  test('a `when` that throws counts as a no, and the log says so (S5, S10)', async () => {
    const when = () => {
      throw new Error('confused');
    };
    const { begun, lines, events } = await attemptsAfter(new Error('busy'), { when });
    expect(begun).toBe(1);
    expect(lines.some(({ message }) => message.includes('confused'))).toBe(true);
    // The failure is the body's, not that of `when`.
    expect(events.find(({ type }) => type === 'step.failed')).toMatchObject({ error: { message: 'busy' } });
  });

  test('a TerminalError is never tried again, whatever `when` says (S10)', async () => {
    const { begun, events } = await attemptsAfter(new TerminalError('no such card'), { when: () => true });
    expect(begun).toBe(1);
    expect(events.find(({ type }) => type === 'step.failed')).toMatchObject({
      error: { name: 'TerminalError', message: 'no such card', retryable: false },
    });
  });

  test('RetryAfter sets the delay, beyond the policy and its cap (S10)', async () => {
    const { events, begun } = await attemptsAfter(new RetryAfter(42_000), { maxDelay: '2s' });
    expect(begun).toBe(2);
    expect(events.find(({ type }) => type === 'step.retrying')).toMatchObject({ delay: 42_000 });
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])(
    'RetryAfter(%s), as read from a header that was no number, still leads to another attempt or to an end (S10, I7)',
    async (ms) => {
      const { begun, events } = await attemptsAfter(new RetryAfter(ms), {});
      const told = events.find(({ type }) => type === 'step.retrying');
      expect(begun === 2 || events.some(({ type }) => type === 'step.failed')).toBe(true);
      if (told?.type === 'step.retrying') expect(Number.isFinite(told.due)).toBe(true);
    },
  );
});

test('each attempt is on record with its status, its error and its times (S10)', async () => {
  const { desk, clock, options } = stage();
  const flow = flowOf({ retry: { maxAttempts: 3, delay: '10s', backoff: 'fixed' }, timeout: '5s' });
  await using box = clock.follow(await createSignalbox({ orchestrators: [flow], ...options }));
  const begun = clock.now();
  const run = await box.start(flow, { input: null });
  await clock.advance('2s');
  desk.fail('t/try#1', new Error('first'));
  await clock.advance('10s');
  await clock.advance('5s');
  await clock.advance('10s');
  await clock.advance('1s');
  desk.give('t/try#3', 'good');
  await run.result();

  const { attempts, output, status } = (await run.snapshot()).steps['t/try']!;
  expect(status).toBe('completed');
  expect(output).toBe('good');
  expect(attempts.map(({ attempt, status, error }) => [attempt, status, error?.code ?? null])).toEqual([
    [1, 'failed', 'task-failed'],
    [2, 'timedOut', 'step-timed-out'],
    [3, 'completed', null],
  ]);
  expect(attempts.map(({ startedAt, endedAt }) => [startedAt - begun, endedAt! - begun])).toEqual([
    [0, 2_000],
    [12_000, 17_000],
    [27_000, 28_000],
  ]);
});

test('an attempt that is under way is on record with the time when it began, not when the one before ended', async () => {
  const { desk, clock, options } = stage();
  const flow = flowOf({ retry: { maxAttempts: 2, delay: '10s' } });
  await using box = clock.follow(await createSignalbox({ orchestrators: [flow], ...options }));
  const begun = clock.now();
  const run = await box.start(flow, { input: null });
  desk.fail('t/try#1');
  await clock.advance('10s');

  expect((await run.snapshot()).steps['t/try']?.attempts.at(-1)).toMatchObject({
    attempt: 2,
    status: 'running',
    startedAt: begun + 10_000,
    endedAt: null,
  });
});

test('a run shows waiting while every live step waits, and running as soon as one does not', async () => {
  const { desk, clock, options } = stage();
  const flaky = task('flaky', {
    input: Anything,
    output: Anything,
    retry: { maxAttempts: 3, delay: '1m' },
    run: never,
  });
  const one = track('one', { input: Anything }).step('try', flaky);
  const flow = orchestrator('flow', { version: '1', input: Anything }).track('a', one).track('b', one);
  await using box = clock.follow(await createSignalbox({ orchestrators: [flow], ...options }));
  const run = await box.start(flow, { input: null });
  expect(await run.status()).toBe('running');
  desk.fail('a/try#1');
  await settled(box);
  expect(await run.status()).toBe('running');
  await clock.advance('10s');
  desk.fail('b/try#1');
  await settled(box);
  expect(await run.status()).toBe('waiting');
  expect((await run.snapshot()).status).toBe('waiting');
  expect((await run.snapshot()).steps['a/try']).toMatchObject({ status: 'retrying', due: clock.now() + 50_000 });
  await clock.advance('50s');
  expect(await run.status()).toBe('running');
});

test('a retry in sixty days comes after sixty days, on a clock that counts no further than 24.8 (S10)', async () => {
  const { desk, clock, options } = stage();
  const asked: number[] = [];
  const short = {
    ...clock,
    wakeAfter: (ms: number, wake: () => void) => {
      asked.push(ms);
      if (ms > MAX_DELAY) throw new Error(`${ms} ms are more than this clock can count.`);
      return clock.wakeAfter(ms, wake);
    },
  };
  const flow = flowOf({ retry: { maxAttempts: 2, delay: '60d' } });
  await using box = clock.follow(await createSignalbox({ orchestrators: [flow], ...options, clock: short }));
  await box.start(flow, { input: null });
  desk.fail('t/try#1');
  await clock.advance(60 * 86_400_000 - 1);
  expect(desk.begun).toEqual(['t/try#1']);
  expect(box.counts.timers).toBe(1);
  await clock.advance(1);

  expect(desk.begun).toEqual(['t/try#1', 't/try#2']);
  expect(Math.max(...asked)).toBe(MAX_DELAY);
});

describe('a timeout', () => {
  test('ends the attempt, tells the body with a TimeoutError, and leaves the step timedOut (S11, P50)', async () => {
    const { desk, clock, options } = stage();
    const flow = flowOf({ timeout: '30s' });
    await using box = clock.follow(await createSignalbox({ orchestrators: [flow], ...options }));
    const run = await box.start(flow, { id: 'r', input: null });
    const job = desk.job('t/try#1');
    expect(job.deadline).toBe(clock.now() + 30_000);
    await clock.advance(29_999);
    expect(job.signal().aborted).toBe(false);
    await clock.advance(1);

    expect(job.signal().reason).toMatchObject({ name: 'TimeoutError' });
    const error = await rejection(run.result());
    expect(error).toMatchObject({ failures: [{ code: 'step-timed-out', path: 't/try', attempt: 1 }] });
    expect(error.message).toContain('30s');
    expect(await statusesOf(run)).toEqual({ t: 'failed', 't/try': 'timedOut' });
    const told = await historyOf(run);
    expect(told).toContain('step.timedOut t/try');

    desk.give('t/try#1', 'too late');
    await settled(box);
    expect(await historyOf(run)).toEqual(told);
    expect((await run.snapshot()).steps['t/try']).toMatchObject({ status: 'timedOut', output: null });
    expect(box.counts.ignored).toBe(1);
  });

  test('is per attempt, and the next attempt has all of it (S11)', async () => {
    const { desk, clock, options } = stage();
    const flow = flowOf({ timeout: '30s', retry: { maxAttempts: 2, delay: '10s' } });
    await using box = clock.follow(await createSignalbox({ orchestrators: [flow], ...options }));
    const run = await box.start(flow, { input: null });
    await clock.advance('40s');
    expect(desk.begun).toEqual(['t/try#1', 't/try#2']);
    await clock.advance(29_999);
    desk.give('t/try#2', 'just in time');

    expect(await run.result()).toEqual({ t: 'just in time' });
    expect(clock.pending).toBe(0);
  });

  test('makes a late result worth nothing: it is ignored and counted (S11, I5, P233, P50)', async () => {
    const { desk, clock, lines, options } = stage();
    const flow = flowOf({ timeout: '1s', retry: { maxAttempts: 2, delay: '1s' } });
    await using box = clock.follow(await createSignalbox({ orchestrators: [flow], ...options }));
    const run = await box.start(flow, { input: null });
    await clock.advance('2s');
    desk.give('t/try#1', 'from the first attempt');
    desk.give('t/try#2', 'from the second');
    expect(await run.result()).toEqual({ t: 'from the second' });

    expect(box.counts.ignored).toBe(1);
    const told = lines.filter(({ error }) => (error as { code?: string })?.code === 'answer-ignored');
    // Nobody is to be woken for it.
    expect(told).toMatchObject([{ level: 'info' }]);
  });
});

test('an executor that answers twice is heard once, and the second answer is counted (I5)', async () => {
  const { desk, options } = stage();
  const flow = flowOf({});
  await using box = await createSignalbox({ orchestrators: [flow], ...options });
  const run = await box.start(flow, { input: null });
  desk.give('t/try#1', 'one');
  desk.fail('t/try#1', new Error('two'));
  desk.give('t/try#1', 'three');

  expect(await run.result()).toEqual({ t: 'one' });
  desk.give('t/try#1', 'four');
  expect(box.counts.ignored).toBe(3);
  expect(await faultsOfHistory(run)).toEqual([]);
});
