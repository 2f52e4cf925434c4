/** What is wrong with a file, in words: from SQLite's codes to a reason and a way out. */
import { SignalboxError, StoreLost, StoreUnusable, reasonOf } from '../../errors/index.ts';

/** By the primary result code, which is the low byte of the extended one. */
const REASONS: { readonly [code: number]: string } = {
  5: 'another program is writing to it, and did not end within a second. Look who has it open; a reader does no harm',
  8: 'it is read-only. Make the file and its folder writable for this process',
  10: 'the disk reported an error while reading or writing. Look at the system log',
  11: 'it is corrupt. Restore it from a backup; `sqlite3 FILE .recover` may save what is left',
  13: 'the disk is full. Make room; nothing was lost',
  14: 'it cannot be opened. Look whether the folder is there and may be written to',
  26: 'it is not a SQLite database. Look at the path, or give the store a file of its own',
};

/** What passes: another writer, a full disk, memory, permissions. What else SQLite says it would say again. */
const PASSING: ReadonlySet<number> = new Set([4, 5, 6, 7, 8, 9, 10, 13, 14, 15, 17, 23]);

/** Stands where SQLite has its codes, which are all positive: the file is not this process's any more. */
export const LOST = -1;

/** Does something with the file; an error of SQLite's becomes one that names the file and the way out. */
export function usable<T>(store: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof SignalboxError) throw error;
    const { errcode } = error as { readonly errcode?: number };
    if (errcode === LOST) throw new StoreLost({ store, reason: reasonOf(error) });
    const known = errcode === undefined ? undefined : REASONS[errcode & 0xff];
    const reason = known === undefined ? reasonOf(error) : `${known} (${reasonOf(error)}).`;
    const isLasting =
      errcode === undefined ? error instanceof TypeError || error instanceof RangeError : !PASSING.has(errcode & 0xff);
    throw new StoreUnusable({ store, reason, isLasting }, error);
  }
}
