/** Sleeping for a time that is worked out when the sleep begins: from then on it is an instant, which stands in the row. */
import { createSignalbox, defineTrack, diagram, memory, orchestrator, orchestratorMachine, track } from 'signalbox';
import { machineInput } from 'signalbox/machines';
import { fakeClock, settled } from 'signalbox/testing';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type AnyStateMachine, createActor } from 'xstate';
import { Anything, eventsOf } from '../helpers/stage.ts';

afterEach(() => void vi.useRealTimers());

const head = { version: '1', input: Anything } as const;
const flow = (length: unknown) =>
  orchestrator('flow', head).track(
    't',
    track('t', { input: Anything })
      .sleep('before', '1d')
      .sleep('nap', { for: length as () => number }),
    { input: ({ input }) => input },
  );
const DAY = 86_400_000;
const START = fakeClock().now();

describe.each(['table', 'xstate'] as const)('a sleep for a time, stepped by the %s lane,', (lane) => {
  test.each<[string, unknown]>([
    ['a mapper of a text', ({ input }: { input: number }) => `${input}d`],
    ['a mapper of milliseconds', ({ input }: { input: number }) => input * DAY],
    ['a text', '60d'],
  ])('given as %s, begins when its turn has come and ends so much later, beyond 24.8 days', async (_, length) => {
    const of = flow(length);
    const clock = fakeClock();
    await using box = clock.follow(await createSignalbox({ orchestrators: [of], clock, lane, idleRuns: 0 }));
    const run = await box.start(of, { input: 60 });
    await clock.advance('1d');
    const due = START + 61 * DAY;
    expect((await run.snapshot()).steps['t/nap']).toMatchObject({ status: 'waiting', due, waitingFor: { due } });
    expect((await run.explain()).says).toContain('ends in 60 d');
    await clock.advance('59d');
    expect(await run.status()).toBe('waiting');
    await clock.advance('1d');
    expect(await run.result()).toEqual({ t: null });
    expect((await eventsOf(run)).at(-1)?.at).toBe(due);
  });
});

test('is worked out once, and a restart changes nothing about when it ends', async () => {
  const store = memory();
  const clock = fakeClock();
  let asked = 0;
  const of = flow(() => {
    asked += 1;
    return `${asked * 10}d`;
  });
  const first = clock.follow(await createSignalbox({ orchestrators: [of], clock, store }));
  await first.start(of, { id: 'r', input: null });
  await clock.advance('1d');
  await first.close();
  await clock.advance('9d');
  await using second = clock.follow(await createSignalbox({ orchestrators: [of], clock, store }));
  await second.recovered;
  await settled(second);
  expect(await second.run('r').status()).toBe('waiting');
  await clock.advance('1d');
  expect(await second.run('r').status()).toBe('completed');
  expect(asked).toBe(1);
});

test.each(['soon', -1, Number.NaN, null, {}, true])('what is no duration fails the step: %s', async (value) => {
  const of = flow(() => value);
  const clock = fakeClock();
  await using box = clock.follow(await createSignalbox({ orchestrators: [of], clock, logger: () => {} }));
  const run = await box.start(of, { input: null });
  await clock.advance('1d');
  expect((await run.outcome()).failures).toMatchObject([{ code: 'duration-invalid', path: 't/nap' }]);
});

test('is drawn, in a builder and in a document', () => {
  expect(
    diagram(
      flow(() => 1),
      { format: 'text' },
    ),
  ).toContain('for as long as it is told');
  const made = defineTrack({ name: 't', input: Anything, tasks: [{ name: 'nap', sleep: { for: () => '1h' } }] });
  expect(diagram(made, { format: 'text' })).toContain('for as long as it is told');
});

test('is slept without a box, and has the rest of its time left when it is persisted', async () => {
  vi.useFakeTimers();
  const of = orchestrator('flow', head).track(
    't',
    track('t', { input: Anything }).sleep('nap', { for: ({ input }) => input as number }),
    { input: ({ input }) => input },
  );
  const input = machineInput(of, 10_000);
  const first = createActor(orchestratorMachine as AnyStateMachine, { input });
  first.start();
  await vi.advanceTimersByTimeAsync(4_000);
  const snapshot = JSON.parse(JSON.stringify(first.getPersistedSnapshot()));
  first.stop();
  await vi.advanceTimersByTimeAsync(1_000);
  const again = createActor(orchestratorMachine as AnyStateMachine, { input, snapshot });
  again.start();
  await vi.advanceTimersByTimeAsync(4_900);
  expect(again.getSnapshot().status).toBe('active');
  await vi.advanceTimersByTimeAsync(200);
  expect(again.getSnapshot().status).toBe('done');
});
