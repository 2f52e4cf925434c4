/** Spans of what is called beside the bodies: hooks, cleanups and undos, what they stand in, and what they are marked as. */
import { context, trace } from '@opentelemetry/api';
import { createSignalbox, orchestrator, task, track } from 'signalbox';
import { openTelemetry, recordSpans } from 'signalbox/opentelemetry';
import { fakeClock, settled } from 'signalbox/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Anything } from '../helpers/stage.ts';
import { forget, register, spans, tree, unregister } from './spans.ts';

beforeEach(() => register());
afterEach(unregister);

const BEGIN = Date.UTC(2030, 0, 1);
const active = (): string | undefined => trace.getSpanContext(context.active())?.spanId;
const spanOf = (name: string) => spans().find((span) => span.name === name);
const idOf = (name: string): string | undefined => spanOf(name)?.spanContext().spanId;

const echo = task('echo', { input: Anything, output: Anything, run: ({ input }) => input });
const empty = () => track('t', { input: Anything });
const order = orchestrator('order', { version: '1', input: Anything }).track('t', empty().step('one', echo));

describe('hooks', () => {
  test.each([
    ['at once', () => {}],
    ['later', async () => void (await null)],
  ])(
    'that answer %s are under what they are called for, and one before a run under its start (S31)',
    async (_, then) => {
      const seen = new Map<string, string | undefined>();
      const hook = (on: string) => () => {
        seen.set(`hook ${on} audit`, active());
        return then();
      };
      const moments = ['beforeRun', 'afterRun', 'beforeTrack', 'afterTrack', 'beforeStep', 'afterStep'];
      const hooks = [{ name: 'audit', ...Object.fromEntries(moments.map((on) => [on, hook(on)])) }];
      await using box = await createSignalbox({ orchestrators: [order], tracing: openTelemetry(), hooks });
      await (await box.start(order, { id: 'a', input: 1 })).result();
      await settled(box);

      for (const [name, parent] of [
        ['hook beforeRun audit', 'start order'],
        ['hook beforeTrack audit', 'track t'],
        ['hook beforeStep audit', 'step t/one'],
        ['hook afterStep audit', 'step t/one'],
        ['hook afterTrack audit', 'track t'],
        ['hook afterRun audit', 'run order'],
      ] as const) {
        const parents = spans().filter((span) => span.name === parent);
        expect(parents.map((span) => span.spanContext().spanId)).toContain(spanOf(name)?.parentSpanContext?.spanId);
        expect(seen.get(name)).toBe(idOf(name));
      }
      expect(spanOf('hook beforeStep audit')?.attributes).toEqual({
        'signalbox.run': 'a',
        'signalbox.path': 't/one',
        'signalbox.call': 'hook',
        'signalbox.hook': 'audit',
        'signalbox.hook.on': 'beforeStep',
        'signalbox.status': 'completed',
      });
      expect(new Set(spans().map((span) => span.spanContext().traceId)).size).toBe(1);
      // What a hook has let begin is called in no span but its own.
      expect(spanOf('attempt echo')?.parentSpanContext?.spanId).toBe(idOf('step t/one'));
    },
  );

  test('that fail tell their kind and nothing that they say; one that is given up is cancelled', async () => {
    const hooks = [
      {
        name: 'broken',
        onHookError: 'ignore' as const,
        beforeStep: () => {
          throw new TypeError('card 4242');
        },
      },
      { name: 'late', timeout: '1s' as const, onHookError: 'ignore' as const, beforeStep: () => new Promise(() => {}) },
    ];
    const clock = fakeClock({ start: BEGIN });
    const box = clock.follow(
      await createSignalbox({ orchestrators: [order], clock, tracing: openTelemetry(), hooks, logger: () => {} }),
    );
    await box.start(order, { input: 1 });
    await clock.advance('2s');
    const told = tree().map((line) => line.trim());
    expect(told).toContain('hook beforeStep broken (failed, TypeError)');
    expect(told).toContain('hook beforeStep late (failed, HookTimedOut)');
    const told2 = spans().filter(({ name }) => name.startsWith('hook'));
    expect(
      JSON.stringify(told2.map(({ attributes, events, status }) => ({ attributes, events, status }))),
    ).not.toContain('4242');
    const run = await box.start(order, { input: 1 });
    await settled(box);
    await run.cancel();
    await settled(box);
    expect(tree().map((line) => line.trim())).toContain('hook beforeStep late (cancelled)');
    await box.close();
  });

  test('of a step that waits leave no span of it open: the wait is a gap', async () => {
    const clock = fakeClock({ start: BEGIN });
    const ask = orchestrator('ask', { version: '1', input: Anything })
      .track('t', track('t', { input: Anything }).approval('sure', { ask: 'Sure?', remind: '10m' }))
      .track(
        'u',
        track('u', { input: Anything }).step(
          'slow',
          task('slow', { input: Anything, output: Anything, run: () => new Promise<never>(() => {}) }),
        ),
      );
    const hooks = [{ name: 'audit', onApproval: () => {} }];
    await using box = clock.follow(
      await createSignalbox({ orchestrators: [ask], clock, tracing: openTelemetry(), hooks }),
    );
    await box.start(ask, { input: 1 });
    await clock.advance('15m');
    const told = tree(undefined, BEGIN).map((line) => line.trim());
    expect(told).toContain('hook onApproval audit (completed) 0+0');
    expect(told).toContain('step t/sure (awaitingApproval) 0+0');
    // It is reminded, and goes on waiting.
    expect(told).toContain('hook onApproval audit (completed) 600000+0');
    expect(told).toContain('step t/sure (waiting) 600000+0');
  });
});

describe('cleanups', () => {
  const began: (string | undefined)[] = [];
  const slow = task('slow', {
    input: Anything,
    output: Anything,
    timeout: '5s',
    retry: { maxAttempts: 1 },
    run: () => new Promise<never>(() => {}),
    cleanup: () => void began.push(active()),
  });
  const tidy = orchestrator('tidy', { version: '1', input: Anything }).track('t', empty().step('one', slow));

  test.each(['timeout', 'cancel'])('after a %s are under their step (S14)', async (why) => {
    const clock = fakeClock({ start: BEGIN });
    began.length = 0;
    await using box = clock.follow(await createSignalbox({ orchestrators: [tidy], clock, tracing: openTelemetry() }));
    const run = await box.start(tidy, { id: 'a', input: 1 });
    await clock.advance('1s');
    if (why === 'cancel') await run.cancel();
    await clock.advance('6s');
    await run.outcome();
    const span = spanOf('cleanup slow');
    expect(span?.parentSpanContext?.spanId).toBe(idOf('step t/one'));
    expect(began).toEqual([span?.spanContext().spanId]);
    expect(span?.attributes).toEqual({
      'signalbox.run': 'a',
      'signalbox.path': 't/one',
      'signalbox.call': 'cleanup',
      'signalbox.attempt': 1,
      'signalbox.task': 'slow',
      'signalbox.status': 'completed',
    });
  });
});

test('an undo is under its step, and says so (S13)', async () => {
  const charge = task('charge', {
    input: Anything,
    output: Anything,
    run: () => null,
    compensate: () => {},
  });
  const fail = task('fail', {
    input: Anything,
    output: Anything,
    retry: { maxAttempts: 1 },
    run: () => {
      throw new Error('no');
    },
  });
  const both = orchestrator('both', { version: '1', input: Anything, onFailure: 'compensate' }).track(
    't',
    empty().step('one', charge).step('two', fail),
  );
  await using box = await createSignalbox({ orchestrators: [both], tracing: openTelemetry(), logger: () => {} });
  const run = await box.start(both, { id: 'a', input: 1 });
  await run.outcome();
  const undo = spanOf('undo charge');
  const steps = spans().filter(({ name }) => name === 'step t/one');
  expect(undo?.parentSpanContext?.spanId).toBe(steps.at(-1)?.spanContext().spanId);
  expect(undo?.attributes).toMatchObject({
    'signalbox.call': 'undo',
    'signalbox.task': 'charge',
    'signalbox.status': 'completed',
  });
  expect(spanOf('attempt charge')?.attributes).not.toHaveProperty('signalbox.call');

  forget();
  await recordSpans(run.history());
  expect(spanOf('undo')?.parentSpanContext?.spanId).toBe(idOf('step t/one'));
  expect(spanOf('undo')?.attributes).toMatchObject({ 'signalbox.path': 't/one', 'signalbox.call': 'undo' });
});
