/**
 * The runs that undo a run which has ended (S13): `<run>~undo`, and another one each time that the last has ended and something is
 * left. Which they are follows from the ids, so whoever asks at the same time comes to the same one.
 */
import { longUndoOf, undoOf } from '../core/child.ts';
import { isTerminal } from '../status.ts';
import type { RunRow, Store } from '../store.ts';

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
