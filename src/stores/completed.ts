/** What has completed among all actors of a run, for stores that have no index of it: in memory, and where an earlier version made none. */
import type { ActorRow, CompletedQuery } from '../store.ts';

/** `rows` are in the order in which they began. */
export function completedOf(rows: readonly ActorRow[], query: CompletedQuery): readonly ActorRow[] {
  return pageOf(inOrder(rows), query, () => true);
}

/** What has completed, the last first. */
export function inOrder(rows: readonly ActorRow[]): readonly ActorRow[] {
  return (
    rows
      .filter(({ state }) => state === 'completed')
      .reverse()
      // Sorting is stable: of those that are equal, the one that began last stays the first.
      .sort((one, other) => seqOf(other) - seqOf(one))
  );
}

/** A page of what was put in order; `isStill` says whether it is so by now. */
export function pageOf<R extends Ended>(
  ordered: readonly R[],
  { before = Number.POSITIVE_INFINITY, limit }: CompletedQuery,
  isStill: (row: R) => boolean,
): readonly R[] {
  const page: R[] = [];
  for (let at = firstBefore(ordered, before); at < ordered.length; at += 1) {
    const row = ordered[at] as R;
    const last = page.at(-1);
    if (last !== undefined && page.length >= limit && seqOf(row) !== seqOf(last)) break;
    if (isStill(row)) page.push(row);
  }
  return page;
}

/** All that is asked of a row here. */
type Ended = Pick<ActorRow, 'endedSeq'>;

function firstBefore(ordered: readonly Ended[], before: number): number {
  let [from, to] = [0, ordered.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (seqOf(ordered[middle] as Ended) < before) to = middle;
    else from = middle + 1;
  }
  return from;
}

/** An actor without a number ended before all others. */
export function seqOf({ endedSeq }: Ended): number {
  return endedSeq ?? 0;
}
