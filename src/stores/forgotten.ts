/** What a commit forgets, for every store alike: rows that come with the same commit are forgotten before they are written. */
import type { RunChange } from '../store.ts';

/** A change without rows of places that are forgotten with it, or are below one. A run's own place is never forgotten. */
export function withoutForgotten(change: RunChange): RunChange {
  if (change.forgotten === undefined) return change;
  const paths = new Set(change.forgotten);
  paths.delete('');
  const stays = ({ path }: { readonly path: string }): boolean => !isUnder(path, paths);
  const { actors, attempts } = change;
  return {
    ...change,
    forgotten: [...paths],
    actors: actors.filter(stays),
    attempts: attempts.filter(stays),
  };
}

/** Is it one of these places, or below one? */
export function isUnder(path: string, places: ReadonlySet<string>): boolean {
  for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
    if (places.has(path.slice(0, end))) return true;
  }
  return false;
}
