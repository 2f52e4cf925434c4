/**
 * What a part of a run waits for (I7), by its row alone: the state says what it has invoked, and that says what it waits for. So every
 * process says the same, also one that does not have the definition. Only of a body in line nobody knows but the process that owns
 * the run: that it stands there, and for which limit (S35).
 */
import type { WaitingFor } from '../core/effect.ts';
import { keyOf } from '../core/run.ts';
import type { Kinds } from '../core/kind.ts';
import type { QueuedFor } from '../limits.ts';
import type { ActorRow, AttemptRow } from '../store.ts';

/** The limit that the attempt with this key stands in line for, in this process; null if it does not. */
export type QueuedForOf = (key: string) => QueuedFor | null;

/** What it takes to say what is waited for. */
export interface Around {
  readonly kinds: Kinds;
  readonly queuedFor: QueuedForOf;
}

/** What the actor of this row waits for; null if it has ended. `earlier` are its attempts that were followed by another. */
export function waitingFor(
  row: ActorRow,
  earlier: readonly AttemptRow[],
  { kinds, queuedFor }: Around,
): WaitingFor | null {
  const { machine, actors } = kinds.get(row.kind);
  const invoked = machine.states[row.state]?.invoke[0]?.id;
  const waits = invoked === undefined ? null : (actors[invoked]?.waitsFor(row, earlier) ?? null);
  if (waits?.what !== 'body') return waits;
  const limit = queuedFor(keyOf(row.run, row.path, waits.attempt));
  return limit === null ? waits : { ...waits, what: 'queued', limit };
}

/** The attempts of each path, the first one first. */
export function attemptsByPath(attempts: readonly AttemptRow[]): (path: string) => readonly AttemptRow[] {
  const byPath = Map.groupBy(attempts, ({ path }) => path);
  return (path) => byPath.get(path) ?? [];
}
