/**
 * The pages of what is to be undone of a run (S13), as they are read from the store: what has completed, the last first. Before that
 * comes what another run has tried to undo and could not. What becomes of a page the turn knows (`core/undo.ts`).
 */
import type { UndoFacts } from '../../core/effect.ts';
import { isLeft, wasTried } from '../../core/undo.ts';
import { RunUnknown } from '../../errors/index.ts';
import type { ActorRow, RunRow, Store } from '../../store.ts';
import { undoingsOf } from '../undoings.ts';

/** So many completed steps are read, and kept in memory, at a time. */
const UNDO_PAGE = 100;

/** A page, and where the one after it ends; null if it is the last. */
export interface UndoPage {
  readonly rows: readonly ActorRow[];
  readonly next: number | null;
  /** With the first page of a run that undoes itself: the steps whose child runs were cancelled, and could not undo what they had done. */
  readonly left?: readonly string[];
}

export interface UndoPlace {
  readonly run: string;
  /** The run that is undone, if it is another one. */
  readonly of: string | null;
  /** Where the page ends; null for the first one. */
  readonly before: number | null;
}

export async function undoPage(store: Store, { run, of, before }: UndoPlace): Promise<UndoPage> {
  if (of === null) {
    const page = await pageAt(store, run, before);
    return before === null ? { ...page, left: await leftIn(store, run) } : page;
  }
  const undone = await store.readRun(of);
  if (undone === null) throw new RunUnknown({ run: of });
  if (before !== null) return pageAt(store, of, before);
  const { left, before: at } = await leftBefore(store, undone, run);
  const { rows, next } = await pageAt(store, of, at);
  return { rows: [...left, ...rows], next };
}

async function pageAt(store: Store, run: string, before: number | null): Promise<UndoPage> {
  const rows = await store.readCompleted(run, { limit: UNDO_PAGE, ...(before === null ? {} : { before }) });
  return { rows, next: rows.length < UNDO_PAGE ? null : (rows.at(-1)?.endedSeq ?? null) };
}

/** All of the run is read only if there is such a step. */
async function leftIn(store: Store, run: string): Promise<readonly string[]> {
  return (await hasFailedToUndo(store, run))
    ? (await store.readActors(run)).filter(isLeft).map(({ path }) => path)
    : [];
}

/**
 * What was tried before a run that undoes another one, and is not undone: by that one itself, and by those that were to undo it. It is
 * as the last of them has left it, and comes in the order in which they came to it. What they never came to is read from `before` on.
 */
async function leftBefore(
  store: Store,
  { run: of, status }: RunRow,
  run: string,
): Promise<{ readonly left: readonly ActorRow[]; readonly before: number | null }> {
  const newest = new Map<string, ActorRow>();
  let before: number | null = null;
  for (const { run: each } of [...(await undoingsOf(store, of))].reverse())
    for (const row of await asTried(store, each)) {
      if (row.path === '') before ??= (row.memory.undo as UndoFacts | undefined)?.before ?? null;
      else if (!newest.has(row.path)) newest.set(row.path, row);
    }
  // One that was abandoned may have been in the middle of it.
  if (status === 'cancelled' || (await hasFailedToUndo(store, of)))
    for (const row of await asTried(store, of)) if (wasTried(row) && !newest.has(row.path)) newest.set(row.path, row);
  const left = [...newest.values()].filter(({ state, run: by }) => state !== 'compensated' && by !== run);
  return { left, before };
}

/** The rows of a run in the order in which they ended: of what was to be undone, the last that had completed came first. */
async function asTried(store: Store, run: string): Promise<readonly ActorRow[]> {
  const rows = await store.readActors(run);
  return [...rows].sort((one, other) => (one.endedSeq ?? 0) - (other.endedSeq ?? 0));
}

async function hasFailedToUndo(store: Store, run: string): Promise<boolean> {
  return (await store.readFailures(run)).some(({ state }) => state === 'compensationFailed');
}
