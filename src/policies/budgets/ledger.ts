/**
 * What has been spent of one budget, of one key if it has keys (S38). Pure: time is handed in.
 *
 * - **B1** In no stretch of `per` is more spent than `limit`.
 * - **B2** What fits is not refused.
 *
 * The window is rolling: what was spent counts until `per` has passed since then. Entries come from two sides. Those of
 * this process are there from the moment at which they are taken. Those that the store has are learned: some of them for good,
 * others until the store is read again, since another process may take them back.
 *
 * To ask costs the same however much has been spent, but for what is recent; to say when there is room again is remembered.
 */
import { Pile, type Spent } from './pile.ts';

export type { Spent } from './pile.ts';

/** Why an attempt cannot have what it asks for. */
export interface Overspent {
  /** What has been spent in the time up to now. */
  readonly spent: number;
  /** When there will be room for it; null for one that costs more than the whole budget. */
  readonly resetsAt: number | null;
}

interface Own extends Spent {
  /** The store has it. */
  isKept: boolean;
}

/** Ten times 0.1 is one, whatever a computer adds up. */
const ROUNDING = 1e-9;

export class Ledger {
  readonly per: number;
  readonly #own: Pile<Own>;
  /** Those of this process that were taken and are not looked at yet beside what others have spent, in that order. */
  readonly #taken = new Map<string, Own>();
  readonly #settled: Pile<Spent>;
  #recent: ReadonlyMap<string, Spent> = new Map();
  /** The last answer to when there is room, as long as what is spent is the same. */
  #room: { readonly spent: number; readonly cost: number; readonly limit: number; readonly at: number } | null = null;

  constructor(per: number) {
    this.per = per;
    this.#own = new Pile(per);
    this.#settled = new Pile(per);
  }

  /** What the store has: what is `settled` stays as it is, and `recent` takes the place of what was recent before. */
  learn(settled: readonly Spent[], recent: readonly Spent[]): void {
    const isSame = settled.length === 0 && recent.length === this.#recent.size;
    if (!isSame || !recent.every(({ id }) => this.#recent.has(id))) this.#room = null;
    for (const each of settled) if (this.#own.get(each.id) === undefined) this.#settled.add(each);
    this.#recent = new Map(recent.map((each) => [each.id, each]));
  }

  /** Is it counted, and does the store have it? */
  has(id: string, now: number): boolean {
    const own = this.#own.get(id);
    const there = own ?? this.#settled.get(id) ?? this.#recent.get(id);
    return there !== undefined && own?.isKept !== false && this.#counts(there, now);
  }

  /** Why it cannot be taken; null if it can. One of this process that is counted already does not stand in its own way. */
  overspent({ id, cost }: Pick<Spent, 'id' | 'cost'>, limit: number, now: number): Overspent | null {
    const spent = this.#others(now) + this.#own.total - (this.#own.get(id)?.cost ?? 0);
    if (fits(spent + cost, limit)) return null;
    return { spent, resetsAt: fits(cost, limit) ? this.#roomAt(id, spent, cost, limit) : null };
  }

  /** Counts it. */
  take(spent: Spent): void {
    const own = { ...spent, isKept: false };
    this.#forget(spent.id);
    this.#own.add(own);
    this.#taken.set(own.id, own);
  }

  /** The store has it. */
  keep(id: string): void {
    const own = this.#own.get(id);
    if (own !== undefined) own.isKept = true;
  }

  /** It begins: nobody asks any more whether it is one too many. */
  begin(id: string): void {
    this.#taken.delete(id);
  }

  /** Takes one back that was not begun after all. */
  drop(id: string): void {
    this.#forget(id);
    this.#own.drop(id);
  }

  /** Does the store have all of it that counts? */
  isKept(now: number): boolean {
    return [...this.#taken.values()].every((own) => own.isKept || !this.#counts(own, now));
  }

  /**
   * Is more spent than may be, counting what others have spent and what this process has up to this one? Two processes that
   * take the last of a budget at the same moment both find so once they know of each other.
   */
  isOver(id: string, limit: number, now: number): boolean {
    let spent = this.#others(now) + this.#own.total;
    for (const own of [...this.#taken.values()].toReversed()) {
      if (own.id === id) break;
      if (this.#own.get(own.id) === own) spent -= own.cost;
    }
    return !fits(spent, limit);
  }

  /**
   * Of one that the store has from before a crash: is so much spent beside it that it may be one too many? Whether it was looked at
   * beside what others spent at that moment is not known; what was spent `later` was itself looked at beside this one.
   */
  isDoubtful(id: string, limit: number, now: number, later: number): boolean {
    const own = this.#own.get(id);
    if (own !== undefined && !this.#taken.has(id)) return false;
    const one = own ?? this.#settled.get(id) ?? this.#recent.get(id);
    if (one === undefined) return false;
    let spent = 0;
    for (const each of this.#all()) if (this.#counts(each, now) && each.at <= one.at + later) spent += each.cost;
    return !fits(spent, limit);
  }

  /** What others have spent. Lets go of what does not count any more. */
  #others(now: number): number {
    this.#own.expire(now);
    this.#settled.expire(now);
    // Whoever has taken it has not come back.
    for (const first of this.#taken.values()) {
      if (this.#counts(first, now)) break;
      this.#taken.delete(first.id);
    }
    let total = this.#settled.total;
    for (const each of this.#recent.values()) if (this.#isOthers(each, now)) total += each.cost;
    return total;
  }

  #isOthers(each: Spent, now: number): boolean {
    const { id } = each;
    return this.#counts(each, now) && this.#own.get(id) === undefined && this.#settled.get(id) === undefined;
  }

  #counts({ at }: Spent, now: number): boolean {
    return at + this.per > now;
  }

  #forget(id: string): void {
    this.#room = null;
    this.begin(id);
  }

  #all(): Spent[] {
    const all = [...this.#settled.values(), ...this.#own.values()];
    for (const each of this.#recent.values())
      if (this.#own.get(each.id) === undefined && this.#settled.get(each.id) === undefined) all.push(each);
    return all;
  }

  /** When so much has fallen out that there is room for it. */
  #roomAt(id: string, spent: number, cost: number, limit: number): number {
    const known = this.#room;
    if (known?.spent === spent && known.cost === cost && known.limit === limit) return known.at;
    const all = this.#all().filter((each) => each.id !== id);
    let left = all.reduce((sum, each) => sum + each.cost, 0);
    let at = 0;
    for (const each of all.sort((one, other) => one.at - other.at)) {
      if (fits(left + cost, limit)) break;
      left -= each.cost;
      at = each.at + this.per;
    }
    this.#room = { spent, cost, limit, at };
    return at;
  }
}

function fits(spent: number, limit: number): boolean {
  return spent <= limit * (1 + ROUNDING);
}
