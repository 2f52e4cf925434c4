/** What users write: schemas (S4), mappers (S5) and bodies that throw, each an error of its own place and nobody else's. */
import { createSignalbox, type InputInvalid, orchestrator, RunFailed, task, track } from 'signalbox';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Anything, N, never, rejection, settled, soon, stage, statusesOf, steps } from '../helpers/stage.ts';
import { type Body, echo, flowOf, play } from '../helpers/two-steps.ts';

describe('a schema (S4)', () => {
  test('that refuses the input of a task keeps its body from being called, and tells the paths (P32)', async () => {
    const input = z.object({ lines: z.array(z.object({ qty: z.number() })), id: z.string() });
    const { outcome, statuses } = await play(flowOf(never, { input }), { lines: [{ qty: 1 }, { qty: 'two' }] });

    expect(statuses).toEqual({ t: 'failed', 't/first': 'failed', 't/second': 'skipped' });
    expect(outcome.error).toMatchObject({ code: 'input-invalid', path: 't/first', retryable: false });
    const { issues } = outcome.error!.fields as unknown as { issues: { path: string }[] };
    expect(issues.map(({ path }) => path).sort()).toEqual(['id', 'lines[1].qty']);
    expect(outcome.error?.message).toContain('lines[1].qty');
  });

  test('that refuses the output of a task fails that task and not the next one (P10)', async () => {
    const { outcome, statuses } = await play(flowOf(() => ({ n: 'one' }), { output: N }));
    expect(statuses).toEqual({ t: 'failed', 't/first': 'failed', 't/second': 'skipped' });
    expect(outcome.error).toMatchObject({
      code: 'output-invalid',
      path: 't/first',
      fields: { issues: [{ path: 'n' }] },
    });
  });

  test('that refuses the input of a run refuses its start, and no run exists', async () => {
    const flow = orchestrator('flow', { version: '1', input: N });
    await using box = await createSignalbox({ orchestrators: [flow] });
    const error = await rejection(box.start(flow, { id: 'r', input: { n: 'x' } as never }));
    expect(error).toMatchObject({ code: 'input-invalid', issues: [{ path: 'n' }] });
    await expect(box.run('r').status()).rejects.toMatchObject({ code: 'run-unknown' });
  });

  const Parameters = z.object({
    city: z.string(),
    count: z.number().int().default(3),
    size: z.enum(['small', 'large']).default('small'),
    note: z.string().optional(),
  });

  test.each<[object, object | readonly string[]]>([
    [{ city: 'Oslo' }, { city: 'Oslo', count: 3, size: 'small' }],
    [
      { city: 'Oslo', count: 1, size: 'large', note: 'soon' },
      { city: 'Oslo', count: 1, size: 'large', note: 'soon' },
    ],
    [{}, ['city']],
    [{ city: null }, ['city']],
    [{ city: 7 }, ['city']],
    [{ city: 'Oslo', count: '3' }, ['count']],
    [{ city: 'Oslo', count: 1.5 }, ['count']],
    [{ city: 'Oslo', size: 'huge' }, ['size']],
    [{ city: 'Oslo', note: 1 }, ['note']],
    [{ count: 'x', size: 'huge' }, ['city', 'count', 'size']],
  ])('of a run with types, what is required, defaults and choices makes of %j: %j (P195)', async (given, expected) => {
    const flow = orchestrator('flow', { version: '1', input: Parameters }).track(
      't',
      track('t', { input: Anything }).step('echo', echo, ({ input }) => input),
      { input: ({ input }) => input },
    );
    await using box = await createSignalbox({ orchestrators: [flow], logger: () => {} });
    const start = box.start(flow, { id: 'r', input: given as never });
    if (!Array.isArray(expected)) {
      expect(await (await start).result()).toEqual({ t: expected });
      return;
    }
    const { code, issues } = await rejection<InputInvalid>(start);
    expect([code, issues.map(({ path }) => path).sort()]).toEqual(['input-invalid', expected]);
    expect((await box.runs()).runs).toEqual([]);
  });

  test('may be asynchronous for tasks and for runs', async () => {
    const asynchronous = z.object({ n: z.number().refine(async (n) => n < 10, 'too much') });
    const flow = orchestrator('flow', { version: '1', input: asynchronous }).track(
      't',
      track('t', { input: Anything }).step(
        'one',
        task('one', { input: asynchronous, output: asynchronous, run: ({ input }) => ({ n: input.n * 4 }) }),
        ({ input }) => input,
      ),
      { input: ({ input }) => input },
    );
    await using box = await createSignalbox({ orchestrators: [flow] });
    expect(await (await box.start(flow, { input: { n: 2 } })).result()).toEqual({ t: { n: 8 } });
    await expect(box.start(flow, { input: { n: 11 } })).rejects.toMatchObject({ code: 'input-invalid' });
    const failed = await (await box.start(flow, { input: { n: 3 } })).outcome();
    expect(failed.error).toMatchObject({ code: 'output-invalid', path: 't/one', fields: { issues: [{ path: 'n' }] } });
  });

  test('that throws fails its step with schema-failed', async () => {
    const moody = z.any().transform(() => {
      throw new Error('moody');
    });
    const { outcome, statuses } = await play(flowOf(never, { input: moody }));
    expect(outcome.error).toMatchObject({ code: 'schema-failed', path: 't/first' });
    expect(statuses['t/second']).toBe('skipped');
  });

  test('hands on what it made of the value: defaults and transformations reach the body', async () => {
    const seen: unknown[] = [];
    const input = z.object({ n: z.string().transform(Number), unit: z.string().default('kg') });
    await play(
      flowOf((context) => void seen.push(context.input), { input }),
      { n: '7' },
    );
    expect(seen).toEqual([{ n: 7, unit: 'kg' }]);
  });
});

describe('what a user wrote that throws (S5)', () => {
  const throwing = () => {
    throw new Error('lost the map');
  };

  test('in the mapper of a step fails that step with mapper-failed, and its body is not called', async () => {
    const { outcome, statuses, again } = await play(flowOf(never, { mapper: throwing }));
    expect(statuses).toEqual({ t: 'failed', 't/first': 'failed', 't/second': 'skipped' });
    expect(outcome.failures).toMatchObject([
      { code: 'mapper-failed', path: 't/first', cause: { message: 'lost the map' } },
    ]);
    expect(outcome.error?.message).toContain('lost the map');
    expect(again).toBe('alive');
  });

  test('or answers with a promise, even one that is rejected, fails it with mapper-async', async () => {
    for (const mapper of [() => Promise.resolve({}), () => Promise.reject(new Error('unheard'))]) {
      const { outcome, again } = await play(flowOf(never, { mapper }));
      expect(outcome.failures).toMatchObject([{ code: 'mapper-async', path: 't/first' }]);
      expect(again).toBe('alive');
    }
  });

  test.each([
    ['undefined', undefined],
    ['a string', 'just a string'],
    ['a symbol', Symbol('s')],
  ])('%s from a mapper is still an error of that step alone', async (_, thrown) => {
    const mapper = () => {
      throw thrown;
    };
    const { outcome, again } = await play(flowOf(never, { mapper }));
    expect(outcome.failures).toMatchObject([{ code: 'mapper-failed', path: 't/first' }]);
    expect(again).toBe('alive');
  });

  test('with what cannot even be printed is still an error of its own step, and no body is called again for it', async () => {
    const { desk, options } = stage();
    const mapper = () => {
      throw Object.create(null);
    };
    const flow = orchestrator('flow', { version: '1', input: Anything }).track(
      't',
      steps('t', 'one').step('two', echo, mapper),
    );
    await using box = await createSignalbox({ orchestrators: [flow], ...options });
    const run = await box.start(flow, { input: null });
    desk.give('t/one#1');
    await settled(box);

    expect(desk.begun).toEqual(['t/one#1']);
    expect((await soon(run.outcome())).failures).toMatchObject([{ code: 'mapper-failed', path: 't/two' }]);
  });

  test('in the mapper of a track fails that track, and under continue the others go on', async () => {
    const one = track('one', { input: Anything }).step('echo', echo, ({ input }) => input);
    const flow = orchestrator('flow', { version: '1', input: Anything, onFailure: 'continue' })
      .track('bad', one, { input: throwing })
      .track('good', one, { input: () => 'fine' });
    await using box = await createSignalbox({ orchestrators: [flow] });
    const outcome = await (await box.start(flow, { input: null })).outcome();
    expect(outcome).toMatchObject({ status: 'failed', outputs: { good: 'fine' } });
    expect(outcome.failures).toMatchObject([{ code: 'mapper-failed', path: 'bad' }]);
  });

  test('in the output of a track or of an orchestrator fails it after all its steps', async () => {
    const one = track('one', { input: Anything }).step('echo', echo);
    const ofTrack = orchestrator('ofTrack', { version: '1', input: Anything }).track('t', one.output(throwing));
    const ofRun = orchestrator('ofRun', { version: '1', input: Anything }).track('t', one).output(throwing);
    const ofEmpty = orchestrator('ofEmpty', { version: '1', input: Anything }).output(throwing);
    await using box = await createSignalbox({ orchestrators: [ofTrack, ofRun, ofEmpty] });
    const first = await box.start(ofTrack, { input: null });
    expect((await first.outcome()).failures).toMatchObject([{ code: 'mapper-failed', path: 't' }]);
    expect(await statusesOf(first)).toEqual({ t: 'failed', 't/echo': 'completed' });
    const second = await box.start(ofRun, { input: null });
    expect(await second.outcome()).toMatchObject({
      status: 'failed',
      error: { code: 'mapper-failed' },
      outputs: { t: {} },
    });
    expect(await rejection(second.result())).toBeInstanceOf(RunFailed);
    const third = await box.start(ofEmpty, { input: null });
    expect(await third.outcome()).toMatchObject({ status: 'failed', error: { code: 'mapper-failed' } });
  });
});

describe('a body', () => {
  test.each<[string, Body, object]>([
    [
      'throws a string',
      () => {
        throw 'out of paper';
      },
      { code: 'task-threw-value', fields: { value: '"out of paper"' } },
    ],
    [
      'throws before it gives a promise',
      () => {
        throw new TypeError('at once');
      },
      { code: 'task-threw', name: 'TypeError', message: 'at once' },
    ],
    [
      'is rejected',
      async () => {
        throw new RangeError('later', { cause: new Error('deep') });
      },
      { code: 'task-failed', name: 'RangeError', message: 'later', cause: { message: 'deep' } },
    ],
    [
      'throws undefined',
      () => {
        throw undefined;
      },
      { code: 'task-threw-value' },
    ],
    [
      'throws an error without a message',
      () => {
        throw new Error();
      },
      { code: 'task-threw', message: expect.stringContaining('first') },
    ],
    [
      'throws an object without a prototype',
      () => {
        throw Object.create(null);
      },
      { code: 'task-threw-value' },
    ],
    [
      'throws an error whose stack is no string',
      () => {
        throw Object.assign(new Error('odd'), { stack: ['frame'] });
      },
      { code: 'task-threw' },
    ],
    [
      'throws an error that is its own cause',
      () => {
        const error: Error = new Error('round');
        error.cause = error;
        throw error;
      },
      { code: 'task-threw', message: 'round' },
    ],
  ])('that %s fails its step with a record that says so (P11)', async (_, body, record) => {
    const { outcome, statuses, again } = await play(flowOf(body));
    expect(outcome.error).toMatchObject({ path: 't/first', attempt: 1, ...record });
    expect(statuses['t/second']).toBe('skipped');
    expect(again).toBe('alive');
  });

  test('that answers undefined leaves null', async () => {
    const { outcome } = await play(flowOf(() => undefined));
    expect(outcome.output).toStrictEqual({ t: null });
  });

  test('that answers with a thenable is waited for', async () => {
    // biome-ignore lint/suspicious/noThenProperty: it is what the test is about
    const body = () => ({ then: (done: (value: string) => void) => done('thenable') });
    const { outcome } = await play(flowOf(body));
    expect(outcome.output).toEqual({ t: 'thenable' });
  });
});
