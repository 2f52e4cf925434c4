/** What a migration cannot say in SQL: it fills tables that are new from rows that are there. */
import type { DatabaseSync } from './driver.ts';
import { entriesIn } from '../entries.ts';
import { INSERT_ENTRY } from './statements.ts';
import { toColumn } from './text.ts';

/** By the index of the migration; each belongs to its transaction. */
export const FILLS: { readonly [step: number]: ((db: DatabaseSync) => void) | undefined } = {
  2: fillMetadata,
};

function fillMetadata(db: DatabaseSync): void {
  const insert = db.prepare(INSERT_ENTRY);
  for (const { number, metadata } of db.prepare(`select number, metadata from runs where metadata <> '{}'`).iterate()) {
    for (const entry of entriesIn(metadata)) insert.run(toColumn(entry), number as number);
  }
}
