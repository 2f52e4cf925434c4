/** What has completed among all actors of a run, for stores that have no index of it: in memory, and where an earlier version made none. */
import type { ActorRow, CompletedQuery } from '../store.ts';

/** `rows` are in the order in which they began. */
export function completedOf(
  rows: readonly ActorRow[],
  { before = Number.POSITIVE_INFINITY, limit }: CompletedQuery,
): readonly ActorRow[] {
  const completed = rows
    .filter((row) => row.state === 'completed' && seqOf(row) < before)
    .reverse()
    // Sorting is stable: of those that are equal, the one that began last stays the first.
    .sort((one, other) => seqOf(other) - seqOf(one));
  const last = completed[limit - 1];
  return last === undefined ? completed : completed.filter((row) => seqOf(row) >= seqOf(last));
}

/** An actor without a number ended before all others. */
export function seqOf({ endedSeq }: ActorRow): number {
  return endedSeq ?? 0;
}
