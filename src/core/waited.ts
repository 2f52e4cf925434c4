/** Who waits for what comes to a turn: an answer or a timer of one attempt, and nothing that is late, double or unknown (I5). */
import type { UndoFacts } from './effect.ts';
import type { EndMemory } from './children/children.ts';
import type { Actor } from './run.ts';

/** What is looked at of a memory, whatever the machine. */
export interface Recalled extends EndMemory {
  /** A parent has none; a run that is undone counts pages. */
  readonly attempt?: number;
  readonly reason: string | null;
  readonly undo?: UndoFacts | null;
  /** A parent has completed although something below it has failed. */
  readonly withErrors?: boolean;
}

/** The actor, if it still waits for that answer of that attempt; everything else is late, double or unknown (I5). */
export function waiting(actor: Actor | undefined, invoked: string, attempt: number): Actor | null {
  if (actor === undefined || actor.invoked !== invoked) return null;
  return ((actor.state.context as unknown as Recalled).attempt ?? 0) === attempt ? actor : null;
}

/** A step that had completed and is undone, or has been. */
export function isUndone({ parent, state }: Actor): boolean {
  return parent !== null && ((state.context as unknown as Recalled).undo ?? null) !== null;
}

export function isOfEarlierTry({ state }: Actor, tries: number | undefined): boolean {
  return tries !== undefined && (state.context as unknown as Recalled).undo?.tries !== tries;
}
