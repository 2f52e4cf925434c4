/**
 * The writing thread as the store sees it: hand it the list of a commit, and be told when it is on the disk. Meanwhile this
 * thread goes on, with the turns of other runs or with what else the application does.
 *
 * The thread is started when it is first wanted. Until it is there, or if it cannot be (where threads are not allowed),
 * everything is written here: it saves time, and nothing depends on it.
 */
import { reasonOf } from '../../errors/index.ts';
import type { Batch } from './batch.ts';
import type { ThreadPlace, Said } from './thread.ts';
import { Thread } from './threads.ts';

interface Waiting {
  landed(begun: readonly number[] | null): void;
  failed(error: Error): void;
}

export class Scribe {
  readonly #place: ThreadPlace;
  readonly #waiting: Waiting[] = [];
  readonly #idle: (() => void)[] = [];
  /** Those who wait for it to be there. */
  readonly #expecting: (() => void)[] = [];
  #thread: Thread | null = null;
  #isReady = false;
  /** It could not be started, or has ended by itself: not tried again. */
  #isGone = false;
  #isClosing = false;

  constructor(place: ThreadPlace) {
    this.#place = place;
  }

  /** Something is being written. */
  get busy(): boolean {
    return this.#waiting.length > 0;
  }

  /** There is a thread, or one is about to be. */
  get started(): boolean {
    return this.#thread !== null;
  }

  /** Can it be given something? If it has not been started, it is from now on, and can be soon. */
  get ready(): boolean {
    if (this.#thread === null && !this.#isGone) this.#start();
    return this.#isReady;
  }

  /** Resolves when it can be given something, or never will be. */
  async there(): Promise<void> {
    if (this.ready || this.#isGone) return;
    await new Promise<void>((resolve) => this.#expecting.push(resolve));
  }

  /** Resolves when the list is on the disk, with the numbers of the runs that have begun, or null if something is missing in it. */
  write(list: Batch): Promise<readonly number[] | null> {
    return new Promise((landed, failed) => {
      const thread = this.#thread as Thread;
      thread.hold();
      this.#waiting.push({ landed, failed });
      thread.write(list);
    });
  }

  /** Resolves when nothing is being written, whatever became of it. */
  async idle(): Promise<void> {
    while (this.busy) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Resolves when the thread has let go of the file. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#thread?.close();
    // It may have another file from now on.
    this.#end(new Error('The file is closed.'));
  }

  #start(): void {
    try {
      this.#thread = Thread.open(this.#place, {
        hear: (said) => this.#hear(said),
        gone: (error) => this.#end(error),
      });
    } catch (error) {
      this.#end(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #hear(said: Said): void {
    if ('ready' in said) {
      this.#isReady = true;
      this.#rest();
      for (const resolve of this.#expecting.splice(0)) resolve();
      return;
    }
    const waiting = this.#waiting.shift();
    this.#rest();
    if ('begun' in said) waiting?.landed(said.begun);
    else if ('failed' in said) waiting?.failed(Object.assign(new Error(said.failed), { errcode: said.errcode }));
    this.#tellIdle();
  }

  /** A thread that does nothing keeps no process alive, unless somebody waits for its end. */
  #rest(): void {
    if (!this.busy && !this.#isClosing) this.#thread?.rest();
  }

  /** What it was writing may have landed or not. */
  #end(error: Error): void {
    if (!this.#isClosing) {
      const message = `The thread that writes to ${this.#place.hold.file} has ended (${reasonOf(error)}). Commits are written on the main thread from now on, which waits for the disk meanwhile; all else is the same.`;
      process.emitWarning(message, { code: 'SIGNALBOX_THREAD' });
    }
    this.#thread = null;
    this.#isReady = false;
    this.#isGone = true;
    for (const resolve of this.#expecting.splice(0)) resolve();
    for (const { failed } of this.#waiting.splice(0)) failed(error);
    this.#tellIdle();
  }

  #tellIdle(): void {
    if (!this.busy) for (const resolve of this.#idle.splice(0)) resolve();
  }
}
