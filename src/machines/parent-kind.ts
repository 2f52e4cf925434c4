/** What the kinds of parents have in common: a track, a composite track, an orchestrator; and a wait, which may run another step. */
import { actors } from '../actors/index.ts';
import { parentActs } from '../core/children/acts.ts';
import { isBad, sumOf } from '../core/children/children.ts';
import { Graph } from '../core/children/graph.ts';
import type { Kind } from '../core/kind.ts';
import type { JsonObject } from '../json.ts';
import { isTerminal } from '../status.ts';
import type { ParentMemory } from './parent-memory.ts';

const NOTHING: JsonObject = Object.freeze({});

/** What a kind with children has of what tracks have: `defineKind({ ...parentKind, … })`. Its machine is that of a track, or one like it. */
export const parentKind: Pick<Kind, 'actors' | 'acts' | 'children' | 'keep' | 'changed' | 'recount'> = {
  actors,
  acts: parentActs,
  children: (family) => new Graph(family),
  keep(memory) {
    const { reason, ending, skipped, kept, withErrors, borne } = memory as unknown as ParentMemory;
    if (reason === null && ending === null && skipped === 0 && kept === null && !withErrors && borne === null)
      return NOTHING;
    return {
      ...(reason === null ? {} : { reason }),
      ...(ending === null ? {} : { ending }),
      ...(skipped === 0 ? {} : { skipped }),
      ...(kept === null ? {} : { kept }),
      ...(withErrors ? { withErrors } : {}),
      ...(borne === null ? {} : { borne: borne as unknown as JsonObject }),
    };
  },
  // The counters are in the rows of its children. Without this, a parent would be written for every child (I9).
  changed(before, after) {
    if (before.value !== after.value) return true;
    const was = before.context as unknown as ParentMemory;
    const is = after.context as unknown as ParentMemory;
    return (
      was.error !== is.error ||
      was.output !== is.output ||
      was.reason !== is.reason ||
      was.ending !== is.ending ||
      was.skipped !== is.skipped ||
      was.kept !== is.kept ||
      was.withErrors !== is.withErrors ||
      was.borne !== is.borne
    );
  },
  recount(memory, { total, ready, settled }, counts) {
    const live = sumOf(counts, (status) => !isTerminal(status));
    const completed = counts.completed ?? 0;
    return { ...memory, total, ready, live, settled, completed, failed: sumOf(counts, isBad) };
  },
};
