/** Spans while runs are at work, by the real SDK: what they are called, what they stand in, when they end, and what they do not tell. */
import { context, trace } from '@opentelemetry/api';
import { AlwaysOffSampler } from '@opentelemetry/sdk-trace-base';
import { createSignalbox, memory, orchestrator, RetryAfter, task, track } from 'signalbox';
import { openTelemetry } from 'signalbox/opentelemetry';
import { fakeClock, settled } from 'signalbox/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Anything, Desk, graphOf } from '../helpers/stage.ts';
import { forget, register, spans, tree, unregister } from './spans.ts';

beforeEach(() => register());
afterEach(unregister);

const BEGIN = Date.UTC(2030, 0, 1);
const app = () => trace.getTracer('app');
const active = (): string | undefined => trace.getSpanContext(context.active())?.spanId;

const echo = task('echo', { input: Anything, output: Anything, run: ({ input }) => input });
const of = (steps: Parameters<typeof flow>[0]) => flow(steps);
const flow = (build: (t: ReturnType<typeof empty>) => unknown) =>
  orchestrator('order', { version: '1', input: Anything }).track('t', build(empty()) as never);
const empty = () => track('t', { input: Anything });

describe('a run', () => {
  test('is under the span of whoever starts it: start, run, track, step and attempt', async () => {
    const order = of((t) => t.step('one', echo).step('two', echo));
    await using box = await createSignalbox({ orchestrators: [order], tracing: openTelemetry() });
    await app().startActiveSpan('request', async (request) => {
      await (await box.start(order, { id: 'order-17', input: 1 })).result();
      request.end();
    });

    expect(tree()).toEqual([
      'request',
      '  start order',
      '    run order (completed)',
      '      track t (completed)',
      '        step t/one (completed)',
      '          attempt echo (completed)',
      '        step t/two (completed)',
      '          attempt echo (completed)',
    ]);
    expect(new Set(spans().map((span) => span.spanContext().traceId)).size).toBe(1);
    const [attempt] = spans().filter(({ name }) => name === 'attempt echo');
    expect(attempt?.attributes).toMatchObject({
      'signalbox.run': 'order-17',
      'signalbox.path': 't/one',
      'signalbox.attempt': 1,
      'signalbox.key': 'order-17/t/one#1',
    });
  });

  test('has a trace of its own where nobody has one, and goes under one that is handed over as metadata', async () => {
    const order = of((t) => t.step('one', echo));
    await using box = await createSignalbox({ orchestrators: [order], tracing: openTelemetry() });
    const alone = await box.start(order, { input: 1 });
    await alone.result();
    expect(tree()[0]).toBe('start order');
    const traces = new Set(spans().map((span) => span.spanContext().traceId));
    expect(traces.size).toBe(1);
    expect((await alone.snapshot()).metadata.traceparent).toContain([...traces][0]);

    forget();
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await (await box.start(order, { input: 1, metadata: { traceparent, tenant: 'acme' } })).result();
    const [run] = spans().filter(({ name }) => name === 'run order');
    expect(tree()[0]).toBe('run order (completed)');
    expect(run?.parentSpanContext).toMatchObject({
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
      isRemote: true,
    });
  });

  test.each([
    'no trace',
    '00-00000000000000000000000000000000-b7ad6b7169203331-01',
    '00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01',
    'ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    7,
    null,
  ])('with %s in the place of a trace gets one', async (traceparent) => {
    const order = of((t) => t.step('one', echo));
    await using box = await createSignalbox({ orchestrators: [order], tracing: openTelemetry() });
    await (await box.start(order, { input: 1, metadata: { traceparent } })).result();
    expect(tree().slice(0, 2)).toEqual(['start order', '  run order (completed)']);
  });

  test('that could not be started is a start that failed', async () => {
    const order = orchestrator('order', { version: '1', input: Anything }).track('t', empty().step('one', echo));
    await using box = await createSignalbox({ orchestrators: [order], tracing: openTelemetry() });
    await box.start(order, { id: 'a', input: 1 });
    await expect(box.start(order, { id: 'a', input: 2 })).rejects.toThrow();
    expect(spans().filter(({ name, status }) => name === 'start order' && status.code === 2)).toHaveLength(1);
  });
});

describe('a wait is a gap', () => {
  test('while a step waits for a signal, nothing of the run is open; what comes later is under the same trace', async () => {
    const clock = fakeClock({ start: BEGIN });
    const desk = new Desk();
    const order = of((t) => t.step('one', echo).wait('paid', { signal: 'paid' }).step('two', echo));
    const tracing = openTelemetry();
    await using box = clock.follow(
      await createSignalbox({ orchestrators: [order], clock, tracing, executor: () => desk }),
    );
    const run = await box.start(order, { input: 1 });
    await clock.advance(1_000);
    desk.give('t/one#1');
    await clock.advance('30d');
    expect(tree(undefined, BEGIN).slice(1)).toEqual([
      '  run order (waiting) 0+1000',
      '    track t (waiting) 0+1000',
      '      step t/one (completed) 0+1000',
      '        attempt echo (completed) 0+1000',
    ]);

    forget();
    const later = 30 * 86_400_000 + 1_000;
    await run.signal('paid');
    await clock.advance(500);
    desk.give('t/two#1');
    await run.result();
    expect(tree(undefined, BEGIN)).toEqual([
      `run order (completed) ${later}+500`,
      `  track t (completed) ${later}+500`,
      `    step t/two (completed) ${later}+500`,
      `      attempt echo (completed) ${later}+500`,
    ]);
    expect(spans()[0]?.spanContext().traceId).toBe(`${(await run.snapshot()).metadata.traceparent}`.split('-')[1]);
  });

  test('so is the time until the next attempt', async () => {
    const clock = fakeClock({ start: BEGIN });
    let tries = 0;
    const busy = task('busy', {
      input: Anything,
      output: Anything,
      retry: { maxAttempts: 2 },
      run: () => {
        tries += 1;
        if (tries === 1) throw new RetryAfter(60_000, 'busy');
        return tries;
      },
    });
    const order = of((t) => t.step('one', busy));
    await using box = clock.follow(await createSignalbox({ orchestrators: [order], clock, tracing: openTelemetry() }));
    const run = await box.start(order, { input: 1 });
    await clock.advance('1m');
    await run.result();
    expect(tree(undefined, BEGIN).slice(1)).toEqual([
      '  run order (waiting) 0+0',
      '    track t (waiting) 0+0',
      '      step t/one (retrying, task-threw) 0+0',
      '        attempt busy (failed, RetryAfter) 0+0',
      '  run order (completed) 60000+0',
      '    track t (completed) 60000+0',
      '      step t/one (completed) 60000+0',
      '        attempt busy (completed) 60000+0',
    ]);
  });

  test('a collection all of whose items wait has none open either', async () => {
    const clock = fakeClock({ start: BEGIN });
    const item = track('item', { input: Anything }).step('one', echo).wait('paid', { signal: 'paid' });
    const order = of((t) => t.map('m', { over: () => [1, 2], each: item }));
    await using box = clock.follow(await createSignalbox({ orchestrators: [order], clock, tracing: openTelemetry() }));
    await box.start(order, { input: 1 });
    await clock.advance('1d');
    expect(
      tree()
        .map((line) => line.trim())
        .slice(0, 4),
    ).toEqual(['start order', 'run order (waiting)', 'track t (waiting)', 'step t/m (waiting)']);
  });

  test('a step that waits does not end those beside it, nor what they stand in', async () => {
    const clock = fakeClock({ start: BEGIN });
    const desk = new Desk();
    const order = orchestrator('order', { version: '1', input: Anything })
      .track(
        'a',
        track('a', { input: Anything }).wait('paid', { signal: 'paid', timeout: '1h', onTimeout: { value: null } }),
      )
      .track('b', track('b', { input: Anything }).map('m', { over: () => [1, 2], each: echo }));
    await using box = clock.follow(
      await createSignalbox({ orchestrators: [order], clock, tracing: openTelemetry(), executor: () => desk }),
    );
    const run = await box.start(order, { input: 1 });
    desk.give('b/m/0#1');
    await settled(box);
    expect(tree().map((line) => line.trim())).toEqual([
      'start order',
      'step b/m/* (completed)',
      'attempt echo (completed)',
    ]);
    await clock.advance(1_000);
    desk.give('b/m/1#1');
    await settled(box);
    expect(tree(undefined, BEGIN)).toContain('  run order (waiting) 0+1000');
    await clock.advance('1h');
    await run.result();
  });
});

describe('bodies', () => {
  test('are called inside the span of their attempt, also after an await, and undoings too', async () => {
    const seen: (string | undefined)[] = [];
    const look = task('look', {
      input: Anything,
      output: Anything,
      run: async () => {
        seen.push(active());
        await null;
        seen.push(active());
        app().startSpan('request to the bank').end();
        return null;
      },
      compensate: () => void seen.push(active()),
    });
    const fail = task('fail', {
      input: Anything,
      output: Anything,
      retry: { maxAttempts: 1 },
      run: () => {
        throw new TypeError('card 4242 declined');
      },
    });
    const order = orchestrator('order', { version: '1', input: Anything, onFailure: 'compensate' }).track(
      't',
      empty().step('one', look).step('two', fail),
    );
    await using box = await createSignalbox({
      orchestrators: [order],
      tracing: openTelemetry(),
      redact: [/\d{4}/],
    });
    await (await box.start(order, { input: 1 })).outcome();
    const attempts = spans().filter(({ name }) => /^(attempt|undo)/.test(name));
    const [one, , undone] = attempts.map((span) => span.spanContext().spanId);
    expect(seen).toEqual([one, one, undone]);
    expect(attempts.map(({ name }) => name)).toEqual(['attempt look', 'attempt fail', 'undo look']);
    const [request] = spans().filter(({ name }) => name === 'request to the bank');
    expect(request?.parentSpanContext?.spanId).toBe(one);
    // What an error says is told once, and without what is secret (S34).
    const told = JSON.stringify(spans().map(({ attributes, events, status }) => ({ attributes, events, status })));
    expect(told).not.toContain('4242');
    expect(told).toContain('declined');
    expect(attempts[1]?.attributes['error.type']).toBe('TypeError');
  });

  test.each([
    ['at once', () => null],
    ['later', async () => null],
  ])('that answer %s leave their span behind: what listens to the run is in none', async (_, run) => {
    const order = of((t) => t.step('one', task('one', { input: Anything, output: Anything, run })).step('two', echo));
    await using box = await createSignalbox({ orchestrators: [order], tracing: openTelemetry() });
    const seen: string[] = [];
    box.on('*', ({ type }) => void (active() !== undefined && seen.push(type)));
    await (await box.start(order, { input: 1 })).result();
    expect(seen).toEqual([]);
  });

  test('are called without a span where nobody looks, and their context says so', async () => {
    register(new AlwaysOffSampler());
    const flags: (number | undefined)[] = [];
    const look = task('look', {
      input: Anything,
      output: Anything,
      run: () => void flags.push(trace.getSpanContext(context.active())?.traceFlags) as never,
    });
    const order = of((t) => t.step('one', look));
    await using box = await createSignalbox({ orchestrators: [order], tracing: openTelemetry() });
    const run = await box.start(order, { input: 1 });
    await run.outcome();
    expect(flags).toEqual([0]);
    expect(spans()).toEqual([]);
    expect((await run.snapshot()).metadata.traceparent).toMatch(/-00$/);
  });

  test('of a step that is cancelled or out of time end with it, though they never answer', async () => {
    const clock = fakeClock({ start: BEGIN });
    const slow = task('slow', {
      input: Anything,
      output: Anything,
      timeout: '5s',
      retry: { maxAttempts: 1 },
      run: () => new Promise<never>(() => {}),
    });
    const order = of((t) => t.step('one', slow));
    await using box = clock.follow(await createSignalbox({ orchestrators: [order], clock, tracing: openTelemetry() }));
    const late = await box.start(order, { input: 1 });
    await clock.advance('6s');
    await late.outcome();
    expect(tree()).toContain('        attempt slow (timedOut, timedOut)');
    forget();
    const run = await box.start(order, { input: 1 });
    await run.cancel();
    await run.outcome();
    expect(tree()).toContain('        attempt slow (cancelled)');
    expect(tree()).toContain('  run order (cancelled)');
  });
});

describe('between processes and runs', () => {
  test('a run that another box goes on with has no span open, and the same trace', async () => {
    const clock = fakeClock({ start: BEGIN });
    const desk = new Desk();
    const store = memory();
    const order = of((t) => t.step('one', echo));
    const open = async () =>
      clock.follow(
        await createSignalbox({ orchestrators: [order], store, clock, tracing: openTelemetry(), executor: () => desk }),
      );
    const first = await open();
    await first.start(order, { id: 'a', input: 1 });
    await clock.advance(10);
    await first.close();
    expect(tree().map((line) => line.trim())).toEqual([
      'start order',
      'run order (waiting)',
      'track t (waiting)',
      'step t/one (waiting)',
      'attempt echo (cancelled)',
    ]);
    await using second = await open();
    await second.recovered;
    await settled(second);
    desk.give('t/one#1');
    await second.run('a').result();
    expect(tree().slice(5)).toEqual([
      '  run order (completed)',
      '    track t (completed)',
      '      step t/one (completed)',
      '        attempt echo (completed)',
    ]);
  });

  test('a child run is under the trace of its parent, and says which step has started it', async () => {
    const child = orchestrator('child', { version: '1', input: Anything }).track(
      'c',
      track('c', { input: Anything }).step('one', echo),
    );
    const order = of((t) => t.run('kid', child, () => 1));
    await using box = await createSignalbox({ orchestrators: [order, child], tracing: openTelemetry() });
    await (await box.start(order, { id: 'parent', input: 1 })).result();
    const [kid] = spans().filter(({ name }) => name === 'run child');
    expect(new Set(spans().map((span) => span.spanContext().traceId)).size).toBe(1);
    expect(kid?.attributes).toMatchObject({ 'signalbox.parent.run': 'parent', 'signalbox.parent.path': 't/kid' });
  });
});

describe('no tracer harms a run', () => {
  test.each(['opened', 'starting', 'performing', 'beside', 'told', 'lost', 'closed'] as const)(
    'one whose %s throws',
    async (method) => {
      const lines: string[] = [];
      const tracing = {
        [method]: () => {
          throw new Error('broken');
        },
      };
      const order = of((t) => t.step('one', echo));
      const logger = ({ level, message }: { level: string; message: string }) =>
        void (level === 'warn' && lines.push(message));
      const box = await createSignalbox({ orchestrators: [order], tracing, logger });
      expect(await (await box.start(order, { input: 1 })).result()).toBeDefined();
      await box.close();
      const told =
        method === 'lost' || method === 'beside' ? [] : ['The tracer threw (broken); the runs go on without it.'];
      expect(lines).toEqual(told);
    },
  );

  const twice = (call: () => void): void => {
    call();
    call();
  };
  const breaks = (call: () => void): void => {
    call();
    throw new Error('after');
  };
  test.each([
    ['calls what it is given twice', { within: twice, outside: twice, over: () => {} }],
    ['never calls it', { within: () => {}, outside: () => {}, over: () => {} }],
    ['throws when it has called it', { within: breaks, outside: breaks, over: breaks as never }],
    ['has nothing of what a body is', {} as never],
  ])('one that %s', async (_, body) => {
    let calls = 0;
    const count = task('count', {
      input: Anything,
      output: Anything,
      run: () => {
        calls += 1;
        return calls;
      },
    });
    const order = of((t) => t.step('one', count));
    await using box = await createSignalbox({
      orchestrators: [order],
      tracing: { performing: () => body },
      logger: () => {},
    });
    const run = await box.start(order, { input: 1 });
    await run.result();
    expect(calls).toBe(1);
    expect((await run.snapshot()).status).toBe('completed');
  });

  test.each([null, 7, 'otel', {}, { told: true }])('%j is refused as a tracer', async (tracing) => {
    await expect(createSignalbox({ tracing: tracing as never })).rejects.toThrow(/"tracing".*openTelemetry\(\)/);
  });

  test('an option that there is not is refused', () => {
    expect(() => openTelemetry({ provider: {} } as never)).toThrow(/tracerProvider/);
  });
});

test('without an SDK nothing is recorded, and runs have no trace', async () => {
  unregister();
  const order = graphOf({ a: [] });
  const desk = new Desk();
  await using box = await createSignalbox({ orchestrators: [order], tracing: openTelemetry(), executor: () => desk });
  const run = await box.start(order, { input: 1 });
  desk.give('a/work#1');
  await run.result();
  expect((await run.snapshot()).metadata).toEqual({});
});
