/** Opening the file: is it one of ours, is it whole, and are its tables of today? */
import { existsSync, statSync } from 'node:fs';
import { reasonOf } from '../../errors/index.ts';
import { DatabaseSync } from './driver.ts';
import { FILLS } from './fill.ts';
import { examine, isCorrupt, isNothing, restore, setAside } from './savepoint.ts';
import { APPLICATION_ID, MIGRATIONS } from './schema.ts';

/** What SQLite calls a database without a file. */
export const MEMORY = ':memory:';

const ALWAYS = 'pragma temp_store = memory; pragma busy_timeout = 1000;';

/** What every connection is told. */
export const SETTINGS = {
  full: `pragma synchronous = full; ${ALWAYS}`,
  normal: `pragma synchronous = normal; ${ALWAYS}`,
} as const;

/** The file, or the savepoint in its place if the file is corrupt or gone and there is one. */
export function openWhole(
  name: string,
  file: string,
  synchronous: 'full' | 'normal',
  savepoint: string | undefined,
  now: number,
): DatabaseSync {
  if (file === MEMORY) return openFile(file, synchronous);
  const copy = savepoint !== undefined && existsSync(savepoint) ? savepoint : undefined;
  const wrong = faultOf(file);
  if (copy === undefined) {
    const aside = wrong === null ? undefined : setAside(file);
    if (aside === undefined) return openFile(file, synchronous);
    throw new Error(
      `it is ${wrong}, and beside it stands ${aside}: so there was a store here. Put a backup or a savepoint in its place, or take ${aside} away to begin anew.`,
    );
  }
  if (wrong !== null) return restored(name, file, wrong, synchronous, copy, now);
  try {
    return examined(openFile(file, synchronous));
  } catch (error) {
    if (!isCorrupt(error)) throw error;
    return restored(name, file, `corrupt (${reasonOf(error)})`, synchronous, copy, now);
  }
}

const MISSING = 'missing';

/** Why SQLite would take the file for a new one. */
function faultOf(file: string): string | null {
  if (!isNothing(file)) return null;
  return existsSync(file) ? 'empty' : MISSING;
}

/** The savepoint, in the place of a file that is no good. */
function restored(
  name: string,
  file: string,
  wrong: string,
  synchronous: 'full' | 'normal',
  savepoint: string,
  now: number,
): DatabaseSync {
  const aside = restore(file, wrong, savepoint, now);
  const from = statSync(savepoint).mtime.toISOString();
  const found = wrong === MISSING ? '' : ` and was set aside as ${aside}`;
  const message = `${name} was ${wrong}${found}. In its place is the savepoint of ${from}; what was committed since is not there.`;
  process.emitWarning(message, { code: 'SIGNALBOX_RESTORED' });
  return openFile(file, synchronous);
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
    if (id !== APPLICATION_ID && (tables > 0 || id !== 0)) {
      throw new Error('it is a database of another program. Give the store a file of its own.');
    }
    if (version > MIGRATIONS.length) {
      throw new Error(
        `it was written by a newer signalbox (its tables are version ${version}, this one knows ${MIGRATIONS.length}). Update signalbox; the file was not changed.`,
      );
    }
    db.exec(`pragma journal_mode = wal; ${SETTINGS[synchronous]}`);
    for (let step = version; step < MIGRATIONS.length; step += 1) {
      db.exec(`begin immediate; ${MIGRATIONS[step]}`);
      FILLS[step]?.(db);
      db.exec(`pragma application_id = ${APPLICATION_ID}; pragma user_version = ${step + 1}; commit;`);
    }
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}
