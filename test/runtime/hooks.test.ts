/** Hooks (S31): who is called when, in which order and with what; and that one which fails, hangs or lies hurts its own step alone. */
import {
  createSignalbox,
  defineOrchestrator,
  defineTrack,
  type Hook,
  type LogLine,
  memory,
  orchestrator,
  type StepHook,
  task,
  track,
} from 'signalbox';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { structureOf } from '../../src/dsl/structure.ts';
import { planOf } from '../../src/dsl/index.ts';
import {
  Anything,
  eventsOf,
  faultsOfHistory,
  fakeClock,
  historyOf,
  never,
  rejection,
  settled,
  soon,
  statusesOf,
} from '../helpers/stage.ts';

const head = { version: '1', input: Anything } as const;
const input = { input: Anything } as const;
const no = (): never => {
  throw new Error('no');
};
const hanging = () => new Promise<void>(() => {});

/** A task that counts its calls. */
function counting(name = 'work', options: object = {}) {
  const calls: number[] = [];
  const made = task(name, {
    input: Anything,
    output: z.any(),
    run: ({ attempt }) => {
      calls.push(attempt);
      return { done: attempt };
    },
    ...options,
  });
  return { calls, made };
}

const one = (body: ReturnType<typeof counting>['made'], options: object = {}) =>
  orchestrator('flow', { ...head, ...options }).track(
    't',
    track('t', input).step('s', body, () => ({ n: 1 })),
  );

async function opened(flow: unknown, options: object = {}) {
  const clock = fakeClock();
  const lines: LogLine[] = [];
  const logger = (line: LogLine): void => void (line.level !== 'debug' && lines.push(line));
  const box = clock.follow(await createSignalbox({ orchestrators: [flow], clock, logger, ...options } as never));
  return { box, clock, lines, start: (id = 'r') => box.start(flow as never, { id, input: { n: 1 } } as never) };
}

describe('hooks are called', () => {
  test('those of the box first, then from the outside in, and in the end the other way round (S31, P60, P59)', async () => {
    const told: string[] = [];
    const tells = (name: string): Hook => ({
      name,
      beforeRun: () => void told.push(`${name} beforeRun`),
      beforeTrack: async () => void told.push(`${name} beforeTrack`),
      beforeStep: () => void told.push(`${name} beforeStep`),
      afterStep: async () => void told.push(`${name} afterStep`),
      afterTrack: () => void told.push(`${name} afterTrack`),
      afterRun: async () => void told.push(`${name} afterRun`),
    });
    const only = (name: string, ...keys: string[]) =>
      Object.fromEntries(Object.entries(tells(name)).filter(([key]) => key === 'name' || keys.includes(key)));
    const work = task('work', {
      input: Anything,
      output: Anything,
      run: () => void told.push('body'),
      hooks: [only('task', 'beforeStep', 'afterStep') as StepHook],
    });
    const of = track('t', { ...input, hooks: [only('track', 'beforeTrack', 'beforeStep', 'afterStep', 'afterTrack')] });
    const flow = orchestrator('flow', { ...head, hooks: [tells('flow')] }).track('t', of.step('s', work));
    const { box, start } = await opened(flow, { hooks: [tells('one'), tells('two')] });
    const run = await start();
    await soon(run.result());
    await settled(box);

    const [all, two] = [
      ['one', 'two', 'flow', 'track', 'task'],
      ['one', 'two', 'flow'],
    ];
    const said = (names: string[], moment: string): string[] => names.map((name) => `${name} ${moment}`);
    expect(told).toEqual([
      ...said(two, 'beforeRun'),
      ...said(all.slice(0, 4), 'beforeTrack'),
      ...said(all, 'beforeStep'),
      'body',
      ...said(all, 'afterStep').reverse(),
      ...said(all.slice(0, 4), 'afterTrack').reverse(),
      ...said(two, 'afterRun').reverse(),
    ]);
    expect(await faultsOfHistory(run)).toEqual([]);
    await box.close();
  });

  test('each with a signal of its own, and no two with the same facts', async () => {
    const told: { readonly signal: AbortSignal }[] = [];
    const spy = { beforeStep: (facts: never) => void told.push(facts) };
    const flow = one(counting().made);
    const { box } = await opened(flow, { hooks: [spy, { ...spy }, { ...spy }] });
    const run = await box.start(flow as never, { id: 'r', input: null } as never);
    await soon(run.outcome());

    expect([told.length, new Set(told).size, new Set(told.map(({ signal }) => signal)).size]).toEqual([3, 3, 3]);
    await box.close();
  });

  test('of what fails: after the attempt, when it is tried again, and on the error, each waited for (S31, P59)', async () => {
    const told: string[] = [];
    const tells = (name: string, moment: string) => async (): Promise<void> => {
      told.push(`${name} ${moment} begins`);
      await new Promise((resolve) => setImmediate(resolve));
      told.push(`${name} ${moment}`);
    };
    const moments = ['afterStep', 'onRetry', 'onError', 'afterTrack', 'afterRun'];
    const hook = (name: string): Hook => Object.fromEntries(moments.map((moment) => [moment, tells(name, moment)]));
    const flaky = counting('flaky', { retry: { maxAttempts: 2, delay: '1s' }, run: no }).made;
    const { box, clock, start } = await opened(one(flaky), { hooks: [hook('one'), hook('two')] });
    const run = await start();
    await soon(settled(box));
    await clock.advance('1s');
    expect((await soon(run.outcome())).status).toBe('failed');
    await settled(box);

    const order = ['afterStep', 'onRetry', 'afterStep', 'onError', 'afterTrack', 'afterRun'];
    const both = (moment: string): string[] =>
      ['two', 'one'].flatMap((name) => [`${name} ${moment} begins`, `${name} ${moment}`]);
    expect(told).toEqual(order.flatMap(both));
    await box.close();
  });

  test('with what they are about, frozen, and can change nothing (S5, S31)', async () => {
    const told: { [on: string]: unknown } = {};
    const names = [
      'beforeRun',
      'afterRun',
      'beforeTrack',
      'afterTrack',
      'beforeStep',
      'afterStep',
      'onRetry',
      'onError',
    ];
    const spy = Object.fromEntries(
      names.map((on) => [
        on,
        (facts: { input?: { n: number }; run: { metadata: { tenant: string } }; signal: AbortSignal }) => {
          const { signal, ...rest } = facts;
          expect(signal.aborted).toBe(false);
          expect(() => Object.assign(facts, { path: 'x' })).toThrow(TypeError);
          expect(() => Object.assign(facts.run.metadata, { tenant: 'evil' })).toThrow(TypeError);
          if (facts.input !== undefined)
            expect(() => Object.assign(facts.input as object, { n: 2 })).toThrow(TypeError);
          told[on] = rest;
        },
      ]),
    );
    const flaky = task('flaky', {
      input: Anything,
      output: Anything,
      retry: { maxAttempts: 2, delay: '1s', backoff: 'fixed' },
      run: ({ input, attempt }) => {
        expect(input).toEqual({ n: 1 });
        throw new Error(`no ${attempt}`);
      },
    });
    const flow = orchestrator('flow', head).track(
      't',
      track('t', input).step('s', flaky, ({ input }) => input),
      { input: ({ input }) => input },
    );
    const { box, clock } = await opened(flow, { hooks: [spy] });
    const run = await box.start(flow as never, { id: 'r', input: { n: 1 }, metadata: { tenant: 'acme' } } as never);
    await settled(box);
    await clock.advance('1s');
    await soon(run.outcome());
    await settled(box);
    const facts = {
      id: 'r',
      key: null,
      orchestrator: 'flow',
      version: '1',
      startedAt: clock.now() - 1_000,
      metadata: { tenant: 'acme' },
    };
    const failed = expect.objectContaining({ code: 'task-threw', message: 'no 2' });
    const step = { run: facts, path: 't/s', task: 'flaky', attempt: 2 };
    expect(told).toEqual({
      beforeRun: { run: facts, input: { n: 1 } },
      beforeTrack: { run: facts, path: 't', track: 't', input: { n: 1 } },
      beforeStep: { ...step, key: 'r/t/s#2', input: { n: 1 } },
      afterStep: { ...step, key: 'r/t/s#2', input: { n: 1 }, status: 'failed', output: null, error: failed },
      onRetry: { ...step, attempt: 1, error: expect.objectContaining({ message: 'no 1' }), due: clock.now() },
      onError: { ...step, status: 'failed', error: failed },
      afterTrack: { run: facts, path: 't', track: 't', status: 'failed', error: failed },
      afterRun: { run: facts, status: 'failed', output: null, error: failed },
    });
    await box.close();
  });

  test.each([
    [{ task: 'work' }, ['t/s']],
    [{ task: ['other', 'else'] }, ['t/o', 't/deep/x']],
    [{ path: 't/*' }, ['t/s', 't/o']],
    [{ path: 't/**' }, ['t/s', 't/o', 't/deep/x']],
    [{ path: '**/x' }, ['t/deep/x']],
    [{ path: ['t/s', 'nowhere'], task: 'other' }, []],
    [{ orchestrator: 'flow' }, ['t/s', 't/o', 't/deep/x']],
    [{ orchestrator: ['another'] }, []],
  ])('only for what fits %j (P60)', async (only, paths) => {
    const told: string[] = [];
    const [work, other, deep] = [counting('work').made, counting('other').made, counting('else').made];
    const flow = orchestrator('flow', head).track(
      't',
      track('t', input)
        .step('s', work)
        .step('o', other)
        .group('deep', (steps) => steps.step('x', deep)),
    );
    const { box, start } = await opened(flow, {
      hooks: [{ only, beforeStep: ({ path }: { path: string }) => void told.push(path) }],
    });
    await soon((await start()).result());
    expect(told).toEqual(paths);
    await box.close();
  });

  test('for bodies; what has none, and what the engine makes of an async output, is not asked for', async () => {
    const told: string[] = [];
    const flow = orchestrator('flow', head).track(
      't',
      track('t', input)
        .set('v', { a: () => 1 })
        .sleep('nap', 1)
        .emit('told', { event: 'x' })
        .output(async () => 7),
    );
    const hooks = [{ beforeStep: ({ path }: { path: string }) => void told.push(path), afterStep: no }];
    const { box, clock, start } = await opened(flow, { hooks });
    const run = await start();
    await settled(box);
    await clock.advance('1s');
    expect(await soon(run.result())).toEqual({ t: 7 });
    expect(told).toEqual([]);
    await box.close();
  });

  test('in definitions as plain data, too', async () => {
    const told: string[] = [];
    const { made } = counting();
    const hooks = [{ beforeStep: ({ path }: { path: string }) => void told.push(path) }];
    const t = defineTrack({ name: 't', hooks, tasks: [{ task: made, name: 's' }] } as never);
    const flow = defineOrchestrator({ name: 'flow', ...head, tracks: { t }, hooks } as never);
    const { box, start } = await opened(flow);
    await soon((await start()).result());
    expect(told).toEqual(['t/s', 't/s']);
    await box.close();
  });
});

describe('a hook before a step', () => {
  test.each([
    ['throws', no],
    ['is rejected', async () => no()],
    ['throws what is no error', () => Promise.reject({ odd: true })],
  ])(
    'that %s: the step is not started, is not tried again, and fails with a code of its own (S31, P61)',
    async (_, beforeStep) => {
      const { calls, made } = counting('work', { retry: { maxAttempts: 3, delay: 0 } });
      const fine = counting('fine');
      const flow = orchestrator('flow', { ...head, onFailure: 'continue' })
        .track('t', track('t', input).step('s', made))
        .track('beside', track('beside', input).step('s', fine.made));
      const told: string[] = [];
      const hooks: Hook[] = [
        { name: 'gate', only: { task: 'work' }, beforeStep },
        { beforeStep: ({ path }) => void told.push(path), afterStep: ({ path }) => void told.push(`after ${path}`) },
      ];
      const { box, start } = await opened(flow, { hooks });
      const run = await start();
      const { failures } = await soon(run.outcome());
      expect(failures).toMatchObject([
        { code: 'hook-failed', path: 't/s', fields: { hook: 'gate', on: 'beforeStep' }, retryable: false },
      ]);
      expect(calls).toEqual([]);
      // It hurts its own step alone; the hooks after it are not called, and neither is what comes after.
      expect(fine.calls).toEqual([1]);
      expect(told).toEqual(['beside/s', 'after beside/s']);
      expect(await statusesOf(run)).toMatchObject({ 't/s': 'failed', 'beside/s': 'completed' });
      await box.close();
    },
  );

  test('that does not end in its time is told by its signal, and the step fails with hook-timed-out', async () => {
    const { calls, made } = counting();
    let signal: AbortSignal | undefined;
    const beforeStep = (facts: { signal: AbortSignal }) => {
      signal = facts.signal;
      return hanging();
    };
    const { box, clock, start } = await opened(one(made), { hooks: [{ beforeStep, timeout: '2s' }] });
    const run = await start();
    await settled(box);
    await clock.advance(1_999);
    expect(signal?.aborted).toBe(false);
    await clock.advance(1);
    expect((await soon(run.outcome())).failures).toMatchObject([{ code: 'hook-timed-out', path: 't/s' }]);
    expect((signal as unknown as AbortSignal).reason).toMatchObject({ name: 'TimeoutError' });
    expect(calls).toEqual([]);
    await box.close();
  });

  test('has five seconds if it says nothing, and they are not those of the attempt', async () => {
    const { calls, made } = counting('work', { timeout: '1s' });
    const beforeStep = () => clock.wait('4s');
    const { box, clock: stage, start } = await opened(one(made), { hooks: [{ beforeStep: () => beforeStep() }] });
    const clock = {
      wait: (ms: string) => new Promise<void>((resolve) => void stage.wakeAfter(ms === '4s' ? 4_000 : 0, resolve)),
    };
    const run = await start();
    await settled(box);
    await stage.advance('4s');
    expect((await soon(run.outcome())).status).toBe('completed');
    expect(calls).toEqual([1]);
    await box.close();
  });

  test('that is to be ignored leaves a warning in the history, and the step begins (S31)', async () => {
    const { calls, made } = counting();
    const hooks = [{ name: 'lenient', beforeStep: no, onHookError: 'ignore' }];
    const { box, start, lines } = await opened(one(made), { hooks });
    const run = await start();
    expect(await soon(run.result())).toEqual({ t: { done: 1 } });
    expect(calls).toEqual([1]);
    const events = await eventsOf(run);
    expect(events.map(({ type }) => type)).toEqual([
      'run.started',
      'track.started',
      'step.started',
      'hook.failed',
      'step.completed',
      'track.completed',
      'run.completed',
    ]);
    expect(events[3]).toMatchObject({ path: 't/s', hook: 'lenient', on: 'beforeStep', error: { code: 'hook-failed' } });
    expect((events[3] as unknown as { error: Error }).error.message).toContain(
      'It was ignored, as its "onHookError" says.',
    );
    expect(lines.map(({ level }) => level)).toEqual(['warn']);
    expect(await faultsOfHistory(run)).toEqual([]);
    await box.close();
  });

  test('is asked before each attempt, under the number of that one', async () => {
    const told: unknown[] = [];
    const flaky = task('flaky', {
      input: Anything,
      output: Anything,
      retry: { maxAttempts: 3, delay: 0 },
      run: ({ attempt }) => (attempt < 3 ? no() : attempt),
    });
    const hooks: Hook[] = [
      {
        beforeStep: ({ attempt }) => void told.push(attempt),
        afterStep: ({ attempt, status }) => void told.push(`${attempt} ${status}`),
      },
    ];
    const { box, clock, start } = await opened(one(flaky as never), { hooks });
    const run = await start();
    await settled(box);
    await clock.advance(1);
    await soon(run.result());
    expect(told).toEqual([1, '1 failed', 2, '2 failed', 3, '3 completed']);
    await box.close();
  });

  test('that is asked when the run is cancelled is told by its signal, and the body is never called', async () => {
    const { calls, made } = counting();
    let signal: AbortSignal | undefined;
    let let_go = (): void => {};
    const told: string[] = [];
    const hook: Hook = {
      beforeStep: (facts) => {
        signal = facts.signal;
        return new Promise<void>((resolve) => {
          let_go = resolve;
        });
      },
      afterStep: () => void told.push('after'),
    };
    const { box, start } = await opened(one(made), { hooks: [hook] });
    const run = await start();
    await settled(box);
    await run.cancel();
    expect((await soon(run.outcome())).status).toBe('cancelled');
    expect(signal?.aborted).toBe(true);
    let_go();
    await settled(box);
    expect(calls).toEqual([]);
    expect(told).toEqual([]);
    expect(box.counts.ignored).toBe(0);
    await box.close();
  });

  test('holds the place under a limit that its body was given', async () => {
    const open: (() => void)[] = [];
    const asked: string[] = [];
    const { made } = counting('work', { concurrency: 1 });
    const flow = orchestrator('flow', head)
      .track('a', track('a', input).step('s', made))
      .track('b', track('b', input).step('s', made));
    const hook: Hook = {
      beforeStep: ({ path }) => {
        asked.push(path);
        return new Promise<void>((resolve) => void open.push(resolve));
      },
    };
    const { box, start } = await opened(flow, { hooks: [hook] });
    const run = await start();
    await settled(box);
    expect(asked).toEqual(['a/s']);
    open[0]?.();
    await settled(box);
    expect(asked).toEqual(['a/s', 'b/s']);
    open[1]?.();
    expect((await soon(run.outcome())).status).toBe('completed');
    await box.close();
  });
});

describe('a hook after a step', () => {
  test.each([
    ['throws', no],
    ['is rejected', async () => no()],
  ])('that %s never has the body called again, and leaves a warning (S31, P61)', async (_, afterStep) => {
    const { calls, made } = counting('work', { retry: { maxAttempts: 5, delay: 0 } });
    const told: string[] = [];
    const hooks: Hook[] = [{ afterStep: () => void told.push('the one before') }, { name: 'audit', afterStep }];
    const { box, start } = await opened(one(made), { hooks });
    const run = await start();
    expect(await soon(run.result())).toEqual({ t: { done: 1 } });
    expect(calls).toEqual([1]);
    expect(told).toEqual(['the one before']);
    const failed = (await eventsOf(run)).filter(({ type }) => type === 'hook.failed');
    expect(failed).toMatchObject([{ path: 't/s', hook: 'audit', on: 'afterStep', error: { code: 'hook-failed' } }]);
    await box.close();
  });

  test('that hangs holds its step up for as long as its timeout, and nothing else', async () => {
    const { calls, made } = counting();
    const { box, clock, start } = await opened(one(made), { hooks: [{ afterStep: hanging, timeout: '1s' }] });
    const run = await start();
    await settled(box);
    expect(await run.status()).toBe('running');
    await clock.advance('1s');
    expect((await soon(run.outcome())).status).toBe('completed');
    expect(calls).toEqual([1]);
    expect(await historyOf(run)).toContain('hook.failed t/s');
    await box.close();
  });

  test('is told the input as the mapper made it, and not the object that the body was given', async () => {
    const told: unknown[] = [];
    const dated = task('dated', {
      input: z.object({ at: z.string().transform((text) => new Date(text)) }),
      output: Anything,
      run: ({ input: given }) => void Object.assign(given, { at: 'spoilt' }),
    });
    const flow = orchestrator('flow', head).track(
      't',
      track('t', input).step('s', dated, () => ({ at: '2030-01-01' })),
    );
    const hook: Hook = {
      beforeStep: ({ input: i }) => void told.push(i),
      afterStep: ({ input: i }) => void told.push(i),
    };
    const { box, start } = await opened(flow, { hooks: [hook] });
    await soon((await start()).result());
    expect(told).toEqual([{ at: '2030-01-01' }, { at: '2030-01-01' }]);
    await box.close();
  });

  test('is told of an attempt that is cancelled, and nobody waits for it', async () => {
    const told: unknown[] = [];
    const { made } = counting('work', { run: hanging });
    const hook: Hook = {
      beforeStep: () => {},
      afterStep: ({ status, output, error }) => void told.push([status, output, error]),
    };
    const { box, start } = await opened(one(made), { hooks: [hook] });
    const run = await start();
    await settled(box);
    await run.cancel();
    expect((await soon(run.outcome())).status).toBe('cancelled');
    expect(told).toEqual([['cancelled', null, null]]);
    await box.close();
  });

  test('changes nothing by what it answers', async () => {
    const { made } = counting();
    const hooks: Hook[] = [
      { beforeStep: () => ({ n: 'x'.repeat(5_000_000) }), afterStep: async () => ({ done: 'otherwise' }) },
    ];
    const { box, start } = await opened(one(made), { hooks });
    expect(await soon((await start()).result())).toEqual({ t: { done: 1 } });
    await box.close();
  });
});

describe('a hook before a track', () => {
  const flowOf = (made: ReturnType<typeof counting>['made']) =>
    orchestrator('flow', { ...head, onFailure: 'continue' })
      .track('t', track('t', input).sleep('nap', 1).step('s', made))
      .track('beside', track('beside', input).set('v', { a: () => 1 }));

  test('that fails: the track is not started, nothing of it begins, and the others go on (S31)', async () => {
    const { calls, made } = counting();
    const hook: Hook = { only: { path: 't' }, beforeTrack: no, afterTrack: () => void calls.push(-1) };
    const { box, start } = await opened(flowOf(made), { hooks: [hook] });
    const run = await start();
    const outcome = await soon(run.outcome());
    expect(outcome.failures).toMatchObject([{ code: 'hook-failed', path: 't' }]);
    expect(await historyOf(run)).not.toContain('track.started t');
    expect(await statusesOf(run)).toEqual({ beside: 'completed', 'beside/v': 'completed', t: 'failed' });
    expect(calls).toEqual([]);
    expect(await faultsOfHistory(run)).toEqual([]);
    await box.close();
  });

  test('is waited for: the track shows as pending, and what hangs is over in its time', async () => {
    const { made } = counting();
    const hook: Hook = { only: { path: 't' }, beforeTrack: hanging, timeout: '1s', onHookError: 'ignore' };
    const { box, clock, start } = await opened(flowOf(made), { hooks: [hook] });
    const run = await start();
    await settled(box);
    expect((await run.snapshot()).tracks.t).toMatchObject({ status: 'pending', waitingFor: { what: 'start' } });
    await clock.advance('1s');
    await clock.advance('1s');
    expect((await soon(run.outcome())).status).toBe('completed');
    expect((await historyOf(run)).filter((event) => / t$/.test(event))).toEqual([
      'hook.failed t',
      'track.started t',
      'track.completed t',
    ]);
    await box.close();
  });

  test('is asked again in the next process, and nothing has begun meanwhile (I6, I7)', async () => {
    const { calls, made } = counting();
    const store = memory();
    const first = await opened(one(made), { hooks: [{ beforeTrack: hanging }], store });
    const run = await first.start();
    await settled(first.box);
    expect(await run.status()).toBe('running');
    await first.box.close();

    const told: string[] = [];
    const second = await opened(one(made), {
      hooks: [{ beforeTrack: ({ path }: { path: string }) => void told.push(path) }],
      store,
    });
    expect((await soon(second.box.run('r').outcome())).status).toBe('completed');
    expect(told).toEqual(['t']);
    expect(calls).toEqual([1]);
    await second.box.close();
  });

  test('that the next process does not have is no obstacle', async () => {
    const { made } = counting();
    const store = memory();
    const first = await opened(one(made), { hooks: [{ beforeTrack: hanging }], store });
    await first.start();
    await settled(first.box);
    await first.box.close();
    const second = await opened(one(made), { store });
    expect((await soon(second.box.run('r').outcome())).status).toBe('completed');
    await second.box.close();
  });

  test('is asked again at resume if the run was paused when it answered (S15)', async () => {
    const { calls, made } = counting();
    const open: (() => void)[] = [];
    const beforeTrack = () => new Promise<void>((resolve) => void open.push(resolve));
    const { box, start } = await opened(one(made), { hooks: [{ beforeTrack }] });
    const run = await start();
    await settled(box);
    await run.pause();
    open[0]?.();
    await settled(box);
    expect(calls).toEqual([]);
    await run.resume();
    await settled(box);
    expect(open.length).toBe(2);
    open[1]?.();
    expect((await soon(run.outcome())).status).toBe('completed');
    await box.close();
  });

  test('that is asked when the run is cancelled does not keep it', async () => {
    const { calls, made } = counting();
    const { box, clock, start } = await opened(one(made), { hooks: [{ beforeTrack: hanging }] });
    const run = await start();
    await settled(box);
    await run.cancel();
    expect((await soon(run.outcome())).status).toBe('cancelled');
    await clock.advance('10s');
    expect(calls).toEqual([]);
    await box.close();
  });
});

describe('a hook before a run', () => {
  test('that fails: the run is not started, whoever starts it (S31)', async () => {
    const { calls, made } = counting();
    const child = orchestrator('child', head).track('t', track('t', input).step('s', made));
    const flow = orchestrator('flow', head).track(
      't',
      track('t', input).run('c', child, () => ({})),
    );
    const hook: Hook = { name: 'gate', only: { orchestrator: 'child' }, beforeRun: async () => no() };
    const { box, start } = await opened(flow, { hooks: [hook], orchestrators: [flow, child] });
    const thrown = await rejection<Error & { code: string }>(
      box.start(child as never, { id: 'c', input: {} } as never),
    );
    expect(thrown).toMatchObject({ code: 'hook-failed', fields: { hook: 'gate', on: 'beforeRun' } });
    expect((await box.runs()).runs).toEqual([]);
    const run = await start();
    expect((await soon(run.outcome())).failures).toMatchObject([{ code: 'hook-failed', path: 't/c' }]);
    expect(calls).toEqual([]);
    await box.close();
  });

  test('that is to be ignored leaves a warning behind the start', async () => {
    const { made } = counting();
    const { box, start } = await opened(one(made), { hooks: [{ beforeRun: no, onHookError: 'ignore' }] });
    const run = await start();
    await soon(run.result());
    expect((await historyOf(run)).slice(0, 3)).toEqual(['run.started', 'track.started t', 'step.started t/s']);
    expect(await historyOf(run)).toContain('hook.failed');
    await box.close();
  });

  test('is asked once for a run that is started twice, and not for what is there (S17)', async () => {
    const { made } = counting();
    const told: string[] = [];
    const beforeRun = async ({ run }: { run: { id: string } }) => void told.push(run.id);
    const { box, start } = await opened(one(made), { hooks: [{ beforeRun }] });
    await Promise.all([start(), start()]);
    await start();
    expect(told).toEqual(['r']);
    await box.close();
  });

  test('that is asked when the box is closed: the start is refused', async () => {
    const { made } = counting();
    const { box, start } = await opened(one(made), { hooks: [{ beforeRun: hanging }] });
    const starting = rejection<Error & { code: string }>(start());
    await settled(box);
    await box.close();
    expect((await soon(starting)).code).toBe('box-closed');
  });
});

describe('what comes after the end', () => {
  test('and fails is a line of the log: the history has ended', async () => {
    const { made } = counting();
    const { box, start, lines } = await opened(one(made), { hooks: [{ name: 'audit', afterRun: async () => no() }] });
    const run = await start();
    await soon(run.result());
    await settled(box);
    expect((await historyOf(run)).at(-1)).toBe('run.completed');
    expect(lines).toMatchObject([{ level: 'warn', run: 'r', error: { code: 'hook-failed' } }]);
    await box.close();
  });

  test('of a track of a run that goes on is a warning in its history, and so is what is tried again', async () => {
    const flaky = task('flaky', {
      input: Anything,
      output: Anything,
      retry: { maxAttempts: 2, delay: '1s', backoff: 'fixed' },
      run: ({ attempt }) => (attempt < 2 ? no() : attempt),
    });
    const flow = orchestrator('flow', head)
      .track('a', track('a', input).step('s', flaky))
      .track('b', track('b', input).sleep('nap', '1m'), { after: ['a'] });
    const hooks = [{ onRetry: no, afterTrack: async () => no() }];
    const { box, clock, start } = await opened(flow, { hooks });
    const run = await start();
    await settled(box);
    await clock.advance('1s');
    expect(
      (await eventsOf(run)).flatMap((event) => (event.type === 'hook.failed' ? [[event.on, event.path]] : [])),
    ).toEqual([
      ['onRetry', 'a/s'],
      ['afterTrack', 'a'],
    ]);
    await box.close();
  });

  test('is waited for by a box that closes', async () => {
    const { made } = counting();
    const told: string[] = [];
    const afterRun = async (): Promise<void> => {
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      told.push('written');
    };
    const { box, start } = await opened(one(made), { hooks: [{ afterRun }] });
    await soon((await start()).result());
    await box.close();
    expect(told).toEqual(['written']);
  });

  test('is told of what is told in order, one after the other', async () => {
    const told: string[] = [];
    const { made } = counting();
    const slow = async ({ path }: { path?: string }): Promise<void> => {
      told.push(`begin ${path ?? 'run'}`);
      await Promise.resolve();
      told.push(`end ${path ?? 'run'}`);
    };
    const { box, start } = await opened(one(made), { hooks: [{ afterTrack: slow, afterRun: slow }] });
    await soon((await start()).result());
    await settled(box);
    expect(told).toEqual(['begin t', 'end t', 'begin run', 'end run']);
    await box.close();
  });
});

describe('what is no hook is told', () => {
  const { made } = counting();
  test.each([
    [[{ beforStep: no }], 'cannot have "beforStep"', 'Did you mean "beforeStep"?'],
    [[{}], 'has no function to call'],
    [{ beforeStep: no }, 'it takes a list of hooks'],
    [[{ beforeStep: 'no' }], 'it takes a function'],
    [[{ beforeStep: no, timeout: 0 }], 'a duration above 0'],
    [[{ beforeStep: no, timeout: 'soon' }], '"soon"'],
    [[{ beforeStep: no, onHookError: 'never' }], `'fail' or 'ignore'`],
    [[{ beforeStep: no, name: 7 }], 'a text of 1 to 200 characters'],
    [[{ beforeStep: no, only: { tasks: 'x' } }], 'cannot have "tasks"'],
    [[{ beforeStep: no, only: { task: 7 } }], 'a name, or a list of names'],
    [[{ beforeRun: no, only: { task: 'x' } }], 'is called for no step'],
    [[{ beforeRun: no, only: { path: 'x' } }], 'a run has none'],
    [[null], 'give an object'],
    [[no], 'give an object'],
  ])('to a box: %j', async (hooks, ...said) => {
    const thrown = await rejection<Error & { code: string }>(
      createSignalbox({ orchestrators: [one(made)], hooks } as never),
    );
    expect(thrown.code).toBe('definition-invalid');
    for (const words of said) expect(thrown.message).toContain(words);
  });

  test('in a definition, where only what is below it can be meant; all faults at once (S3)', async () => {
    const bad = task('bad', {
      input: Anything,
      output: Anything,
      run: never,
      hooks: [{ beforeTrack: no }, { onEror: no }],
    } as never);
    const flow = orchestrator('flow', head).track(
      't',
      track('t', { ...input, hooks: [{ beforeRun: no }] } as never).step('s', bad as never),
    );
    const { message } = await rejection(createSignalbox({ orchestrators: [flow] } as never));
    for (const words of ['"beforeTrack"', '"onEror"', 'Did you mean "onError"?', '"beforeRun"', 'track.hooks[0]'])
      expect(message).toContain(words);
  });
});

test('runs are not pinned to hooks: another process may have others', () => {
  const { made } = counting();
  const hooked = one(made, { hooks: [{ beforeRun: no }] });
  expect(structureOf(planOf(hooked)).hash).toBe(structureOf(planOf(one(made))).hash);
});
