/**
 * The writing threads of this process. One that has let go of its file is kept for the file that is opened next: it is there at
 * once, and who opens and closes many files does not start and end as many threads (of some hundreds Node 24 itself has been
 * seen to die, in its table of machine code).
 */
import { Worker } from 'node:worker_threads';
import type { Batch } from './batch.ts';
import { PROGRAM } from './program.ts';
import type { Said, ThreadPlace } from './thread.ts';

/** Who has a thread: what it says, and that it has ended by itself. */
export interface ThreadOwner {
  hear(said: Said): void;
  gone(error: Error): void;
}

/** How many wait for a next file. A thread without one takes a few MB and no time. */
const KEPT = 2;
const waiting: Thread[] = [];

export class Thread {
  readonly #worker: Worker;
  #owner: ThreadOwner | null = null;
  #closed: (() => void) | null = null;

  private constructor() {
    this.#worker = new Worker(PROGRAM, { eval: typeof PROGRAM === 'string', name: 'signalbox sqlite' });
    this.#worker.on('message', (said: Said) => {
      if ('closed' in said) this.#closed?.();
      else this.#owner?.hear(said);
    });
    this.#worker.on('error', (error) => this.#end(error instanceof Error ? error : new Error(String(error))));
    this.#worker.on('exit', () => this.#end(new Error('The thread that writes to the file has ended.')));
  }

  /** One that opens this file. It says when it has; until then it keeps the process alive. Throws where no thread can be started. */
  static open(place: ThreadPlace, owner: ThreadOwner): Thread {
    const thread = waiting.pop() ?? new Thread();
    thread.#owner = owner;
    thread.#worker.ref();
    thread.#worker.postMessage({ open: place });
    return thread;
  }

  write(list: Batch): void {
    this.#worker.postMessage({ write: list });
  }

  /** A process that has nothing else to do must not end before the thread has. */
  hold(): void {
    this.#worker.ref();
  }

  rest(): void {
    this.#worker.unref();
  }

  /** Resolves when it has let go of the file, after all that it was given before. */
  async close(): Promise<void> {
    if (this.#owner === null) return;
    this.hold();
    await new Promise<void>((resolve) => {
      this.#closed = resolve;
      this.#worker.postMessage({ close: true });
    });
    const isThere = this.#owner !== null;
    this.#owner = null;
    this.rest();
    if (isThere && waiting.length < KEPT) waiting.push(this);
    else this.#worker.postMessage({ end: true });
  }

  #end(error: Error): void {
    const at = waiting.indexOf(this);
    if (at !== -1) waiting.splice(at, 1);
    const owner = this.#owner;
    this.#owner = null;
    owner?.gone(error);
    this.#closed?.();
  }
}
