/**
 * Whose the file is. A lock keeps other processes away (`lock.ts`), but the system takes it back when anything in this process
 * opens and closes the file of the lock, and it says nothing about a file that was replaced. So the owner stands in the file, too:
 * each opening takes the next epoch, every transaction looks whether it is still the last one, and whoever has written
 * looks whether the file still has its name, unless he has just done so. Who finds that it is not his any more has ended.
 */
import { lstatSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { elapsedBy, systemClock } from '../../clock.ts';
import { LOST } from './file.ts';
import { holderOf } from './lock.ts';
import { MEMORY } from './open.ts';
import * as sql from './statements.ts';

/** What a process knows the file by that it has opened. */
export interface Hold {
  readonly file: string;
  readonly epoch: number;
  /** Null for a database without a file. */
  readonly inode: string | null;
}

/** The one name of a file, whether it is there or not: by whatever links it is reached, it is the same file. */
export function trueName(path: string): string {
  if (path === MEMORY) return path;
  // A link to what is not there yet.
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() && !exists(path))
    return trueName(resolve(dirname(path), readlinkSync(path)));
  if (exists(path)) return realpathSync(path);
  const folder = dirname(resolve(path));
  return exists(folder) ? join(realpathSync(folder), basename(path)) : resolve(path);
}

const exists = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined;

/** SQLite says of a folder, and of one that is missing, that something cannot be opened, and of a device that the disk fails. */
export function checkPlace(file: string): void {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found?.isDirectory()) {
    const example = join(file, 'signalbox.db');
    throw new Error(`there is a folder at this path. Give the path of a file in it, such as ${example}.`);
  }
  if (found?.isFile() === false) throw new Error('what is at this path is no file.');
  const folder = dirname(file);
  if (!exists(folder)) throw new Error(`there is no folder ${folder}. Make it first.`);
}

/** A file with a second name has a second lock and a second log: by that name somebody else may write to it. */
export function checkNames(file: string): void {
  const found = file === MEMORY ? undefined : statSync(file, { throwIfNoEntry: false });
  if (found === undefined || !found.isFile() || found.nlink === 1) return;
  throw new Error(
    `it has ${found.nlink} names (hard links), and a process that opens it by another one would not be seen. Remove the others, or copy the file.`,
  );
}

/** Takes the file over from whoever had it: nobody owns a run of it any more. What cannot be taken is closed. */
export function takeHold(db: DatabaseSync, file: string): Hold {
  try {
    db.exec(`begin immediate; ${sql.NEXT_EPOCH}; ${sql.RELEASE_ALL}; commit`);
    const { epoch } = db.prepare(sql.SELECT_EPOCH).get() as { readonly epoch: number };
    return { file, epoch, inode: file === MEMORY ? null : inodeOf(file) };
  } catch (error) {
    db.close();
    throw error;
  }
}

/**
 * For so many milliseconds the file counts as the one that it was: the look costs what a tenth of a small commit does, and who deletes a
 * file that is in use has deleted what was acknowledged just before as well.
 */
const FRESH = 1;

/** A connection to the file, and whether that is still the file of this process. */
export class Watch {
  readonly #hold: Hold;
  readonly #isOther: StatementSync;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(db: DatabaseSync, hold: Hold) {
    this.#hold = hold;
    this.#isOther = db.prepare(sql.TOUCH_OTHER_EPOCH);
  }

  /** In a transaction, where nobody else can take it over meanwhile, and which is rolled back if this throws. */
  checkEpoch(): void {
    const { file, epoch } = this.#hold;
    if (this.#isOther.run(epoch).changes !== 0)
      throw lost(`${holderOf(file)}, has opened it since. One process at a time may write to it.`);
  }

  /** After one: what is in no file is not acknowledged, or for a moment only. */
  checkFile(): void {
    const { file, inode } = this.#hold;
    if (inode === null) return;
    const now = elapsedBy(systemClock);
    if (now - this.#lookedAt < FRESH) return;
    if (inodeOf(file) !== inode)
      throw lost(`${file} is not what was opened any more: it was deleted, renamed or replaced.`);
    this.#lookedAt = now;
  }
}

function inodeOf(file: string): string | null {
  const found = statSync(file, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? null : `${found.dev}:${found.ino}`;
}

function lost(reason: string): Error {
  return Object.assign(new Error(reason), { errcode: LOST });
}
