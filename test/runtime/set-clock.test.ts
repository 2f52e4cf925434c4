/** A clock that somebody sets, and bodies that keep the thread: limits hold all the same (S10, S11, I4). */
import { createSignalbox, orchestrator, type TaskContext, task, track } from 'signalbox';
import { fakeClock, settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import type { Clock } from '../../src/clock.ts';
import { Timers } from '../../src/runtime/performing/timers.ts';
import { Anything, Desk, historyOf, never, soon, stage, statusesOf } from '../helpers/stage.ts';

const HOUR = 3_600_000;

function flowOf(options: object, add = (steps: ReturnType<typeof withStep>) => steps) {
  return orchestrator('flow', { version: '1', input: Anything }).track('t', add(withStep(options)));
}

const withStep = (options: object) =>
  track('t', { input: Anything }).step(
    's',
    task('s', { input: Anything, output: Anything, run: never, ...options } as never),
  );

async function open(flow: ReturnType<typeof flowOf>) {
  const clock = fakeClock({ isSteady: false });
  const desk = new Desk();
  const box = clock.follow(
    await createSignalbox({ orchestrators: [flow], clock, executor: () => desk, logger: () => {} } as never),
  );
  const run = await box.start(flow as never, { id: 'r', input: null } as never);
  await settled(box);
  return { clock, desk, box, run };
}

describe('a clock that is set back by an hour', () => {
  test('makes no timeout of an attempt late (S11)', async () => {
    const { clock, run, box } = await open(flowOf({ timeout: '30s' }));
    await clock.advance('10s');
    clock.jump(-HOUR);
    await clock.advance('19s');
    expect(await statusesOf(run)).toMatchObject({ 't/s': 'running' });
    await clock.advance('1s');
    expect(await soon(run.outcome())).toMatchObject({ status: 'failed', error: { code: 'step-timed-out' } });
    await box.close();
    expect(clock.pending).toBe(0);
  });

  test('and comes back makes no retry late: the hour is looked at again every few seconds (S10)', async () => {
    const { clock, desk, box } = await open(flowOf({ retry: { maxAttempts: 2, delay: '20s' } }));
    clock.jump(-HOUR);
    desk.fail('t/s#1');
    await clock.advance('5s');
    // A glitch while the timer is armed; the right hour is back a moment later.
    clock.jump(HOUR);
    await clock.advance('5s');
    expect(desk.begun).toEqual(['t/s#1', 't/s#2']);
    await box.close();
  });

  test('for a moment, when a timer is armed, holds up neither that one nor any that is set after it', async () => {
    const { clock, desk, box } = await open(flowOf({ retry: { maxAttempts: 3, delay: '2s', backoff: 'fixed' } }));
    desk.fail('t/s#1');
    await settled(box);
    clock.jump(-HOUR);
    await clock.advance('2s');
    clock.jump(HOUR);
    await clock.advance('5s');
    expect(desk.begun).toContain('t/s#2');
    desk.fail('t/s#2');
    await clock.advance('5s');
    expect(desk.begun).toContain('t/s#3');
    await box.close();
  });
});

test('a clock that is set back for good makes no retry late: it comes after as long as it was to take (S10)', async () => {
  const { clock, desk, box } = await open(flowOf({ retry: { maxAttempts: 2, delay: '20s' } }));
  desk.fail('t/s#1');
  await settled(box);
  clock.jump(-HOUR);
  await clock.advance('20s');
  expect(desk.begun).toEqual(['t/s#1', 't/s#2']);
  await box.close();
  expect(clock.pending).toBe(0);
});

test('a clock that is set forward makes a timeout no shorter, and a sleep ends at its hour (S11)', async () => {
  const { clock, run, desk, box } = await open(
    flowOf({ timeout: '30s' }, (steps) => steps.sleep('nap', '1h') as never),
  );
  clock.jump(HOUR);
  await clock.advance('20s');
  expect(await statusesOf(run)).toMatchObject({ 't/s': 'running' });
  desk.give('t/s#1', 1);
  await settled(box);
  clock.jump(HOUR);
  await clock.advance('5s');
  expect(await soon(run.outcome())).toMatchObject({ status: 'completed' });
  await box.close();
});

test('nothing looks at the hour while no timer waits for one: the process may end', async () => {
  const { clock, desk, run, box } = await open(flowOf({}));
  expect(clock.pending).toBe(0);
  desk.give('t/s#1', 1);
  await soon(run.result());
  expect(clock.pending).toBe(0);
  await box.close();
});

/** Keeps the thread, by the one clock that passes meanwhile. */
function keepThread(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until; );
}

describe.each([
  ['answers at once', (_: TaskContext<unknown>) => keepThread(60)],
  ['answers by a promise', async (_: TaskContext<unknown>) => keepThread(60)],
  [
    'throws',
    () => {
      keepThread(60);
      throw new Error('too late');
    },
  ],
] as const)('a body that keeps the thread past its timeout and then %s', (_, run) => {
  test('has timed out (S11)', async () => {
    const slow = task('slow', { input: Anything, output: Anything, timeout: 20, run });
    const flow = orchestrator('flow', { version: '1', input: Anything }).track(
      't',
      track('t', { input: Anything }).step('slow', slow),
    );
    await using box = await createSignalbox({ orchestrators: [flow], logger: () => {} });
    const started = await box.start(flow, { input: null });
    expect(await started.outcome()).toMatchObject({ status: 'failed', error: { code: 'step-timed-out' } });
    expect(await historyOf(started)).toContain('step.timedOut t/slow');
  });
});

test('a clock of one hand only is enough: what passes is then told by the hour', async () => {
  const { desk, clock, options } = stage();
  const { elapsed: _, ...one } = clock;
  const flow = flowOf({ timeout: '30s' });
  await using box = clock.follow(
    await createSignalbox({ orchestrators: [flow], ...options, clock: { ...one, now: clock.now } } as never),
  );
  const run = await box.start(flow as never, { input: null } as never);
  await clock.advance('30s');
  expect(await soon(run.outcome())).toMatchObject({ status: 'failed', error: { code: 'step-timed-out' } });
  expect(desk.begun).toHaveLength(1);
});

test.each([
  ['a timeout', (timers: Timers, fire: () => void) => timers.in(30_000, fire)],
  ['an hour', (timers: Timers, fire: () => void) => timers.at(30_000, fire)],
])('%s on a clock of one hand only, which is wrong just when it is read, is late by a few seconds', (_, set) => {
  let [passed, wrong] = [0, 0];
  const armed = new Map<() => void, number>();
  const clock: Clock = {
    now: () => passed + wrong,
    wakeAfter(ms, wake) {
      const own = (): void => wake();
      armed.set(own, passed + ms);
      return () => armed.delete(own);
    },
  };
  const timers = new Timers(clock);
  const fired: number[] = [];
  timers.in(1_000, () => {});
  set(timers, () => fired.push(passed));
  while (armed.size > 0) {
    const [wake, due] = [...armed].sort(([, left], [, right]) => left - right)[0] as [() => void, number];
    armed.delete(wake);
    passed = Math.max(passed, due);
    // Once, when the timer is armed anew.
    wrong = due >= 1_000 && fired.length === 0 && wrong === 0 ? -HOUR : 1e-9;
    wake();
    wrong = 1e-9;
  }

  expect(fired).toHaveLength(1);
  expect(fired[0]).toBeLessThanOrEqual(35_000);
});
