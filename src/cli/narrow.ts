/**
 * A store, narrowed to what one command may do with it. A box takes over every unfinished run that it can go on with; who asks for one
 * run does not mean all others.
 */
import type { RunRow, Store } from '../store.ts';
import { rootOf } from '../views/list.ts';

/** A store from which nothing is taken over, and in which no definition is kept. */
export function untaking(inner: Store): Store {
  return replaced(inner, { claim: async () => [], saveDefinitions: () => {} });
}

/**
 * A file of which one run is gone on with, and its family: the run that has started it and those that they have started. The others
 * are this process's as well, for a file has one process, but are left as they are.
 */
export function narrowedTo(inner: Store, row: RunRow): Store {
  return replaced(inner, {
    async claim(limit, known) {
      const root = await rootOf(inner, row);
      const family: string[] = [];
      for (let some = limit; some === limit; ) {
        const claimed = await inner.claim(limit, known);
        some = claimed.length;
        for (const run of claimed) {
          const other = await inner.readRun(run);
          if (other !== null && (await rootOf(inner, other)) === root) family.push(run);
        }
      }
      return family;
    },
  });
}

function replaced(inner: Store, over: Partial<Store>): Store {
  return new Proxy(inner, {
    get(target, name: keyof Store) {
      const member: unknown = over[name] ?? target[name];
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}
