/**
 * The words of the output cache (S32): a task or a step may say that what it has answered to an input is its answer for a while. How that is
 * kept is in `runtime/performing/cache.ts`.
 */
import type { Json } from './json.ts';
import type { RunFacts } from './user-code.ts';

/** For whom an answer is good: for this step of this version in all runs, for this step in this run, or wherever the task is used. */
export const CACHE_SCOPES = ['step', 'run', 'task'] as const;

/** For whom an answer that is kept is good. */
export type CacheScope = (typeof CACHE_SCOPES)[number];

/** What the functions of a cache are told. The input is as the mapper made it: no schema has parsed it yet. */
export interface CacheFacts<I = Json> {
  readonly input: I;
  readonly run: RunFacts;
}

/** One with everything filled in. */
export interface CacheDefinition {
  /** Milliseconds. */
  readonly ttl: number;
  /** What an answer is kept under, in place of the input; null for what is not to be kept. */
  readonly key: ((facts: never) => unknown) | undefined;
  readonly scope: CacheScope;
  /** True for what is to be made anew. */
  readonly bypass: ((facts: never) => unknown) | undefined;
}

/** The type of the records that answers are kept in. */
export const CACHED = 'cached';
