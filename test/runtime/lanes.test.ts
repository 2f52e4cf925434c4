/** Changing the lane under runs that are under way: which lane steps a machine is a matter of the process, and no row knows it. */
import { createSignalbox, memory, orchestrator, task, track } from 'signalbox';
import { expect, test } from 'vitest';
import { Anything, eventsOf, fakeClock, settled } from '../helpers/stage.ts';
import { echo } from '../helpers/track-play.ts';

type Lane = 'table' | 'xstate';

const flaky = task('flaky', {
  input: Anything,
  output: Anything,
  retry: { maxAttempts: 3, delay: '10s' },
  run: async ({ attempt, input }) => {
    if (attempt < 3) throw new Error('busy');
    return input;
  },
});
const t = (name: string) => track(name, { input: Anything });
const flow = orchestrator('flow', { version: '1', input: Anything })
  .track(
    'retries',
    t('retries').step('s', flaky, () => 1),
  )
  .track('items', t('items').map('m', { over: () => '1..5', each: flaky, concurrency: 2 }))
  .track(
    'waits',
    t('waits').wait('w', { signal: 'never', timeout: '25s', onTimeout: { do: echo, input: () => 'late' } }),
  )
  .track(
    'rounds',
    t('rounds').loop('l', { body: { do: flaky, input: ({ index }) => index }, until: ({ index }) => index === 2 }),
  )
  .track(
    'last',
    t('last').group('g', (g) => g.step('s', flaky, () => 2)),
    { after: ['retries', 'waits'] },
  );

/** Plays the flow in boxes of these lanes, one after the other, ten seconds in each and the rest in the last one. */
async function playedIn(...lanes: readonly Lane[]): Promise<unknown> {
  const [store, clock] = [memory(), fakeClock()];
  const box = (lane: Lane) => createSignalbox({ orchestrators: [flow], store, clock, lane, logger: () => {} });
  for (const lane of lanes.slice(0, -1)) {
    await using before = await box(lane);
    await before.start(flow, { id: 'r', input: null });
    await clock.advance('10s');
    await settled();
  }
  await using last = await box(lanes.at(-1) as Lane);
  const run = await last.start(flow, { id: 'r', input: null });
  await clock.advance('1h');
  const told = (await eventsOf(run)).map((event) => ({ ...event, error: null }));
  return { output: await run.result(), told };
}

test('a run that was begun in one lane ends in another as if it had never changed (P111, P112, P113)', async () => {
  const stayed = await playedIn('table', 'table', 'table');

  expect(await playedIn('table', 'xstate', 'table')).toEqual(stayed);
  expect(await playedIn('xstate', 'table', 'xstate')).toEqual(stayed);
  expect((stayed as { output: object }).output).toMatchObject({
    items: [1, 2, 3, 4, 5],
    waits: 'late',
    rounds: { last: 2, iterations: 3 },
    last: 2,
  });
});
