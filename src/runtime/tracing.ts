/** A tracer as the box calls it: what it throws is told once of each kind and goes no further, and a body is called whatever it does. */
import { ask, isObject } from '../checks.ts';
import { reasonOf } from '../errors/index.ts';
import type { Answer, Executor, Job, Logger } from '../executor.ts';
import type { RunEvent } from '../events.ts';
import type { JsonObject } from '../json.ts';
import type { TracedCalls } from '../performing/traced.ts';
import { whenRejected } from '../promises.ts';
import { type TracedBody, type TracedRun, type TracedStart, type Tracing, traceIn } from '../tracing.ts';

const METHODS = ['opened', 'starting', 'performing', 'beside', 'told', 'lost', 'closed'] as const;
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

  /** An executor whose bodies are traced; `undoes` is the task that they undo. */
  around(executor: Executor, undoes: string | null = null): Executor {
    if (this.#tracing.performing === undefined) return executor;
    return {
      execute: (job, answer) => {
        const body = this.#bodyOf(job, undoes);
        return body === null ? executor.execute(job, answer) : this.#execute(executor, job, answer, body);
      },
    };
  }

  #bodyOf(job: Job, undoes: string | null): TracedBody | null {
    try {
      return this.#tracing.performing?.(job, undoes) ?? null;
    } catch (thrown) {
      return this.#failed(thrown);
    }
  }

  #execute(executor: Executor, job: Job, answer: (answer: Answer) => void, body: TracedBody): void {
    let isAtWork = true;
    let isInside = true;
    let held: Answer[] | null = null;
    const end = (said: Answer): void => {
      if (isAtWork) this.#over(body, said);
      isAtWork = false;
    };
    const over = (said: Answer): void => {
      end(said);
      // What it leads to is the engine's affair, and none of the body's. It waits until the body has been left.
      if (!isInside) return this.#calling(body, 'outside', () => answer(said));
      held ??= [];
      return void held.push(said);
    };
    try {
      return this.#calling(body, 'within', () => executor.execute(job, over));
    } catch (error) {
      end({ ok: false, error, sync: true });
      throw error;
    } finally {
      isInside = false;
      if (held !== null) for (const said of held as Answer[]) over(said);
    }
  }

  /** Where hooks or a cleanup are called; null if they are not traced. */
  beside(run: Parameters<NonNullable<Tracing['beside']>>[0], path: string | null): TracedCalls | null {
    if (this.#tracing.beside === undefined) return null;
    const place = this.#safely(() => this.#tracing.beside?.(run, path)) ?? null;
    if (place === null) return null;
    return {
      begin: (call) => {
        const body = this.#safely(() => place.calling(call)) ?? null;
        if (body === null) return null;
        return {
          within: (calls) => this.#calling(body, 'within', calls),
          over: (answer) => this.#over(body, answer),
        };
      },
    };
  }

  /** Calls it once, with what the tracer puts around it, whatever the tracer does. What it throws goes to the caller. */
  #calling<T>(body: TracedBody, around: 'within' | 'outside', call: () => T): T {
    let isCalled = false;
    let hasThrown = false;
    let result: unknown;
    const once = (): void => {
      if (isCalled) return;
      isCalled = true;
      try {
        result = call();
      } catch (error) {
        hasThrown = true;
        result = error;
      }
    };
    try {
      this.#heed(body[around](once));
    } catch (thrown) {
      this.#failed(thrown);
    }
    once();
    if (hasThrown) throw result;
    return result as T;
  }

  #over(body: TracedBody, answer: Answer | null): void {
    try {
      this.#heed(body.over(answer));
    } catch (thrown) {
      this.#failed(thrown);
    }
  }

  told(run: Parameters<NonNullable<Tracing['told']>>[0], events: readonly RunEvent[]): void {
    try {
      this.#heed(this.#tracing.told?.(run, events));
    } catch (thrown) {
      this.#failed(thrown);
    }
  }

  lost(run: string): void {
    this.#safely(() => this.#tracing.lost?.(run));
  }

  closed(): void {
    this.#safely(() => this.#tracing.closed?.());
  }

  #safely<T>(call: () => T): T | undefined {
    try {
      return this.#heed(call());
    } catch (thrown) {
      return this.#failed(thrown) ?? undefined;
    }
  }

  /** A tracer that is async may fail later on. */
  #heed<T>(answered: T): T {
    if (!(answered instanceof Promise)) return answered;
    whenRejected(answered, (thrown) => this.#failed(thrown));
    return answered.catch(() => {}) as T;
  }

  #failed(thrown: unknown): null {
    const reason = reasonOf(thrown);
    if (this.#told.has(reason)) return null;
    this.#told.add(reason);
    this.#logger({ level: 'warn', message: `The tracer threw (${reason}); the runs go on without it.` });
    return null;
  }
}

const NOTHING: JsonObject = Object.freeze({});

/** Texts alone: what goes to the metadata of a run is committed with it. */
function metadataIn({ metadata }: TracedStart): JsonObject {
  const { traceparent, tracestate } = metadata;
  if (typeof traceparent !== 'string') return NOTHING;
  return typeof tracestate === 'string' ? { traceparent, tracestate } : { traceparent };
}
