/**
 * What runs on the writing thread: a connection of its own to the file, on which lists of commits are written as they come, one
 * after the other. The thread that sends them is in `scribe.ts`; one file may come after another (`threads.ts`).
 */
import { type MessagePort, parentPort } from 'node:worker_threads';
import { reasonOf } from '../../errors/index.ts';
import { DatabaseSync } from './driver.ts';
import type { Batch } from './batch.ts';
import { type Hold, Watch } from './hold.ts';
import { SETTINGS } from './open.ts';
import { Writer } from './writer.ts';

/** What the thread is told of a file. */
export interface ThreadPlace {
  readonly hold: Hold;
  readonly synchronous: 'full' | 'normal';
}

/** What the thread is asked for: a file, lists of commits for it, to let go of it, and in the end to go. */
export type Asked =
  | { readonly open: ThreadPlace }
  | { readonly write: Batch }
  | { readonly close: true }
  | { readonly end: true };

/** What the thread says: that it has the file, what became of a list, that it has let go of the file. */
export type Said =
  | { readonly ready: true }
  | { readonly begun: readonly number[] | null }
  | { readonly failed: string; readonly errcode: number | undefined }
  | { readonly closed: true };

const port = parentPort as MessagePort;
const say = (said: Said): void => port.postMessage(said);

/** Opens the file and answers with who writes to it. What throws here ends the thread, and the reason is told. */
function opened({ hold, synchronous }: ThreadPlace): { readonly db: DatabaseSync; readonly writer: Writer } {
  const db = new DatabaseSync(hold.file);
  db.exec(SETTINGS[synchronous]);
  const watch = new Watch(db, hold);
  // Meanwhile another may have come to have its name.
  watch.checkFile();
  return { db, writer: new Writer(db, watch) };
}

let file: ReturnType<typeof opened> | null = null;

port.on('message', (asked: Asked) => {
  if ('open' in asked) {
    file = opened(asked.open);
    say({ ready: true });
  } else if ('write' in asked) {
    try {
      say({ begun: (file as ReturnType<typeof opened>).writer.write(asked.write) });
    } catch (error) {
      say({ failed: reasonOf(error), errcode: (error as { readonly errcode?: number }).errcode });
    }
  } else if ('close' in asked) {
    file?.db.close();
    file = null;
    say({ closed: true });
  } else port.close();
});
