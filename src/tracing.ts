/**
 * The port of traces: what a tracer is told, and what it is asked for. `openTelemetry()` of `signalbox/opentelemetry` is one.
 *
 * A trace goes along with a run as two of its metadata, in the words of the W3C's trace context. So it is kept with the run,
 * child runs and readers of events have it, and whoever starts a run by a message can hand it over.
 */
import type { RunEvent } from './events.ts';
import type { Answer, Job, Logger } from './executor.ts';
import type { HookName } from './hooks.ts';
import type { JsonObject } from './json.ts';

/** What is known of a run that is in memory. */
export interface TracedRun {
  readonly orchestrator: string;
  readonly version: string;
  readonly metadata: JsonObject;
  /** The step that has started it. */
  readonly parent: { readonly run: string; readonly path: string } | null;
}

/** A start that is under way. */
export interface TracedStart {
  /** Goes to the metadata of the run, unless they have a trace already. */
  readonly metadata: JsonObject;
  /** It is committed, or it failed. */
  over(run: string | null, error?: unknown): void;
}

/** A body that is at work, or a hook, or a cleanup. */
export interface TracedBody {
  /** Calls it, so that what it begins belongs to it. */
  within(call: () => void): void;
  /** Calls what does not belong to it, although it may have been called in it. */
  outside(call: () => void): void;
  /** Its answer; null if nobody waits for one any more. */
  over(answer: Answer | null): void;
}

/** What is called beside the bodies. The name is that of the hook, or of the task that is tidied up after. */
export type TracedCall =
  | { readonly what: 'hook'; readonly name: string; readonly on: HookName }
  | { readonly what: 'cleanup'; readonly name: string; readonly attempt: number };

/** A step, a track or a run that hooks or a cleanup are called for. */
export interface TracedPlace {
  /** One of them is about to be called; null if it is not traced. */
  calling(call: TracedCall): TracedBody | null;
}

/** Where traces go. What it throws is told in the log and harms no run. */
export interface Tracing {
  /** Before the box opens. `rowOf` knows the runs that are in memory; `now` is the clock of the box. */
  opened?(around: {
    readonly logger: Logger;
    rowOf(run: string): TracedRun | undefined;
    now(): number;
  }): Promise<void> | void;
  /** Somebody starts a run of this orchestrator; null if there is nothing to hand over. */
  starting?(orchestrator: string): TracedStart | null;
  /** A body is about to be called; null if it is not traced. `undoes` is the task that a compensation undoes, and null for a body. */
  performing?(job: Job, undoes: string | null): TracedBody | null;
  /** Hooks or a cleanup are called for this place soon; null if they are not traced. A run that has not begun yet has no path. */
  beside?(run: { readonly id: string; readonly metadata: JsonObject }, path: string | null): TracedPlace | null;
  /** What happened to a run, once it is committed. What is secret is left out. */
  told?(run: { readonly id: string; readonly metadata: JsonObject }, events: readonly RunEvent[]): void;
  /** The run is not gone on with in this process any more, although it has not ended. */
  lost?(run: string): void;
  /** The box is closed. */
  closed?(): void;
}

/** `00-<trace>-<span>-<flags>`, all in hexadecimal digits; neither of the two is all zeros. */
const PARENT = /^(?!ff)[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(?:-|$)/;

/** A trace as metadata have it, in parts; null if they have none. */
export function traceIn(metadata: JsonObject): { trace: string; span: string; flags: number; state: string } | null {
  const { traceparent, tracestate } = metadata;
  const found = typeof traceparent === 'string' ? PARENT.exec(traceparent) : null;
  if (found === null) return null;
  const [, trace = '', span = '', flags = ''] = found;
  return { trace, span, flags: Number.parseInt(flags, 16), state: typeof tracestate === 'string' ? tracestate : '' };
}

/** The id of the trace that a run was started under; null for none. */
export function traceOf(metadata: JsonObject | undefined): string | null {
  if (metadata?.traceparent === undefined) return null;
  const known = traces.get(metadata);
  if (known !== undefined) return known;
  const trace = traceIn(metadata)?.trace ?? null;
  traces.set(metadata, trace);
  return trace;
}

/** Asked for with each line of a run, whose metadata are one object for as long as it is in memory. */
const traces = new WeakMap<JsonObject, string | null>();
