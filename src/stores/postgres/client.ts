/**
 * One connection: the driver's, which waits for an answer for ever, and which is given up here when none comes. `server.ts`
 * keeps those that are asked, `listener.ts` has the one that listens.
 *
 * The limit is on this side. One of the server's (`statement_timeout`, `lock_timeout`) is of no use when nothing gets
 * through, and would also end what is only slow over there and will be done. The driver's own (`query_timeout`) ends what
 * comes bit by bit, and takes what came while this process was held up for what has not come.
 */
import { Socket } from 'node:net';
import type pg from 'pg';
import { whenSilent } from '../patience.ts';
import { Unanswered } from './words.ts';

/** The driver. */
export type Driver = typeof pg;

/** A connection of ours. */
export interface Client extends pg.Client {
  /** Does what asks the server; when that has said nothing for so many milliseconds, the connection is given up. */
  within<T>(patience: number, work: () => Promise<T>): Promise<T>;
  /** Ends the connection at once, and what is asked on it with this error. */
  giveUp(why: Error): void;
}

/** The class of our connections, on a driver that is there. */
export function clientClass({ Client }: Driver): new (config?: pg.ClientConfig) => Client {
  return class extends Client {
    /** Below TLS, if there is any. */
    readonly #stream: pg.Connection['stream'] & { readonly bytesRead?: number };

    constructor(config?: pg.ClientConfig) {
      super(config);
      this.#stream = this.connection.stream;
    }

    async within<T>(patience: number, work: () => Promise<T>): Promise<T> {
      const heard = (): number => this.#stream.bytesRead ?? 0;
      const answered = whenSilent(patience, heard, () => this.giveUp(new Unanswered(patience)));
      try {
        return await work();
      } finally {
        answered();
      }
    }

    giveUp(why: Error): void {
      const stream = this.#stream;
      // Only a reset ends it for the system, too, which would else go on sending for minutes: a commit could still arrive.
      if (stream instanceof Socket && stream.remoteFamily !== undefined) stream.resetAndDestroy();
      else stream.destroy();
      this.connection.emit('error', why);
    }
  };
}
