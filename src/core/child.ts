/** Which run is the child of a step, and which undoes a run: it follows from a row, so every process says the same, and says it again. */
import { shortIdOf, stepIdOf } from '../ids.ts';
import type { ChildAsked } from '../leaves.ts';
import type { ActorRow } from '../store.ts';

/** An id is no longer than this, whoever makes it. */
export const MAX_ID = 200;

/** The id of the run that undoes a run which has ended; `number`: the second tries again what the first could not undo. */
export function undoOf(run: string, number = 1): string {
  const undo = number === 1 ? '~undo' : `~undo~${number}`;
  return run.length + undo.length <= MAX_ID ? `${run}${undo}` : `${shortIdOf(run)}${undo}`;
}

/** The id that earlier versions gave it, however long that of the run is. */
export function longUndoOf(run: string): string {
  return `${run}~undo`;
}

/** The id of the child run of a step. */
export function childOf({ run, path, attempt, input }: Pick<ActorRow, 'run' | 'path' | 'attempt' | 'input'>): string {
  return (input as ChildAsked | null)?.id ?? stepIdOf(run, path, attempt);
}
