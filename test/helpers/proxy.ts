/** A network between a store and its server that a test makes slow, or silent, as networks are at times. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Connections that listen for news, all others, or both. */
export type Which = 'listening' | 'asking' | 'all';

export interface Network {
  readonly port: number;
  /** How long each way takes, in milliseconds. */
  delay: number;
  /** From here on nothing gets through on these connections, and nobody hears that it does not. */
  hold(which?: Which): void;
  /** What was held gets through, in its order. */
  release(): void;
  close(): Promise<void>;
}

const LISTENS = /\blisten\b|SUBSCRIBE/i;

/** A proxy before a server on this machine. */
export async function proxyOf(port: number): Promise<Network> {
  const sockets = new Set<Socket>();
  let held: Which | null = null;
  let gate = Promise.withResolvers<void>();

  const server = createServer({ allowHalfOpen: false }, (client) => {
    const upstream = connect(port, '127.0.0.1');
    let listens = false;
    const isHeld = (): boolean => held === 'all' || (held !== null && listens === (held === 'listening'));
    const through = (from: Socket, to: Socket, look: (bytes: Buffer) => void): void => {
      let last = Promise.resolve();
      from.on('data', (bytes) => {
        look(bytes);
        const due = Date.now() + proxy.delay;
        last = last.then(async () => {
          const rest = due - Date.now();
          if (rest > 0) await new Promise((resolve) => setTimeout(resolve, rest));
          while (isHeld()) await gate.promise;
          if (!to.destroyed) to.write(bytes);
        });
      });
      from.on('error', () => {});
      from.on('close', () => {
        sockets.delete(from);
        // The end of a connection takes its way as all else does.
        last = last.then(async () => {
          while (isHeld()) await gate.promise;
          to.destroy();
        });
      });
    };
    for (const socket of [client, upstream]) sockets.add(socket);
    through(client, upstream, (bytes) => {
      listens ||= LISTENS.test(bytes.toString('latin1'));
    });
    through(upstream, client, () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const proxy: Network = {
    port: (server.address() as AddressInfo).port,
    delay: 0,
    hold(which = 'all') {
      held = which;
      gate = Promise.withResolvers();
    },
    release() {
      held = null;
      gate.resolve();
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
