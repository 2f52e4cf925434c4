/**
 * A heap whose items know their place in it, so that one of them can be moved or taken out in the logarithm of the size.
 * An item is in one such heap at a time.
 */

export interface Placed {
  /** Its place in the heap; -1 outside. */
  at: number;
}

export class Ranked<T extends Placed> {
  readonly #items: T[] = [];
  readonly #isBefore: (left: T, right: T) => boolean;

  constructor(isBefore: (left: T, right: T) => boolean) {
    this.#isBefore = isBefore;
  }

  get size(): number {
    return this.#items.length;
  }

  peek(): T | undefined {
    return this.#items[0];
  }

  /** Puts it in, or to its place, if its rank is another by now. */
  put(item: T): void {
    if (item.at === -1) {
      item.at = this.#items.length;
      this.#items.push(item);
    }
    if (!this.#up(item)) this.#down(item);
  }

  /** Takes it out, if it is in. */
  remove(item: T): void {
    const { at } = item;
    if (at === -1) return;
    const last = this.#items.pop() as T;
    item.at = -1;
    if (last === item) return;
    this.#items[at] = last;
    last.at = at;
    if (!this.#up(last)) this.#down(last);
  }

  #up(item: T): boolean {
    const items = this.#items;
    let { at } = item;
    const from = at;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const other = items[above] as T;
      if (!this.#isBefore(item, other)) break;
      items[at] = other;
      other.at = at;
      at = above;
    }
    items[at] = item;
    item.at = at;
    return at !== from;
  }

  #down(item: T): void {
    const items = this.#items;
    let { at } = item;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= items.length) break;
      if (below + 1 < items.length && this.#isBefore(items[below + 1] as T, items[below] as T)) below += 1;
      const other = items[below] as T;
      if (!this.#isBefore(other, item)) break;
      items[at] = other;
      other.at = at;
      at = below;
    }
    items[at] = item;
    item.at = at;
  }
}
