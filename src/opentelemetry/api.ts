/** `@opentelemetry/api`, if the application has it: an optional peer, which is loaded when it is asked for. */
import type { Context, HrTime, Span, Tracer, TracerProvider } from '@opentelemetry/api';
import type { JsonObject } from '../json.ts';
import { traceIn } from '../tracing.ts';
import { SCOPE } from './names.ts';

export type Api = typeof import('@opentelemetry/api');

/** Null where it is not installed. */
export function loadApi(): Promise<Api | null> {
  return import('@opentelemetry/api').catch(() => null);
}

export function tracerOf(api: Api, provider: TracerProvider | undefined): Tracer {
  return (provider ?? api.trace).getTracer(SCOPE);
}

/** Does anything make spans? Until an SDK is registered, the API's own provider has nobody to ask. */
export function hasSdk({ trace }: Api, given: TracerProvider | undefined): boolean {
  const provider = (given ?? trace.getTracerProvider()) as TracerProvider & {
    getDelegateTracer?(name: string): Tracer | undefined;
  };
  return provider.getDelegateTracer === undefined || provider.getDelegateTracer(SCOPE) !== undefined;
}

/** The span that a run was started under, as its metadata have it; null if there is none. */
export function spanIn({ createTraceState, trace }: Api, metadata: JsonObject): Span | null {
  const found = traceIn(metadata);
  if (found === null) return null;
  return trace.wrapSpanContext({
    traceId: found.trace,
    spanId: found.span,
    traceFlags: found.flags,
    isRemote: true,
    ...(found.state === '' ? {} : { traceState: createTraceState(found.state) }),
  });
}

/** The context of what goes on under the trace that a run was started under. */
export function contextOf(api: Api, metadata: JsonObject): Context {
  const span = spanIn(api, metadata);
  return span === null ? api.ROOT_CONTEXT : api.trace.setSpan(api.ROOT_CONTEXT, span);
}

/** What a run is started with, so that it goes on under this span; null if that is in no trace. */
export function carriedBy({ isSpanContextValid }: Api, span: Span | undefined): JsonObject | null {
  const context = span?.spanContext();
  if (context === undefined || !isSpanContextValid(context)) return null;
  const { traceId, spanId, traceFlags, traceState } = context;
  const traceparent = `00-${traceId}-${spanId}-${(traceFlags & 0xff).toString(16).padStart(2, '0')}`;
  const tracestate = traceState?.serialize() ?? '';
  return tracestate === '' ? { traceparent } : { traceparent, tracestate };
}

/** Milliseconds since 1970, in a form that cannot be taken for those since the process began. */
export function timeOf(ms: number): HrTime {
  const seconds = Math.floor(ms / 1_000);
  return [seconds, Math.round((ms - seconds * 1_000) * 1_000_000)];
}
