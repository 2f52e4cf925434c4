/**
 * What a part of a run waits for (I7), by its row alone: the state says what it invoked, and that says what it waits
 * for. So every process says the same of a run, also one that does not have its definition.
 */
import type { WaitingFor } from '../core/effect.ts';
import type { Kinds } from '../core/kind.ts';
import type { ActorRow, AttemptRow } from '../store.ts';

/** What the actor of this row waits for; null if it has ended. `earlier` are its attempts that were followed by another. */
export function waitingFor(row: ActorRow, earlier: readonly AttemptRow[], kinds: Kinds): WaitingFor | null {
  const { machine, actors } = kinds.get(row.kind);
  const invoked = machine.states[row.state]?.invoke[0]?.id;
  return invoked === undefined ? null : (actors[invoked]?.waitsFor(row, earlier) ?? null);
}

/** The attempts of each path, the first one first. */
export function attemptsByPath(attempts: readonly AttemptRow[]): (path: string) => readonly AttemptRow[] {
  const byPath = Map.groupBy(attempts, ({ path }) => path);
  return (path) => byPath.get(path) ?? [];
}
