/**
 * What has been spent of one budget, of one key if it has keys (S38). Pure: time is handed in.
 *
 * - **B1** In no stretch of `per` is more spent than `limit`.
 * - **B2** What fits is not refused.
 *
 * The window is rolling: what was spent counts until `per` has passed since then. Entries come from two sides. Those of
 * this process are there from the moment at which they are taken. Those that the store has are learned: some of them for good,
 * others until the store is read again, since another process may take them back.
 */

/** An attempt, when it was counted, and what it has spent. */
export interface Spent {
  readonly id: string;
  readonly at: number;
  readonly cost: number;
}

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
  /** In the order in which they were taken. */
  readonly #own = new Map<string, Own>();
  readonly #settled = new Map<string, Spent>();
  #recent: ReadonlyMap<string, Spent> = new Map();

  constructor(per: number) {
    this.per = per;
  }

  /** What the store has: what is `settled` stays as it is, and `recent` takes the place of what was recent before. */
  learn(settled: readonly Spent[], recent: readonly Spent[]): void {
    for (const each of settled) if (!this.#own.has(each.id)) this.#settled.set(each.id, each);
    this.#recent = new Map(recent.map((each) => [each.id, each]));
  }

  /** Is it counted, and does the store have it? */
  has(id: string, now: number): boolean {
    const own = this.#own.get(id);
    if (own !== undefined) return own.isKept && this.#counts(own, now);
    return [...this.#others(now)].some((each) => each.id === id);
  }

  /** Why it cannot be taken; null if it can. One of this process that is counted already does not stand in its own way. */
  overspent(asked: Pick<Spent, 'id' | 'cost'>, limit: number, now: number): Overspent | null {
    const others = [...this.#all(now)].filter(({ id }) => id !== asked.id);
    const spent = sum(others);
    if (fits(spent + asked.cost, limit)) return null;
    return { spent, resetsAt: this.#roomAt(others, spent, asked.cost, limit) };
  }

  /** Counts it. */
  take(spent: Spent): void {
    this.#own.set(spent.id, { ...spent, isKept: false });
  }

  /** The store has it. */
  keep(id: string): void {
    const own = this.#own.get(id);
    if (own !== undefined) own.isKept = true;
  }

  /** Does the store have all of it that counts? */
  isKept(now: number): boolean {
    return [...this.#own.values()].every((own) => own.isKept || !this.#counts(own, now));
  }

  /** Takes one back that was not begun after all. */
  drop(id: string): void {
    this.#own.delete(id);
  }

  /**
   * Is more spent than may be, counting what others have spent and what this process has up to this one? Two processes that
   * take the last of a budget at the same moment both find so once they know of each other.
   */
  isOver(id: string, limit: number, now: number): boolean {
    let spent = sum(this.#others(now));
    for (const own of this.#own.values()) {
      if (this.#counts(own, now)) spent += own.cost;
      if (own.id === id) break;
    }
    return !fits(spent, limit);
  }

  #counts({ at }: Spent, now: number): boolean {
    return at + this.per > now;
  }

  *#all(now: number): Generator<Spent, void, undefined> {
    yield* this.#others(now);
    for (const own of this.#own.values()) {
      if (this.#counts(own, now)) yield own;
      else this.#own.delete(own.id);
    }
  }

  *#others(now: number): Generator<Spent, void, undefined> {
    for (const each of this.#settled.values()) {
      if (this.#counts(each, now)) yield each;
      else this.#settled.delete(each.id);
    }
    for (const each of this.#recent.values())
      if (this.#counts(each, now) && !this.#own.has(each.id) && !this.#settled.has(each.id)) yield each;
  }

  #roomAt(spent: Spent[], total: number, cost: number, limit: number): number | null {
    if (!fits(cost, limit)) return null;
    let left = total;
    for (const each of spent.sort((one, other) => one.at - other.at)) {
      left -= each.cost;
      if (fits(left + cost, limit)) return each.at + this.per;
    }
    return null;
  }
}

function fits(spent: number, limit: number): boolean {
  return spent <= limit * (1 + ROUNDING);
}

function sum(entries: Iterable<Spent>): number {
  let total = 0;
  for (const { cost } of entries) total += cost;
  return total;
}
