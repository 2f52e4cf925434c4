/**
 * The output cache (S32). An output is kept in a record of the run that made it, in the very commit that completes the step: there is no
 * moment at which one is there and the other is not. It is found by a digest of what it was made of and of the stretch of time in
 * which it was made, so that what is over by now is never looked at, however much of it there is. Of several the last one is good:
 * what is made anew takes the place of what was kept.
 */
import { CACHED, type CacheDefinition } from '../../cache.ts';
import type { Clock } from '../../clock.ts';
import type { Actor } from '../../core/run.ts';
import type { PlanNode } from '../../definition.ts';
import { isA, MapperFailed, reasonOf, ValueTooLarge } from '../../errors/index.ts';
import type { Logger } from '../../executor.ts';
import { canonicalText, type Json, toJson } from '../../json.ts';
import { sha256 } from '../../sha256.ts';
import type { RecordRow, Store } from '../../store.ts';
import type { Held } from '../held.ts';
import { Tail } from '../reading/tail.ts';

export interface OutputCacheOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly maxValueBytes: number;
}

/** What an output is kept under. */
export interface CacheEntry {
  readonly definition: CacheDefinition;
  readonly digest: string;
  /** Only what this run has made is good. */
  readonly run: string | null;
  /** Nothing that is kept is taken. */
  readonly bypasses: boolean;
}

/** An output that was kept, and the run that made it. */
export interface CacheHit {
  readonly output: Json;
  readonly from: string;
}

interface Kept {
  readonly output: Json;
  /** Milliseconds since 1970. */
  readonly until: number;
}

/** More are there only where an output was made anew again and again. */
const PAGE = 10;
/** Of so many keys that have more it is remembered where the last one is. */
const MOST = 1_000;

export class OutputCache {
  readonly #options: OutputCacheOptions;
  readonly #tails = new Map<string, Tail>();

  constructor(options: OutputCacheOptions) {
    this.#options = options;
  }

  /** What the output of an attempt is kept under; null if it is not. Throws if that can't be said. */
  entryOf(run: Held, path: string, node: PlanNode, attempt: number, input: Json): CacheEntry | null {
    const definition = node.task?.cache;
    if (definition === undefined) return null;
    const { key, scope, ttl, bypass } = definition;
    const { maxValueBytes } = this.#options;
    const facts = Object.freeze({ input, run: run.facts });
    const what = `of the cache of task "${node.called}"`;
    const made = key === undefined ? input : asked(KEY, what, key, facts, maxValueBytes);
    if (key !== undefined && made === null) return null;
    // What was tried before, by itself or because somebody said so, is made anew.
    const bypasses =
      attempt > 1 || (bypass !== undefined && asked(BYPASS, what, bypass, facts, maxValueBytes) === true);
    const place = scope === 'task' ? [node.called] : [...pinOf(run), stepIn(run.actors.get(path))];
    const digest = sha256(canonicalText([scope, ...place, ttl, key !== undefined, made]));
    return { definition, digest, run: scope === 'run' ? run.id : null, bypasses };
  }

  /** What is kept. A store that can't say is no reason to wait: then it is made. */
  async find({ definition: { ttl }, digest, run }: CacheEntry): Promise<CacheHit | null> {
    const { clock, logger } = this.#options;
    try {
      const now = clock.now();
      const stretch = Math.floor(now / ttl);
      for (const each of [stretch, stretch - 1]) {
        const record = await this.#last(`${digest}.${each}`, run);
        if (record === null) continue;
        const { output, until } = record.body as unknown as Kept;
        if (until > now) return { output, from: record.run };
      }
    } catch (error) {
      logger({
        level: 'warn',
        message: `What is kept of outputs could not be read, so it is made again: ${reasonOf(error)}`,
      });
    }
    return null;
  }

  async #last(value: string, run: string | null): Promise<RecordRow | null> {
    const name = `${value}\n${run ?? ''}`;
    const query = { type: CACHED, key: { name: 'key', value }, limit: PAGE };
    const tail = this.#tails.get(name) ?? new Tail(this.#options.store, run === null ? query : { ...query, run });
    const record = await tail.last();
    this.#tails.delete(name);
    if (tail.isLong) this.#tails.set(name, tail);
    for (const oldest of this.#tails.keys()) {
      if (this.#tails.size <= MOST) break;
      this.#tails.delete(oldest);
    }
    return record;
  }

  /** The record of an output. */
  recordOf({ definition: { ttl }, digest }: CacheEntry, key: string, output: Json): Omit<RecordRow, 'run'> {
    const now = this.#options.clock.now();
    const kept: Kept = { output, until: now + ttl };
    const keys = { key: `${digest}.${Math.floor(now / ttl)}` };
    return { type: CACHED, id: sha256(key), version: 1, body: kept as unknown as Json, keys };
  }
}

/** What the definition of a run is known by. */
function pinOf({ row: { orchestrator, version, hash } }: Held): readonly string[] {
  return [orchestrator, version, hash];
}

/** Which step of its definition it is: items and rounds are the same one. */
function stepIn(actor: Actor | undefined): string {
  const names: string[] = [];
  for (let at = actor; at !== undefined && at.parent !== null; at = at.parent)
    names.unshift(at.parent.node.repeats ? '*' : (at.place?.name ?? ''));
  return names.join('/');
}

/** What a definition is asked, and what it can answer. */
interface Question {
  readonly option: 'key' | 'bypass';
  readonly wanted: string;
  fits(answer: unknown): boolean;
}

/** Nothing at all is no key: mostly it is a name that was mistyped, and nothing would ever be kept. */
const KEY: Question = {
  option: 'key',
  wanted: 'a value, or null to keep nothing',
  fits: (answer) => answer !== undefined,
};
const BYPASS: Question = { option: 'bypass', wanted: 'true or false', fits: (answer) => typeof answer === 'boolean' };

function asked(
  { option, wanted, fits }: Question,
  what: string,
  ask: (facts: never) => unknown,
  facts: object,
  maxBytes: number,
): Json {
  const mapper = `"${option}" ${what}`;
  try {
    const value = ask(facts as never);
    if (!fits(value)) throw new MapperFailed({ mapper, answered: value, wanted });
    return toJson(value, `answer of ${mapper}`, maxBytes);
  } catch (thrown) {
    if (isA(thrown, ValueTooLarge) || isA(thrown, MapperFailed)) throw thrown;
    throw new MapperFailed({ mapper, reason: reasonOf(thrown) }, thrown);
  }
}
