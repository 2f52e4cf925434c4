/** A run as one JSON document. */
import { createSignalbox, orchestrator, task, track } from 'signalbox';
import { fakeClock } from 'signalbox/testing';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { eventsOf } from '../helpers/stage.ts';

const any = z.any();
const flaky = task('flaky', {
  input: any,
  output: any,
  retry: { maxAttempts: 2, delay: '1s' },
  run: ({ attempt }) => {
    if (attempt === 1) throw new Error('busy');
    return 'done';
  },
});
const flow = orchestrator('flow', { version: '1', input: any }).track(
  't',
  track('t', { input: any })
    .step('one', flaky)
    .wait('two', { signal: 'go', where: ({ payload }) => payload === 1 })
    .wait('three', { signal: 'go' }),
);

test('an export has every row and every event of a run, and is JSON that anybody can read (P220)', async () => {
  const clock = fakeClock();
  await using box = clock.follow(await createSignalbox({ orchestrators: [flow], clock }));
  const run = await box.start(flow, { id: 'r', input: { n: 1 }, metadata: { tenant: 'acme' } });
  await run.signal('go', 2, { id: 'early' });
  await clock.advance('1s');

  const exported = await run.export();

  expect(JSON.parse(JSON.stringify(exported))).toEqual(exported);
  expect(exported).toMatchObject({
    format: 1,
    run: { run: 'r', status: 'waiting', input: { n: 1 }, metadata: { tenant: 'acme' } },
    attempts: [{ path: 't/one', attempt: 1, error: { message: 'busy' } }],
    signals: [{ id: 'early', name: 'go', payload: 2, takenBy: null }],
  });
  expect(exported.steps.map(({ path, state }) => `${path} ${state}`)).toEqual([
    ' running',
    't running',
    't/one completed',
    't/two waiting',
  ]);
  const history = (await eventsOf(run)).map(({ metadata: _, ...event }) => event);
  expect(exported.events).toEqual(history);
  await expect(box.run('nobody').export()).rejects.toMatchObject({ code: 'run-unknown' });
});
