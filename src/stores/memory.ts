/**
 * The memory store: rows in maps. For tests, and for runs that may go when the process goes.
 * What it is handed is frozen JSON, so it keeps it by reference.
 */
import { CommitConflict } from '../errors.ts';
import type { RunEvent } from '../events.ts';
import { isTerminal } from '../events.ts';
import type { ActorRow, AttemptRow, RunChange, RunRow, Store } from '../store.ts';

interface Kept {
  row: RunRow;
  /** By path, in the order in which the actors began. */
  readonly actors: Map<string, ActorRow>;
  /** Paths of the children of each parent, in the same order. */
  readonly children: Map<string, string[]>;
  readonly attempts: AttemptRow[];
  readonly events: RunEvent[];
}

/** A store that forgets everything with the process. */
export function memory(): Store {
  const runs = new Map<string, Kept>();

  const check = ({ run, after }: RunChange): void => {
    const found = runs.get(run)?.events.length ?? 0;
    if (found !== after) throw new CommitConflict({ run, expected: after, found });
  };

  const apply = (change: RunChange): void => {
    let kept = runs.get(change.run);
    if (kept === undefined) {
      kept = { row: change.row as RunRow, actors: new Map(), children: new Map(), attempts: [], events: [] };
      runs.set(change.run, kept);
    }
    if (change.row !== null) kept.row = change.row;
    for (const actor of change.actors) {
      if (actor.parent !== null && !kept.actors.has(actor.path)) siblingsOf(kept, actor.parent).push(actor.path);
      kept.actors.set(actor.path, actor);
    }
    for (const attempt of change.attempts) kept.attempts.push(attempt);
    for (const event of change.events) kept.events.push(event);
  };

  const actorsOf = (run: string): readonly ActorRow[] => [...(runs.get(run)?.actors.values() ?? [])];

  return {
    name: 'memory',
    commit(changes) {
      for (const change of changes) check(change);
      for (const change of changes) apply(change);
    },
    readRun: (run) => runs.get(run)?.row ?? null,
    readOpen(run) {
      const kept = runs.get(run);
      if (kept === undefined) return null;
      return {
        row: kept.row,
        seq: kept.events.length,
        open: actorsOf(run).filter((actor) => !isTerminal(actor.state)),
      };
    },
    readChildren(run, parent) {
      const kept = runs.get(run);
      return (kept?.children.get(parent) ?? []).map((path) => kept?.actors.get(path) as ActorRow);
    },
    readActors: actorsOf,
    readAttempts: (run) => [...(runs.get(run)?.attempts ?? [])],
    readEvents: (run, { after, limit }) => (runs.get(run)?.events ?? []).slice(after, after + limit),
    close: () => {},
  };
}

function siblingsOf({ children }: Kept, parent: string): string[] {
  let siblings = children.get(parent);
  if (siblings === undefined) {
    siblings = [];
    children.set(parent, siblings);
  }
  return siblings;
}
