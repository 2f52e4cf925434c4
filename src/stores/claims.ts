/**
 * What a process claims of a place that it shares, and may not hear of: the answer to a claim can get lost when the claim has landed.
 * Those runs would be owned by a process that lives and does not know of them, so nobody would go on with them, ever. So a
 * claim has an id, and the place keeps what was claimed under it. One that follows a failure goes under the same id, and is
 * answered with all of it.
 */
import { randomIds } from '../ids.ts';

/** So long after a failure a claim that was sent before may still land, in milliseconds. */
const DOUBT = 60_000;

export class Claims {
  #id = '';
  #inDoubtTill = Number.NEGATIVE_INFINITY;
  /** How many that were claimed under this id have been told. */
  #told = 0;

  /** The id of a claim that is made now. */
  idAt(now: number): string {
    if (this.#id === '' || now > this.#inDoubtTill) {
      this.#id = randomIds();
      this.#told = 0;
    }
    return this.#id;
  }

  /** It may have landed, or may land yet. */
  failed(now: number): void {
    this.#inDoubtTill = now + DOUBT;
  }

  /** Of all that was claimed under the id, in its order, what was not told before. */
  fresh<T>(all: readonly T[]): readonly T[] {
    const fresh = all.slice(this.#told);
    this.#told = all.length;
    return fresh;
  }
}
