/**
 * A savepoint: a whole copy of the store beside it, for the day on which the file turns out to be corrupt. It is
 * written to a file of another name, synced, and then renamed, so that there is always a whole one.
 */
import { closeSync, copyFileSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';

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

/** Sets the corrupt file aside and puts the savepoint in its place. Answers with what was set aside. */
export function restore(file: string, savepoint: string, now: number): string {
  const aside = `${file}-corrupt-${new Date(now).toISOString().replaceAll(':', '-')}`;
  for (const end of ['', '-wal', '-shm']) if (existsSync(file + end)) renameSync(file + end, aside + end);
  copyFileSync(savepoint, `${file}-next`);
  sync(`${file}-next`);
  renameSync(`${file}-next`, file);
  sync(dirname(file));
  return aside;
}

function sync(path: string): void {
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
