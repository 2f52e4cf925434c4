/** The conformance suite on SQLite files that are written on a thread, in parts: every case starts and ends a thread. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sqlite } from 'signalbox/sqlite';
import { type StorePlace, storeSuite } from 'signalbox/testing';
import { describe, test } from 'vitest';

export function inFile(options: Parameters<typeof sqlite>[1] = {}): StorePlace {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-'));
  return {
    open: () => sqlite(join(folder, 'runs.db'), options),
    dispose: () => rmSync(folder, { recursive: true }),
  };
}

/** How many files share the cases. Each file is a process: Node 24 has been seen to die of hundreds of threads in one. */
const PARTS = 3;

/** Registers one part of the cases, counted from 1. */
export function threadCases(part: number): void {
  describe('a sqlite file that is written on a thread', () => {
    const cases = storeSuite(() => inFile({ thread: 'always' }), { sequential: true });
    for (const { title, run } of cases.filter((_, at) => at % PARTS === part - 1)) test(title, run);
  });
}
