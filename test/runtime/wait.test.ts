/** Waiting for a signal: a step that stands still until somebody sends one that fits, or its time is up. */
import { compositeTrack, orchestrator, task, track } from 'signalbox';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Anything, eventsOf, faultsOfHistory, historyOf, never, rejection, statusesOf } from '../helpers/stage.ts';
import { head, one, open, waiting } from '../helpers/waits.ts';

const Confirm = z.object({ id: z.string(), note: z.string().default('none') });

const say = task('say', { input: Anything, output: Anything, run: ({ input }) => input });
const untouched = task('untouched', { input: Anything, output: Anything, run: never });
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

describe.each(['table', 'xstate'] as const)('a wait, stepped by the %s lane,', (lane) => {
  test('takes the first payload that fits, as its schema made it, and leaves it behind (S4, P83, P95)', async () => {
    await using at = await open(order, { lane });
    const run = await at.start({ id: '17' });
    expect(await run.status()).toBe('waiting');
    expect((await run.snapshot()).steps['review/confirmed']).toMatchObject({
      status: 'waiting',
      kind: 'wait',
      attempts: [],
      due: at.clock.now() + 3_600_000,
    });

    expect(await run.signal('confirm', { id: '17' }, { id: 's1' })).toEqual({
      answer: 'accepted',
      step: 'review/confirmed',
    });

    const confirmed = { id: '17', note: 'none' };
    expect(await run.result()).toEqual({ review: [confirmed, confirmed] });
    expect(await historyOf(run)).toEqual([
      'run.started',
      'track.started review',
      'step.started review/before',
      'step.completed review/before',
      'step.waiting review/confirmed',
      'signal.accepted review/confirmed',
      'step.completed review/confirmed',
      'step.started review/after',
      'step.completed review/after',
      'track.completed review',
      'run.completed',
    ]);
    expect(await faultsOfHistory(run)).toEqual([]);
    expect(at.box.counts.timers).toBe(0);
    expect((await run.snapshot()).steps['review/confirmed']).toMatchObject({
      status: 'completed',
      output: confirmed,
      due: null,
    });
  });

  test('refuses what does not fit to its sender, waits on, writes nothing, and its time goes on as before (P95)', async () => {
    await using at = await open(order, { lane });
    const run = await at.start({ id: '17' });
    const before = [await eventsOf(run), at.box.counts.commits, at.clock.pending];
    await at.clock.advance('59m');

    const wrong = await run.signal('confirm', { id: 17 }, { id: 's1' });
    const other = await run.signal('confirm', { id: '18' }, { id: 's1' });
    const none = await run.signal('confirm');

    expect(wrong).toMatchObject({ answer: 'refused', reason: 'payload-invalid', issues: [{ path: 'id' }] });
    expect(other).toMatchObject({ answer: 'refused', reason: 'payload-invalid', issues: [{ path: '' }] });
    expect(none).toMatchObject({ answer: 'refused', reason: 'payload-invalid', issues: [{ path: '' }] });
    expect([await eventsOf(run), at.box.counts.commits, at.clock.pending]).toEqual(before);
    expect(await run.status()).toBe('waiting');

    await at.clock.advance('1m');
    expect(await statusesOf(run)).toMatchObject({ 'review/confirmed': 'timedOut', 'review/after': 'skipped' });
    const error = await rejection(run.result());
    expect(error).toMatchObject({
      code: 'run-failed',
      failures: [{ code: 'wait-timed-out', path: 'review/confirmed' }],
    });
    expect(await faultsOfHistory(run)).toEqual([]);
  });

  test('takes a corrected signal under the id of one that was refused', async () => {
    await using at = await open(order, { lane });
    const run = await at.start({ id: '17' });
    expect(await run.signal('confirm', {}, { id: 's1' })).toMatchObject({ answer: 'refused' });
    expect(await run.signal('confirm', { id: '17' }, { id: 's1' })).toMatchObject({ answer: 'accepted' });
    await run.result();
  });

  test('gives the value that is declared for the end of its time', async () => {
    const flow = waiting({ timeout: '2d', onTimeout: { value: { ok: false } } });
    await using at = await open(flow, { lane });
    const run = await at.start();
    await at.clock.advance('2d');
    expect(await run.result()).toEqual({ t: { ok: false } });
    expect((await historyOf(run)).slice(2, -2)).toEqual(['step.waiting t/w', 'step.completed t/w']);
    expect((await run.snapshot()).steps['t/w']).toMatchObject({ status: 'completed', error: null, due: null });
  });

  test('runs another step when its time is up, whose output is then its own', async () => {
    await using at = await open(fallback, { lane });
    const run = await at.start({ id: '17' });
    await at.clock.advance('1h');
    expect(await run.result()).toEqual({ review: 'reminded 17' });
    expect((await historyOf(run)).slice(4, -4)).toEqual([
      'step.waiting review/confirmed',
      'step.started review/confirmed',
      'step.started review/confirmed/onTimeout',
      'step.completed review/confirmed/onTimeout',
      'step.completed review/confirmed',
    ]);
    const { steps } = await run.snapshot();
    expect(steps['review/confirmed']).toMatchObject({ status: 'completed', output: 'reminded 17', kind: 'wait' });
    expect(steps['review/confirmed/onTimeout']).toMatchObject({ status: 'completed', input: { id: '17' } });
    expect(await faultsOfHistory(run)).toEqual([]);
  });

  test('tells the step for the end of its time as skipped when the signal comes first', async () => {
    await using at = await open(fallback, { lane });
    const run = await at.start({ id: '17' });
    await run.signal('confirm', ['anything']);
    expect(await run.result()).toEqual({ review: ['anything'] });
    expect((await historyOf(run)).slice(4, 8)).toEqual([
      'step.waiting review/confirmed',
      'signal.accepted review/confirmed',
      'step.skipped review/confirmed/onTimeout',
      'step.completed review/confirmed',
    ]);
    expect((await run.snapshot()).steps['review/confirmed/onTimeout']?.status).toBe('skipped');
    expect(await faultsOfHistory(run)).toEqual([]);
  });

  test('fails with the step that it runs when its time is up', async () => {
    const broken = task('broken', {
      input: Anything,
      output: Anything,
      run: () => {
        throw new Error('no luck');
      },
    });
    const flow = waiting({ timeout: '1s', onTimeout: { do: broken } });
    await using at = await open(flow, { lane });
    const run = await at.start();
    await at.clock.advance('1s');
    const { status, failures } = await run.outcome();
    expect([status, failures.map(({ path, code }) => [path, code])]).toEqual([
      'failed',
      [['t/w/onTimeout', 'task-threw']],
    ]);
    expect((await run.snapshot()).steps['t/w']?.status).toBe('failed');
    expect(await faultsOfHistory(run)).toEqual([]);
  });

  test('a mapper of the step for the end of its time that throws disturbs nobody before the time is up (S5)', async () => {
    const input = () => {
      throw new Error('no input');
    };
    const flow = waiting({ timeout: '1s', onTimeout: { do: untouched, input } });
    await using at = await open(flow, { lane });
    const taken = await at.start();
    const late = await at.start();
    expect(await taken.signal('go', 1)).toMatchObject({ answer: 'accepted' });
    expect(await taken.result()).toEqual({ t: 1 });
    await at.clock.advance('1s');
    expect((await late.outcome()).failures).toMatchObject([{ code: 'mapper-failed', path: 't/w/onTimeout' }]);
    expect(await statusesOf(late)).toMatchObject({ 't/w': 'failed', 't/w/onTimeout': 'failed' });
  });

  test('is cancelled with its run, its timer goes, and its step for the end of its time is skipped (S14)', async () => {
    await using at = await open(fallback, { lane });
    const run = await at.start({ id: '17' });
    await run.cancel({ reason: 'enough' });
    await expect(run.result()).rejects.toMatchObject({ code: 'run-cancelled', reason: 'enough' });
    expect(at.box.counts.timers).toBe(0);
    expect(await statusesOf(run)).toMatchObject({
      'review/confirmed': 'cancelled',
      'review/confirmed/onTimeout': 'skipped',
      'review/after': 'skipped',
    });
    expect(await run.signal('confirm', 1)).toMatchObject({ answer: 'refused', reason: 'run-ended' });
    expect(await faultsOfHistory(run)).toEqual([]);
  });

  test('is cancelled while the step for the end of its time runs, and reaches it (S14)', async () => {
    const aborted: unknown[] = [];
    const hanging = task('hanging', {
      input: Anything,
      output: Anything,
      run: ({ signal }) =>
        new Promise<never>(() => {
          signal.addEventListener('abort', () => aborted.push(signal.reason));
        }),
    });
    const flow = waiting({ timeout: '1s', onTimeout: { do: hanging } });
    await using at = await open(flow, { lane });
    const run = await at.start();
    await at.clock.advance('1s');
    expect(await run.status()).toBe('running');
    expect(await run.signal('go')).toMatchObject({ answer: 'refused', reason: 'signal-late' });
    await run.cancel();
    await expect(run.result()).rejects.toMatchObject({ code: 'run-cancelled' });
    expect(aborted).toHaveLength(1);
    expect(await statusesOf(run)).toMatchObject({ 't/w': 'cancelled', 't/w/onTimeout': 'cancelled' });
    expect(await faultsOfHistory(run)).toEqual([]);
  });

  test('may have a wait in the track that it runs when its time is up', async () => {
    const second = track('second', { input: Anything }).wait('again', { signal: 'again' });
    const flow = waiting({ timeout: '1s', onTimeout: { do: second } });
    await using at = await open(flow, { lane });
    const run = await at.start();
    expect(await run.signal('again', 'early')).toEqual({ answer: 'buffered' });
    await at.clock.advance('1s');
    expect(await run.result()).toEqual({ t: 'early' });
    expect((await historyOf(run)).filter((line) => line.startsWith('signal'))).toEqual([
      'signal.buffered',
      'signal.accepted t/w/onTimeout/again',
    ]);
    expect(await faultsOfHistory(run)).toEqual([]);
  });

  test('shows its run as waiting while all of its steps wait, and as running as soon as one does not', async () => {
    const held = task('held', { input: Anything, output: Anything, run: () => new Promise<never>(() => {}) });
    const inner = track('inner', { input: Anything }).step('held', held);
    const both = compositeTrack('both', {
      tracks: {
        left: track('left', { input: Anything }).wait('w', { signal: 'left' }),
        right: track('right', { input: Anything }).wait('w', {
          signal: 'right',
          timeout: '1s',
          onTimeout: { do: inner },
        }),
      },
    });
    const flow = orchestrator('both', head).track('both', both);
    await using at = await open(flow, { lane });
    const run = await at.start();
    expect(await run.status()).toBe('waiting');
    expect((await run.snapshot()).status).toBe('waiting');
    await at.clock.advance('1s');
    expect(await run.status()).toBe('running');
  });
});

test('a wait that fails with its time is no failure of those beside it under "continue" (S12)', async () => {
  const flow = orchestrator('flow', { ...head, onFailure: 'continue' })
    .track('a', one('a', 'a', { timeout: '1s' }))
    .track('b', one('b', 'b'))
    .track('c', one('c', 'c'), { after: ['a'] });
  await using at = await open(flow);
  const run = await at.start();
  await at.clock.advance('1s');
  expect(await run.signal('c')).toMatchObject({ answer: 'refused', reason: 'signal-late' });
  expect(await run.signal('b', 1)).toEqual({ answer: 'accepted', step: 'b/w' });
  expect((await run.outcome()).status).toBe('failed');
  expect(await statusesOf(run)).toMatchObject({ a: 'failed', 'a/w': 'timedOut', b: 'completed', c: 'skipped' });
});

test('at the moment at which the time is up, whoever is first wins, and the other changes nothing', async () => {
  const flow = waiting({ timeout: '1s', onTimeout: { value: 'late' } });
  await using at = await open(flow);
  const run = await at.start();
  await at.clock.advance(999);
  const signalled = run.signal('go', 'in time');
  await at.clock.advance('1s');
  expect(await signalled).toMatchObject({ answer: 'accepted' });
  expect(await run.result()).toEqual({ t: 'in time' });
  expect((await historyOf(run)).filter((line) => line === 'step.completed t/w')).toHaveLength(1);

  const other = await at.start();
  await at.clock.advance('1s');
  expect(await other.signal('go', 'too late')).toMatchObject({ answer: 'refused', reason: 'run-ended' });
  expect(await other.result()).toEqual({ t: 'late' });
});
