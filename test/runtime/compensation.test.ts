/** Compensation (S13, I8): what has completed is undone, the last step first, wherever in the run it stands. */
import {
  type CompensationOutcome,
  createSignalbox,
  orchestrator,
  type RunFailed,
  task,
  TerminalError,
  track,
} from 'signalbox';
import { settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Anything, faultsOfHistory, historyOf, never, rejection, stage, statusesOf } from '../helpers/stage.ts';
import { fails, head, input, quiet, undo, undone, worker } from '../helpers/undone.ts';

describe.each(['table', 'xstate'] as const)('stepped by the %s lane,', (lane) => {
  test('a run that fails is undone from its last step to its first (S13, P66)', async () => {
    const log: string[] = [];
    const work = worker(log);
    const flow = orchestrator('flow', { ...head, onFailure: 'compensate' })
      .track('a', track('a', input).step('one', work).step('two', work))
      .track('b', track('b', input).step('three', work).step('four', work, fails), { after: ['a'] });
    await using box = await createSignalbox({ orchestrators: [flow], lane, ...quiet });
    const run = await box.start(flow, { id: 'r', input: null });
    const error = await rejection<RunFailed>(run.result());

    expect(error).toMatchObject({ name: 'RunFailed', status: 'compensated', error: { path: 'b/four' } });
    expect(log.slice(0, 3)).toEqual(['do r/a/one#1', 'do r/a/two#1', 'do r/b/three#1']);
    expect(log.slice(3)).toEqual([undo('b/three'), undo('a/two'), undo('a/one')]);
    expect((await historyOf(run)).slice(-10)).toEqual([
      'step.failed b/four',
      'track.failed b',
      'run.compensating',
      'step.compensating b/three',
      'step.compensated b/three',
      'step.compensating a/two',
      'step.compensated a/two',
      'step.compensating a/one',
      'step.compensated a/one',
      'run.compensated',
    ]);
    expect(await statusesOf(run)).toEqual({
      a: 'completed',
      'a/one': 'compensated',
      'a/two': 'compensated',
      b: 'failed',
      'b/three': 'compensated',
      'b/four': 'failed',
    });
    expect(await run.outcome()).toMatchObject({
      status: 'compensated',
      error: { path: 'b/four' },
      compensation: { undone: ['a/one', 'a/two', 'b/three'], failed: [], kept: [] },
    });
    expect(await faultsOfHistory(run)).toEqual([]);
  });

  test('parallel tracks are undone in the reverse order of completion, whatever their order is (S13, P66)', async () => {
    const { desk, options } = stage();
    const log: string[] = [];
    const work = task('work', {
      input: Anything,
      output: Anything,
      run: never,
      compensate: ({ key }) => void log.push(key.slice(2)),
    });
    const pair = (name: string) => track(name, input).step('one', work).step('two', work);
    const flow = orchestrator('flow', { ...head, onFailure: 'compensate' })
      .track('a', pair('a'))
      .track('b', pair('b'))
      .track('c', track('c', input).step('one', work));
    await using box = await createSignalbox({ orchestrators: [flow], lane, ...options });
    const run = await box.start(flow, { id: 'r', input: null });
    for (const place of ['b/one', 'a/one', 'a/two', 'b/two']) {
      await settled(box);
      desk.give(`${place}#1`);
    }
    await settled(box);
    desk.fail('c/one#1', new TerminalError('no'));
    expect(await run.outcome()).toMatchObject({ status: 'compensated' });

    expect(log).toEqual(['b/two#1~undo', 'a/two#1~undo', 'a/one#1~undo', 'b/one#1~undo']);
  });

  test('items, rounds, groups and members are undone, each by its own row (S13)', async () => {
    const log: string[] = [];
    const work = worker(log);
    const flow = orchestrator('flow', { ...head, onFailure: 'compensate' }).track(
      'a',
      track('a', input)
        .map('items', { over: () => ['x', 'y'], each: work })
        .loop('rounds', { body: work, while: ({ index }) => index < 2 })
        .group('group', (group) => group.step('inner', work))
        .parallel('sides', { left: work, right: work })
        .step('end', work, fails),
    );
    await using box = await createSignalbox({ orchestrators: [flow], lane, ...quiet });
    const run = await box.start(flow, { id: 'r', input: null });
    const { status, compensation } = await run.outcome();

    expect(status).toBe('compensated');
    const done = log.filter((line) => line.startsWith('do')).map((line) => line.slice('do r/'.length));
    expect(undone(log)).toEqual([...done].reverse().map((key) => undo(key.slice(0, -2))));
    expect(compensation?.undone).toHaveLength(done.length);
    expect(done).toHaveLength(7);
    expect(await faultsOfHistory(run)).toEqual([]);
  });
});

describe('a compensation', () => {
  const flowOf = (compensate: unknown, more: object = {}) => {
    const work = task('work', {
      input: z.object({ n: z.string().transform((text) => text.length) }).or(z.object({ fails: z.literal(true) })),
      output: Anything,
      run: ({ input: given }) => {
        if ('fails' in given) throw new TerminalError('no');
        return given.n;
      },
      compensate: compensate as () => void,
      ...more,
    });
    return orchestrator('flow', { ...head, onFailure: 'compensate' }).track(
      'a',
      track('a', input)
        .step('one', work, () => ({ n: 'four' }))
        .step('bad', work, () => ({ fails: true as const })),
    );
  };

  test('is told the input as the schema makes it, the output, a key of its own and a signal (S13, P67)', async () => {
    const told: object[] = [];
    const flow = flowOf((context: object) => void told.push(context));
    await using box = await createSignalbox({ orchestrators: [flow], ...quiet });
    await (await box.start(flow, { id: 'r', input: null })).outcome();

    const signal = expect.any(AbortSignal);
    expect(told).toEqual([{ input: { n: 4 }, output: 4, key: 'r/a/one#1~undo', signal }]);
  });

  test('is tried again by its own policy, under one key, with its own delays (S10, S13, P67)', async () => {
    const { clock, options } = stage();
    const tries: (readonly [number, string])[] = [];
    const began = clock.now();
    const flow = flowOf({
      run: async ({ key }: { readonly key: string }) => {
        tries.push([clock.now() - began, key]);
        if (tries.length < 4) throw new Error(`try ${tries.length}`);
      },
      retry: { maxAttempts: 5, delay: '1s', backoff: 'exponential' },
    });
    await using box = clock.follow(
      await createSignalbox({ orchestrators: [flow], ...options, executor: undefined as never }),
    );
    const run = await box.start(flow, { id: 'r', input: null });
    await settled(box);
    const waits = (await run.snapshot()).steps['a/one'];
    expect(waits).toMatchObject({ status: 'retrying', waitingFor: { what: 'retry', attempt: 2 }, output: 4 });
    for (const ms of [1_000, 2_000, 4_000]) await clock.advance(ms);
    expect(await run.outcome()).toMatchObject({ status: 'compensated' });

    expect(tries).toEqual([0, 1_000, 3_000, 7_000].map((at) => [at, 'r/a/one#1~undo']));
    expect((await historyOf(run)).filter((line) => line.endsWith('a/one')).slice(2)).toEqual(
      [
        ...['step.compensating', 'step.retrying', 'step.compensating', 'step.retrying'],
        ...['step.compensating', 'step.retrying', 'step.compensating', 'step.compensated'],
      ].map((type) => `${type} a/one`),
    );
    // The attempts are those of the body: what undid it is no attempt of it.
    expect((await run.snapshot()).steps['a/one']?.attempts).toHaveLength(1);
    expect(await faultsOfHistory(run)).toEqual([]);
  });

  test('has a timeout of its own for each try, and its signal fires (S11, S13)', async () => {
    const { clock, options } = stage();
    const reasons: string[] = [];
    const flow = flowOf({
      run: ({ signal }: { readonly signal: AbortSignal }) => {
        signal.addEventListener('abort', () => reasons.push(signal.reason.name), { once: true });
        return new Promise(() => {});
      },
      retry: { maxAttempts: 2, delay: '1s' },
      timeout: '5s',
    });
    await using box = clock.follow(
      await createSignalbox({ orchestrators: [flow], ...options, executor: undefined as never }),
    );
    const run = await box.start(flow, { id: 'r', input: null });
    await settled(box);
    for (const ms of [5_000, 1_000, 5_000]) await clock.advance(ms);
    const { status, error, failures, compensation } = await run.outcome();

    expect(reasons).toEqual(['TimeoutError', 'TimeoutError']);
    expect(status).toBe('failed');
    expect(error).toMatchObject({ code: 'compensation-incomplete', cause: { path: 'a/bad' } });
    expect(failures.map(({ path, code }) => [path, code])).toEqual([
      ['a/one', 'step-timed-out'],
      ['a/bad', 'task-threw'],
    ]);
    expect(compensation).toEqual({ undone: [], failed: ['a/one'], kept: [] });
  });

  test.each([
    ['throws', () => Promise.reject(new Error('no'))],
    [
      'throws at once',
      () => {
        throw new Error('no');
      },
    ],
    [
      'throws what is no error',
      () => {
        throw Object.create(null);
      },
    ],
    // biome-ignore lint/suspicious/noThenProperty: what a driver may give
    ['gives a thenable that rejects', () => ({ then: (_: unknown, no: (error: unknown) => void) => no('no') })],
  ] as const)('that %s fails its own step, and the others are undone (S13, P69)', async (_, compensate) => {
    const log: string[] = [];
    const work = worker(log);
    const bad = task('bad', { input: Anything, output: Anything, run: () => 1, compensate });
    const flow = orchestrator('flow', { ...head, onFailure: 'compensate' }).track(
      'a',
      track('a', input).step('one', work).step('two', bad).step('three', work).step('four', work, fails),
    );
    await using box = await createSignalbox({ orchestrators: [flow], ...quiet });
    const run = await box.start(flow, { id: 'r', input: null });
    const error = await rejection<RunFailed>(run.result());

    expect(error.status).toBe('failed');
    expect(error.error.message).toContain('1 completed step could not be undone: a/two.');
    expect(error.error.cause).toMatchObject({ path: 'a/four' });
    expect(undone(log)).toEqual([undo('a/three'), undo('a/one')]);
    expect((await run.outcome()).compensation).toEqual({
      undone: ['a/one', 'a/three'],
      failed: ['a/two'],
      kept: [],
    } satisfies CompensationOutcome);
    expect(await faultsOfHistory(run)).toEqual([]);
  });

  test.each([
    ['a symbol', Symbol('x')],
    ['a bigint', 1n],
    ['the world', globalThis],
  ] as const)('may answer with %s: nobody looks at it', async (_, said) => {
    const flow = flowOf((): unknown => said);
    await using box = await createSignalbox({ orchestrators: [flow], ...quiet });
    expect(await (await box.start(flow, { id: 'r', input: null })).outcome()).toMatchObject({ status: 'compensated' });
  });

  test('of a step stands before that of its task; what is irreversible or has none is kept (S13, P174)', async () => {
    const log: string[] = [];
    const work = worker(log);
    const bare = task('bare', { input: Anything, output: Anything, run: () => void log.push('bare') });
    const flow = orchestrator('flow', { ...head, onFailure: 'compensate' }).track(
      'a',
      track('a', input)
        .step('own', work, () => ({ size: 2 }), {
          compensate: ({ input: { size }, key }) => void log.push(`own ${size} ${key}`),
        })
        .step('sent', work, () => null, { irreversible: true })
        .step('none', bare, () => null)
        // Nothing of these stays.
        .sleep('nap', 1)
        .set('noted', { last: () => 1 })
        .aggregate('sum', { output: Anything, of: () => 1 })
        .step('task', work)
        .step('bad', work, fails),
    );
    await using box = await createSignalbox({ orchestrators: [flow], ...quiet });
    const { compensation } = await (await box.start(flow, { id: 'r', input: null })).outcome();

    expect(log.slice(4)).toEqual([undo('a/task'), 'own 2 r/a/own#1~undo']);
    expect(compensation).toEqual({ undone: ['a/own', 'a/task'], failed: [], kept: ['a/sent', 'a/none'] });
  });
});

test('a run of more steps than are read at a time is undone whole, each step once (S13, P68)', async () => {
  const log: string[] = [];
  const work = worker(log);
  const flow = orchestrator('flow', { ...head, onFailure: 'compensate' }).track(
    'a',
    track('a', input)
      .map('items', { over: () => '1..350', each: work })
      .step('bad', work, fails),
  );
  await using box = await createSignalbox({ orchestrators: [flow], ...quiet });
  const { status, compensation } = await (await box.start(flow, { id: 'r', input: null })).outcome();

  expect(status).toBe('compensated');
  expect(compensation?.undone).toHaveLength(350);
  const done = log.filter((line) => line.startsWith('do')).map((line) => line.slice('do r/'.length, -2));
  expect(undone(log)).toEqual([...done].reverse().map((path) => undo(path)));
});
