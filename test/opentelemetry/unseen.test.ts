/** Runs whose trace nobody looks at, and boxes whose application has no SDK: no span is made, and what a body begins knows its trace. */
import { context, createContextKey, ProxyTracer, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { AlwaysOnSampler, BasicTracerProvider, ParentBasedSampler } from '@opentelemetry/sdk-trace-base';
import { createSignalbox, orchestrator, task, track } from 'signalbox';
import { openTelemetry } from 'signalbox/opentelemetry';
import { settled } from 'signalbox/testing';
import { afterEach, expect, test, vi } from 'vitest';
import { Anything } from '../helpers/stage.ts';
import { provide, register, spans, tree, unregister } from './spans.ts';

afterEach(() => {
  vi.restoreAllMocks();
  unregister();
});

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const unsampled = `00-${TRACE}-b7ad6b7169203331-00`;
const sampled = `00-${TRACE}-b7ad6b7169203331-01`;
const active = () => trace.getSpanContext(context.active());

function looking(look: () => unknown) {
  const body = async () => {
    look();
    await null;
    look();
    return null;
  };
  const steps = track('t', { input: Anything }).step(
    'one',
    task('look', { input: Anything, output: Anything, run: body }),
  );
  return orchestrator('order', { version: '1', input: Anything }).track('t', steps);
}

test('of a run that is not sampled nothing is recorded, nor of what its bodies and hooks begin', async () => {
  register(new ParentBasedSampler({ root: new AlwaysOnSampler() }));
  const started = vi.spyOn(Object.getPrototypeOf(trace.getTracer('signalbox')), 'startSpan');
  const made: (readonly [string | undefined, boolean])[] = [];
  const look = (): void => {
    const span = trace.getTracer('app').startSpan('request');
    made.push([span.spanContext().traceId, span.isRecording()]);
    span.end();
  };
  const order = looking(look);
  const hooks = [{ name: 'audit', beforeStep: look, afterRun: look }];
  await using box = await createSignalbox({ orchestrators: [order], tracing: openTelemetry(), hooks });
  await (await box.start(order, { input: 1, metadata: { traceparent: unsampled } })).result();
  await settled(box);
  expect(made).toEqual(Array.from({ length: 4 }, () => [TRACE, false]));
  expect(spans()).toEqual([]);
  // Those that were begun here, and none besides: not even one that is not recorded.
  expect(started).toHaveBeenCalledTimes(4);
});

test('what is put into the context of a body stands beside its span, and the span can be taken out', async () => {
  register();
  const key = createContextKey('tenant');
  const seen: unknown[] = [];
  const look = (): void => {
    const [here, span] = [context.active(), trace.getActiveSpan()];
    const more = here.setValue(key, 'acme');
    const other = trace.wrapSpanContext({ traceId: TRACE, spanId: 'b7ad6b7169203332', traceFlags: 1 });
    seen.push(
      span === undefined,
      more.getValue(key),
      trace.getSpan(more) === span,
      trace.getSpan(trace.setSpan(here, other)) === other,
      trace.getSpan(trace.deleteSpan(here)),
      here.deleteValue(key).getValue(key),
      trace.getSpan(here.deleteValue(key)) === span,
      here.getValue(key),
    );
  };
  const order = looking(look);
  await using box = await createSignalbox({ orchestrators: [order], tracing: openTelemetry() });
  for (const traceparent of [sampled, unsampled]) {
    await (await box.start(order, { input: 1, metadata: { traceparent } })).result();
  }
  const one = [false, 'acme', true, true, undefined, undefined, true, undefined];
  expect(seen).toEqual([...one, ...one, ...one, ...one]);
});

test('without an SDK no span is asked for, and bodies see the trace that was handed over', async () => {
  unregister();
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const started = vi.spyOn(ProxyTracer.prototype, 'startSpan');
  const seen: unknown[] = [];
  const order = looking(() => seen.push(active()?.spanId));
  await using box = await createSignalbox({ orchestrators: [order], tracing: openTelemetry() });
  await (await box.start(order, { input: 1 })).result();
  await (await box.start(order, { input: 1, metadata: { traceparent: sampled } })).result();
  const span = trace.wrapSpanContext({ traceId: TRACE, spanId: 'b7ad6b7169203332', traceFlags: 1 });
  const run = await context.with(trace.setSpan(context.active(), span), () => box.start(order, { input: 1 }));
  await run.result();
  expect(seen).toEqual([
    undefined,
    undefined,
    'b7ad6b7169203331',
    'b7ad6b7169203331',
    'b7ad6b7169203332',
    'b7ad6b7169203332',
  ]);
  expect((await run.snapshot()).metadata).toEqual({ traceparent: `00-${TRACE}-b7ad6b7169203332-01` });
  expect(started).not.toHaveBeenCalled();
});

test('an SDK that is registered when the box is open has spans from then on', async () => {
  unregister();
  const order = looking(() => {});
  await using box = await createSignalbox({ orchestrators: [order], tracing: openTelemetry() });
  await (await box.start(order, { input: 1 })).result();
  provide();
  await (await box.start(order, { input: 1 })).result();
  expect(tree().map((line) => line.trim())).toContain('attempt look (completed)');
});

test('a provider that is handed over needs none that is registered', async () => {
  unregister();
  const order = looking(() => {});
  const provider = new BasicTracerProvider({ sampler: new AlwaysOnSampler() });
  await using box = await createSignalbox({
    orchestrators: [order],
    tracing: openTelemetry({ tracerProvider: provider }),
  });
  const run = await box.start(order, { input: 1 });
  await run.result();
  expect((await run.snapshot()).metadata.traceparent).toMatch(/-01$/);
});
