/**
 * A dictionary of which every version stays as it is, and the next one costs the same however much is in it. The newest
 * version has the entries; an older one knows what it had otherwise than its successor, and makes a copy of its own
 * should anybody still ask for it.
 */
interface Change<T> {
  readonly key: string;
  /** What stood there before; undefined for nothing. */
  readonly before: T | undefined;
  readonly next: Versions<T>;
}

export class Versions<T> {
  #entries: Map<string, T> | null;
  #change: Change<T> | null = null;
  #all: { readonly [key: string]: T } | null = null;

  private constructor(entries: Map<string, T>) {
    this.#entries = entries;
  }

  static of<T>(all: { readonly [key: string]: T }): Versions<T> {
    return new Versions(new Map(Object.entries(all)));
  }

  get(key: string): T | undefined {
    return this.#own().get(key);
  }

  /** The next version; this one stays as it is. */
  with(key: string, value: T): Versions<T> {
    const entries = this.#own();
    // The first version of all is kept by whoever begins with it: it is not to keep all that came after it.
    if (entries.size === 0) return new Versions(new Map([[key, value]]));
    const next = new Versions(entries);
    this.#change = { key, before: entries.get(key), next };
    this.#entries = null;
    entries.set(key, value);
    return next;
  }

  /** All entries, frozen, in the order in which their keys came. Made when first asked for. */
  get all(): { readonly [key: string]: T } {
    this.#all ??= Object.freeze(Object.fromEntries(this.#own()));
    return this.#all;
  }

  #own(): Map<string, T> {
    if (this.#entries !== null) return this.#entries;
    // From a list, not by recursion: there may be very many versions since.
    const changes: Change<T>[] = [];
    let newest: Versions<T> = this;
    for (let change = newest.#change; change !== null; change = newest.#change) {
      changes.push(change);
      newest = change.next;
    }
    const entries = new Map(newest.#entries);
    for (const { key, before } of changes.reverse()) {
      if (before === undefined) entries.delete(key);
      else entries.set(key, before);
    }
    this.#entries = entries;
    this.#change = null;
    return entries;
  }
}
