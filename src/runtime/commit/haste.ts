/**
 * When what was taken is committed. At the end of this round of the event loop, so that whatever else comes in it goes along; and at
 * once where nothing is under way that could: a round costs a step of a lone run a fifth of its time. Whoever else waits for the event
 * loop has its turn all the same, after so many commits or so much time, whichever is first.
 */
import { type Clock, directly, elapsedBy, soon } from '../../clock.ts';

export interface HasteOptions {
  readonly clock: Clock;
  /** Nothing is under way in this process that could bring another turn. */
  isAlone(): boolean;
}

/** So many commits follow each other without a round of the event loop. */
const IN_A_ROW = 16;
/** And for so many milliseconds at the most: a disk may take longer for one of them. */
const AT_MOST = 1;

export class Haste {
  readonly #options: HasteOptions;
  #inARow = 0;
  /** When the event loop last had its turn, or soon after. */
  #since = 0;

  constructor(options: HasteOptions) {
    this.#options = options;
  }

  /** Calls `commit` at its time. */
  await(commit: () => void, isAnswer: boolean): void {
    if (!isAnswer || !this.#options.isAlone() || this.#isOver()) return this.#later(commit);
    this.#inARow += 1;
    // What promises bring meanwhile goes along, and who waits for one that is kept has his turn first.
    directly(() => (this.#options.isAlone() ? commit() : this.#later(commit)));
  }

  #later(commit: () => void): void {
    this.#inARow = 0;
    soon(commit);
  }

  #isOver(): boolean {
    const now = elapsedBy(this.#options.clock);
    if (this.#inARow === 0) this.#since = now;
    return this.#inARow === IN_A_ROW || now - this.#since > AT_MOST;
  }
}
