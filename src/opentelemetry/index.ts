/** Traces by OpenTelemetry, as `signalbox/opentelemetry`. The package `@opentelemetry/api` is an optional peer: without it nothing is traced. */
import type { TracerProvider } from '@opentelemetry/api';
import { askOptions } from '../checks.ts';
import { endsRun } from '../events.ts';
import type { JsonObject } from '../json.ts';
import { traceIn, type Tracing } from '../tracing.ts';
import { carriedBy, hasSdk, loadApi, timeOf, tracerOf } from './api.ts';
import { Unseen } from './body.ts';
import { RunSpans } from './live.ts';
import { spanName, ofError, ofStart, runIs } from './names.ts';
import { Kit } from './within.ts';

export { type RecordOptions, recordSpans } from './past.ts';
export type { TracedBody, TracedCall, TracedPlace, TracedRun, TracedStart, Tracing } from '../tracing.ts';

/** Is a trace looked at? The last bit of the last digit of `00-<trace>-<span>-<flags>` says so. */
function isSampled(traceparent: unknown): boolean {
  return typeof traceparent === 'string' && (Number.parseInt(traceparent.charAt(54), 16) & 1) === 1;
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
  let around: Parameters<NonNullable<Tracing['opened']>>[0];
  /** Null before the box opens, and where the API is not installed. */
  let kit: Kit | null = null;
  let isLive = false;

  /** An SDK may be registered at any time. */
  const makesSpans = (known: Kit): boolean => {
    isLive ||= hasSdk(known.api, options.tracerProvider);
    return isLive;
  };

  /** Null for a run that was started without a trace, or whose trace nobody looks at. */
  const spansOf = (known: Kit, run: string, metadata: JsonObject): RunSpans | null => {
    const found = runs.get(run);
    if (found !== undefined) return found;
    if (!isSampled(metadata.traceparent) || traceIn(metadata) === null || !makesSpans(known)) return null;
    const made = new RunSpans(known, run, metadata, around.rowOf(run) ?? {});
    runs.set(run, made);
    return made;
  };

  return {
    async opened(given) {
      around = given;
      const api = await loadApi();
      if (api !== null) kit = new Kit(api, tracerOf(api, options.tracerProvider), given.now);
      else
        given.logger({
          level: 'warn',
          message: 'Nothing is traced: "@opentelemetry/api" is not here. npm i @opentelemetry/api',
        });
    },

    starting(orchestrator) {
      if (kit === null) return null;
      const { api, tracer, now } = kit;
      const { context, SpanKind, SpanStatusCode, trace } = api;
      if (!makesSpans(kit)) {
        // Nobody makes spans, but somebody may hand a trace over.
        const handed = carriedBy(api, trace.getActiveSpan());
        return handed === null ? null : { metadata: handed, over: () => {} };
      }
      const attributes = ofStart(orchestrator);
      const startTime = kit.time(now());
      const kind = SpanKind.PRODUCER;
      const span = tracer.startSpan(spanName.start(orchestrator), { kind, attributes, startTime }, context.active());
      const metadata = carriedBy(api, span);
      if (metadata === null) return null;
      return {
        metadata,
        over(run, error) {
          if (!span.isRecording()) return span.end();
          if (run !== null) span.setAttributes(runIs(run));
          else {
            const { code = 'unknown' } = Object(error) as { readonly code?: string };
            span.setAttributes(ofError(code)).setStatus({ code: SpanStatusCode.ERROR });
          }
          return span.end(timeOf(now()));
        },
      };
    },

    performing(job, undoes) {
      const { id, metadata } = job.run;
      if (kit === null || metadata.traceparent === undefined) return null;
      return spansOf(kit, id, metadata)?.begin(job, undoes) ?? new Unseen(kit, metadata);
    },

    beside({ id, metadata }, path) {
      if (kit === null || metadata.traceparent === undefined) return null;
      const spans = spansOf(kit, id, metadata);
      if (spans === null) {
        const body = new Unseen(kit, metadata);
        return { calling: () => body };
      }
      const place = spans.beside(path);
      // Of one that has not begun nothing is open, and it may not be let begin.
      if (spans.isAtRest) runs.delete(id);
      return place;
    },

    told({ id, metadata }, events) {
      if (kit === null || metadata.traceparent === undefined) return;
      const spans = spansOf(kit, id, metadata);
      if (spans === null) return;
      const last = events.at(-1);
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
