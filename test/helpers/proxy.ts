/** A network between a store and its server that a test makes slow, or silent, as networks are at times. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Connections that listen for news, all others, or both. */
export type Which = 'listening' | 'asking' | 'all';
/** What is asked, what is answered, or both. */
export type Way = 'there' | 'back' | 'both';

export interface Network {
  readonly port: number;
  /** How long each way takes, in milliseconds. */
  delay: number;
  /** So many bytes get through in each `delay`; left alone, all there are. */
  piece: number;
  /** From here on nothing gets through on these connections this way, and nobody hears that it does not. */
  hold(which?: Which, way?: Way): void;
  /** What was held gets through, in its order. */
  release(): void;
  /** Breaks every connection; what was held is lost. */
  cut(): void;
  close(): Promise<void>;
}

const LISTENS = /\blisten\b|SUBSCRIBE/i;

/** A proxy before a server on this machine. */
export async function proxyOf(port: number): Promise<Network> {
  const sockets = new Set<Socket>();
  let held: Which | null = null;
  let heldWay: Way = 'both';
  let gate = Promise.withResolvers<void>();

  const server = createServer({ allowHalfOpen: false }, (client) => {
    const upstream = connect(port, '127.0.0.1');
    let listens = false;
    const isHeld = (way: Way): boolean => {
      if (held === null || (heldWay !== 'both' && heldWay !== way)) return false;
      return held === 'all' || listens === (held === 'listening');
    };
    const through = (from: Socket, to: Socket, way: Way, look: (bytes: Buffer) => void): void => {
      let last = Promise.resolve();
      from.on('data', (bytes) => {
        look(bytes);
        const { piece, delay } = proxy;
        const due = Date.now() + delay;
        for (let at = 0; at < bytes.length; at += piece) {
          last = last.then(async () => {
            const rest = Number.isFinite(piece) ? delay : due - Date.now();
            if (rest > 0) await new Promise((resolve) => setTimeout(resolve, rest));
            while (isHeld(way)) await gate.promise;
            if (!to.destroyed) to.write(bytes.subarray(at, at + piece));
          });
        }
      });
      from.on('error', () => {});
      from.on('close', () => {
        sockets.delete(from);
        // The end of a connection takes its way as all else does.
        last = last.then(async () => {
          while (isHeld(way)) await gate.promise;
          to.destroy();
        });
      });
    };
    for (const socket of [client, upstream]) sockets.add(socket);
    through(client, upstream, 'there', (bytes) => {
      listens ||= LISTENS.test(bytes.toString('latin1'));
    });
    through(upstream, client, 'back', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const proxy: Network = {
    port: (server.address() as AddressInfo).port,
    delay: 0,
    piece: Number.POSITIVE_INFINITY,
    hold(which = 'all', way = 'both') {
      held = which;
      heldWay = way;
      // Whoever waits already looks whether this is meant for it, too.
      gate.resolve();
      gate = Promise.withResolvers();
    },
    release() {
      held = null;
      gate.resolve();
    },
    cut() {
      for (const socket of sockets) socket.destroy();
      proxy.release();
    },
    async close() {
      proxy.release();
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close').catch(() => {});
    },
  };
  return proxy;
}
