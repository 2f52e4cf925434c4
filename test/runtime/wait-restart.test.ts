/** Waits that outlive their box, their place in memory, and what a timer can count. */
import { orchestrator, task, track } from 'signalbox';
import { fakeClock, settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Anything, faultsOfHistory, statusesOf } from '../helpers/stage.ts';
import { head, one, open, places, waiting } from '../helpers/waits.ts';

const Confirm = z.object({ id: z.string(), note: z.string().default('none') });
const say = task('say', { input: Anything, output: Anything, run: ({ input }) => input });
const remind = task('remind', { input: Anything, output: z.string(), run: ({ input }) => `reminded ${input.id}` });

const order = orchestrator('order', head).track(
  'review',
  track('review', { input: Anything })
    .step('before', say, ({ input }) => ({ id: input.id }))
    .wait('confirmed', {
      signal: 'confirm',
      payload: Confirm,
      where: ({ payload, outputs }) => payload.id === outputs.before.id,
      timeout: '1h',
    })
    .step('after', say, ({ previous, outputs }) => [previous, outputs.confirmed]),
  { input: ({ input }) => input },
);
const fallback = orchestrator('fallback', head).track(
  'review',
  track('review', { input: Anything })
    .step('before', say, ({ input }) => ({ id: input.id }))
    .wait('confirmed', {
      signal: 'confirm',
      timeout: '1h',
      onTimeout: { do: remind, input: ({ outputs }) => ({ id: outputs.before.id }) },
    })
    .step('after', say, ({ previous }) => previous),
  { input: ({ input }) => input },
);

describe.each(places)('in %s', (_, place) => {
  test('a wait survives its box, with the time that remains', async () => {
    const next = place();
    const clock = fakeClock();
    {
      await using first = await open(fallback, { store: next(), clock });
      await first.start({ id: '17' }, { id: 'r' });
    }
    await clock.advance('30m');
    await using second = await open(fallback, { store: next(), clock });
    await second.box.recovered;
    const run = second.box.run('r');
    expect(await run.status()).toBe('waiting');
    await clock.advance('29m');
    expect(await run.status()).toBe('waiting');
    await clock.advance('1m');
    expect(await run.result()).toEqual({ review: 'reminded 17' });
    expect(await faultsOfHistory(run)).toEqual([]);
  });

  test('a wait whose time was up while no box was there ends at once in the next', async () => {
    const next = place();
    const clock = fakeClock();
    const flow = waiting({ timeout: '1h' });
    {
      await using first = await open(flow, { store: next(), clock });
      await first.start(null, { id: 'r' });
    }
    await clock.advance('2h');
    await using second = await open(flow, { store: next(), clock });
    await second.box.recovered;
    await clock.advance(0);
    expect((await second.box.run('r').outcome()).failures).toMatchObject([{ code: 'wait-timed-out', path: 't/w' }]);
  });

  test('a signal reaches a wait in a run that is out of memory, and its "where" is told what it was told before', async () => {
    const next = place();
    await using at = await open(order, { store: next(), idleRuns: 0 });
    const run = await at.start({ id: '17' });
    expect(at.box.counts).toMatchObject({ inMemory: 0, timers: 1 });
    expect(await run.signal('confirm', { id: '18' })).toMatchObject({ reason: 'payload-invalid' });
    await settled(at.box);
    expect(at.box.counts).toMatchObject({ inMemory: 0, timers: 1 });
    expect(await run.signal('confirm', { id: '17' })).toEqual({ answer: 'accepted', step: 'review/confirmed' });
    await run.result();
    expect(at.box.counts.timers).toBe(0);
    expect(await faultsOfHistory(run)).toEqual([]);
  });

  test('a wait is cancelled in a run that is out of memory (S14)', async () => {
    const next = place();
    await using at = await open(fallback, { store: next(), idleRuns: 0 });
    const run = await at.start({ id: '17' });
    await run.cancel();
    await expect(run.result()).rejects.toMatchObject({ code: 'run-cancelled' });
    expect(at.box.counts.timers).toBe(0);
    expect(await statusesOf(run)).toMatchObject({
      'review/confirmed': 'cancelled',
      'review/confirmed/onTimeout': 'skipped',
    });
  });

  test('of several waits for one name the one that began first takes the signal, also after a restart', async () => {
    const next = place();
    const clock = fakeClock();
    // The longer path is the first to wait.
    const flow = orchestrator('flow', head)
      .track('long', one('long', 'go'))
      .track('b', one('b', 'go'))
      .track('a', one('a', 'go'));
    {
      await using first = await open(flow, { store: next(), clock });
      await first.start(null, { id: 'r' });
    }
    await using second = await open(flow, { store: next(), clock, idleRuns: 0 });
    const run = second.box.run('r');
    for (const step of ['long/w', 'b/w', 'a/w'])
      expect(await run.signal('go', step)).toEqual({ answer: 'accepted', step });
    expect(await run.result()).toEqual({ long: 'long/w', b: 'b/w', a: 'a/w' });
  });

  test('a wait beyond the 24.8 days that a timer can count, and one for ever, are waited for', async () => {
    const next = place();
    const flow = orchestrator('flow', head)
      .track(
        'far',
        track('far', { input: Anything }).wait('w', { signal: 'a', timeout: '90d', onTimeout: { value: 'far' } }),
      )
      .track('ever', track('ever', { input: Anything }).wait('w', { signal: 'b' }));
    await using at = await open(flow, { store: next(), idleRuns: 0 });
    const run = await at.start();
    await at.clock.advance('89d');
    expect(await statusesOf(run)).toMatchObject({ 'far/w': 'waiting', 'ever/w': 'waiting' });
    await at.clock.advance('1d');
    expect(await statusesOf(run)).toMatchObject({ 'far/w': 'completed', 'ever/w': 'waiting' });
    await at.clock.advance('1000d');
    await run.signal('b', 'at last');
    expect(await run.result()).toEqual({ far: 'far', ever: 'at last' });
  });

  test('a wait of the longest time that there is can be read back', async () => {
    const next = place();
    await using at = await open(waiting({ timeout: Number.MAX_SAFE_INTEGER }), { store: next(), idleRuns: 0 });
    const run = await at.start();
    expect(await run.status()).toBe('waiting');
    expect(await run.signal('go', 1)).toMatchObject({ answer: 'accepted' });
  });
});
