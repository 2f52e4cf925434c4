/** Sleeping: a step that lets time pass, in and out of memory. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSignalbox, DefinitionInvalid, memory, orchestrator, task, track } from 'signalbox';
import { sqlite } from 'signalbox/sqlite';
import { fakeClock, settled } from 'signalbox/testing';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { faultsOfHistory, historyOf } from '../helpers/stage.ts';

const Any = z.any();
const say = task('say', { input: Any, output: z.string(), run: ({ input }) => String(input.word) });
const nap = track('nap', { input: Any })
  .step('before', say, () => ({ word: 'before' }))
  .sleep('cooling', '60d')
  .step('after', say, ({ previous, outputs }) => {
    expectTypeOf(previous).toEqualTypeOf<null>();
    return { word: `${outputs.before}, ${outputs.cooling}, after` };
  });
const flow = orchestrator('flow', { version: '1', input: Any }).track('nap', nap, { input: ({ input }) => input });

describe.each(['table', 'xstate'] as const)('a sleep, stepped by the %s lane,', (lane) => {
  test('ends when its time has come, beyond 24.8 days, and leaves null behind (P122)', async () => {
    const clock = fakeClock();
    await using box = clock.follow(await createSignalbox({ orchestrators: [flow], clock, lane, idleRuns: 0 }));
    const run = await box.start(flow, { input: null });
    await settled(box);
    expect(await run.status()).toBe('waiting');
    expect(box.counts).toMatchObject({ inMemory: 0, timers: 1 });

    await clock.advance('59d');
    expect(await run.status()).toBe('waiting');
    await clock.advance('1d');

    expect(await run.result()).toEqual({ nap: 'before, null, after' });
    expect(await historyOf(run)).toEqual([
      'run.started',
      'track.started nap',
      'step.started nap/before',
      'step.completed nap/before',
      'step.waiting nap/cooling',
      'step.completed nap/cooling',
      'step.started nap/after',
      'step.completed nap/after',
      'track.completed nap',
      'run.completed',
    ]);
    expect(await faultsOfHistory(run)).toEqual([]);
  });

  test('is cancelled with its run, and its timer goes (S14)', async () => {
    const clock = fakeClock();
    await using box = clock.follow(await createSignalbox({ orchestrators: [flow], clock, lane }));
    const run = await box.start(flow, { input: null });
    await settled(box);
    await run.cancel();
    await expect(run.result()).rejects.toMatchObject({ code: 'run-cancelled' });
    expect(box.counts.timers).toBe(0);
    expect((await run.snapshot()).steps['nap/cooling']?.status).toBe('cancelled');
  });
});

test('a sleep survives its box with the time that remains', async () => {
  const store = memory();
  const clock = fakeClock();
  const first = clock.follow(await createSignalbox({ orchestrators: [flow], clock, store }));
  await first.start(flow, { id: 'r', input: null });
  await settled(first);
  await first.close();
  await clock.advance('30d');

  await using second = clock.follow(await createSignalbox({ orchestrators: [flow], clock, store }));
  await second.recovered;
  await clock.advance('29d');
  expect(await second.run('r').status()).toBe('waiting');
  await clock.advance('1d');
  expect(await second.run('r').result()).toEqual({ nap: 'before, null, after' });
});

test('a run that is only just being taken over can be cancelled at once (S14)', async () => {
  const store = memory();
  const clock = fakeClock();
  const first = await createSignalbox({ orchestrators: [flow], clock, store });
  await first.start(flow, { id: 'r', input: null });
  await settled(first);
  await first.close();

  await using second = await createSignalbox({ orchestrators: [flow], clock, store });
  await second.run('r').cancel({ reason: 'enough' });
  await expect(second.run('r').result()).rejects.toMatchObject({ code: 'run-cancelled', reason: 'enough' });
});

test('a sleep that was due while no box was there ends at once in the next one', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'signalbox-sleep-')), 'runs.db');
  const clock = fakeClock();
  const first = clock.follow(await createSignalbox({ orchestrators: [flow], clock, store: sqlite(file) }));
  await first.start(flow, { id: 'r', input: null });
  await settled(first);
  await first.close();
  await clock.advance('61d');

  await using second = clock.follow(await createSignalbox({ orchestrators: [flow], clock, store: sqlite(file) }));
  await second.recovered;
  await clock.advance(0);
  expect(await second.run('r').result()).toEqual({ nap: 'before, null, after' });
});

test('a sleep without a duration, or with one that cannot be read, is a fault with its place (S3)', async () => {
  const faulty = orchestrator('faulty', { version: '1', input: Any }).track(
    't',
    track('t', { input: Any })
      .sleep('a', undefined as never)
      .sleep('b', 'soon'),
  );
  const refused = await createSignalbox({ orchestrators: [faulty] }).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(DefinitionInvalid);
  expect((refused as DefinitionInvalid).faults.map(({ code, path }) => [code, path])).toEqual([
    ['bad-option', 'faulty/t/a'],
    ['bad-option', 'faulty/t/b'],
  ]);
});
