/** Places that outlive the boxes of a test that dies: a file that is copied as it lies, and a server that several use. In memory: `play.ts`. */
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Store } from 'signalbox';
import { sqlite } from 'signalbox/sqlite';
import { afterAll } from 'vitest';
import type { Place } from './play.ts';

/** Makes places on SQLite files, which go after the tests of this file. The next box gets a copy of a file and of its log, as they lie there: nothing was closed. */
export function onFiles(): () => Place {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-places-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  let files = 0;
  const newFile = (): string => {
    files += 1;
    return join(folder, `${files}.db`);
  };
  const on = (file: string): Place => {
    const store = sqlite(file);
    return {
      store,
      next() {
        const copy = newFile();
        for (const end of ['', '-wal']) if (existsSync(file + end)) copyFileSync(file + end, copy + end);
        store.close();
        return on(copy);
      },
      close: () => store.close(),
    };
  };
  return () => on(newFile());
}

/** A place that is shared: every box has a store of its own, and those of the dead are let go at the end. */
export function shared(open: () => Store, opened: Store[] = []): Place {
  const store = open();
  opened.push(store);
  return {
    store,
    next: () => shared(open, opened),
    async close() {
      for (const each of opened) await each.close();
    },
  };
}
