/** Opening the file: is it one of ours, is it whole, and are its tables of today? */
import { existsSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { reasonOf } from '../../errors.ts';
import { FILLS } from './fill.ts';
import { examine, isCorrupt, restore } from './savepoint.ts';
import * as sql from './schema.ts';

const ALWAYS = 'pragma temp_store = memory; pragma busy_timeout = 1000;';

/** What every connection is told. */
export const SETTINGS = {
  full: `pragma synchronous = full; ${ALWAYS}`,
  normal: `pragma synchronous = normal; ${ALWAYS}`,
} as const;

/** The file, or the savepoint in its place if the file is corrupt and there is one. */
export function openWhole(
  name: string,
  file: string,
  synchronous: 'full' | 'normal',
  savepoint: string | undefined,
  now: number,
): DatabaseSync {
  if (savepoint === undefined || !existsSync(savepoint)) return openFile(file, synchronous);
  try {
    return examined(openFile(file, synchronous));
  } catch (error) {
    if (!isCorrupt(error)) throw error;
    const aside = restore(file, savepoint, now);
    const from = statSync(savepoint).mtime.toISOString();
    const what = `${name} was corrupt (${reasonOf(error)}) and was set aside as ${aside}. In its place is the savepoint of ${from}; what was committed since is not there.`;
    process.emitWarning(what, { code: 'SIGNALBOX_RESTORED' });
    return openFile(file, synchronous);
  }
}

function examined(db: DatabaseSync): DatabaseSync {
  try {
    examine(db);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function openFile(file: string, synchronous: 'full' | 'normal'): DatabaseSync {
  const db = new DatabaseSync(file);
  try {
    const { application_id: id } = db.prepare('pragma application_id').get() as { application_id: number };
    const { user_version: version } = db.prepare('pragma user_version').get() as { user_version: number };
    const { tables } = db.prepare('select count(*) as tables from sqlite_schema').get() as { tables: number };
    if (id !== sql.APPLICATION_ID && (tables > 0 || id !== 0)) {
      throw new Error('it is a database of another program. Give the store a file of its own.');
    }
    if (version > sql.MIGRATIONS.length) {
      throw new Error(
        `it was written by a newer signalbox (its tables are version ${version}, this one knows ${sql.MIGRATIONS.length}). Update signalbox; the file was not changed.`,
      );
    }
    db.exec(`pragma journal_mode = wal; ${SETTINGS[synchronous]}`);
    for (let step = version; step < sql.MIGRATIONS.length; step += 1) {
      db.exec(`begin immediate; ${sql.MIGRATIONS[step]}`);
      FILLS[step]?.(db);
      db.exec(`pragma application_id = ${sql.APPLICATION_ID}; pragma user_version = ${step + 1}; commit;`);
    }
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}
