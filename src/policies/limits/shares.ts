/**
 * Weighted round robin: who has had how much. Each group (a run, if nobody says otherwise) has a `pass`, which grows by
 * 1/weight with each place that it is given; the group with the least pass is next.
 *
 * A group that had nothing in line gets no credit for it: with its next place it is level with the others.
 */

import type { Strand } from './fair-line.ts';

export interface Share {
  readonly name: string;
  weight: number;
  pass: number;
  /** How many of its bodies stand in a line that shares by this. */
  waiting: number;
  /** The first of its strands in such lines: most groups have one. */
  strand: Strand | null;
}

/** How many groups that have nothing in line are looked at when one is added. */
const SOME = 2;

export class Shares {
  /** The greatest pass that a place was given at. */
  #now = 0;
  #waiting = 0;
  readonly #groups = new Map<string, Share>();

  /** How many groups are remembered. */
  get size(): number {
    return this.#groups.size;
  }

  /** One more of the group stands in line. */
  join(name: string, weight: number): Share {
    let share = this.#groups.get(name);
    if (share === undefined) {
      this.#sweep();
      share = { name, weight, pass: this.#now, waiting: 0, strand: null };
      this.#groups.set(name, share);
    }
    share.weight = weight;
    share.waiting += 1;
    this.#waiting += 1;
    return share;
  }

  /** It stands in line no longer. */
  quit(share: Share): void {
    share.waiting -= 1;
    this.#waiting -= 1;
    // Nobody to be fair to.
    if (this.#waiting === 0) this.#groups.clear();
  }

  /** It was given a place. */
  charge(share: Share): void {
    if (share.pass > this.#now) this.#now = share.pass;
    share.pass = this.#now + 1 / share.weight;
  }

  /** Groups that have nothing in line and are not ahead of the others need not be remembered. */
  #sweep(): void {
    let left = SOME;
    for (const [name, share] of this.#groups) {
      if (left === 0) return;
      left -= 1;
      this.#groups.delete(name);
      if (share.waiting > 0 || share.pass > this.#now) this.#groups.set(name, share);
    }
  }
}
