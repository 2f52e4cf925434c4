/** Steps that take no time: aggregates, variables, and the end of the run. */
import { createSignalbox, memory, orchestrator, track } from 'signalbox';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Anything, historyOf, soon } from '../helpers/stage.ts';
import { echo, failureOf, holds, play, restarted } from '../helpers/track-play.ts';

const t = () => track('t', { input: Anything });
const Total = z.object({ cents: z.number().int() });

describe('an aggregate', () => {
  test('makes an output of earlier ones, as its schema has it (P108)', async () => {
    const flow = t()
      .step('one', echo, () => 1)
      .aggregate('total', {
        output: z.object({ cents: z.number(), note: z.string().default('none') }),
        of: ({ outputs }) => ({ cents: outputs.one as number }),
      });

    expect((await play(flow)).output).toEqual({ cents: 1, note: 'none' });
  });

  test('fails if its schema does not take it, or if it reads what is not there, by name (P108)', async () => {
    const wrong = t().aggregate('total', { output: Total, of: () => ({ cents: 1.5 }) });
    const missing = t()
      .step('lines', echo, () => 1)
      .aggregate('total', {
        output: Total,
        of: ({ outputs }) => ({ cents: (outputs as { lins?: number }).lins ?? 0 }),
      });

    expect(await failureOf(wrong)).toMatchObject({ code: 'output-invalid', path: 't/total' });
    expect(await failureOf(missing)).toMatchObject({
      code: 'reference-missing',
      path: 't/total',
      message: expect.stringMatching(/"lins".*lines/),
    });
  });

  test('may look at all outputs, as an object and as text', async () => {
    const flow = t()
      .step('one', echo, () => 1)
      .aggregate('all', {
        output: z.any(),
        of: ({ outputs }) => [Object.keys(outputs), JSON.stringify(outputs), { ...outputs }],
      });

    expect((await play(flow)).output).toEqual([['one'], '{"one":1}', { one: 1 }]);
  });

  test.each<[object, RegExp]>([
    [{ of: () => 1 }, /schema "output" is missing/],
    [{ output: Total }, /Option "of" cannot be undefined/],
    [{ output: Total, of: async () => 1 }, /function that is not async/],
    [{ output: Total, of: () => 1, from: 1 }, /cannot have "from"/],
  ])('of %o is faulty (S3)', async (options, fault) => {
    await expect(play(t().aggregate('a', options as never))).rejects.toThrow(fault);
  });
});

describe('variables', () => {
  const flow = t()
    .set('first', { customer: ({ input }) => input as string, fixed: 'yes' })
    .step('sees', echo, ({ run }) => ({ ...run.variables }))
    .group('g', (g) => g.set('second', { customer: ({ run }) => `${run.variables.customer}!` }).sleep('nap', '1m'))
    .map('each', { over: () => [1], each: { do: echo, input: ({ run }) => ({ ...run.variables }) } })
    .step('all', echo, ({ outputs, run }) => [outputs.first, outputs.sees, outputs.each, run.variables]);
  const expected = [
    { customer: 'mia', fixed: 'yes' },
    { customer: 'mia', fixed: 'yes' },
    [{ customer: 'mia!', fixed: 'yes' }],
    { customer: 'mia!', fixed: 'yes' },
  ];

  test('are seen by every mapper from there on, and replaced by name', async () => {
    expect((await play(flow, 'mia')).output).toEqual(expected);
  });

  test('survive a crash', async () => {
    expect((await restarted(flow, flow, 'mia')).output).toEqual(expected);
  });

  test('of another track are seen, too, and those of another run are not', async () => {
    const whole = orchestrator('whole', { version: '1', input: Anything })
      .track('a', t().set('s', { from: ({ input }) => input as string }), { input: ({ input }) => input })
      .track(
        'b',
        t().step('s', echo, ({ run }) => ({ ...run.variables })),
        { after: ['a'] },
      );
    await using box = await createSignalbox({ orchestrators: [whole], store: memory(), logger: () => {} });
    const runs = await Promise.all(['x', 'y'].map((input) => box.start(whole, { input })));

    expect(await Promise.all(runs.map((run) => soon(run.result())))).toMatchObject([
      { b: { from: 'x' } },
      { b: { from: 'y' } },
    ]);
  });

  test('are bounded, all together', async () => {
    const big = () => 'x'.repeat(600_000);

    expect(await failureOf(t().set('a', { one: big }).set('b', { two: big }))).toMatchObject({
      code: 'value-too-large',
      path: 't/b',
      message: expect.stringContaining('variables of the run'),
    });
  });

  test.each([
    [{}, /needs one at least/],
    [7, /cannot be 7: give variables by name/],
    [{ a: 1n }, /variable "a"/],
    [{ a: async () => 1 }, /Variable "a" is made by an async function/],
    [{ '': 1 }, /A variable cannot be called ""/],
  ])('of %o are faulty (S3)', async (given, fault) => {
    await expect(play(t().set('s', given as never))).rejects.toThrow(fault);
  });
});

describe('a step that ends the run', () => {
  test('ends it as completed, with an output, and cancels whatever else is under way (P122)', async () => {
    const told: string[] = [];
    const whole = orchestrator('whole', { version: '1', input: Anything })
      .track('beside', t().step('s', holds(told)))
      .track(
        'ends',
        t()
          .step('one', echo, () => 1)
          .terminate('over', { output: ({ outputs }) => ({ got: outputs.one as number }) })
          .step('never', echo),
      )
      .track('never', t().step('s', echo), { after: ['beside'] });
    await using box = await createSignalbox({ orchestrators: [whole], store: memory(), logger: () => {} });
    const run = await box.start(whole, { input: null });

    expect(await soon(run.result())).toEqual({ got: 1 });
    expect(told).toEqual(['begins beside/s#1', 'told beside/s#1', 'cleanup beside/s#1']);
    const history = await historyOf(run);
    expect(history).toContain('step.completed ends/over');
    expect(history).toContain('step.skipped ends/never');
    expect(history).toContain('track.skipped never');
    expect(history.at(-1)).toBe('run.completed');
  });

  test('ends it as failed, for a reason, from however deep it stands', async () => {
    const flow = t().group('g', (g) =>
      g.map('m', {
        over: () => [1, 2, 3],
        each: track('item', { input: Anything }).terminate('stop', { as: 'failed', reason: 'sold out' }),
      }),
    );

    expect(await failureOf(flow)).toMatchObject({
      code: 'run-terminated',
      path: 't/g/m/0/stop',
      message: expect.stringContaining('as failed: sold out'),
    });
  });

  test('without options completes with null', async () => {
    const { output, history } = await play(t().terminate('over'));

    expect(output).toBe(null);
    expect(history.at(-1)).toBe('run.completed');
  });

  test('in a run that is being cancelled changes nothing about that', async () => {
    const flow = orchestrator('flow', { version: '1', input: Anything }).track(
      't',
      t().sleep('nap', '1m').terminate('over'),
    );
    await using box = await createSignalbox({ orchestrators: [flow], store: memory(), logger: () => {} });
    const run = await box.start(flow, { input: null });
    await run.cancel({ reason: 'enough' });

    await expect(soon(run.result())).rejects.toMatchObject({ code: 'run-cancelled' });
  });

  test.each([
    [{ as: 'cancelled' }, /Option "as" cannot be "cancelled"/],
    [{ output: 7 }, /Option "output" cannot be 7/],
    [{ reason: 'why' }, /A "reason" is for a run that is ended as failed/],
    [{ as: 'failed', output: () => 1 }, /An "output" is for a run that completes/],
    [{ with: 1 }, /cannot have "with"/],
  ])('of %o is faulty (S3)', async (options, fault) => {
    await expect(play(t().terminate('x', options as never))).rejects.toThrow(fault);
  });
});
