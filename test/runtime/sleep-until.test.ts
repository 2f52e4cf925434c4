/** Sleeping until an instant: it is fixed when the sleep begins, and stands in the row. */
import { createSignalbox, DefinitionInvalid, memory, orchestrator, track } from 'signalbox';
import { fakeClock, settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { Anything, eventsOf } from '../helpers/stage.ts';

const head = { version: '1', input: Anything } as const;
const flow = (until: unknown) =>
  orchestrator('flow', head).track('t', track('t', { input: Anything }).sleep('nap', { until: until as number }), {
    input: ({ input }) => input,
  });

const DAY = 86_400_000;
const START = fakeClock().now();

describe.each(['table', 'xstate'] as const)('a sleep until an instant, stepped by the %s lane,', (lane) => {
  test.each<[string, (due: number) => unknown]>([
    ['a Date', (due) => new Date(due)],
    ['a text', (due) => new Date(due).toISOString()],
    ['a text with another zone', (due) => `${new Date(due + 7_200_000).toISOString().slice(0, 19)}+02:00`],
    ['milliseconds', (due) => due],
    ['a mapper', (due) => () => new Date(due)],
    ['a mapper of a text', (due) => () => new Date(due).toISOString()],
  ])('given as %s, ends then, beyond 24.8 days', async (_, until) => {
    const due = START + 60 * DAY;
    const of = flow(until(due));
    const clock = fakeClock();
    await using box = clock.follow(await createSignalbox({ orchestrators: [of], clock, lane, idleRuns: 0 }));
    const run = await box.start(of, { input: null });
    await settled(box);
    expect((await run.snapshot()).steps['t/nap']).toMatchObject({ status: 'waiting', due });
    await clock.advance('59d');
    expect(await run.status()).toBe('waiting');
    await clock.advance('1d');
    expect(await run.result()).toEqual({ t: null });
    const [last] = (await eventsOf(run)).slice(-1);
    expect(last?.at).toBe(due);
  });

  test('that is past ends at once', async () => {
    const of = flow(() => new Date(0));
    const clock = fakeClock();
    await using box = clock.follow(await createSignalbox({ orchestrators: [of], clock, lane }));
    const run = await box.start(of, { input: null });
    await clock.advance(0);
    expect(await run.status()).toBe('completed');
  });
});

test('what a mapper answered once is not asked again after a crash', async () => {
  const store = memory();
  const clock = fakeClock();
  let asked = 0;
  const of = flow(() => {
    asked += 1;
    return START + 10 * DAY;
  });
  const first = clock.follow(await createSignalbox({ orchestrators: [of], clock, store }));
  await first.start(of, { id: 'r', input: null });
  await settled(first);
  await first.close();
  await clock.advance('9d');
  await using second = clock.follow(await createSignalbox({ orchestrators: [of], clock, store }));
  await second.recovered;
  await clock.advance('1d');
  expect(await second.run('r').status()).toBe('completed');
  expect(asked).toBe(1);
});

const odd = [
  'tomorrow',
  '2030-01-01T09:00',
  '2030-13-01',
  Number.NaN,
  Number.POSITIVE_INFINITY,
  9e15,
  null,
  {},
  new Date(Number.NaN),
  true,
];

test.each(odd)(
  'an instant cannot be %s: a mapper that answers with it fails its step, under a code of its own',
  async (value) => {
    const of = flow(() => value);
    const clock = fakeClock();
    await using box = clock.follow(await createSignalbox({ orchestrators: [of], clock, logger: () => {} }));
    const run = await box.start(of, { input: null });
    expect((await run.outcome()).failures).toMatchObject([{ code: 'instant-invalid', path: 't/nap' }]);
  },
);

test.each(odd)('a definition cannot say %s: it is told with all the rest (S3)', async (value) => {
  const given = createSignalbox({ orchestrators: [flow(value)] });
  await expect(given).rejects.toBeInstanceOf(DefinitionInvalid);
  await expect(given).rejects.toMatchObject({ faults: [{ code: 'bad-option' }] });
});
