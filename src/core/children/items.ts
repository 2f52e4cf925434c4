/**
 * Children that are items of a list: each is the same body, under its number. The list is not stored a second time. Its mapper is
 * pure over what is committed, so it is asked again after a crash; how many items there are and a digest of them is kept, and
 * a list that has become another one fails the step. What has not begun costs nothing, however long the list is.
 */
import type { Facts, Mapper, Place, PlanNode, RunFacts } from '../../definition.ts';
import { type ErrorRecord, ItemsChanged, ItemsInvalid, QuorumUnreachable } from '../../errors/index.ts';
import { digestOf, type Json, toJson } from '../../json.ts';
import { isTerminal } from '../../status.ts';
import type { ChildCounts } from '../../store.ts';
import { asked, mapped, synchronous } from '../facts.ts';
import { RowsNeeded } from '../need.ts';
import { verdict } from '../verdict.ts';
import {
  type Arrival,
  type Children,
  type Family,
  type Finished,
  isBad,
  NONE_SKIPPED,
  type Skipped,
  skipped,
  sumOf,
  TOLD_BY_NAME,
} from './children.ts';

/** What a collection was declared with. Its body is the node's only child. */
export interface MapSpec {
  readonly over: Mapper;
  readonly filter: ((facts: ItemFacts) => unknown) | null;
  /** So many begin together and end before the next do; null for no such groups. */
  readonly batch: number | null;
  /** Are the outputs of the items the output? Otherwise it is their counts. */
  readonly collect: boolean;
}

/** What the mappers of an item are told. */
export interface ItemFacts extends Facts {
  readonly item: Json;
  /** Its number among those that the filter has left. */
  readonly index: number;
  /** Its number in the list. */
  readonly sourceIndex: number;
}

/** What a parent remembers of its items. */
interface Kept {
  readonly count: number;
  readonly digest: string;
  /**
   * Of many: how many have ended, and how many of these well or badly. It is written in the commit in which they end, so it is what
   * their rows say, and nobody has to count a million of them.
   */
  readonly tally?: readonly [ended: number, completed: number, failed: number];
}

/** A collection of so many items that what they have left behind is not read back before it is needed. */
const MANY = 1_000;

export function hasManyItems(kept: Json): boolean {
  return kept !== null && (kept as unknown as Kept).count > MANY;
}

export function endedIn(kept: Json): ChildCounts | null {
  const { tally } = (kept ?? {}) as Partial<Kept>;
  if (tally === undefined) return null;
  const [ended, completed, failed] = tally;
  return { completed, failed, skipped: ended - completed - failed };
}

/** The items, by number; a range is not written out. */
interface List {
  readonly length: number;
  readonly digest: string;
  at(index: number): Json;
}

const NO_LIST: List = { length: 0, digest: '', at: () => null };
const RANGE = /^(-?\d+)\.\.(-?\d+)$/;
/** So many items can be counted, and no more have ever been asked for. */
const MOST = 100_000_000;

/** A list, an object as pairs by sorted key, or a range of whole numbers. */
export function itemsIn(what: string, given: unknown, maxBytes: number): List {
  const range = typeof given === 'string' ? RANGE.exec(given) : null;
  if (range !== null) return rangeOf(what, given as string, Number(range[1]), Number(range[2]));
  if (typeof given !== 'object' || given === null) throw new ItemsInvalid({ what, value: given });
  // The list is not stored, so no store has to hold it: it may be longer than a value.
  const json = toJson(given, what, Math.max(maxBytes, MOST));
  const items = Array.isArray(json)
    ? (json as readonly Json[])
    : Object.entries(json as { readonly [key: string]: Json })
        .sort(([left], [right]) => (left < right ? -1 : 1))
        .map(([key, value]) => Object.freeze({ key, value }));
  return { length: items.length, digest: digestOf(items), at: (index) => items[index] as Json };
}

function rangeOf(what: string, given: string, from: number, to: number): List {
  const length = Math.max(0, to - from + 1);
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || length > MOST)
    throw new ItemsInvalid({ what, value: given });
  return { length, digest: given, at: (index) => from + index };
}

const NO_TALLY = Object.freeze({});

export class Items implements Children {
  readonly #family: Family;
  readonly #many: number;
  #list: List = NO_LIST;
  /** Of the list with which the collection has begun, whatever its mapper says by now. */
  #digest = '';
  /** The numbers in the list of those that the filter has left; null without one. */
  #chosen: readonly number[] | null = null;
  #fault: ErrorRecord | null = null;
  #isStopped = false;
  /** Of those that had ended by then nothing is known but their number. */
  readonly #isCounted: boolean;
  /** How many there are, how many have begun, and how many of these have ended, in which way. */
  #count = 0;
  #begun = 0;
  #ended = 0;
  #completed = 0;
  #failed = 0;
  readonly #live = new Set<number>();
  readonly #outputs: Json[] = [];
  #around: Facts | null = null;

  constructor(family: Family, origin: Items | null = null, many = MANY) {
    this.#family = family;
    this.#many = origin === null ? many : origin.#many;
    this.#isCounted = origin === null ? family.counts !== null : origin.#isCounted;
    if (origin !== null) {
      this.#like(origin);
      return;
    }
    for (const { name, status, output } of family.known) {
      const ordinal = Number(name);
      this.#begun = Math.max(this.#begun, ordinal + 1);
      if (!isTerminal(status)) this.#live.add(ordinal);
      else this.#end(ordinal, status, output);
    }
    if (family.counts !== null) this.#recount(family.counts);
    if (this.#begun > 0) this.#listAgain();
  }

  /** What has ended is known by its number alone. */
  #recount(counts: ChildCounts): void {
    this.#ended = sumOf(counts, isTerminal);
    // They begin in order. What has ended since the collection was given up need not be among the counts.
    this.#begun = Math.max(this.#begun, this.#ended + this.#live.size);
    this.#completed = counts.completed ?? 0;
    this.#failed = sumOf(counts, isBad);
  }

  #like(origin: Items): void {
    this.#list = origin.#list;
    this.#digest = origin.#digest;
    this.#chosen = origin.#chosen;
    this.#fault = origin.#fault;
    this.#isStopped = origin.#isStopped;
    this.#count = origin.#count;
    this.#begun = origin.#begun;
    this.#ended = origin.#ended;
    this.#completed = origin.#completed;
    this.#failed = origin.#failed;
    for (const ordinal of origin.#live) this.#live.add(ordinal);
    for (const output of origin.#outputs) this.#outputs.push(output);
  }

  fork(above: Children | null, run: RunFacts): Children {
    return new Items({ ...this.#family, above, run, known: [] }, this);
  }

  get #spec(): MapSpec {
    return this.#family.node.spec as MapSpec;
  }

  get #what(): string {
    return `"over" of collection "${this.#family.node.called}"`;
  }

  get total(): number {
    return this.#count;
  }

  get ready(): number {
    return this.#isStopped || this.#fault !== null ? 0 : Math.max(0, this.#limit() - this.#begun);
  }

  /** Those from this number on wait for the group before them. */
  #limit(): number {
    const { batch } = this.#spec;
    if (batch === null) return this.#count;
    return Math.min(this.#count, (Math.floor(this.#ended / batch) + 1) * batch);
  }

  get settled(): number {
    return this.#isStopped ? this.#count - this.#live.size : this.#ended;
  }

  begin(): Arrival {
    const fault = this.#expand() ?? this.#tooFew();
    if (fault !== null) return { ready: 0, skipped: NONE_SKIPPED, finished: { error: fault } };
    this.#digest = this.#list.digest;
    const kept = { count: this.#count, digest: this.#digest } satisfies Kept;
    return { ready: this.ready, skipped: NONE_SKIPPED, finished: this.#finish(), kept, ...this.#tally() };
  }

  /** What the parent remembers of how many have ended; nothing of few, for whom it would be a row more in many a commit. */
  #tally(): { readonly kept?: Json } {
    // Nor of what is given up: nothing begins any more, so nobody asks.
    if (this.#count <= this.#many || this.#isStopped) return NO_TALLY;
    const [count, digest] = [this.#count, this.#digest];
    return { kept: { count, digest, tally: [this.#ended, this.#completed, this.#failed] } satisfies Kept };
  }

  /** Asks for the items, and answers with what is wrong with them. */
  #expand(): ErrorRecord | null {
    const { over, filter } = this.#spec;
    const made = mapped(this.#what, () => {
      this.#list = itemsIn(this.#what, synchronous(this.#what, over(this.#factsAround())), this.#family.maxBytes);
      this.#chosen = filter === null ? null : this.#filtered(filter);
      this.#count = this.#chosen === null ? this.#list.length : this.#chosen.length;
      return null;
    });
    return 'error' in made ? made.error : null;
  }

  /** Without this, such a collection would be lost with nothing that has failed it. */
  #tooFew(): ErrorRecord | null {
    const { strategy, called: collection } = this.#family.node;
    if (typeof strategy === 'string' || this.#count === 0 || this.#count >= strategy.quorum) return null;
    const { quorum } = strategy;
    const made = mapped('', () => {
      throw new QuorumUnreachable({ collection, quorum, items: this.#count });
    });
    return 'error' in made ? made.error : null;
  }

  #filtered(filter: (facts: ItemFacts) => unknown): readonly number[] {
    const chosen: number[] = [];
    const around = this.#factsAround();
    const what = `"filter" of collection "${this.#family.node.called}"`;
    for (let at = 0; at < this.#list.length; at += 1) {
      const facts = Object.freeze({ ...around, item: this.#list.at(at), index: chosen.length, sourceIndex: at });
      if (asked(what, () => filter(facts))) chosen.push(at);
    }
    return chosen;
  }

  /** After a crash. */
  #listAgain(): void {
    const { count, digest } = this.#family.kept as unknown as Kept;
    this.#digest = digest;
    const fault = this.#expand();
    if (fault === null && this.#count === count && this.#list.digest === digest) return;
    const found = this.#count;
    this.#count = count;
    const { called: collection } = this.#family.node;
    const changed = (): Json => {
      throw new ItemsChanged({ collection, before: count, now: found });
    };
    this.#fault = fault ?? (mapped('', changed) as { readonly error: ErrorRecord }).error;
  }

  take(): Place | null {
    if (this.ready === 0) return null;
    const ordinal = this.#begun;
    this.#begun += 1;
    this.#live.add(ordinal);
    return itemAt(this.#family.node, ordinal);
  }

  settle({ ordinal }: Place, status: string, output: Json): Arrival {
    const before = this.ready;
    this.#live.delete(ordinal);
    this.#end(ordinal, status, output);
    return { ready: this.ready - before, skipped: NONE_SKIPPED, finished: this.#finish(), ...this.#tally() };
  }

  #end(ordinal: number, status: string, output: Json): void {
    this.#ended += 1;
    if (status === 'completed') this.#completed += 1;
    if (isBad(status)) this.#failed += 1;
    if (this.#spec.collect) this.#outputs[ordinal] = output;
  }

  rest(): Skipped {
    const never = this.#isStopped ? 0 : this.#count - this.#begun;
    this.#isStopped = true;
    if (never > TOLD_BY_NAME) return { count: never, steps: 0, places: [] };
    const { node } = this.#family;
    return { ...skipped(Array.from({ length: never }, (_, at) => itemAt(node, this.#begun + at))), steps: 0 };
  }

  standing(place: Place): 'to come' | 'begun' | 'over' {
    // The body itself, which stands for all of them: as long as one can begin or is under way, one may wait.
    if (place === this.#family.node.children[0]) return this.settled < this.#count ? 'to come' : 'over';
    if (place.ordinal >= this.#begun) return this.#isStopped ? 'over' : 'to come';
    return this.#live.has(place.ordinal) ? 'begun' : 'over';
  }

  factsFor({ ordinal }: Place): Facts {
    const sourceIndex = this.#chosen === null ? ordinal : (this.#chosen[ordinal] as number);
    const facts: ItemFacts = { ...this.#factsAround(), item: this.#list.at(sourceIndex), index: ordinal, sourceIndex };
    return Object.freeze(facts);
  }

  /** What stands around the collection does not change while it runs. */
  #factsAround(): Facts {
    const { above, place } = this.#family;
    this.#around ??= (above as Children).factsFor(place as Place);
    return this.#around;
  }

  #finish(): Finished | null {
    if (this.#fault !== null) return { error: this.#fault };
    if (this.#isStopped) return null;
    const counts = { total: this.#count, settled: this.#ended, completed: this.#completed, failed: this.#failed };
    if (verdict(this.#family.node.strategy, counts) !== 'won') return null;
    // The outputs of those that had ended before the run was read back are in their rows.
    if (this.#spec.collect && this.#isCounted) throw new RowsNeeded(this.#family.path);
    return mapped(`output of collection "${this.#family.node.called}"`, () => this.#output());
  }

  #output(): Json {
    const { node, maxBytes } = this.#family;
    if (!this.#spec.collect) {
      const filtered = this.#list.length - this.#count;
      return { expanded: this.#list.length, filtered, completed: this.#completed, failed: this.#failed };
    }
    const outputs = Array.from({ length: this.#count }, (_, ordinal) => this.#outputs[ordinal] ?? null);
    return toJson(outputs, `output of collection "${node.called}" (\`collect: false\` keeps counts instead)`, maxBytes);
  }
}

/** The place of an item. */
export function itemAt(node: PlanNode, ordinal: number): Place {
  const { node: body, input } = node.children[0] as Place;
  return { name: String(ordinal), ordinal, node: body, input };
}
