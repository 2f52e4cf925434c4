/**
 * The words of limits (S30, S35): what a definition may say about how many bodies run at once and how often they begin, and
 * what a snapshot says of a body that stands in line. What becomes of it is in `policies/limits`.
 */
import type { Json } from './json.ts';
import type { RunFacts } from './user-code.ts';

/** What may become of a body that finds a limit reached. */
export const WHEN_FULL = ['wait', 'dropNewest', 'replaceOldest'] as const;
/** `wait`: it stands in line. `dropNewest`: it is turned away. `replaceOldest`: the oldest one makes way for it. */
export type WhenFull = (typeof WHEN_FULL)[number];

/** What a limit's `key` and a task's `priority` are told. The input is as the mapper made it: no schema has parsed it yet. */
export interface LimitFacts<I = Json> {
  readonly input: I;
  readonly run: RunFacts;
}

/** Each key that it answers with has a limit of its own; `null` is for what this limit is not for. */
export type LimitKey<I = never> = (facts: LimitFacts<I>) => string | number | boolean | null;

/** A limit with everything filled in. */
export interface LimitDefinition {
  /** How many bodies may run at once; with `per`, how many may begin in that time. */
  readonly limit: number;
  /** Milliseconds; null for a limit on what runs at once. */
  readonly per: number | null;
  /** How many may begin at once after a pause, of a limit with `per`. */
  readonly burst: number;
  readonly key: LimitKey | undefined;
  readonly whenFull: WhenFull;
  /** How many may stand in line, where they don't just wait. */
  readonly queue: number;
}

export const NO_LIMITS: readonly LimitDefinition[] = Object.freeze([]);

/** The limit that a body stands in line for. */
export interface QueuedFor {
  /** Whose it is. */
  readonly of: 'box' | 'orchestrator' | 'track' | 'task';
  /** Of the orchestrator, the track or the task; null for the box. */
  readonly name: string | null;
  /** For which key, if the limit has one for each. */
  readonly key: string | null;
  readonly limit: number;
  /** Milliseconds in which so many may begin; null for a limit on what runs at once. */
  readonly per: number | null;
}

/** What is wrong with a limit: the option, its value, and what it takes. */
export type LimitFault = readonly [option: string, value: unknown, expected: string];

/** Everything that is wrong with a limit that was given as `option`. */
export function faultsOfLimit(definition: LimitDefinition, option: string): readonly LimitFault[] {
  const { limit, per, burst, key, whenFull, queue } = definition;
  const faults: LimitFault[] = [];
  const isRate = per !== null;
  const isCount = (value: unknown, least: number): boolean => Number.isSafeInteger(value) && (value as number) >= least;
  const at = (name: string): string => `${option}.${name}`;
  if (!isCount(limit, 1) && !(limit === Number.POSITIVE_INFINITY && !isRate)) {
    faults.push([at('limit'), limit, 'a whole number from 1']);
  }
  if (isRate && !(per > 0)) faults.push([at('per'), per, "a duration above 0, like '1s'"]);
  // It is the limit, if nothing was said of it.
  if (isRate && !Object.is(burst, limit) && !isCount(burst, 1))
    faults.push([at('burst'), burst, 'a whole number from 1']);
  if (key !== undefined && typeof key !== 'function') faults.push([at('key'), key, 'a function']);
  if (!WHEN_FULL.includes(whenFull)) {
    faults.push([at('whenFull'), whenFull, WHEN_FULL.map((name) => `'${name}'`).join(', ')]);
  } else if (whenFull === 'wait' && queue !== Number.POSITIVE_INFINITY) {
    faults.push([at('queue'), queue, "nothing where whenFull is 'wait': all of them wait"]);
  } else if (whenFull !== 'wait' && !isCount(queue, 0)) {
    faults.push([at('queue'), queue, 'a whole number from 0']);
  }
  return faults;
}
