/** What is called beside the bodies, as hooks and cleanups are, under spans of its own: nothing that a tracer does reaches who calls. */
import type { Answer } from '../executor.ts';
import type { TracedCall } from '../tracing.ts';

/** One call. */
export interface Traced {
  /** Calls it once, and answers and throws what that does. */
  within<T>(call: () => T): T;
  /** Null if nobody waits for its end any more. */
  over(answer: Answer | null): void;
}

/** Where it is called: a step, a track or a run. */
export interface TracedCalls {
  /** Null if it is not traced. */
  begin(call: TracedCall): Traced | null;
}

/** The end of what answers nothing of interest. */
export function asAnswer(error: unknown): Answer {
  return error === undefined || error === null ? DONE : { ok: false, error, sync: false };
}

const DONE: Answer = Object.freeze({ ok: true, value: null });
