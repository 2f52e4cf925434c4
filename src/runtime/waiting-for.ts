/**
 * What a part of a run waits for (I7), by its row alone: the state says what it invoked, and that says what it waits
 * for. So every process says the same of a run, also one that does not have its definition.
 */
import { actorNamed } from '../actors/index.ts';
import type { Kinds } from '../machines/registry.ts';
import type { ActorRow, AttemptRow } from '../store.ts';

/** What a run, a track or a step waits for. Times are in milliseconds since 1970. */
export type WaitingFor =
  /** Its turn to begin. */
  | { readonly what: 'start'; readonly since: number }
  /** A signal of this name; `due` is when its `timeout` ends, if it has one. */
  | { readonly what: 'signal'; readonly signal: string; readonly since: number; readonly due: number | null }
  /** The end of a sleep. */
  | { readonly what: 'timer'; readonly since: number; readonly due: number }
  /** The end of the pause before the next attempt, which has the number `attempt`. */
  | { readonly what: 'retry'; readonly since: number; readonly due: number; readonly attempt: number }
  /** The answer of its body, or a free place for it (`concurrency`). */
  | { readonly what: 'body'; readonly since: number; readonly attempt: number }
  /** The tracks and steps below it. */
  | { readonly what: 'children'; readonly since: number }
  /** The decision of a person. */
  | { readonly what: 'person'; readonly since: number }
  /** The end of its `cleanup`, after it was cancelled. */
  | { readonly what: 'cleanup'; readonly attempt: number }
  /** The end of its `compensate`. */
  | { readonly what: 'compensation'; readonly attempt: number };

/** What the actor of this row waits for; null if it has ended. `earlier` are its attempts that were followed by another. */
export function waitingFor(row: ActorRow, earlier: readonly AttemptRow[], kinds: Kinds): WaitingFor | null {
  const { kind, state, attempt, attemptedAt, startedAt, memory, due } = row;
  const invoked = kinds.get(kind).machine.states[state]?.invoke[0]?.id;
  const waitsFor = invoked === undefined ? undefined : actorNamed(invoked)?.waitsFor;
  switch (waitsFor) {
    case undefined:
      return null;
    case 'its start':
      return { what: 'start', since: startedAt };
    case 'a signal':
      return { what: 'signal', signal: String(memory.signal), since: startedAt, due };
    case 'a timer': {
      const wake = due ?? startedAt;
      if (state !== 'retrying') return { what: 'timer', since: startedAt, due: wake };
      return { what: 'retry', since: earlier.at(-1)?.endedAt ?? attemptedAt, due: wake, attempt: attempt + 1 };
    }
    case 'an attempt':
      return { what: 'body', since: attemptedAt, attempt };
    case 'its children':
      return { what: 'children', since: attemptedAt };
    case 'a person':
      return { what: 'person', since: startedAt };
    case 'a cleanup':
      return { what: 'cleanup', attempt };
    case 'a compensation':
      return { what: 'compensation', attempt };
    default:
      return waitsFor satisfies never;
  }
}

/** The attempts of each path, the first one first. */
export function attemptsByPath(attempts: readonly AttemptRow[]): (path: string) => readonly AttemptRow[] {
  const byPath = Map.groupBy(attempts, ({ path }) => path);
  return (path) => byPath.get(path) ?? [];
}
