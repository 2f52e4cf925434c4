/**
 * What runs on the writing thread: a connection of its own to the file, on which lists of commits are written as they come, one
 * after the other. The thread that sends them is in `scribe.ts`.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { reasonOf } from '../../errors/index.ts';
import { DatabaseSync } from './driver.ts';
import type { Batch } from './batch.ts';
import { type Hold, Watch } from './hold.ts';
import { SETTINGS } from './open.ts';
import { Writer } from './writer.ts';

/** What the thread is told when it starts. */
export interface ThreadPlace {
  readonly hold: Hold;
  readonly synchronous: 'full' | 'normal';
}

/** What the thread says: that it is there, or what became of a list. */
export type Said =
  | { readonly ready: true }
  | { readonly begun: readonly number[] | null }
  | { readonly failed: string; readonly errcode: number | undefined };

const { hold, synchronous } = workerData as ThreadPlace;
const port = parentPort as MessagePort;
const say = (said: Said): void => port.postMessage(said);

const db = new DatabaseSync(hold.file);
db.exec(SETTINGS[synchronous]);
const watch = new Watch(db, hold);
// Meanwhile another may have come to have its name.
watch.checkFile();
const writer = new Writer(db, watch);

port.on('message', (list: Batch | null) => {
  if (list === null) {
    db.close();
    port.close();
    return;
  }
  try {
    say({ begun: writer.write(list) });
  } catch (error) {
    say({ failed: reasonOf(error), errcode: (error as { readonly errcode?: number }).errcode });
  }
});
say({ ready: true });
