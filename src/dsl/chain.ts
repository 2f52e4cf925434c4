/**
 * A list that grows at its end without being copied, so that a builder can be immutable
 * and a hundred thousand steps can be added to it in a loop. Two builders that branch off
 * the same one share what came before.
 *
 * A list also knows what was added to it and is in no definition: whoever writes `t.step(…)` as a
 * statement has lost the step, because what it returns is not kept.
 */

export interface Link<T> {
  /** Null at the very beginning. */
  readonly item: T | null;
  readonly before: Link<T> | null;
  /** How many items there are up to and with this one. */
  readonly count: number;
  /** It is part of a definition. */
  isUsed: boolean;
  /** Links that follow this one and are not part of a definition yet, up to `KEPT`. */
  loose: Link<T>[] | null;
}

/** So many of those that branch off one link are remembered: a program may go on making them. */
const KEPT = 8;

/** A list of nothing yet. */
export function beginning<T>(): Link<T> {
  return { item: null, before: null, count: 0, isUsed: false, loose: null };
}

export function append<T>(before: Link<T>, item: T): Link<T> {
  const link = { item, before, count: before.count + 1, isUsed: false, loose: null };
  if (before.loose === null) before.loose = [link];
  else if (before.loose.length < KEPT) before.loose.push(link);
  return link;
}

/** The items from first to last, frozen. They are a definition from here on. */
export function itemsOf<T>(last: Link<T>): readonly T[] {
  const items: T[] = new Array(last.count);
  for (let at: Link<T> = last; at.before !== null; at = at.before) {
    items[at.count - 1] = at.item as T;
    if (!at.isUsed) use(at, at.before);
  }
  return Object.freeze(items);
}

function use<T>(link: Link<T>, before: Link<T>): void {
  link.isUsed = true;
  const { loose } = before;
  // Most often it is the only one.
  if (loose?.length === 1 && loose[0] === link) before.loose = null;
  else if (loose !== null) before.loose = loose.filter((other) => other !== link);
}

const LIST = Symbol('list');

/** Remembers in `definition` of which list it was made. To be called before that is frozen. */
export function madeOf<T extends object>(definition: T, last: Link<object> | null): T {
  return last === null ? definition : Object.defineProperty(definition, LIST, { value: last });
}

/** What was added to the list of a definition, here or there, and is in no definition at all: the first of each branch. */
export function droppedFrom(definition: object & { readonly [LIST]?: Link<object> }): readonly object[] {
  const dropped: object[] = [];
  for (let at = definition[LIST] ?? null; at !== null; at = at.before) {
    if (at.loose !== null) dropped.unshift(...at.loose.map(({ item }) => item as object));
  }
  return dropped;
}
