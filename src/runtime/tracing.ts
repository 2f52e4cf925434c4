/** A tracer as the box calls it: what it throws is told once of each kind and goes no further, and a body is called whatever it does. */
import { ask, isObject } from '../checks.ts';
import { reasonOf } from '../errors/index.ts';
import type { Executor, Logger } from '../executor.ts';
import type { RunEvent } from '../events.ts';
import type { JsonObject } from '../json.ts';
import { whenRejected } from '../promises.ts';
import { type TracedRun, type TracedStart, type Tracing, traceIn } from '../tracing.ts';

const METHODS = ['opened', 'starting', 'performing', 'told', 'lost', 'closed'] as const;
const METHOD: ReadonlySet<string> = new Set(['function', 'undefined']);

export function checkTracing(tracing: Tracing | undefined): void {
  if (tracing === undefined) return;
  ask('tracing', tracing, 'a tracer, such as openTelemetry() of "signalbox/opentelemetry"', (value) => {
    if (!isObject(value)) return false;
    const methods = METHODS.map((method) => (value as Tracing)[method]);
    return methods.some((method) => method !== undefined) && methods.every((method) => METHOD.has(typeof method));
  });
}

export class Tracer {
  readonly #tracing: Tracing;
  readonly #logger: Logger;
  readonly #told = new Set<string>();

  constructor(tracing: Tracing, logger: Logger) {
    this.#tracing = tracing;
    this.#logger = logger;
  }

  async opened(rowOf: (run: string) => TracedRun | undefined, now: () => number): Promise<void> {
    await this.#safely(() => this.#tracing.opened?.({ logger: this.#logger, rowOf, now }));
  }

  /** Starts a run under the trace that the caller is in. */
  async start(
    orchestrator: string,
    metadata: JsonObject,
    start: (metadata: JsonObject) => Promise<string>,
  ): Promise<string> {
    // Whoever hands a trace over has said which; what is no object is refused where every start is.
    const isSaid = !isObject(metadata) || traceIn(metadata) !== null;
    const begun = isSaid ? null : (this.#safely(() => this.#tracing.starting?.(orchestrator)) ?? null);
    if (begun === null) return start(metadata);
    const over = (run: string | null, error?: unknown): void => void this.#safely(() => begun.over(run, error));
    try {
      const started = await start({ ...metadata, ...metadataIn(begun) });
      over(started);
      return started;
    } catch (error) {
      over(null, error);
      throw error;
    }
  }

  /** An executor whose bodies are traced. */
  around(executor: Executor): Executor {
    return {
      execute: (job, answer) => {
        const body = this.#safely(() => this.#tracing.performing?.(job)) ?? null;
        if (body === null) return executor.execute(job, answer);
        const over: typeof answer = (said) => {
          this.#safely(() => body.over(said));
          // What it leads to is the engine's affair, and none of the body's.
          this.#calling(
            (call) => body.outside(call),
            () => answer(said),
          );
        };
        try {
          return this.#calling(
            (call) => body.within(call),
            () => executor.execute(job, over),
          );
        } catch (error) {
          this.#safely(() => body.over({ ok: false, error, sync: true }));
          throw error;
        }
      },
    };
  }

  /** Calls it once, with what the tracer puts around it, whatever the tracer does. What it throws goes to the caller. */
  #calling<T>(around: (call: () => void) => void, call: () => T): T {
    let called: { readonly value: T } | { readonly error: unknown } | null = null;
    const once = (): void => {
      if (called !== null) return;
      try {
        called = { value: call() };
      } catch (error) {
        called = { error };
      }
    };
    this.#safely(() => around(once));
    once();
    const end = called as unknown as { readonly value: T } | { readonly error: unknown };
    if ('error' in end) throw end.error;
    return end.value;
  }

  told(run: Parameters<NonNullable<Tracing['told']>>[0], events: readonly RunEvent[]): void {
    this.#safely(() => this.#tracing.told?.(run, events));
  }

  lost(run: string): void {
    this.#safely(() => this.#tracing.lost?.(run));
  }

  closed(): void {
    this.#safely(() => this.#tracing.closed?.());
  }

  #safely<T>(call: () => T): T | undefined {
    const failed = (thrown: unknown): undefined => {
      const reason = reasonOf(thrown);
      if (this.#told.has(reason)) return;
      this.#told.add(reason);
      this.#logger({ level: 'warn', message: `The tracer threw (${reason}); the runs go on without it.` });
    };
    try {
      const answered = call();
      if (answered instanceof Promise) whenRejected(answered, failed);
      return answered instanceof Promise ? (answered.catch(() => {}) as T) : answered;
    } catch (thrown) {
      return failed(thrown);
    }
  }
}

const NOTHING: JsonObject = Object.freeze({});

/** Texts alone: what goes to the metadata of a run is committed with it. */
function metadataIn({ metadata }: TracedStart): JsonObject {
  const { traceparent, tracestate } = metadata;
  if (typeof traceparent !== 'string') return NOTHING;
  return typeof tracestate === 'string' ? { traceparent, tracestate } : { traceparent };
}
