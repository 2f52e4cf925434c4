/** Some of what has been spent, with its sum: what falls out of the time is found without looking at the rest. */
import { Heap } from '../../heap.ts';

/** An attempt, when it was counted, and what it has spent. */
export interface Spent {
  readonly id: string;
  readonly at: number;
  readonly cost: number;
}

export class Pile<S extends Spent> {
  readonly #per: number;
  readonly #byId = new Map<string, S>();
  /** Those that were dropped are in it until their time. */
  readonly #byTime = new Heap<S>((one, other) => one.at - other.at);
  #total = 0;

  constructor(per: number) {
    this.#per = per;
  }

  get total(): number {
    return this.#total;
  }

  get(id: string): S | undefined {
    return this.#byId.get(id);
  }

  values(): Iterable<S> {
    return this.#byId.values();
  }

  /** Adds one, in place of what had its name. */
  add(spent: S): void {
    this.drop(spent.id);
    this.#byId.set(spent.id, spent);
    this.#byTime.push(spent);
    this.#total += spent.cost;
  }

  drop(id: string): S | undefined {
    const spent = this.#byId.get(id);
    if (spent === undefined) return undefined;
    this.#byId.delete(id);
    // What is left of sums of fractions is not to add up over the years.
    this.#total = this.#byId.size === 0 ? 0 : this.#total - spent.cost;
    return spent;
  }

  /** Lets go of what does not count any more. */
  expire(now: number): void {
    for (let first = this.#byTime.peek(); first !== undefined; first = this.#byTime.peek()) {
      if (first.at + this.#per > now) return;
      this.#byTime.pop();
      if (this.#byId.get(first.id) === first) this.drop(first.id);
    }
  }
}
