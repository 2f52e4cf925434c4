/**
 * A SQLite file that is looked at and nothing more: no lock is taken, no run is claimed, nothing is written, so another process may
 * have it open meanwhile. Each question reads what was committed by then.
 */
import { statSync } from 'node:fs';
import { StoreUnusable } from '../../errors/index.ts';
import type { Store } from '../../store.ts';
import { DatabaseSync } from './driver.ts';
import { usable } from './file.ts';
import { checkPlace } from './hold.ts';
import { SqliteReads } from './reads.ts';
import { APPLICATION_ID, MIGRATIONS } from './schema.ts';

/** The runs in `file`, which has to be there, to be read. */
export function sqliteLook(file: string): Store {
  return new SqliteLook(file);
}

class SqliteLook extends SqliteReads implements Store {
  readonly #file: string;
  #db: DatabaseSync | null = null;

  constructor(file: string) {
    // Another process writes to it, and nobody says when.
    super(`sqlite ${file}`, 0);
    this.#file = file;
  }

  open(): void {
    this.#db = usable(this.name, () => {
      if (statSync(this.#file, { throwIfNoEntry: false }) === undefined) throw this.#unusable('there is no such file');
      checkPlace(this.#file);
      const db = new DatabaseSync(this.#file, { readOnly: true });
      try {
        db.exec('pragma busy_timeout = 1000;');
        const { application_id: id } = db.prepare('pragma application_id').get() as { application_id: number };
        const { user_version: version } = db.prepare('pragma user_version').get() as { user_version: number };
        if (id !== APPLICATION_ID) throw this.#unusable('it is not a database of signalbox');
        // To bring it to this version would be to write to it.
        if (version !== MIGRATIONS.length)
          throw this.#unusable(
            `its tables are of ${version < MIGRATIONS.length ? 'an older' : 'a newer'} signalbox, which this one does not read. Use the signalbox that the application has`,
          );
        return db;
      } catch (error) {
        db.close();
        throw error;
      }
    });
  }

  protected database(): DatabaseSync {
    if (this.#db === null) throw new Error(`${this.name} is not open`);
    return this.#db;
  }

  claim(): readonly string[] {
    return [];
  }

  renew(): void {}

  saveDefinitions(): void {}

  commit(): never {
    throw this.#readOnly();
  }

  addRecord(): never {
    throw this.#readOnly();
  }

  abandonRun(): never {
    throw this.#readOnly();
  }

  deleteRun(): never {
    throw this.#readOnly();
  }

  close(): void {
    this.forget();
    this.#db?.close();
    this.#db = null;
  }

  #readOnly(): StoreUnusable {
    return this.#unusable('it was opened to be read');
  }

  #unusable(reason: string): StoreUnusable {
    return new StoreUnusable({ store: this.name, reason: `${reason}.`, isLasting: true });
  }
}
