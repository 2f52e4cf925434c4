/**
 * A savepoint: a whole copy of the store beside it, for the day on which the file turns out to be corrupt. It is
 * written to a file of another name, synced, and then renamed, so that there is always a whole one. So is what is
 * restored from it: a process may be killed between any two lines in here, and the next one goes on.
 */
import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname } from 'node:path';
import { DatabaseSync } from './driver.ts';
import { reasonOf } from '../../errors/index.ts';
import { APPLICATION_ID, MIGRATIONS } from './schema.ts';

/** Replaces the savepoint by what the store has at this moment. */
export function save(db: DatabaseSync, savepoint: string): void {
  const next = `${savepoint}-next`;
  // What a process left that was killed while it saved.
  rmSync(next, { force: true });
  db.prepare('vacuum into ?').run(next);
  sync(next);
  renameSync(next, savepoint);
  sync(dirname(savepoint));
}

/** SQLite's own look at the whole file, which takes a while for a large one. Throws as SQLite does for a corrupt page. */
export function examine(db: DatabaseSync): void {
  const { quick_check: found } = db.prepare('pragma quick_check(1)').get() as { readonly quick_check: string };
  if (found !== 'ok') throw Object.assign(new Error(found.replaceAll(/\s+/g, ' ')), { errcode: CORRUPT });
}

const CORRUPT = 11;
const NO_DATABASE = 26;

/** Is it the file itself that is no good, and not the way to it? */
export function isCorrupt(error: unknown): boolean {
  const { errcode } = error as { readonly errcode?: number };
  return errcode !== undefined && [CORRUPT, NO_DATABASE].includes(errcode & 0xff);
}

/** SQLite takes these for a database that is new, and makes one without a word. */
export function isNothing(file: string): boolean {
  return (statSync(file, { throwIfNoEntry: false })?.size ?? 0) <= 1;
}

/** What was set aside of a file, by somebody who has not put anything in its place yet. */
export function setAside(file: string): string | undefined {
  if (!existsSync(dirname(file))) return undefined;
  return readdirSync(dirname(file)).find((name) => name.startsWith(`${basename(file)}${ASIDE}`));
}

const ASIDE = '-corrupt-';

/** Sets what is left of a file that is `wrong` aside and puts the savepoint in its place. Answers with what it is called aside. */
export function restore(file: string, wrong: string, savepoint: string, now: number): string {
  const next = `${file}-next`;
  copyFileSync(savepoint, next);
  try {
    examineCopy(next);
  } catch (error) {
    rmSync(next, { force: true });
    const why = `its savepoint ${savepoint} cannot take its place (${reasonOf(error)})`;
    throw new Error(`it is ${wrong}, and ${why}. Neither was changed; restore a backup.`);
  }
  sync(next);
  const aside = `${file}${ASIDE}${new Date(now).toISOString().replaceAll(':', '-')}`;
  // The file goes first: as long as it is missing, the next process restores it, too. Without its log it might pass for whole.
  for (const end of ['', '-wal', '-shm']) if (existsSync(file + end)) renameSync(file + end, aside + end);
  // A log that came back after a power cut would be taken for one of the savepoint.
  sync(dirname(file));
  renameSync(next, file);
  sync(dirname(file));
  return aside;
}

/** Is it whole, and a store that this version can open? */
function examineCopy(file: string): void {
  const db = new DatabaseSync(file);
  try {
    examine(db);
    const { application_id: id } = db.prepare('pragma application_id').get() as { readonly application_id: number };
    if (id !== APPLICATION_ID) throw new Error('it is no store of signalbox');
    const { user_version: version } = db.prepare('pragma user_version').get() as { readonly user_version: number };
    if (version > MIGRATIONS.length) throw new Error('it was written by a newer signalbox; update this one');
  } finally {
    db.close();
  }
}

function sync(path: string): void {
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
