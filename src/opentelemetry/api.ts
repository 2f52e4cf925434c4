/** `@opentelemetry/api`, if the application has it: an optional peer, which is loaded when it is asked for. */
import type { Context, HrTime, TracerProvider } from '@opentelemetry/api';
import type { JsonObject } from '../json.ts';
import { traceIn } from '../tracing.ts';
import { SCOPE } from './names.ts';

export type Api = typeof import('@opentelemetry/api');

/** Null where it is not installed. */
export function loadApi(): Promise<Api | null> {
  return import('@opentelemetry/api').catch(() => null);
}

export function tracerOf(api: Api, provider: TracerProvider | undefined): ReturnType<TracerProvider['getTracer']> {
  return (provider ?? api.trace).getTracer(SCOPE);
}

/** The context of what goes on under the trace that a run was started under. */
export function contextOf({ ROOT_CONTEXT, createTraceState, trace }: Api, metadata: JsonObject): Context {
  const found = traceIn(metadata);
  if (found === null) return ROOT_CONTEXT;
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId: found.trace,
    spanId: found.span,
    traceFlags: found.flags,
    isRemote: true,
    ...(found.state === '' ? {} : { traceState: createTraceState(found.state) }),
  });
}

/** What a run is started with, so that it goes on under the span of this context; null if there is no trace. */
export function carriedBy({ isSpanContextValid, trace }: Api, context: Context): JsonObject | null {
  const span = trace.getSpanContext(context);
  if (span === undefined || !isSpanContextValid(span)) return null;
  const { traceId, spanId, traceFlags, traceState } = span;
  const state = traceState?.serialize() ?? '';
  return {
    traceparent: `00-${traceId}-${spanId}-${(traceFlags & 0xff).toString(16).padStart(2, '0')}`,
    ...(state === '' ? {} : { tracestate: state }),
  };
}

/** Milliseconds since 1970, in a form that cannot be taken for those since the process began. */
export function timeOf(ms: number): HrTime {
  const seconds = Math.floor(ms / 1_000);
  return [seconds, Math.round((ms - seconds * 1_000) * 1_000_000)];
}
