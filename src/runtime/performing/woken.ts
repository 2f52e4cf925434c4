/**
 * Runs that time wakes, so many at a time: a hundred thousand that are due at one instant stand in line here, and not before the store,
 * where whatever else there is to do would stand behind all of them.
 */

/** What is given to a run when its time has come. */
interface Wake<M> {
  readonly run: string;
  readonly message: M;
}

/** So many runs are woken at once: enough for a commit that keeps a server busy, and no more than others stand behind for a moment. */
const AT_ONCE = 128;

export interface WokenOptions<M> {
  post(run: string, message: M): void;
  /** Is the run being read, or is something of it to be committed? */
  isUnderWay(run: string): boolean;
}

export class Woken<M> {
  readonly #options: WokenOptions<M>;
  /** Woken, and what came of it is not committed yet. */
  readonly #runs = new Set<string>();
  #line: Wake<M>[] = [];
  /** How many from the beginning of the line have had their turn. */
  #taken = 0;

  constructor(options: WokenOptions<M>) {
    this.#options = options;
  }

  /** Nobody stands in line. */
  get quiet(): boolean {
    return this.#line.length === 0;
  }

  wake(run: string, message: M): void {
    if (this.#line.length > 0 || this.#isFull) this.#line.push({ run, message });
    else this.#give({ run, message });
  }

  /** What came of it is committed, or will not be. */
  over(run: string): void {
    this.#runs.delete(run);
  }

  /** As many of those in line as there is room for. Called whenever something was committed or read, or could not be. */
  goOn(): void {
    while (this.#taken < this.#line.length && !this.#isFull) {
      const next = this.#line[this.#taken] as Wake<M>;
      this.#taken += 1;
      this.#give(next);
    }
    // Neither all of them for as long as one waits, nor a move of all for each.
    if (this.#taken < this.#line.length / 2) return;
    this.#line = this.#line.slice(this.#taken);
    this.#taken = 0;
  }

  clear(): void {
    this.#line = [];
    this.#taken = 0;
  }

  #give({ run, message }: Wake<M>): void {
    this.#runs.add(run);
    this.#options.post(run, message);
  }

  /** A run of which nothing is heard any more, because it cannot be read or has broken, takes nobody's place. */
  get #isFull(): boolean {
    if (this.#runs.size < AT_ONCE) return false;
    for (const run of this.#runs) if (!this.#options.isUnderWay(run)) this.#runs.delete(run);
    return this.#runs.size >= AT_ONCE;
  }
}
