/** Traces by OpenTelemetry, as `signalbox/opentelemetry`. The package `@opentelemetry/api` is an optional peer: without it nothing is traced. */
import type { TracerProvider } from '@opentelemetry/api';
import { askOptions } from '../checks.ts';
import { endsRun } from '../events.ts';
import type { JsonObject } from '../json.ts';
import { type TracedBody, traceIn, type Tracing } from '../tracing.ts';
import { type Api, carriedBy, contextOf, loadApi, timeOf, tracerOf } from './api.ts';
import { RunSpans } from './live.ts';
import { spanName, ofError, ofStart, runIs } from './names.ts';

export { type RecordOptions, recordSpans } from './past.ts';
export type { TracedBody, TracedRun, TracedStart, Tracing } from '../tracing.ts';

/** The bit that says that somebody looks at a trace. */
const SAMPLED = 1;

/** Of a run: a run that was started without a trace has no spans, and neither has one whose trace nobody looks at. */
interface RunTrace {
  readonly isSeen: boolean;
  /** Around a body of a run that nobody looks at: what the body begins has to know that, and nothing more. */
  readonly unseen: TracedBody;
}

/** How spans are made. */
export interface OpenTelemetryOptions {
  /** Left out: the one that the application has registered. */
  readonly tracerProvider?: TracerProvider;
}

/**
 * Spans of what the runs of a box do, under the trace of whoever starts them: `createSignalbox({ tracing: openTelemetry() })`. Spans
 * tell names, paths, attempts and how something ended; no inputs, no outputs.
 */
export function openTelemetry(options: OpenTelemetryOptions = {}): Tracing {
  askOptions('openTelemetry', options, ['tracerProvider']);
  const runs = new Map<string, RunSpans>();
  /** By the metadata of a run, which are one object for as long as it is in memory. */
  const traces = new WeakMap<JsonObject, RunTrace>();
  let api: Api | null = null;
  let around: Parameters<NonNullable<Tracing['opened']>>[0];
  let tracer: ReturnType<typeof tracerOf>;

  const spansOf = (run: string, metadata: JsonObject): RunSpans => {
    const found = runs.get(run);
    if (found !== undefined) return found;
    const made = new RunSpans({ api: api as Api, tracer, now: around.now }, run, metadata, around.rowOf(run) ?? {});
    runs.set(run, made);
    return made;
  };

  const traceFor = (known: Api, metadata: JsonObject): RunTrace => {
    const found = traces.get(metadata);
    if (found !== undefined) return found;
    const within = contextOf(known, metadata);
    const made = {
      isSeen: ((traceIn(metadata)?.flags ?? 0) & SAMPLED) !== 0,
      unseen: {
        within: (call: () => void): void => known.context.with(within, call),
        outside: (call: () => void): void => known.context.with(known.ROOT_CONTEXT, call),
        over: () => {},
      },
    };
    traces.set(metadata, made);
    return made;
  };

  return {
    async opened(given) {
      around = given;
      api = await loadApi();
      if (api !== null) tracer = tracerOf(api, options.tracerProvider);
      else
        given.logger({
          level: 'warn',
          message: 'Nothing is traced: "@opentelemetry/api" is not here. npm i @opentelemetry/api',
        });
    },

    starting(orchestrator) {
      if (api === null) return null;
      const { context, SpanKind, SpanStatusCode, trace } = api;
      const attributes = ofStart(orchestrator);
      const startTime = timeOf(around.now());
      const span = tracer.startSpan(spanName.start(orchestrator), { kind: SpanKind.PRODUCER, attributes, startTime });
      const metadata = carriedBy(api, trace.setSpan(context.active(), span));
      if (metadata === null) return null;
      return {
        metadata,
        over(run, error) {
          if (run !== null) span.setAttributes(runIs(run));
          else {
            const { code = 'unknown' } = Object(error) as { readonly code?: string };
            span.setAttributes(ofError(code)).setStatus({ code: SpanStatusCode.ERROR });
          }
          span.end(timeOf(around.now()));
        },
      };
    },

    performing(job) {
      const { id, metadata } = job.run;
      if (api === null || metadata.traceparent === undefined) return null;
      const { isSeen, unseen } = traceFor(api, metadata);
      return isSeen ? spansOf(id, metadata).begin(job) : unseen;
    },

    told({ id, metadata }, events) {
      if (api === null || metadata.traceparent === undefined || !traceFor(api, metadata).isSeen) return;
      const last = events.at(-1);
      const spans = spansOf(id, metadata);
      spans.take(events);
      if (last?.path === '' && endsRun(last.type)) spans.end();
      if (spans.isAtRest) runs.delete(id);
    },

    lost(run) {
      runs.get(run)?.end();
      runs.delete(run);
    },

    closed() {
      for (const run of runs.values()) run.end();
      runs.clear();
    },
  };
}
