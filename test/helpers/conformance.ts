/** A place for the conformance suite: a SQLite file in a folder of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sqlite } from 'signalbox/sqlite';
import type { StorePlace } from 'signalbox/testing';

export function inFile(options: Parameters<typeof sqlite>[1] = {}): StorePlace {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-'));
  return {
    open: () => sqlite(join(folder, 'runs.db'), options),
    dispose: () => rmSync(folder, { recursive: true }),
  };
}
