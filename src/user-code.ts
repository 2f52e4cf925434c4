/**
 * What the functions of users are handed, and what those functions are: bodies, mappers, predicates, merges. Definitions have them
 * by reference (`definition.ts`).
 */
import type { Json, JsonObject } from './json.ts';

/** What a mapper is told (S1). All of it is frozen. */
export interface Facts {
  readonly input: Json;
  readonly outputs: { readonly [name: string]: Json };
  readonly previous: Json;
  readonly run: RunFacts;
  /** For the step of a group that is reached when one of the others has failed: which, and how. */
  readonly error?: FailedStep;
}

/** A step that has failed, as an `onError` is told of it. */
export interface FailedStep {
  readonly step: string;
  readonly code: string;
  readonly message: string;
}

/** The run's read-only facts (S1, S6). */
export interface RunFacts {
  readonly id: string;
  /** The idempotency key it was started under, if any. */
  readonly key: string | null;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly metadata: JsonObject;
  /** What `set` steps have put there up to now. */
  readonly variables: JsonObject;
}

/** Makes a value of what it is told, at once (S5). */
export type Mapper = (facts: Facts) => unknown;

/** How the delay between attempts grows (S10). */
export type Backoff = 'fixed' | 'linear' | 'exponential';

/** A retry policy with everything filled in and every duration in milliseconds (S10). */
export interface RetryPolicy {
  readonly maxAttempts: number;
  readonly delay: number;
  readonly backoff: Backoff;
  readonly maxDelay: number;
  readonly jitter: number;
  readonly when: ((error: unknown) => boolean) | undefined;
}

/** What a body is handed. */
export interface TaskContext<I = Json> {
  readonly input: I;
  /** `<run>/<path>#<attempt>`: the idempotency key to hand to the outside world, the same again after a crash. */
  readonly key: string;
  /** 1 for the first try. */
  readonly attempt: number;
  /** Fires when the attempt is cancelled or times out. */
  readonly signal: AbortSignal;
  /** When the attempt times out, in milliseconds since 1970, or `null`. */
  readonly deadline: number | null;
  readonly run: RunFacts;
  /** A line in the box's log, told apart by run, step and attempt. */
  log(message: string, fields?: JsonObject): void;
  /** How far the body has come, from 0 to 1. It never goes back; a smaller fraction is ignored. */
  progress(fraction: number, note?: string): void;
  /** A sign of life. A body of a task with a `heartbeat` has to give one, or a progress, before that is over. */
  beat(): void;
}

/** The function of a task, whatever its types. */
export type Body = (context: TaskContext<never>) => unknown;

/** What undoes a completed step. */
export type Compensation = (context: {
  readonly input: never;
  readonly output: never;
  readonly key: string;
  readonly signal: AbortSignal;
}) => unknown;

/** What tidies up after a step that was cancelled. */
export type Cleanup = (context: {
  readonly input: never;
  readonly key: string;
  readonly reason: string;
  readonly signal: AbortSignal;
}) => unknown;

/** Is this payload the one that a step waits for? Told what a mapper is told, too. */
export type Where = (facts: Facts & { readonly payload: never }) => unknown;

export type Merge = (outputs: readonly Json[], named: { readonly [name: string]: Json }) => unknown;
