/** Pause and resume (S15): what is under way may end, nothing begins, what falls due meanwhile acts at resume. */
import { createSignalbox, memory, orchestrator, task, track } from 'signalbox';
import { settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { Anything, faultsOfHistory, historyOf, never, rejection, stage, statusesOf, work } from '../helpers/stage.ts';

const head = { version: '1', input: Anything } as const;
const input = { input: Anything } as const;
const MINUTE = 60_000;
const two = orchestrator('two', head)
  .track('a', track('a', input).step('one', work).step('two', work))
  .track('b', track('b', input).step('three', work), { after: ['a'] });

async function open(flow: typeof two | ReturnType<typeof orchestrator>, more: object = {}) {
  const { desk, clock, options } = stage();
  const box = clock.follow(await createSignalbox({ orchestrators: [flow as typeof two], ...options, ...more }));
  return { desk, clock, box };
}

describe.each(['table', 'xstate'] as const)('stepped by the %s lane, a run that is paused', (lane) => {
  test('lets what is under way end, and begins nothing, until it is resumed (S15)', async () => {
    const { desk, box } = await open(two, { lane });
    const run = await box.start(two, { id: 'r', input: null });
    await settled(box);
    await run.pause();
    expect(await run.status()).toBe('paused');
    desk.give('a/one#1');
    await settled(box);
    expect(desk.begun).toEqual(['a/one#1']);
    expect((await run.snapshot()).steps['a/two']).toMatchObject({ status: 'pending', waitingFor: { what: 'start' } });

    await run.resume();
    await settled(box);
    expect(desk.begun).toEqual(['a/one#1', 'a/two#1']);
    expect(await run.status()).toBe('running');
    desk.give('a/two#1');
    await settled(box);
    desk.give('b/three#1');
    expect((await run.outcome()).status).toBe('completed');
    expect(await historyOf(run)).toEqual([
      'run.started',
      'track.started a',
      'step.started a/one',
      'run.paused',
      'step.completed a/one',
      'run.resumed',
      'step.started a/two',
      'step.completed a/two',
      'track.completed a',
      'track.started b',
      'step.started b/three',
      'step.completed b/three',
      'track.completed b',
      'run.completed',
    ]);
    expect(await faultsOfHistory(run)).toEqual([]);
    await box.close();
  });
});

describe('while a run is paused', () => {
  test('a track that becomes ready waits, too, and a second pause or resume changes nothing', async () => {
    const { desk, box } = await open(two);
    const run = await box.start(two, { id: 'r', input: null });
    await settled(box);
    desk.give('a/one#1');
    await settled(box);
    await Promise.all([run.pause(), run.pause()]);
    desk.give('a/two#1');
    await settled(box);
    expect(await statusesOf(run)).toMatchObject({ a: 'completed', b: 'pending' });
    await run.resume();
    await run.resume();
    await settled(box);
    expect(desk.begun.at(-1)).toBe('b/three#1');
    const events = await historyOf(run);
    expect(events.filter((event) => /paused|resumed/.test(event))).toEqual(['run.paused', 'run.resumed']);
    await box.close();
  });

  test('a signal is kept for a step that is ready to wait for it, and has not begun (S15)', async () => {
    const flow = orchestrator('flow', head)
      .track('a', track('a', input).step('one', work))
      .track('b', track('b', input).wait('go', { signal: 'go' }), { after: ['a'] });
    const { desk, box } = await open(flow as never);
    const run = await box.start(flow as never, { id: 'r', input: null as never });
    await settled(box);
    await run.pause();
    desk.give('a/one#1');
    await settled(box);
    expect(await statusesOf(run)).toMatchObject({ b: 'pending' });
    expect(await run.signal('go' as never, 7 as never)).toMatchObject({ answer: 'buffered' });
    await run.resume();
    expect(await run.result()).toEqual({ a: null, b: 7 });
    await box.close();
  });

  test('no retry is made, and no sleep ends; both act at resume, however long ago they were due (S15)', async () => {
    const flaky = task('flaky', {
      input: Anything,
      output: Anything,
      run: never,
      retry: { maxAttempts: 2, delay: '1m' },
    });
    const flow = orchestrator('flow', head)
      .track('a', track('a', input).step('flaky', flaky))
      .track('b', track('b', input).sleep('nap', '2m').step('after', work))
      .track('c', track('c', input).sleep('long', '1h'));
    const { desk, clock, box } = await open(flow as never);
    const run = await box.start(flow as never, { id: 'r', input: null as never });
    await settled(box);
    desk.fail('a/flaky#1');
    await settled(box);
    await run.pause();
    await clock.advance(10 * MINUTE);
    expect(desk.begun).toEqual(['a/flaky#1']);
    expect(await statusesOf(run)).toMatchObject({ 'a/flaky': 'retrying', 'b/nap': 'waiting' });

    await run.resume();
    await clock.advance(0);
    await settled(box);
    expect(desk.open).toEqual(['a/flaky#2', 'b/after#1']);
    expect(await statusesOf(run)).toMatchObject({ 'c/long': 'waiting' });
    await box.close();
  });

  test('a deadline passes at resume (S11, S15)', async () => {
    const flow = orchestrator('flow', { ...head, deadline: '5m' }).track('a', track('a', input).step('one', work));
    const { clock, box } = await open(flow as never);
    const run = await box.start(flow as never, { id: 'r', input: null as never });
    await settled(box);
    await run.pause();
    await clock.advance(10 * MINUTE);
    expect(await run.status()).toBe('paused');
    await run.resume();
    await clock.advance(0);
    expect((await run.outcome()).status).toBe('timedOut');
    await box.close();
  });

  test('a signal is taken, and what comes after it waits', async () => {
    const flow = orchestrator('flow', head).track(
      'a',
      track('a', input).wait('go', { signal: 'go' }).step('one', work),
    );
    const { desk, box } = await open(flow as never);
    const run = await box.start(flow as never, { id: 'r', input: null as never });
    await settled(box);
    await run.pause();
    expect(await box.run('r').signal('go', 1)).toMatchObject({ answer: 'accepted' });
    await settled(box);
    expect(await statusesOf(run)).toMatchObject({ 'a/go': 'completed', 'a/one': 'pending' });
    expect(desk.begun).toEqual([]);
    await run.resume();
    await settled(box);
    expect(desk.begun).toEqual(['a/one#1']);
    await box.close();
  });

  test('a cancel ends it, with what waits to begin (S14)', async () => {
    const { desk, box } = await open(two);
    const run = await box.start(two, { id: 'r', input: null });
    await settled(box);
    await run.pause();
    desk.give('a/one#1');
    await settled(box);
    await run.cancel();
    expect((await run.outcome()).status).toBe('cancelled');
    expect(await statusesOf(run)).toEqual({ a: 'cancelled', 'a/one': 'completed', 'a/two': 'cancelled', b: 'skipped' });
    expect(desk.begun).toEqual(['a/one#1']);
    await box.close();
  });

  test('a restart changes nothing (S15)', async () => {
    const store = memory();
    const nap = orchestrator('nap', head).track('a', track('a', input).sleep('nap', '1m').step('one', work));
    const { desk, clock, options } = stage();
    const all = { orchestrators: [two, nap], store, ...options } as const;
    const first = clock.follow(await createSignalbox(all));
    const one = await first.start(two, { id: 'one', input: null });
    const other = await first.start(nap, { id: 'other', input: null });
    await settled(first);
    await one.pause();
    await other.pause();
    desk.give('a/one#1');
    await settled(first);
    await first.close();
    await clock.advance(10 * MINUTE);

    const second = clock.follow(await createSignalbox(all));
    await clock.advance(MINUTE);
    await settled(second);
    expect(desk.begun).toEqual(['a/one#1']);
    expect((await second.runs({ status: 'paused' })).runs.map(({ run }) => run)).toEqual(['one', 'other']);
    await second.run('one').resume();
    await second.run('other').resume();
    await clock.advance(0);
    await settled(second);
    expect(desk.begun).toEqual(['a/one#1', 'a/two#1', 'a/one#1']);
    await second.close();
  });
});

describe('what cannot be paused or resumed says so', () => {
  test('a run that has ended, is being cancelled or is unknown', async () => {
    const slow = task('slow', { input: Anything, output: Anything, run: never, cleanup: () => new Promise(() => {}) });
    const flow = orchestrator('flow', head).track('a', track('a', input).step('one', slow));
    const { desk, clock, box } = await open(flow as never);
    const run = await box.start(flow as never, { id: 'r', input: null as never });
    await settled(box);
    expect(desk.open).toEqual(['a/one#1']);
    await run.cancel();
    await settled(box);
    expect(await rejection(run.pause())).toMatchObject({
      code: 'command-refused',
      fields: { command: 'pause', status: 'cancelling', allowed: ['cancel', 'signal'] },
    });
    await clock.advance(MINUTE);
    await run.outcome();
    for (const ask of [run.pause(), run.resume()])
      expect(await rejection(ask)).toMatchObject({
        code: 'command-refused',
        fields: { status: 'cancelled', allowed: [] },
      });
    expect(await rejection(box.run('nobody').pause())).toMatchObject({ code: 'run-unknown' });
    await box.close();
  });
});
