/** The spans of a run that has ended, made of its history alone. */
import { createSignalbox, orchestrator, type ReadEvent, task, track } from 'signalbox';
import { openTelemetry, recordSpans } from 'signalbox/opentelemetry';
import { fakeClock, settled } from 'signalbox/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Anything, Desk, never } from '../helpers/stage.ts';
import { forget, register, spans, tree, unregister } from './spans.ts';

beforeEach(() => register());
afterEach(unregister);

const BEGIN = Date.UTC(2030, 0, 1);
const DAY = 86_400_000;
const work = task('work', { input: Anything, output: Anything, retry: { maxAttempts: 2, delay: 1_000, jitter: 0 } });
const order = orchestrator('order', { version: '1', input: Anything }).track(
  't',
  track('t', { input: Anything })
    .step('one', work)
    .wait('paid', { signal: 'paid' })
    .map('m', { over: () => [1, 2], each: work }),
);

async function played() {
  const [clock, desk] = [fakeClock({ start: BEGIN }), new Desk()];
  const box = clock.follow(
    await createSignalbox({
      orchestrators: [order],
      clock,
      executor: () => desk,
      tasks: { work: never },
      tracing: openTelemetry(),
    }),
  );
  const run = await box.start(order, { id: 'order-17', input: 1 });
  await clock.advance(100);
  desk.fail('t/one#1');
  await clock.advance(1_000);
  await clock.advance(50);
  desk.give('t/one#2');
  await clock.advance(DAY);
  await run.signal('paid');
  await clock.advance(10);
  desk.give('t/m/0#1');
  await clock.advance(10);
  return { box, clock, desk, run };
}

test('one for each track and step, in these one for each time at work, and waits as events', async () => {
  const { box, desk, run } = await played();
  desk.give('t/m/1#1');
  await run.result();
  const [traced] = spans();
  forget();

  expect(await recordSpans(run.history())).toBe(11);
  expect(tree(undefined, BEGIN)).toEqual([
    `run order (completed) 0+${DAY + 1_170}`,
    `  track t (completed) 0+${DAY + 1_170}`,
    '    step t/one (completed) 0+1150',
    '      attempt 1 (task-failed) 0+100',
    '      attempt 2 1100+50',
    `    step t/paid (completed) 1150+${DAY}`,
    `    step t/m (completed) ${DAY + 1_150}+20`,
    `      step t/m/* (completed) ${DAY + 1_150}+10`,
    `        attempt 1 ${DAY + 1_150}+10`,
    `      step t/m/* (completed) ${DAY + 1_150}+20`,
    `        attempt 1 ${DAY + 1_150}+20`,
  ]);
  expect(spans().flatMap(({ name, events }) => events.map((event) => [name, event.name, event.attributes]))).toEqual([
    ['step t/one', 'retrying', { 'signalbox.ms': 1_000 }],
    ['step t/paid', 'waiting', { 'signalbox.ms': DAY }],
  ]);
  expect(spans()[0]?.spanContext().traceId).toBe(traced?.spanContext().traceId);
  await box.close();
});

test('of so many tracks and steps as are asked for, those that began first', async () => {
  const { box, desk, run } = await played();
  desk.give('t/m/1#1');
  await run.result();
  forget();
  await recordSpans(run.history(), { limit: 3 });
  expect(tree().map((line) => line.trim())).toEqual([
    'run order (completed)',
    'track t (completed)',
    'step t/one (completed)',
    'attempt 1 (task-failed)',
    'attempt 2',
  ]);
  await box.close();
});

test('a run that has not ended is refused, and so is what is no limit', async () => {
  const { box, run } = await played();
  await settled(box);
  forget();
  await expect(recordSpans(run.history())).rejects.toThrow(
    /still "running".*only a run that has ended can be recorded/,
  );
  await expect(recordSpans(run.history(), { limit: 0 })).rejects.toThrow(/"limit"/);
  await expect(recordSpans(run.history(), { most: 3 } as never)).rejects.toThrow(/most/);
  expect(spans()).toEqual([]);
  await box.close();
});

test('an empty history has none', async () => {
  expect(await recordSpans((async function* (): AsyncGenerator<ReadEvent> {})())).toBe(0);
});
