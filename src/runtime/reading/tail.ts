/**
 * The last record under a key. A store gives records in the order in which they were first written, a page at a time: whoever asks
 * again begins with the page that was the last one. What was deleted does not count, whoever has seen it.
 */
import type { RecordQuery, RecordRow, Store } from '../../store.ts';

export class Tail {
  readonly #store: Store;
  readonly #query: Omit<RecordQuery, 'after'>;
  /** Where the last page begins that had something; left out, at the beginning. */
  #after: string | undefined;

  constructor(store: Store, query: Omit<RecordQuery, 'after'>) {
    this.#store = store;
    this.#query = query;
  }

  /** There is more than one page, so it is worth while to remember this. */
  get isLong(): boolean {
    return this.#after !== undefined;
  }

  async last(): Promise<RecordRow | null> {
    let last: RecordRow | null = null;
    let from = this.#after;
    for (let at = from; ; ) {
      const { records, cursor } = await this.#store.readRecords(
        at === undefined ? this.#query : { ...this.#query, after: at },
      );
      const found = records.at(-1);
      if (found !== undefined) [last, this.#after] = [found, at];
      if (cursor !== null) at = cursor;
      else if (last !== null || from === undefined) return last;
      else this.#after = from = at = undefined;
    }
  }
}
