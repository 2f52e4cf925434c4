/**
 * The runs that undo a run which has ended (S13): `<run>~undo`, and another one each time that the last has ended and something is
 * left. Which they are follows from the ids, so whoever asks at the same time comes to the same one.
 */
import { longUndoOf, undoOf } from '../core/child.ts';
import { wasTried } from '../core/undo.ts';
import { isTerminal } from '../status.ts';
import type { ActorRow, RunRow, Store } from '../store.ts';
import { pathAbove } from '../segments.ts';

/** Those that there are, the first one first. */
export async function undoingsOf(store: Pick<Store, 'readRun'>, run: string): Promise<readonly RunRow[]> {
  const found: RunRow[] = [];
  for (;;) {
    const number = found.length + 1;
    const isOne = (row: RunRow | null): row is RunRow => row?.parent?.run === run && row.parent.path === '';
    const row = await store.readRun(undoOf(run, number));
    const long = longUndoOf(run);
    const known = row === null && number === 1 && long !== undoOf(run) ? await store.readRun(long) : row;
    if (!isOne(known)) return found;
    found.push(known);
  }
}

/** Has it undone all, or may it still? */
export function isConclusive({ status }: RunRow): boolean {
  return !isTerminal(status) || status === 'compensated';
}

/** The rows of a run as they stand after it was undone, by their paths: what holds something that was undone is not completed any more. */
export async function undoneRows(
  store: Store,
  run: string,
  undoings: readonly RunRow[],
): Promise<ReadonlyMap<string, ActorRow>> {
  const rows = new Map<string, ActorRow>();
  for (const row of await store.readActors(run)) rows.set(row.path, row);
  const undone = [...rows.values()].filter(wasTried);
  for (const { run: each } of undoings) undone.push(...(await store.readActors(each)).filter(wasTried));
  for (const { path, state } of undone)
    for (let at = path; at !== ''; at = pathAbove(at)) {
      const row = rows.get(at);
      if (row?.state === 'completed') rows.set(at, { ...row, state });
    }
  return rows;
}
