/**
 * One process at a time. A lock on a database of its own beside the file: the system lets go of it when
 * the process ends, however it ends, so a kill leaves nothing to clean up. Who holds it stands in a text
 * file for the one who comes second.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { reasonOf, StoreHeld } from '../../errors/index.ts';
import { DatabaseSync } from './driver.ts';
import { isCorrupt } from './savepoint.ts';

/** A lock that nobody refers to would go with the garbage, long before the process does. */
const held = new Set<DatabaseSync>();

/** Takes the lock of `file`, which is its true name, or says who has it. The answer lets go of it. */
export function lock(file: string, name: string, now: number): () => void {
  const guard = new DatabaseSync(`${file}-lock`);
  try {
    guard.exec('pragma busy_timeout = 0; pragma journal_mode = delete; begin exclusive;');
  } catch (error) {
    guard.close();
    if (isBusy(error)) throw new StoreHeld({ store: name, holder: holderOf(file) });
    if (!isCorrupt(error)) throw error;
    // It has nothing in it: what is wrong with it is wrong with nothing else.
    throw new Error(
      `its lock, ${file}-lock, is no database (${reasonOf(error)}). Remove that file, once no process has the store open.`,
    );
  }
  writeFileSync(`${file}-holder`, `process ${process.pid} on ${hostname()}, since ${new Date(now).toISOString()}`);
  held.add(guard);
  return () => {
    held.delete(guard);
    guard.close();
  };
}

/** Who opened the file last, in words. */
export function holderOf(file: string): string {
  try {
    return readFileSync(`${file}-holder`, 'utf8');
  } catch {
    // It took the lock this very moment and has not written down who it is.
    return 'a process that has only just begun';
  }
}

/** SQLite's primary code for it: the low byte, whatever more it says. */
const BUSY = 5;

function isBusy(error: unknown): boolean {
  const { errcode = 0 } = error as { readonly errcode?: number };
  return (errcode & 0xff) === BUSY;
}
