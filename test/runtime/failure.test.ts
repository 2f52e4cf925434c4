/** Failure (S12) and cancel (S14): who is stopped, who is skipped, what is told, and that it ends once. */
import { compositeTrack, createSignalbox, orchestrator, RunCancelled, RunFailed, task, track } from 'signalbox';
import { describe, expect, test } from 'vitest';
import {
  Anything,
  eventsOf,
  faultsOfHistory,
  graphOf,
  historyOf,
  never,
  rejection,
  settled,
  stage,
  statusesOf,
  steps,
} from '../helpers/stage.ts';

// a and b first; c after a, d after b, e after c and d.
const diamond = { a: [], b: [], c: ['a'], d: ['b'], e: ['c', 'd'] };

describe('in a diamond of five tracks whose first fails', () => {
  test('failFast cancels what runs and skips what has not begun (S12, P26)', async () => {
    const { desk, options } = stage();
    const flow = graphOf(diamond);
    await using box = await createSignalbox({ orchestrators: [flow], ...options });
    const run = await box.start(flow, { id: 'r', input: null });
    desk.fail('a/work#1', new Error('a broke'));
    const error = await rejection<RunFailed>(run.result());

    expect(error).toBeInstanceOf(RunFailed);
    expect(error.failures.map(({ path, message }) => [path, message])).toEqual([['a/work', 'a broke']]);
    expect(error.message).toContain('"a/work": a broke');
    expect(await statusesOf(run)).toEqual({
      a: 'failed',
      'a/work': 'failed',
      b: 'cancelled',
      'b/work': 'cancelled',
      c: 'skipped',
      d: 'skipped',
      e: 'skipped',
    });
    expect(await historyOf(run)).toEqual([
      'run.started',
      'track.started a',
      'track.started b',
      'step.started a/work',
      'step.started b/work',
      'step.failed a/work',
      'track.failed a',
      'run.cancelling',
      'track.skipped c',
      'track.skipped d',
      'track.skipped e',
      'track.cancelling b',
      'step.cancelling b/work',
      'step.cancelled b/work',
      'track.cancelled b',
      'run.failed',
    ]);
    expect(await faultsOfHistory(run)).toEqual([]);
    expect(desk.begun).toEqual(['a/work#1', 'b/work#1']);
  });

  test('continue skips only what depends on it, and the run fails at the end (S12, P26)', async () => {
    const { desk, options } = stage();
    const flow = graphOf(diamond, { onFailure: 'continue' });
    await using box = await createSignalbox({ orchestrators: [flow], ...options });
    const run = await box.start(flow, { id: 'r', input: null });
    desk.fail('a/work#1');
    await settled(box);
    expect(await statusesOf(run)).toMatchObject({ a: 'failed', b: 'running', c: 'skipped', e: 'skipped' });
    expect(await run.status()).toBe('running');
    desk.give('b/work#1', 'of b');
    await settled(box);
    desk.give('d/work#1', 'of d');
    const outcome = await run.outcome();

    expect(outcome).toMatchObject({ status: 'failed', output: null, outputs: { b: 'of b', d: 'of d' } });
    expect(await statusesOf(run)).toMatchObject({
      a: 'failed',
      b: 'completed',
      c: 'skipped',
      d: 'completed',
      e: 'skipped',
    });
    expect(await faultsOfHistory(run)).toEqual([]);
  });

  test('continue lists both failures when two fail (S12)', async () => {
    const { desk, options } = stage();
    const flow = graphOf(diamond, { onFailure: 'continue' });
    await using box = await createSignalbox({ orchestrators: [flow], ...options });
    const run = await box.start(flow, { id: 'r', input: null });
    desk.fail('b/work#1', new Error('b broke'));
    await settled(box);
    desk.fail('a/work#1', new Error('a broke'));
    const error = await rejection<RunFailed>(run.result());

    expect(error.failures.map(({ path }) => path)).toEqual(['a/work', 'b/work']);
    // What made it fail is what came first.
    expect(error.error.message).toBe('b broke');
    expect(error.message).toContain('and 1 more');
  });
});

test('the bodies that run beside a failure see their signal fire with an AbortError (P27)', async () => {
  const { desk, options } = stage();
  const flow = graphOf({ a: [], b: [] });
  await using box = await createSignalbox({ orchestrators: [flow], ...options });
  const run = await box.start(flow, { input: null });
  const signal = desk.job('b/work#1').signal();
  expect(signal.aborted).toBe(false);
  desk.fail('a/work#1');
  await rejection(run.result());

  expect(signal.reason).toMatchObject({ name: 'AbortError' });
  // What it answers all the same is ignored and counted (I5).
  desk.give('b/work#1', 'too late');
  expect(box.counts.ignored).toBe(1);
  expect((await statusesOf(run))['b/work']).toBe('cancelled');
});

test('a failing step leaves the later steps of its track skipped, and says so (S12)', async () => {
  const { desk, options } = stage();
  const flow = orchestrator('flow', { version: '1', input: Anything }).track('t', steps('t', 'one', 'two', 'three'));
  await using box = await createSignalbox({ orchestrators: [flow], ...options });
  const run = await box.start(flow, { input: null });
  desk.fail('t/one#1');
  await rejection(run.result());

  expect(await statusesOf(run)).toEqual({ t: 'failed', 't/one': 'failed', 't/two': 'skipped', 't/three': 'skipped' });
  const history = await historyOf(run);
  expect(history).toContain('step.skipped t/two');
  expect(history).toContain('step.skipped t/three');
  expect(history.at(-1)).toBe('run.failed');
  expect(await faultsOfHistory(run)).toEqual([]);
});

test('a step that waits for its next attempt is cancelled by the failure of a sibling and not tried again (S12)', async () => {
  const { desk, clock, options } = stage();
  const patient = task('patient', {
    input: Anything,
    output: Anything,
    retry: { maxAttempts: 5, delay: '1m' },
    run: never,
  });
  const flow = orchestrator('flow', { version: '1', input: Anything })
    .track('a', track('a', { input: Anything }).step('try', patient))
    .track('b', steps('b', 'work'));
  await using box = clock.follow(await createSignalbox({ orchestrators: [flow], ...options }));
  const run = await box.start(flow, { input: null });
  desk.fail('a/try#1');
  await settled(box);
  desk.fail('b/work#1');
  await rejection(run.result());
  await clock.advance('1h');

  expect(await statusesOf(run)).toMatchObject({ 'a/try': 'cancelled', 'b/work': 'failed' });
  expect(desk.begun).toEqual(['a/try#1', 'b/work#1']);
  expect(clock.pending).toBe(0);
});

describe('cancel', () => {
  const patient = task('patient', {
    input: Anything,
    output: Anything,
    retry: { maxAttempts: 5, delay: '1m' },
    run: never,
  });
  const flow = orchestrator('flow', { version: '1', input: Anything })
    .track('running', steps('running', 'work', 'rest'))
    .track('retrying', track('retrying', { input: Anything }).step('try', patient))
    .track('later', steps('later', 'work'), { after: ['running'] });

  test('reaches bodies, waits between attempts and what has not begun (S14)', async () => {
    const { desk, clock, options } = stage();
    await using box = await createSignalbox({ orchestrators: [flow], ...options });
    const run = await box.start(flow, { id: 'r', input: null });
    desk.fail('retrying/try#1');
    await settled(box);
    await run.cancel({ reason: 'the customer left' });
    const error = await rejection<RunCancelled>(run.result());

    expect(error).toBeInstanceOf(RunCancelled);
    expect(error).toMatchObject({ code: 'run-cancelled', run: 'r', reason: 'the customer left' });
    expect(desk.job('running/work#1').signal().aborted).toBe(true);
    expect(await statusesOf(run)).toEqual({
      running: 'cancelled',
      'running/work': 'cancelled',
      'running/rest': 'skipped',
      retrying: 'cancelled',
      'retrying/try': 'cancelled',
      later: 'skipped',
    });
    expect(await run.status()).toBe('cancelled');
    expect(await run.outcome()).toMatchObject({ status: 'cancelled', output: null, failures: [] });
    expect(await faultsOfHistory(run)).toEqual([]);
    expect((await eventsOf(run)).at(-1)).toMatchObject({ type: 'run.cancelled', reason: 'the customer left' });
    expect(clock.pending).toBe(0);
  });

  test('of a step that waits for its next attempt leaves no error on the run, which did not fail (S14)', async () => {
    const { desk, options } = stage();
    await using box = await createSignalbox({ orchestrators: [flow], ...options });
    const run = await box.start(flow, { input: null });
    desk.fail('retrying/try#1');
    await settled(box);
    await run.cancel();

    expect(await run.outcome()).toMatchObject({ status: 'cancelled', error: null });
  });

  test('twice, and after the end, changes nothing (S14, I5)', async () => {
    const { desk, options } = stage();
    await using box = await createSignalbox({ orchestrators: [flow], ...options });
    const run = await box.start(flow, { input: null });
    await Promise.all([run.cancel({ reason: 'first' }), run.cancel({ reason: 'second' })]);
    await run.cancel({ reason: 'third' });
    await rejection(run.result());
    const before = await eventsOf(run);
    await run.cancel({ reason: 'fourth' });
    desk.give('running/work#1');
    await settled(box);

    expect(await eventsOf(run)).toEqual(before);
    expect(before.filter(({ type }) => type === 'run.cancelled')).toHaveLength(1);
    expect(await rejection<RunCancelled>(run.result())).toMatchObject({ reason: 'first' });
  });

  test('of a run that has completed leaves it completed (I5)', async () => {
    const { options } = stage();
    const empty = orchestrator('empty', { version: '1', input: Anything });
    await using box = await createSignalbox({ orchestrators: [empty], ...options });
    const run = await box.start(empty, { input: null });
    await run.cancel({ reason: 'too late' });

    expect(await run.result()).toEqual({});
    expect(await historyOf(run)).not.toContain('run.cancelled');
  });

  test('with a reason that is no text is refused (I10)', async () => {
    const { options } = stage();
    await using box = await createSignalbox({ orchestrators: [flow], ...options });
    const run = await box.start(flow, { input: null });
    await expect(run.cancel({ reason: { at: new Date(0) } as never })).rejects.toMatchObject({
      code: 'option-invalid',
    });
  });

  test('of a run that nobody knows is refused (S17)', async () => {
    await using box = await createSignalbox({});
    await expect(box.run('nobody').cancel()).rejects.toMatchObject({ code: 'run-unknown', fields: { run: 'nobody' } });
  });

  test('reaches through composites and tracks inside one another (S14, P29)', async () => {
    const { desk, options } = stage();
    const inner = compositeTrack('inner', {
      tracks: { left: steps('left', 'work'), right: steps('right', 'work', 'rest') },
    });
    const outer = compositeTrack('outer', { tracks: { inner, beside: steps('beside', 'work') } });
    const nested = orchestrator('nested', { version: '1', input: Anything }).track('top', outer);
    await using box = await createSignalbox({ orchestrators: [nested], ...options });
    const run = await box.start(nested, { input: null });
    desk.give('top/beside/work#1');
    await settled(box);
    await run.cancel();
    await rejection(run.result());

    expect(await statusesOf(run)).toEqual({
      top: 'cancelled',
      'top/inner': 'cancelled',
      'top/inner/left': 'cancelled',
      'top/inner/left/work': 'cancelled',
      'top/inner/right': 'cancelled',
      'top/inner/right/work': 'cancelled',
      'top/inner/right/rest': 'skipped',
      'top/beside': 'completed',
      'top/beside/work': 'completed',
    });
    expect(desk.open).toEqual([]);
    expect(await faultsOfHistory(run)).toEqual([]);
  });

  test('of what waits in line for room never begins it, and gives nobody else its room (S14, P48)', async () => {
    const { desk, options } = stage();
    const one = graphOf({ a: [] });
    await using box = await createSignalbox({ orchestrators: [one], ...options, concurrency: 1 });
    await box.start(one, { id: 'first', input: null });
    const second = await box.start(one, { id: 'second', input: null });
    await settled(box);
    await second.cancel();
    await rejection(second.result());
    await box.start(one, { id: 'third', input: null });
    await settled(box);

    // The body of the first run still has the only room there is.
    expect(desk.begun).toEqual(['a/work#1']);
    expect(desk.job('a/work#1').run.id).toBe('first');

    // When there is room, it is not the cancelled one's turn, and the room is not lost by it.
    for (const next of ['third', 'fourth']) {
      desk.give('a/work#1');
      await settled(box);
      if (next === 'fourth') await box.start(one, { id: next, input: null });
      await settled(box);
      expect(desk.job('a/work#1').run.id).toBe(next);
    }
    expect(desk.begun).toHaveLength(3);
  });
});

describe('cleanup', () => {
  const tidied: unknown[] = [];
  const withCleanup = (cleanup: (context: { signal: AbortSignal }) => unknown) => {
    const messy = task('messy', {
      input: Anything,
      output: Anything,
      cleanupTimeout: '5s',
      run: never,
      cleanup: (context) => {
        const { signal: _, ...told } = context;
        tidied.push(told);
        return cleanup(context);
      },
    });
    return orchestrator('flow', { version: '1', input: Anything }).track(
      't',
      track('t', { input: Anything }).step('messy', messy, () => ({ n: 1 })),
    );
  };

  test('of a step that had begun runs once, with its input, key and reason (S14, P72)', async () => {
    tidied.length = 0;
    const { options } = stage();
    const flow = withCleanup(async () => {});
    await using box = await createSignalbox({ orchestrators: [flow], ...options });
    const run = await box.start(flow, { id: 'r', input: null });
    await run.cancel({ reason: 'enough' });
    await run.cancel({ reason: 'enough' });
    await rejection(run.result());

    expect(tidied).toEqual([{ input: { n: 1 }, key: 'r/t/messy#1', reason: 'enough' }]);
  });

  test('that hangs is given up after its own timeout, and its signal fires (S14, P72)', async () => {
    const { clock, options, lines } = stage();
    let signal: AbortSignal | undefined;
    const flow = withCleanup((context) => {
      signal = context.signal;
      return new Promise(() => {});
    });
    await using box = clock.follow(await createSignalbox({ orchestrators: [flow], ...options }));
    const run = await box.start(flow, { input: null });
    await run.cancel();
    await clock.advance(4_999);
    expect(await run.status()).toBe('cancelling');
    await clock.advance(1);

    expect(await run.status()).toBe('cancelled');
    expect(signal?.reason).toMatchObject({ name: 'TimeoutError' });
    expect(lines.map(({ level, path }) => [level, path])).toContainEqual(['error', 't/messy']);
  });

  test('that throws does not keep the run from being cancelled (S14)', async () => {
    const { options, lines } = stage();
    const flow = withCleanup(() => {
      throw new Error('no broom');
    });
    await using box = await createSignalbox({ orchestrators: [flow], ...options });
    const run = await box.start(flow, { input: null });
    await run.cancel();

    expect((await run.outcome()).status).toBe('cancelled');
    expect(lines.some(({ message }) => message.includes('no broom'))).toBe(true);
  });

  test('runs after an attempt that timed out, too (S11, P72)', async () => {
    tidied.length = 0;
    const { clock, options } = stage();
    const slow = task('slow', {
      input: Anything,
      output: Anything,
      timeout: '1s',
      run: never,
      cleanup: ({ key }) => tidied.push(key),
    });
    const flow = orchestrator('flow', { version: '1', input: Anything }).track(
      't',
      track('t', { input: Anything }).step('slow', slow),
    );
    await using box = clock.follow(await createSignalbox({ orchestrators: [flow], ...options }));
    const run = await box.start(flow, { id: 'r', input: null });
    await clock.advance('1s');

    expect((await statusesOf(run))['t/slow']).toBe('timedOut');
    expect(tidied).toEqual(['r/t/slow#1']);
  });
});
