/** How a SQLite store is kept, and what is wrong with it if it cannot be kept like that. */
import type { Duration } from '../../duration.ts';
import { InvalidOption } from '../../errors/index.ts';

/** How a SQLite store is kept. */
export interface SqliteOptions {
  /**
   * `full` (if nothing is said) syncs the disk at every commit: what was acknowledged is there after a power cut.
   * `normal` does not, and is faster: a power cut may take the last commits with it, acknowledged ones, too. The file
   * stays whole, and a crash of the process alone loses nothing, either way.
   */
  readonly synchronous?: 'full' | 'normal';
  /** For how long runs that have ended are kept. Left out: for ever. */
  readonly keep?: Duration;
  /**
   * Where `savepoint()` writes a copy of the store. If there is one and the file turns out to be corrupt when it is opened,
   * the file is set aside, the copy takes its place, and a warning of the process says so. What was committed since
   * is lost, and may be done again. With a savepoint the whole file is looked at when it is opened.
   */
  readonly savepoint?: string;
  /**
   * Which commits are written on a thread of their own, so that this one goes on meanwhile: `large` ones if nothing is said, for
   * a small one is on the disk before a thread has heard of it. `always` is for disks that take long to sync, where even a
   * small one would hold up what else the process does. `never` starts no thread.
   */
  readonly thread?: 'large' | 'always' | 'never';
}

export function checkOptions(
  file: unknown,
  {
    synchronous,
    savepoint,
    thread,
  }: { readonly synchronous: unknown; readonly savepoint: unknown; readonly thread: unknown },
): void {
  // Options of a URI would change what is promised: `nolock` for one.
  if (typeof file !== 'string' || file === '' || file.startsWith('file:')) {
    throw new InvalidOption({ option: 'file', value: file, expected: `the path of a file, or ':memory:'` });
  }
  if (synchronous !== 'full' && synchronous !== 'normal') {
    throw new InvalidOption({ option: 'synchronous', value: synchronous, expected: `'full' or 'normal'` });
  }
  if (savepoint !== undefined && (typeof savepoint !== 'string' || savepoint === '' || savepoint === file)) {
    throw new InvalidOption({ option: 'savepoint', value: savepoint, expected: 'the path of another file' });
  }
  if (thread !== 'large' && thread !== 'always' && thread !== 'never') {
    throw new InvalidOption({ option: 'thread', value: thread, expected: `'large', 'always' or 'never'` });
  }
}
