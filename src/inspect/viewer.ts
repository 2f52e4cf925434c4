/**
 * One viewer of one run, at the other end of a WebSocket. It is sent each batch when it has taken the one before; one that takes
 * nothing for too long is let go.
 */
import type { Duplex } from 'node:stream';
import { wakeAfterAny } from '../clock.ts';
import { SignalboxError } from '../errors/index.ts';
import { type InspectedBox, inspectRun } from './feed.ts';
import type { WireEvent } from './wire.ts';

/** What is used of a socket of `ws`. */
export interface Socket {
  send(text: string, done: (error?: Error) => void): void;
  close(code: number, reason: string): void;
  terminate(): void;
  on(event: 'message' | 'close' | 'error', listener: () => void): void;
}

/** So much is handed to the socket before it has to have gone, in characters. */
const MOST_AT_ONCE = 128 * 1_024;

export class Viewer {
  /** Resolves when the socket is closed. */
  readonly gone: Promise<void>;
  readonly #socket: Socket;
  /** The connection below: what is written while it is corked goes in one piece. */
  readonly #wire: Duplex;
  readonly #patience: number;
  readonly #leaving = new AbortController();
  /** Ends the wait for what was written last. */
  #release: () => void = () => {};

  constructor(socket: Socket, wire: Duplex, patience: number) {
    this.#socket = socket;
    this.#wire = wire;
    this.#patience = patience;
    this.gone = new Promise((resolve) => {
      socket.on('close', resolve);
    });
    void this.gone.then(() => {
      this.#leaving.abort();
      this.#release();
    });
    // It is closed after that.
    socket.on('error', () => {});
    socket.on('message', () => this.end(1008, 'viewers say nothing'));
  }

  /** Tells all of a run, until one of both ends. Never rejects. */
  async watch(box: InspectedBox, run: string, outputs: boolean): Promise<void> {
    const { signal } = this.#leaving;
    try {
      await inspectRun(box, run, { send: (batch) => this.#send(batch), outputs, signal });
      this.end(1000, 'the run has ended');
    } catch (error) {
      const code = error instanceof SignalboxError ? error.code : 'impossible';
      this.end(CLOSES[code] ?? 1011, code);
    }
  }

  end(code: number, reason: string): void {
    this.#leaving.abort();
    this.#socket.close(code, reason);
  }

  drop(): void {
    this.#leaving.abort();
    this.#socket.terminate();
  }

  async #send(batch: readonly WireEvent[]): Promise<void> {
    let waiting: string[] = [];
    let size = 0;
    for (const event of batch) {
      const text = JSON.stringify(event);
      waiting.push(text);
      size += text.length;
      if (size < MOST_AT_ONCE) continue;
      await this.#write(waiting);
      if (this.#leaving.signal.aborted) return;
      waiting = [];
      size = 0;
    }
    if (waiting.length > 0) await this.#write(waiting);
  }

  /** Resolves when all of it has gone to the network, or the viewer is gone. */
  async #write(texts: readonly string[]): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    let left = texts.length;
    const taken = (): void => {
      left -= 1;
      if (left === 0) resolve();
    };
    this.#release = resolve;
    const cancel = wakeAfterAny(this.#patience, () => this.drop());
    this.#wire.cork();
    for (const text of texts) this.#socket.send(text, taken);
    this.#wire.uncork();
    await promise;
    cancel();
  }
}

/** Numbers for programs: 4404 is a run that is not there any more, 1001 a box that goes. */
const CLOSES: { readonly [code: string]: number } = { 'run-unknown': 4404, 'box-closed': 1001, 'store-lost': 1001 };
