/** Deadlines of runs and tracks, limits of steps over all attempts, and signs of life (S10, S11). */
import { createSignalbox, memory, orchestrator, type RunFailed, task, track } from 'signalbox';
import { settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { Anything, faultsOfHistory, historyOf, never, rejection, stage, statusesOf, work } from '../helpers/stage.ts';

const head = { version: '1', input: Anything } as const;
const input = { input: Anything } as const;
const MINUTE = 60_000;

describe.each(['table', 'xstate'] as const)('stepped by the %s lane,', (lane) => {
  test('a run is timed out at its deadline, and all that was under way is cancelled (S11)', async () => {
    const { desk, clock, options } = stage();
    const flow = orchestrator('flow', { ...head, deadline: '1h' })
      .track('a', track('a', input).step('one', work).step('two', work))
      .track('b', track('b', input).wait('go', { signal: 'go' }))
      .track('c', track('c', input).step('late', work), { after: ['b'] });
    await using box = clock.follow(await createSignalbox({ orchestrators: [flow], lane, ...options }));
    const run = await box.start(flow, { id: 'r', input: null });
    await settled(box);
    desk.give('a/one#1');
    await settled(box);
    const due = clock.now() + 60 * MINUTE;
    expect(desk.job('a/two#1').deadline).toBe(due);
    expect((await run.snapshot()).waitingFor).toMatchObject({ what: 'children', due });

    await clock.advance(60 * MINUTE - 1);
    expect(await run.status()).toBe('running');
    await clock.advance(1);
    const error = await rejection<RunFailed>(run.result());
    expect(error).toMatchObject({ status: 'timedOut', error: { code: 'deadline-passed' } });
    expect(error.error.message).toContain('The run did not end within its deadline of 1h.');
    expect(desk.job('a/two#1').signal().aborted).toBe(true);
    expect(await statusesOf(run)).toEqual({
      a: 'cancelled',
      'a/one': 'completed',
      'a/two': 'cancelled',
      b: 'cancelled',
      'b/go': 'cancelled',
      c: 'skipped',
    });
    expect((await historyOf(run)).at(-1)).toBe('run.timedOut');
    expect(await faultsOfHistory(run)).toEqual([]);
  });

  test('a track is timed out from when it begins, and its run goes on as its policy says (S11, S12)', async () => {
    const { desk, clock, options } = stage();
    const flow = orchestrator('flow', { ...head, onFailure: 'continue' })
      .track('a', track('a', input).step('one', work))
      .track('b', track('b', { ...input, deadline: '5m' }).step('slow', work), { after: ['a'] })
      .track('c', track('c', input).step('two', work), { after: ['a'] });
    await using box = clock.follow(await createSignalbox({ orchestrators: [flow], lane, ...options }));
    const run = await box.start(flow, { id: 'r', input: null });
    await clock.advance(60 * MINUTE);
    desk.give('a/one#1');
    await settled(box);
    await clock.advance(5 * MINUTE);
    desk.give('c/two#1');
    const { status, failures } = await run.outcome();

    expect(status).toBe('failed');
    expect(failures.map(({ path, code }) => [path, code])).toEqual([['b', 'deadline-passed']]);
    expect(await statusesOf(run)).toMatchObject({ b: 'timedOut', 'b/slow': 'cancelled', c: 'completed' });
    expect(await faultsOfHistory(run)).toEqual([]);
  });
});

describe('a deadline', () => {
  const flowOf = (more: object) =>
    orchestrator('flow', { ...head, deadline: '10m', ...more }).track(
      'a',
      track('a', input).step('one', work).wait('go', { signal: 'go' }),
    );

  test('passes while no process runs, and what is left of it is left after a restart (S11)', async () => {
    const store = memory();
    const { clock, desk, options } = stage();
    const flow = flowOf({});
    const first = clock.follow(await createSignalbox({ orchestrators: [flow], store, ...options }));
    await first.start(flow, { id: 'left', input: null });
    await first.start(flow, { id: 'over', input: null });
    await settled(first);
    await clock.advance(4 * MINUTE);
    await first.close();

    const second = clock.follow(await createSignalbox({ orchestrators: [flow], store, ...options }));
    await clock.advance(6 * MINUTE - 1);
    expect(await second.run('left').status()).toBe('running');
    await second.close();
    await clock.advance(MINUTE);
    expect(desk.begun.length).toBeGreaterThan(0);
    const third = clock.follow(await createSignalbox({ orchestrators: [flow], store, ...options }));
    await clock.advance(1);
    for (const id of ['left', 'over'])
      expect(await third.run(id).outcome()).toMatchObject({ status: 'timedOut', error: { code: 'deadline-passed' } });
    await third.close();
  });

  test('that passes has the run undone, if it would be undone when it fails (S12, S13)', async () => {
    const { clock, desk, options } = stage();
    const undone: string[] = [];
    const paid = task('paid', {
      input: Anything,
      output: Anything,
      run: () => 1,
      compensate: ({ key }) => void undone.push(key),
    });
    const flow = orchestrator('flow', { ...head, deadline: '10m', onFailure: 'compensate' }).track(
      'a',
      track('a', input).step('paid', paid).wait('go', { signal: 'go' }),
    );
    await using box = clock.follow(await createSignalbox({ orchestrators: [flow], ...options }));
    const run = await box.start(flow, { id: 'r', input: null });
    await settled(box);
    desk.give('a/paid#1', 1);
    await settled(box);
    await clock.advance(10 * MINUTE);

    expect(await run.outcome()).toMatchObject({ status: 'compensated', error: { code: 'deadline-passed' } });
    expect(undone).toEqual(['r/a/paid#1~undo']);
  });

  test('does nothing to a run that ended before it', async () => {
    const { clock, desk, options } = stage();
    const flow = orchestrator('flow', { ...head, deadline: '10m' }).track('a', track('a', input).step('one', work));
    await using box = clock.follow(await createSignalbox({ orchestrators: [flow], ...options }));
    const run = await box.start(flow, { id: 'r', input: null });
    await settled(box);
    desk.give('a/one#1');
    expect((await run.outcome()).status).toBe('completed');
    await clock.advance(20 * MINUTE);
    expect(await run.status()).toBe('completed');
    expect(await faultsOfHistory(run)).toEqual([]);
  });

  test('travels into child runs, which have what is left of it, or less (S11, P53)', async () => {
    const { clock, desk, options } = stage();
    const child = (name: string, more: object) =>
      orchestrator(name, { ...head, ...more }).track('c', track('c', input).step(name, work));
    const [free, short, apart] = [child('free', {}), child('short', { deadline: '1m' }), child('apart', {})];
    const flow = orchestrator('flow', { ...head, deadline: '10m', onFailure: 'continue' })
      .track('a', track('a', input).sleep('nap', '4m').run('free', free))
      .track('b', track('b', input).run('short', short))
      .track('c', track('c', input).run('apart', { orchestrator: apart, detach: true }));
    await using box = clock.follow(await createSignalbox({ orchestrators: [flow], ...options }));
    const run = await box.start(flow, { id: 'r', input: null });
    const began = clock.now();
    await settled(box);
    await clock.advance(MINUTE);
    const late = (await run.snapshot()).steps['b/short'];
    expect(late?.error).toMatchObject({ code: 'child-timed-out', cause: { code: 'deadline-passed' } });
    await clock.advance(3 * MINUTE);
    await settled(box);
    const deadlineOf = (name: string) => desk.job(`c/${name}#1`).deadline;
    expect(['apart', 'short', 'free'].map(deadlineOf)).toEqual([null, began + MINUTE, began + 10 * MINUTE]);

    await clock.advance(6 * MINUTE);
    expect((await run.outcome()).status).toBe('timedOut');
    const { runs } = await box.runs({ parent: 'r' });
    const ends = runs.map(({ orchestrator: name, status }) => `${name} ${status}`).sort();
    expect([ends[0], ends[2]]).toEqual(['apart running', 'short timedOut']);
    expect(ends[1]).toMatch(/^free (cancelled|timedOut)$/);
  });
});

describe('a retry', () => {
  const flaky = (more: object) =>
    task('flaky', {
      input: Anything,
      output: Anything,
      retry: { maxAttempts: 5, delay: '3m', backoff: 'fixed' },
      run: never,
      ...more,
    });

  test('that would begin after the deadline is not scheduled, and the step says so (S10, P53)', async () => {
    const { clock, desk, options } = stage();
    const flow = orchestrator('flow', { ...head, deadline: '10m' }).track(
      'a',
      track('a', input).step('one', flaky({})),
    );
    await using box = clock.follow(await createSignalbox({ orchestrators: [flow], ...options }));
    const run = await box.start(flow, { id: 'r', input: null });
    for (const attempt of [1, 2, 3]) {
      await settled(box);
      desk.fail(`a/one#${attempt}`);
      await clock.advance(3 * MINUTE);
    }
    await settled(box);
    desk.fail('a/one#4');
    const { status, error } = await run.outcome();

    expect(status).toBe('failed');
    expect(error?.message).toBe(
      'a/one#4 failed. Another attempt would begin in 3m, and the deadline of what it stands in is over in 1m: it is not tried again.',
    );
    expect(error?.retryable).toBe(false);
  });

  test('that would begin after the "totalTimeout" of its step is not scheduled, and no attempt is longer (S10, S11)', async () => {
    const { clock, desk, options } = stage();
    const limited = flaky({ timeout: '4m', totalTimeout: '8m' });
    const flow = orchestrator('flow', head).track('a', track('a', input).step('one', limited));
    await using box = clock.follow(await createSignalbox({ orchestrators: [flow], ...options }));
    const run = await box.start(flow, { id: 'r', input: null });
    const began = clock.now();
    await settled(box);
    desk.fail('a/one#1');
    await clock.advance(3 * MINUTE);
    await settled(box);
    expect(desk.job('a/one#2').deadline).toBe(began + 7 * MINUTE);
    await clock.advance(MINUTE);
    desk.fail('a/one#2');
    await clock.advance(3 * MINUTE);
    await settled(box);
    expect(desk.job('a/one#3').deadline).toBe(began + 8 * MINUTE);
    await clock.advance(MINUTE);
    const { error } = await run.outcome();

    expect(error).toMatchObject({ code: 'step-timed-out', retryable: false });
    expect(error?.message).toContain('with all its attempts, within its totalTimeout of 8m');
    expect((await run.snapshot()).steps['a/one']?.status).toBe('timedOut');
  });
});

describe('a body with a heartbeat', () => {
  test('that gives a sign of life in time goes on, and one that does not is timed out (S11)', async () => {
    const { clock, desk, options } = stage();
    const alive = task('alive', {
      input: Anything,
      output: Anything,
      heartbeat: '30s',
      run: never,
      retry: { maxAttempts: 2, delay: 0 },
    });
    const flow = orchestrator('flow', head).track('a', track('a', input).step('one', alive));
    await using box = clock.follow(await createSignalbox({ orchestrators: [flow], ...options }));
    const run = await box.start(flow, { id: 'r', input: null });
    await settled(box);
    for (let beat = 0; beat < 4; beat += 1) {
      await clock.advance(20_000);
      if (beat % 2 === 0) desk.job('a/one#1').beat();
      else desk.job('a/one#1').progress(beat / 10);
    }
    expect(desk.open).toEqual(['a/one#1']);
    await clock.advance(29_999);
    expect(desk.open).toEqual(['a/one#1']);
    await clock.advance(1);
    await settled(box);
    expect(desk.open).toEqual(['a/one#2']);
    const [first] = (await run.snapshot()).steps['a/one']?.attempts ?? [];
    expect(first).toMatchObject({ status: 'timedOut' });
    expect(first?.error?.message).toContain('gave no sign of life for 30s, its heartbeat');

    desk.give('a/one#2', 1);
    expect((await run.outcome()).status).toBe('completed');
    await clock.advance(MINUTE);
  });

  test('finds `beat` in its context, by name', async () => {
    let beats = 0;
    const alive = task('alive', {
      input: Anything,
      output: Anything,
      heartbeat: '30s',
      run: ({ beat }) => {
        beat();
        beats += 1;
        return beats;
      },
    });
    const flow = orchestrator('flow', head).track('a', track('a', input).step('one', alive));
    await using box = await createSignalbox({ orchestrators: [flow], logger: () => {} });
    expect(await (await box.start(flow, { input: null })).result()).toEqual({ a: 1 });
  });
});
