/** Writing records: a row of a table, and an entry in another for each key that it is found by. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { recordEntries } from '../entries.ts';
import type { RecordRow } from '../../store.ts';
import type { Value } from './batch.ts';
import * as sql from './record-statements.ts';
import { fromColumn, toColumn } from './text.ts';

interface Found {
  readonly number: number;
  readonly keys: string;
}

export class RecordWriter {
  readonly #find: StatementSync;
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  readonly #delete: StatementSync;
  readonly #insertKey: StatementSync;
  readonly #deleteKey: StatementSync;

  constructor(db: DatabaseSync) {
    this.#find = db.prepare(sql.FIND_RECORD);
    this.#insert = db.prepare(sql.INSERT_RECORD);
    this.#update = db.prepare(sql.UPDATE_RECORD);
    this.#delete = db.prepare(sql.DELETE_RECORD);
    this.#insertKey = db.prepare(sql.INSERT_RECORD_KEY);
    this.#deleteKey = db.prepare(sql.DELETE_RECORD_KEY);
  }

  /** Values as columns have them. The keys are found anew only if they have changed. */
  write(run: number, type: Value, id: Value, version: Value, body: Value, keys: Value): void {
    const found = this.#find.get(run, type, id) as Found | undefined;
    if (found === undefined) {
      const number = Number(this.#insert.run(run, type, id, version, body, keys).lastInsertRowid);
      this.#addKeys(run, number, type, keys);
      return;
    }
    this.#update.run(version, body, keys, found.number);
    if (found.keys === keys) return;
    this.#removeKeys(found, type);
    this.#addKeys(run, found.number, type, keys);
  }

  /** Adds one that has nothing of this name before it. */
  add(run: number, type: Value, id: Value, version: Value, body: Value, keys: Value): void {
    if (this.#find.get(run, type, id) === undefined) this.write(run, type, id, version, body, keys);
  }

  remove(run: number, type: Value, id: Value): void {
    const found = this.#find.get(run, type, id) as Found | undefined;
    if (found === undefined) return;
    this.#removeKeys(found, type);
    this.#delete.run(found.number);
  }

  #addKeys(run: number, number: number, type: Value, keys: Value): void {
    for (const entry of entriesIn(type, keys)) this.#insertKey.run(entry, number, run);
  }

  #removeKeys({ number, keys }: Found, type: Value): void {
    for (const entry of entriesIn(type, keys)) this.#deleteKey.run(entry, number);
  }
}

function entriesIn(type: Value, keys: Value): readonly string[] {
  if (keys === '{}') return [];
  const row = { type: fromColumn(type as string), keys: JSON.parse(keys as string) as RecordRow['keys'] };
  return recordEntries(row).map(toColumn);
}
