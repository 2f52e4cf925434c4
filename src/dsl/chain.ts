/**
 * A list that grows at its end without being copied, so that a builder can be immutable
 * and a hundred thousand steps can be added to it in a loop. Two builders that branch off
 * the same one share what came before.
 */

export interface Link<T> {
  readonly item: T;
  readonly before: Link<T> | null;
  /** How many items there are up to and with this one. */
  readonly count: number;
}

export function append<T>(before: Link<T> | null, item: T): Link<T> {
  return { item, before, count: before === null ? 1 : before.count + 1 };
}

/** The items from first to last, frozen. */
export function itemsOf<T>(last: Link<T> | null): readonly T[] {
  const items: T[] = new Array(last?.count ?? 0);
  for (let at = last; at !== null; at = at.before) items[at.count - 1] = at.item;
  return Object.freeze(items);
}
