/**
 * What a run has taken over, as it stands in the runs in which it ended (S16). A rerun has one row for each place that it takes over, and
 * none for what is in it: those rows, their attempts and their events are read where they are, for an ended run changes no more. Of a run
 * that was deleted, or that is in another store, nothing more is told than the row here says.
 */
import { isTakenOver, rerunOf } from '../core/rerun.ts';
import { placeAround } from '../core/taken-sets.ts';
import { isFailure, isTerminal } from '../status.ts';
import type { ActorRow, AttemptRow, FailureRow, RunRow, Store } from '../store.ts';

/** A run from which something was taken over, and its rows of that. */
export interface TakenFrom {
  readonly row: RunRow;
  readonly actors: readonly ActorRow[];
  /** Did this place end there, or something that stood in it? Not if that run had taken it over itself. */
  has(path: string): boolean;
}

/** The rows and attempts of a run, those of what it has taken over among them. */
export interface WholeRun {
  /** Its own rows alone. */
  readonly own: readonly ActorRow[];
  readonly actors: readonly ActorRow[];
  readonly attempts: readonly AttemptRow[];
}

/** A run as its rows say, and below each place that it has taken over what stands in it. */
export async function wholeRun(store: Store, row: RunRow): Promise<WholeRun> {
  const { run } = row;
  const [own, attempts] = [await store.readActors(run), await store.readAttempts(run)];
  const from = await takenFrom(store, row, own);
  if (from.length === 0) return { own, actors: own, attempts };
  const taken = new Set(own.flatMap((actor) => (isTakenOver(actor) ? [actor.path] : [])));
  const inside = new Map<string, Map<string, ActorRow>>();
  const all: AttemptRow[] = [...attempts];
  for (const { row: of, actors } of from) {
    const paths = new Set<string>();
    for (const actor of actors) {
      if (isTakenOver(actor)) continue;
      const { path, memory } = actor;
      const place = placeAround(taken, path) as string;
      const there = inside.get(place) ?? new Map<string, ActorRow>();
      inside.set(place, there.set(path, { ...actor, run, memory: { ...memory, takenFrom: of.run } }));
      paths.add(path);
    }
    for (const attempt of await store.readAttempts(of.run)) if (paths.has(attempt.path)) all.push({ ...attempt, run });
  }
  const actors = own.flatMap((actor) => {
    const there = inside.get(actor.path);
    if (there === undefined) return [actor];
    const below = [...there.values()].filter(({ path }) => path !== actor.path);
    return [there.get(actor.path) ?? actor, ...below];
  });
  return { own, actors, attempts: all };
}

/** What has failed in a run, in what it has taken over, too. */
export async function failedRows(store: Store, row: RunRow): Promise<readonly FailureRow[]> {
  if (rerunOf(row) === null) return store.readFailures(row.run);
  return (await wholeRun(store, row)).actors.filter(({ state }) => isFailure(state));
}

/** The runs from which a run has taken something over, be it by way of another one; the nearest first. `actors` are its own rows. */
export async function takenFrom(store: Store, row: RunRow, actors: readonly ActorRow[]): Promise<readonly TakenFrom[]> {
  const from: TakenFrom[] = [];
  let [at, rows] = [row, actors];
  for (let of = rerunOf(at); of !== null; of = rerunOf(at)) {
    const places = new Set(rows.flatMap((actor) => (isTakenOver(actor) ? [actor.path] : [])));
    const before = places.size === 0 ? null : await store.readRun(of.run);
    if (before === null || !isItsOrigin(before, at)) break;
    rows = (await store.readActors(of.run)).filter(({ path }) => placeAround(places, path) !== null);
    const passedOn = new Set(rows.flatMap((actor) => (isTakenOver(actor) ? [actor.path] : [])));
    const has = (path: string): boolean => placeAround(places, path) !== null && !passedOn.has(path);
    from.push({ row: before, actors: rows, has });
    at = before;
  }
  return from;
}

/** Not if it was deleted, and another run has its id by now. */
function isItsOrigin(before: RunRow, { hash, startedAt }: RunRow): boolean {
  return isTerminal(before.status) && before.hash === hash && before.startedAt <= startedAt;
}
