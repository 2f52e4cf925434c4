/** Whether a run is to be undone: its machine asks, and who plays it (`undo.ts`). */
import type { PlanNode } from '../definition.ts';
import type { UndoFacts } from './effect.ts';

/** Is what a run has done to be undone, once it has come to its bad end? */
export function isToBeUndone(memory: object, node: PlanNode | null): boolean {
  const { undo = null, ending = null } = memory as {
    readonly undo?: UndoFacts | null;
    readonly ending?: string | null;
  };
  const isBad = ending === 'failed' || ending === 'timedOut';
  return ending !== 'completed' && (undo !== null || (isBad && node?.undoes === true));
}
