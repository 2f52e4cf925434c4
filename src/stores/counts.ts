/** How many children are in which state, added up from what a store has counted. */
import { RowUnreadable, show } from '../errors/index.ts';
import { isStatus, type Status } from '../events.ts';
import type { ChildCounts } from '../store.ts';

/** States may come more than once. `store` and `row` are what an error names about a state that does not exist. */
export function countsOf(
  store: string,
  row: string,
  counted: Iterable<readonly [state: unknown, count: number]>,
): ChildCounts {
  const counts: { [state in Status]?: number } = {};
  for (const [state, count] of counted) {
    if (!isStatus(state))
      throw new RowUnreadable({ store, table: 'steps', row, reason: `${show(state)} is no status` });
    counts[state] = (counts[state] ?? 0) + count;
  }
  return Object.freeze(counts);
}
