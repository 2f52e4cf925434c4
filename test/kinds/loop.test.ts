/** Loops: a body again and again, what it adds up to, and where it goes on after a crash. */
import { createSignalbox, memory, orchestrator, task, track } from 'signalbox';
import { describe, expect, test } from 'vitest';
import { Anything, soon } from '../helpers/stage.ts';
import { echo, failureOf, fails, flowOf, play, restarted, twice } from '../helpers/track-play.ts';

const t = () => track('t', { input: Anything });
const index = { do: echo, input: ({ index }: { index: number }) => index };

describe('a loop', () => {
  test('ends when "until" is true, asked after each round (P57)', async () => {
    const flow = t().loop('l', {
      body: { do: twice, input: ({ previous }) => previous ?? 1 },
      until: ({ output }) => output > 10,
    });

    expect((await play(flow)).output).toEqual({ last: 16, accumulator: null, iterations: 4 });
  });

  test('goes on while "while" is true, asked before each round, perhaps not once (P57)', async () => {
    const flow = (most: number) => t().loop('l', { body: index, while: ({ index }) => index < most });

    expect((await play(flow(2))).output).toEqual({ last: 1, accumulator: null, iterations: 2 });
    expect((await play(flow(0))).output).toEqual({ last: null, accumulator: null, iterations: 0 });
  });

  test('adds up what its rounds give, and tells each round of it (P58)', async () => {
    const flow = t()
      .step('before', echo, () => 'before')
      .loop('l', {
        body: {
          do: echo,
          input: ({ index, accumulator, previous, outputs }) => [index, accumulator, previous, outputs.before],
        },
        from: 10,
        accumulate: (sum, { index }) => sum + index,
        until: ({ accumulator }) => accumulator >= 13,
      });

    expect((await play(flow)).output).toEqual({
      last: [2, 11, [1, 10, [0, 10, null, 'before'], 'before'], 'before'],
      accumulator: 13,
      iterations: 3,
    });
  });

  test('that would have more rounds than it may fails, or stops if that is wished (P57)', async () => {
    const flow = (onLimit: 'fail' | 'stop') =>
      t().loop('l', { body: index, while: () => true, maxIterations: 3, onLimit });

    expect(await failureOf(flow('fail'))).toMatchObject({
      code: 'loop-limit',
      path: 't/l',
      message: expect.stringContaining('after 3 rounds'),
    });
    expect((await play(flow('stop'))).output).toEqual({ last: 2, accumulator: null, iterations: 3 });
  });

  test.each([
    [0, { last: null, accumulator: null, iterations: 0 }],
    [1, { last: 0, accumulator: null, iterations: 1 }],
    [3, { last: 2, accumulator: null, iterations: 3 }],
    [4, 'loop-limit'],
  ])('of at most three rounds that wants %i ends with %o (P57)', async (wanted, expected) => {
    const flow = t().loop('l', { body: index, while: ({ index }) => index < wanted, maxIterations: 3 });

    if (typeof expected === 'string') expect((await failureOf(flow)).code).toBe(expected);
    else expect((await play(flow)).output).toEqual(expected);
  });

  test('fails with its body, in the round that it is in', async () => {
    const flow = t().loop('l', {
      body: track('round', { input: Anything }).branch('b', {
        when: [[({ input }) => input < 1, echo]],
        otherwise: fails,
      }),
      while: () => true,
    });
    const failing = t().loop('l', { body: { do: fails, input: ({ index }) => index }, while: () => true });

    expect((await failureOf(failing)).path).toBe('t/l/0');
    expect((await play(flow)).history.at(-1)).toBe('run.failed');
  });

  test.each([
    [
      '"while" throws',
      {
        while: () => {
          throw new Error('no');
        },
      },
      'mapper-failed',
    ],
    ['"while" gives no boolean', { while: () => 'yes' }, 'predicate-failed'],
    ['"until" gives no boolean', { until: () => 'yes' }, 'predicate-failed'],
    ['"until" answers with a promise', { until: () => Promise.resolve(true) }, 'mapper-async'],
    ['"accumulate" gives no JSON', { until: () => true, accumulate: () => 1n }, 'value-not-json'],
    [
      '"accumulate" throws',
      {
        until: () => true,
        accumulate: () => {
          throw new Error('no');
        },
      },
      'mapper-failed',
    ],
  ])('whose %s fails', async (_, options, code) => {
    expect(await failureOf(t().loop('l', { body: index, ...options } as never))).toMatchObject({ code, path: 't/l' });
  });

  test('goes on after a crash in the round that it was in, with what the rounds before have added up to (P58)', async () => {
    const flow = t().loop('l', {
      body: {
        do: track('round', { input: Anything })
          .branch('b', {
            when: [[({ input }) => input === 2, track('nap', { input: Anything }).sleep('nap', '1m')]],
            otherwise: null,
          })
          .step('s', echo, ({ input }) => input),
        input: ({ index }) => index,
      },
      from: [] as number[],
      accumulate: (all, { output }) => [...all, output as number],
      until: ({ index }) => index === 3,
      keepLast: 1,
    });
    const { output, history } = await restarted(flow, flow);

    expect(output).toEqual({ last: 3, accumulator: [0, 1, 2, 3], iterations: 4 });
    expect(history.filter((line) => /^track.started t.l.\d$/.test(line))).toEqual(
      [0, 1, 2, 3].map((at) => `track.started t/l/${at}`),
    );
  });

  test('with "keepLast" keeps what its rounds leave beside their rows: each output for the cache (S32)', async () => {
    let calls = 0;
    const cached = task('cached', {
      input: Anything,
      output: Anything,
      cache: { ttl: '1h' },
      run: ({ input }) => {
        calls += 1;
        return input;
      },
    });
    const body = { do: cached, input: ({ index: at }: { index: number }) => at };
    const flow = orchestrator('flow', { version: '1', input: Anything }).track(
      't',
      t().loop('l', { body, while: ({ index: at }) => at < 5, keepLast: 1 }),
    );
    await using box = await createSignalbox({ orchestrators: [flow], logger: () => {} });
    for (let time = 0; time < 2; time += 1) {
      const run = await box.start(flow, { input: null });
      expect(await soon(run.result())).toMatchObject({ t: { last: 4 } });
      expect(Object.keys((await run.snapshot()).steps).sort()).toEqual(['t/l', 't/l/4']);
      expect(calls).toBe(5);
    }
  });

  test('with "keepLast" leaves the rows of so many rounds and of all that is below them; the history has all', async () => {
    const flow = flowOf(
      t().loop('l', {
        body: {
          do: track('round', { input: Anything }).step('s', echo, ({ input }) => input),
          input: ({ index }) => index,
        },
        until: ({ index }) => index === 9,
        keepLast: 2,
      }),
    );
    await using box = await createSignalbox({ orchestrators: [flow], store: memory(), logger: () => {} });
    const run = await box.start(flow, { input: null });
    await soon(run.result());
    const { steps, events } = await run.export();

    expect(steps.map(({ path }) => path).filter((path) => path.startsWith('t/l/'))).toEqual([
      't/l/8',
      't/l/8/s',
      't/l/9',
      't/l/9/s',
    ]);
    expect(events.filter(({ type, path }) => type === 'step.completed' && path.endsWith('/s'))).toHaveLength(10);
  });

  test.each<[object, RegExp]>([
    [{ body: echo }, /Nothing ends this loop/],
    [{ until: () => true }, /Expected a task/],
    [{ body: echo, until: 1 }, /Option "until" cannot be 1/],
    [{ body: echo, until: async () => true }, /async function/],
    [{ body: echo, until: () => true, maxIterations: 0 }, /Option "maxIterations" cannot be 0/],
    [{ body: echo, until: () => true, onLimit: 'go' }, /Option "onLimit" cannot be "go"/],
    [{ body: echo, until: () => true, keepLast: 0 }, /Option "keepLast" cannot be 0/],
    [{ body: echo, until: () => true, from: 1n }, /"from" of a loop/],
    [{ body: echo, until: () => true, accumulate: 1 }, /Option "accumulate" cannot be 1/],
    [{ body: echo, until: () => true, times: 3 }, /cannot have "times"/],
  ])('of %o is faulty (S3)', async (options, fault) => {
    await expect(play(t().loop('l', options as never))).rejects.toThrow(fault);
  });
});
