/**
 * The loads on a SQLite file, and the floors under them: the same number of small rows by raw `node:sqlite`,
 * one in each synced commit, or a hundred. Of signalbox a process has one box on one file for all repetitions, as an application
 * has, with the thread that writes to it; of the floors each repetition has a file. All stand in the temporary folder.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { sqlite } from 'signalbox/sqlite';
import { type Contender, type Load, tasksIn } from './load.ts';
import { signalbox, strict } from './shapes.ts';

function withFile<T>(use: (file: string, remove: () => void) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
  return use(join(folder, 'bench.db'), () => rmSync(folder, { recursive: true, force: true }));
}

/** Signalbox on a SQLite file, with every commit synced (`full`) or not (`normal`). */
export function onSqlite(load: Load, synchronous: 'full' | 'normal'): Contender {
  return signalbox(load, {
    schema: strict,
    lane: 'table',
    oneBox: true,
    store: () => withFile((file, remove) => ({ store: sqlite(file, { synchronous }), remove })),
  });
}

/** One small row for each task of the load, `perCommit` of them in a commit. */
export function rawSqlite(load: Load, perCommit: number): Contender {
  const tasks = tasksIn(load);
  return {
    async begin() {
      return withFile((file, remove) => {
        const db = new DatabaseSync(file);
        db.exec(
          'pragma journal_mode = wal; pragma synchronous = full; create table rows (id integer primary key, text text)',
        );
        const [begin, insert, commit] = ['begin immediate', 'insert into rows values (?, ?)', 'commit'].map((text) =>
          db.prepare(text),
        );
        return {
          async go() {
            for (let id = 0; id < tasks; id += 1) {
              if (id % perCommit === 0) begin?.run();
              insert?.run(id, '{"n":1,"state":"completed"}');
              if (id % perCommit === perCommit - 1 || id === tasks - 1) commit?.run();
            }
            // The sum that every contender arrives at.
            return tasks;
          },
          async end() {
            db.close();
            remove();
            return Math.ceil(tasks / perCommit);
          },
        };
      });
    },
  };
}
