/** A box that goes on with the runs of another: what they keep beside their outputs (times, reasons, attempts), and what a snapshot says of it. */
import { createSignalbox, memory, orchestrator, type RunSnapshot, task, track } from 'signalbox';
import { fakeClock } from 'signalbox/testing';
import { expect, test } from 'vitest';
import { Anything, eventsOf, never, settled, soon, stage } from '../helpers/stage.ts';
import { head } from '../helpers/waits.ts';

const trying = task('trying', {
  input: Anything,
  output: Anything,
  retry: { maxAttempts: 3, delay: '10s', backoff: 'fixed' },
  run: never,
});
const flow = orchestrator('flow', head).track('t', track('t', { input: Anything }).step('try', trying));

const attemptsIn = (snapshot: RunSnapshot) =>
  snapshot.steps['t/try']?.attempts.map(({ attempt, status, endedAt }) => [attempt, status, endedAt === null]);

/** A box on `store` whose clock stands at `now`. */
async function opened(orchestrators: object, store = memory(), now = fakeClock().now()) {
  const { desk, options } = stage();
  const clock = fakeClock({ start: now });
  const box = clock.follow(
    await createSignalbox({ orchestrators: [orchestrators], ...options, store, clock } as never),
  );
  await soon(box.recovered);
  await settled(box);
  return { box, desk, clock, store };
}

test('the start of an attempt that was under way is what it was, whoever goes on with it (I6)', async () => {
  const first = await opened(flow);
  const begun = first.clock.now();
  await first.box.start(flow as never, { id: 'r', input: null } as never);
  first.desk.fail('t/try#1');
  await first.clock.advance('10s');
  await first.box.close();

  const second = await opened(flow, first.store, begun + 60_000);
  second.desk.fail('t/try#2');
  await second.clock.advance('10s');
  second.desk.give('t/try#3', 'made');
  const run = second.box.run('r');
  expect(await soon(run.result())).toEqual({ t: 'made' });

  expect((await run.snapshot()).steps['t/try']?.attempts.map(({ startedAt }) => startedAt - begun)).toEqual([
    0, 10_000, 70_000,
  ]);
  await second.box.close();
});

test('a retry is made when it is due by whoever goes on with the run, or at once if that was while nobody did (S10, P171)', async () => {
  const { store, ...first } = await opened(flow);
  const begun = first.clock.now();
  await first.box.start(flow as never, { id: 'r', input: null } as never);
  first.desk.fail('t/try#1');
  await first.clock.advance('4s');
  await first.box.close();

  const second = await opened(flow, store, begun + 4_000);
  await second.clock.advance(5_999);
  expect(second.desk.begun).toEqual([]);
  await second.clock.advance(1);
  expect(second.desk.begun).toEqual(['t/try#2']);
  second.desk.fail('t/try#2');
  await settled(second.box);
  await second.box.close();

  const third = await opened(flow, store, begun + 60_000);
  await third.clock.advance(0);
  third.desk.give('t/try#3', 'made');
  const run = third.box.run('r');
  expect(await soon(run.result())).toEqual({ t: 'made' });
  const told = (await eventsOf(run as never)).filter(({ type }) => type === 'step.retrying');
  expect(told).toMatchObject([
    { attempt: 1, delay: 10_000, due: begun + 10_000 },
    { attempt: 2, delay: 10_000, due: begun + 20_000 },
  ]);
  await third.box.close();
});

test('a snapshot lists each attempt once, also in the pause after it and after a restart', async () => {
  const first = await opened(flow);
  const run = await first.box.start(flow as never, { id: 'r', input: null } as never);
  await settled(first.box);
  expect(attemptsIn(await run.snapshot())).toEqual([[1, 'running', true]]);
  first.desk.fail('t/try#1');
  await settled(first.box);
  expect(attemptsIn(await run.snapshot())).toEqual([[1, 'failed', false]]);
  await first.box.close();

  const second = await opened(flow, first.store, first.clock.now());
  const again = second.box.run('r');
  expect(attemptsIn(await again.snapshot())).toEqual([[1, 'failed', false]]);
  await second.clock.advance('10s');
  expect(attemptsIn(await again.snapshot())).toEqual([
    [1, 'failed', false],
    [2, 'running', true],
  ]);
  await second.box.close();
});

test('a cleanup in which the process ended is made again, with the reason and under the key of the first time (S14, I6)', async () => {
  const called: string[] = [];
  let ends = false;
  const messy = task('messy', {
    input: Anything,
    output: Anything,
    run: never,
    cleanup: ({ key, reason }) => {
      called.push(`${key}: ${reason}`);
      return ends ? undefined : new Promise<void>(() => {});
    },
  });
  const untidy = orchestrator('untidy', head).track('t', track('t', { input: Anything }).step('s', messy));
  const first = await opened(untidy);
  const run = await first.box.start(untidy as never, { id: 'r', input: null } as never);
  await run.cancel({ reason: 'enough' });
  await settled(first.box);
  await first.box.close();

  ends = true;
  const second = await opened(untidy, first.store, first.clock.now());
  expect(await soon(second.box.run('r').outcome())).toMatchObject({ status: 'cancelled' });

  expect(called).toEqual(['r/t/s#1: enough', 'r/t/s#1: enough']);
  const ended = (await eventsOf(second.box.run('r'))).filter(({ type }) => type === 'step.cancelled');
  expect(ended).toMatchObject([{ path: 't/s', reason: 'enough', attempt: 1 }]);
  await second.box.close();
});

test('a run has a time of its end when it has ended, and not before, also in the middle of a cancel', async () => {
  const slow = task('slow', {
    input: Anything,
    output: Anything,
    run: never,
    cleanup: () => new Promise<void>((resolve) => void ends.push(resolve)),
  });
  const ends: (() => void)[] = [];
  const untidy = orchestrator('untidy', head).track('t', track('t', { input: Anything }).step('s', slow));
  const { box, clock, store } = await opened(untidy);
  const run = await box.start(untidy as never, { id: 'r', input: null } as never);
  await settled(box);
  const endedAt = async () => (await store.readRun('r'))?.endedAt;
  expect([await endedAt(), (await run.snapshot()).endedAt]).toEqual([null, null]);
  await clock.advance('5s');
  await run.cancel();
  expect([await run.status(), await endedAt()]).toEqual(['cancelling', null]);
  await clock.advance('5s');
  ends[0]?.();
  await soon(run.outcome());

  const { startedAt, endedAt: end } = await run.snapshot();
  expect(end).toBe(startedAt + 10_000);
  expect(await endedAt()).toBe(end);
  await box.close();
});
