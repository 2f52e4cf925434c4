/**
 * What a process claims of a place that it shares, and may not hear of: the answer to a claim can get lost when the claim has landed.
 * Those runs would be owned by a process that lives and does not know of them, so nobody would go on with them, ever. So a
 * claim has an id, and the place keeps what was claimed under it. One that follows a failure goes under the same id, and is
 * answered with all of it.
 */
import { randomIds } from '../ids.ts';

/** So long after a failure a claim that was sent before may still land, in milliseconds. */
const DOUBT = 60_000;

/** What is claimed under one id. */
class Claim {
  readonly id = randomIds();
  /** How many of that have been told. */
  #told = 0;

  /** Of all that was claimed under the id, in its order, what was not told before. */
  fresh<T>(all: readonly T[]): readonly T[] {
    const fresh = all.slice(this.#told);
    this.#told = Math.max(this.#told, all.length);
    return fresh;
  }
}

export class Claims {
  #last: Claim | null = null;
  #inDoubtTill = Number.NEGATIVE_INFINITY;

  /** A claim that is made now. */
  at(now: number): Claim {
    if (this.#last === null || now > this.#inDoubtTill) this.#last = new Claim();
    return this.#last;
  }

  /** One may have landed, or may land yet. */
  failed(now: number): void {
    this.#inDoubtTill = now + DOUBT;
  }
}
