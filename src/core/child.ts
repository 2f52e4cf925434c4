/** Which run is the child of a step: it follows from the step's row, so every process says the same, and says it again. */
import { stepIdOf } from '../ids.ts';
import type { ChildAsked } from '../leaves.ts';
import type { ActorRow } from '../store.ts';

/** The id of the run that undoes a run which has ended. */
export function undoOf(run: string): string {
  return `${run}~undo`;
}

/** The id of the child run of a step. */
export function childOf({ run, path, attempt, input }: Pick<ActorRow, 'run' | 'path' | 'attempt' | 'input'>): string {
  return (input as ChildAsked | null)?.id ?? stepIdOf(run, path, attempt);
}
