/** The output cache as people write it (S32), on a task or a step. What is wrong with it is noted, and told with all else. */
import { CACHE_SCOPES, type CacheDefinition, type CacheFacts, type CacheScope } from '../cache.ts';
import type { Duration } from '../duration.ts';
import { show } from '../errors/index.ts';
import type { Json } from '../json.ts';
import type { Note } from './notes.ts';
import { NO_OPTIONS, readDuration, readOptions } from './reading.ts';

/** For how long, and under what, the output of a step is kept. */
export interface CacheOptions<I> {
  /** For how long an output is good, from when it was made. */
  readonly ttl: Duration;
  /** What it is kept under, in place of the input. `null`: this one is not kept. */
  readonly key?: (facts: CacheFacts<I>) => Json;
  /** For whom it is good: this step in all runs of this version (`'step'`, the default), this step in one run, or the task wherever it is used. */
  readonly scope?: CacheScope;
  /** True: nothing that is kept is taken, and what is made takes its place. */
  readonly bypass?: (facts: CacheFacts<I>) => boolean;
}

const KEYS = ['ttl', 'key', 'scope', 'bypass'];

/** The `cache` of a task or of a step. */
export function readCache(given: unknown, notes: Note[]): CacheDefinition | undefined {
  if (given === undefined) return undefined;
  const note = (option: string, value: unknown, expected: string): void =>
    void notes.push({
      code: 'bad-option',
      message: `Option "cache.${option}" cannot be ${show(value)}: it takes ${expected}.`,
    });
  const options = readOptions(given, 'option "cache"', KEYS, notes);
  // What cannot be read has been told, as a whole and in its parts.
  if (options === NO_OPTIONS) return undefined;
  const { ttl, key, scope = 'step', bypass } = options;
  const ms = ttl === undefined ? 0 : readDuration(ttl, 'cache.ttl', 1, notes);
  if (!(ms > 0) || !Number.isFinite(ms)) note('ttl', ttl, "a duration above 0, like '10m'");
  if (key !== undefined && typeof key !== 'function') note('key', key, 'a function');
  if (bypass !== undefined && typeof bypass !== 'function') note('bypass', bypass, 'a function');
  if (!CACHE_SCOPES.includes(scope as CacheScope))
    note('scope', scope, CACHE_SCOPES.map((one) => `'${one}'`).join(', '));
  return Object.freeze({
    ttl: ms,
    key: key as CacheDefinition['key'],
    scope: scope as CacheScope,
    bypass: bypass as CacheDefinition['bypass'],
  });
}

/** What is undone has an effect, and an output that is kept has none: both at once cannot be meant. */
export const CACHED_AND_UNDONE =
  'It has a "cache" and a "compensate": an output that is kept comes without the effect that is to be undone. Take one of them out.';
