/** Files for tests of stores: a folder that goes with the test, and rows as somebody with a shell sees them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { onTestFinished } from 'vitest';

/** The path of a file that is not there yet, in a folder that is removed after the test. */
export function newFile(name = 'runs.db'): string {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, name);
}

/** Does something with a file as one would in a shell. */
export function inShell<T>(file: string, work: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(file);
  try {
    return work(db);
  } finally {
    db.close();
  }
}

/** What a query finds in a file. */
export function query(file: string, sql: string): Record<string, unknown>[] {
  return inShell(file, (db) =>
    db
      .prepare(sql)
      .all()
      .map((row) => ({ ...row })),
  );
}
