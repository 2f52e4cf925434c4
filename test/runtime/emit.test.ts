/** Events of the user's own: told within the turn, once, with data that is JSON. */
import { createSignalbox, type EventOf, orchestrator, type ReadEvent, type Signalbox, track } from 'signalbox';
import { describe, expect, test } from 'vitest';
import { faultOfEvent } from '../../src/events.ts';
import { Anything, eventsOf, faultsOfHistory, historyOf } from '../helpers/stage.ts';

const head = { version: '1', input: Anything } as const;
const flow = (data: unknown) =>
  orchestrator('flow', head).track(
    't',
    track('t', { input: Anything }).emit('told', { event: 'order.shipped', data: data as () => unknown }),
    { input: ({ input }) => input },
  );

describe.each(['table', 'xstate'] as const)('an emit step, stepped by the %s lane,', (lane) => {
  test('tells the history, and whoever listens, and leaves null behind', async () => {
    const of = flow(({ input }: { input: unknown }) => ({ parcel: input }));
    await using box = (await createSignalbox({ orchestrators: [of], lane, logger: () => {} })) as unknown as Signalbox;
    const heard: ReadEvent<EventOf<'user.emitted'>>[] = [];
    box.on('user.emitted', (event) => void heard.push(event));
    const run = await box.start(of, { id: 'r', input: 'p1' });

    expect(await run.result()).toEqual({ t: null });
    expect(await historyOf(run)).toEqual([
      'run.started',
      'track.started t',
      'step.started t/told',
      'user.emitted t/told',
      'step.completed t/told',
      'track.completed t',
      'run.completed',
    ]);
    expect(heard).toMatchObject([{ run: 'r', path: 't/told', name: 'order.shipped', data: { parcel: 'p1' } }]);
    expect((await eventsOf(run))[3]).toEqual(heard[0]);
    expect((await eventsOf(run)).map(faultOfEvent)).toEqual(Array.from({ length: 7 }, () => null));
    expect(await faultsOfHistory(run)).toEqual([]);
    expect((await run.snapshot()).steps['t/told']?.attempts).toHaveLength(1);
  });
});

test('data that is no JSON, or too large, or a promise, fails the step and tells nothing (S5, S33)', async () => {
  for (const [data, code] of [
    [() => new Date(0), 'value-not-json'],
    [() => 'x'.repeat(2_000), 'value-too-large'],
    [() => Promise.reject(new Error('no')), 'mapper-async'],
  ] as const) {
    const of = flow(data);
    await using box = await createSignalbox({ orchestrators: [of], maxValueBytes: 1_000, logger: () => {} });
    const run = await box.start(of, { input: 1 });
    expect((await run.outcome()).failures).toMatchObject([{ code, path: 't/told' }]);
    expect((await historyOf(run)).filter((event) => event.startsWith('user'))).toEqual([]);
  }
});

test('an event without data has null', async () => {
  const of = flow(undefined);
  await using box = await createSignalbox({ orchestrators: [of], logger: () => {} });
  const run = await box.start(of, { input: 1 });
  await run.result();
  expect((await eventsOf(run))[3]).toMatchObject({ type: 'user.emitted', data: null });
});
