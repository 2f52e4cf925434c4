/**
 * Can what a step stands in do without it (S12)? Then its failure is nobody's to look at: a race has others, a group makes up for it,
 * or the step says itself that it may fail.
 */
import type { AnyEventObject } from 'xstate';
import { type Counts, verdict } from './verdict.ts';
import type { Actor } from './run.ts';

function isSpared(actor: Actor): boolean {
  for (let child = actor; child.parent !== null; child = child.parent) {
    const { place, parent } = child;
    if (place?.optional === true || place?.permissive === true) return true;
    const { strategy } = parent.node;
    // In these, what has failed fails the parent in the end.
    if (strategy === 'failFast' || strategy === 'waitAll') continue;
    const { total, settled, completed, failed } = parent.state.context as unknown as Counts;
    if (parent.state.value !== 'running') return false;
    if (verdict(strategy, { total, settled: settled + 1, completed, failed: failed + 1 }) !== 'lost') return true;
  }
  return false;
}

/** A failure as the machine of a step is told it that may have to stand still: marked, if that is not to be. */
export function markSpared(actor: Actor, event: AnyEventObject): AnyEventObject {
  return actor.node.holds && isSpared(actor) ? { ...event, spared: true } : event;
}
