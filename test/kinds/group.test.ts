/** Groups: steps in order as one step, which see what is around them, and one that makes up for a failure. */
import { createSignalbox, track } from 'signalbox';
import { describe, expect, test } from 'vitest';
import { Anything } from '../helpers/stage.ts';
import { echo, failureOf, fails, flowOf, holds, play, restarted } from '../helpers/track-play.ts';

const t = () => track('t', { input: Anything });

describe('a group', () => {
  test('runs its steps in order; each sees what was before the group, and what was before it in the group (P107)', async () => {
    const flow = t()
      .step('before', echo, () => 1)
      .group('g', (g) =>
        g
          .step('one', echo, ({ previous, outputs, input }) => [previous, outputs.before, input])
          .step('two', echo, ({ previous, outputs }) => [previous, outputs.before]),
      )
      .step('after', echo, ({ outputs, previous }) => [outputs.g, previous, Object.keys(outputs)]);

    expect((await play(flow, 'in')).output).toEqual([
      [[1, 1, 'in'], 1],
      [[1, 1, 'in'], 1],
      ['before', 'g'],
    ]);
  });

  test('of no steps completes with null', async () => {
    expect(
      (
        await play(
          t()
            .group('g', (g) => g as never)
            .step('s', echo, ({ outputs }) => [outputs.g]),
        )
      ).output,
    ).toEqual([null]);
  });

  test('stops at the first failure, and skips the rest (P107)', async () => {
    const flow = t().group('g', (g) => g.step('one', fails, () => 1).step('two', echo));
    const { history } = await play(flow);

    expect(await failureOf(flow)).toMatchObject({ message: 'no 1', path: 't/g/one' });
    expect(history).toContain('step.skipped t/g/two');
  });

  const caught = t()
    .step('before', echo, () => 'before')
    .group('g', (g) => g.step('one', fails, () => 1).step('two', echo), {
      onError: { do: echo, input: ({ error, outputs }) => [error, outputs.before] },
    })
    .step('after', echo, ({ outputs }) => ({ after: outputs.g }));

  test('with "onError" goes on with what makes up for the failure, which is told of it (P122)', async () => {
    const { output, history } = await play(caught);

    expect(output).toEqual({ after: [{ step: 'one', code: 'task-failed', message: 'no 1' }, 'before'] });
    expect(history.filter((line) => line.includes(' t/g'))).toEqual([
      'step.started t/g',
      'step.started t/g/one',
      'step.failed t/g/one',
      'step.skipped t/g/two',
      'step.started t/g/onError',
      'step.completed t/g/onError',
      'step.completed t/g',
    ]);
  });

  test('in which nothing fails skips "onError", and fails if that fails', async () => {
    const well = t().group('g', (g) => g.step('one', echo, () => 1), { onError: echo });
    const { output, history } = await play(well);

    expect(output).toBe(1);
    expect(history).toContain('step.skipped t/g/onError');
    const badly = t().group('g', (g) => g.step('one', fails, () => 1), { onError: { do: fails, input: () => 2 } });
    expect((await play(badly)).history.at(-1)).toBe('run.failed');
  });

  test('knows after a crash what has failed in it, also deep below what makes up for it', async () => {
    const flow = t().group('g', (g) => g.step('one', fails, () => 1), {
      onError: {
        do: track('mend', { input: Anything })
          .sleep('nap', '1m')
          .step('s', echo, ({ input }) => input),
        input: ({ error }) => error.message,
      },
    });
    const deep = t().group('g', (g) => g.step('one', fails, () => 1), {
      onError: track('mend', { input: Anything })
        .sleep('nap', '1m')
        .map('m', { over: () => [1], each: echo }),
    });

    expect((await restarted(flow, flow)).output).toBe('no 1');
    expect((await restarted(deep, deep)).output).toEqual([1]);
  });

  test('that is cancelled cancels the step that it is in, and does not make up for it', async () => {
    const told: string[] = [];
    const flow = t().parallel(
      'race',
      { slow: t().group('g', (g) => g.step('s', holds(told)), { onError: echo }), fast: t().sleep('nap', '1s') },
      { strategy: 'race' },
    );
    const { history } = await play(flow);

    expect(told.at(-1)).toBe('cleanup t/race/slow/g/s#1');
    expect(history).toContain('step.skipped t/race/slow/g/onError');
    expect(history.at(-1)).toBe('run.completed');
  });

  test.each([
    [7, {}, /steps of a group cannot be 7/],
    [() => 7, {}, /steps of a group cannot be 7/],
    [
      () => {
        throw new Error('oh');
      },
      {},
      /makes the steps of a group threw: oh/,
    ],
    [(g: ReturnType<typeof t>) => g.step('a', echo).step('a' as string, echo), {}, /"a" is the name of two steps/],
    [(g: ReturnType<typeof t>) => g, { onError: 7 }, /Expected a task/],
    [(g: ReturnType<typeof t>) => g, { onErr: echo }, /cannot have "onErr"/],
  ])('of %o is faulty (S3)', async (build, options, fault) => {
    await expect(play(t().group('g', build as never, options as never))).rejects.toThrow(fault);
  });
});

describe('depth and length overflow nothing:', () => {
  type Steps = ReturnType<typeof t>;
  const DEEP = 1_000;
  /** Groups in each other, and what is at the bottom of them. */
  const nested = (bottom: (g: Steps) => unknown, depth = DEEP): ((g: Steps) => Steps) =>
    depth === 0 ? (g) => bottom(g) as Steps : (g) => g.group('g', nested(bottom, depth - 1) as never) as never;
  const path = `t/${'g/'.repeat(DEEP)}s`;
  const patience = { timeout: 60_000 };

  test('a thousand groups in each other complete, and fail, from the bottom', patience, async () => {
    expect((await play(nested((g) => g.step('s', echo, () => 'deep'))(t()))).output).toBe('deep');
    expect(await failureOf(nested((g) => g.step('s', fails, () => 1))(t()))).toMatchObject({
      code: 'task-failed',
      path,
    });
  });

  test('a thousand groups in each other are taken back, and go on at the bottom', patience, async () => {
    const deep = nested((g) => g.sleep('nap', '1m').step('s', echo, () => 'awake'))(t());

    expect((await restarted(deep, deep)).output).toBe('awake');
  });

  test('a thousand groups in each other are cancelled from the top', patience, async () => {
    const told: string[] = [];
    const flow = flowOf(nested((g) => g.step('s', holds(told)))(t()));
    await using box = await createSignalbox({ orchestrators: [flow], logger: () => {} });
    const run = await box.start(flow, { input: null });
    await expect.poll(() => told).toHaveLength(1);
    await run.cancel();

    expect(await run.outcome()).toMatchObject({ status: 'cancelled' });
    expect(told).toEqual([`begins ${path}#1`, `told ${path}#1`, `cleanup ${path}#1`]);
  });

  test('a chain of ten thousand steps is gone through to its end', patience, async () => {
    let long = t();
    for (let at = 0; at < 10_000; at += 1) long = long.step(`s${at}`, echo, ({ previous }) => previous ?? 1) as never;

    expect((await play(long)).output).toBe(1);
  });
});
