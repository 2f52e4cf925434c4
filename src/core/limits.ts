/** How long something has left, by the deadlines of all that it stands in, and by its own. Times are in milliseconds since 1970. */
import type { Bounds } from '../attempt.ts';
import type { Actor } from './run.ts';

/** When the first deadline above an actor is over; null without one. */
export function limitAbove({ parent }: Actor): number | null {
  let limit: number | null = null;
  for (let above = parent; above !== null; above = above.parent) {
    // The timer of a parent whose children are under way is its deadline.
    if (above.invoked !== 'children' || above.due === null) continue;
    if (limit === null || above.due < limit) limit = above.due;
  }
  return limit;
}

/** When the step's own time is over, with all its attempts; null without a limit. */
export function totalLimit({ node, startedAt }: Actor): number | null {
  const total = node.task?.totalTimeout;
  return total === undefined ? null : startedAt + total;
}

/** What limits an attempt. Undefined for a step that nothing limits but its own timeout. */
export function boundsOf(actor: Actor): Bounds | undefined {
  const above = limitAbove(actor);
  const total = totalLimit(actor);
  return above === null && total === null ? undefined : { above, total };
}
