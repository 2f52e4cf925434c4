/**
 * `inspectorServer`: a place on this machine where runs can be looked at, by a page of its own and by whatever reads what
 * `@statelyai/inspect` sends over a WebSocket.
 *
 * I. Nobody is told anything without the token, neither by a page nor by a socket; it listens where only this machine can reach it.
 * II. A viewer that does not read costs one batch of memory, and is let go after a while. It says nothing: what it sends ends it.
 * III. Nothing of the box is changed from here.
 */
import type * as crypto from 'node:crypto';
import type * as http from 'node:http';
import type { Duplex } from 'node:stream';
import { ask, askOptions } from '../checks.ts';
import { within } from '../clock.ts';
import { type Duration, toMs } from '../duration.ts';
import { InvalidOption, reasonOf, SignalboxError } from '../errors/index.ts';
import { randomIds } from '../ids.ts';
import { driver } from '../stores/driver.ts';
import { handleOf, type Inspectable, type InspectedBox } from './feed.ts';
import { inspectorPage } from './page.ts';
import { type Socket, Viewer } from './viewer.ts';

/** Where and for whom an inspector listens. */
export interface InspectorServerOptions {
  /** 0, if nothing is said: any that is free. */
  readonly port?: number;
  /** `127.0.0.1`, if nothing is said. Anything else is seen by other machines, and what is sent is not encrypted. */
  readonly host?: string;
  /** What whoever looks has to know, of 16 characters at the least; a random one, if nothing is said. */
  readonly token?: string;
  /** Inputs, outputs and whole errors are shown, too. */
  readonly outputs?: boolean;
  /** A viewer that takes nothing for so long is let go; a minute, if nothing is said. */
  readonly patience?: Duration;
}

/** An inspector that listens. */
export interface InspectorServer extends AsyncDisposable {
  readonly port: number;
  readonly token: string;
  /** Where a run can be looked at in a browser. Who has this address may see the run. */
  page(run: string): string;
  /** Where a receiver of `@statelyai/inspect` is told of a run: `createWebSocketReceiver({ server: server.feed('order-17') })`. */
  feed(run: string): string;
  /** Lets go of every viewer and of the port. */
  close(): Promise<void>;
}

/**
 * Opens a place where runs can be looked at while they run: a page for browsers, and a feed for receivers of `@statelyai/inspect`. It
 * wants the package `ws`.
 *
 * @example
 * await using inspector = await inspectorServer(box);
 * console.log(inspector.page('order-17')); // http://127.0.0.1:…, to be opened in a browser
 */
export async function inspectorServer(
  box: InspectedBox,
  options: InspectorServerOptions = {},
): Promise<InspectorServer> {
  const checked = checkedOptions(options);
  if (typeof box?.run !== 'function')
    throw new InvalidOption({ option: 'box', value: box, expected: 'what createSignalbox has made' });
  // Caught for bundlers, which let it be missing then.
  const { WebSocketServer } = await driver('ws', () => import('ws').catch((error: unknown) => Promise.reject(error)));
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MOST_SAID, perMessageDeflate: false });
  return new Listening(box, checked, sockets as unknown as Sockets).open();
}

/** A viewer has nothing to say; this is for what a socket sends by itself. */
const MOST_SAID = 1_024;
const SHORTEST_TOKEN = 16;
/** How long viewers may take to hear that it is over, in milliseconds. */
const FAREWELL = 500;

type Checked = Required<Omit<InspectorServerOptions, 'patience'>> & { readonly patience: number };

function checkedOptions(options: InspectorServerOptions): Checked {
  askOptions('inspectorServer', options, ['port', 'host', 'token', 'outputs', 'patience']);
  const { port = 0, host = '127.0.0.1', token = randomIds(), outputs = false, patience = '1m' } = options;
  ask('port', port, 'a whole number from 0 to 65535', (value) => {
    return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65_535;
  });
  ask('host', host, 'an address, like 127.0.0.1', (value) => typeof value === 'string' && value !== '');
  // It is a secret, and is not repeated in the error.
  if (typeof token !== 'string' || token.length < SHORTEST_TOKEN)
    throw new InvalidOption({
      option: 'token',
      value: typeof token === 'string' ? `one of ${token.length}` : typeof token,
      expected: `a string of ${SHORTEST_TOKEN} characters or more`,
    });
  ask('outputs', outputs, 'true or false', (value) => typeof value === 'boolean');
  return { port, host, token, outputs, patience: toMs(patience, 'patience') };
}

/** What is used of the server of `ws`. */
interface Sockets {
  handleUpgrade(request: http.IncomingMessage, socket: Duplex, head: Uint8Array, done: (socket: Socket) => void): void;
}

/** What somebody wants to know, if they may. */
type Wanted = { readonly path: string; readonly run: Inspectable } | Refused;
interface Refused {
  readonly status: number;
  readonly says: string;
}

class Listening implements InspectorServer {
  readonly token: string;
  port = 0;
  readonly #box: InspectedBox;
  readonly #options: Checked;
  readonly #sockets: Sockets;
  readonly #server: http.Server;
  readonly #viewers = new Set<Viewer>();
  readonly #crypto = builtIn('node:crypto');
  #closing: Promise<void> | null = null;

  constructor(box: InspectedBox, options: Checked, sockets: Sockets) {
    this.#box = box;
    this.#options = options;
    this.#sockets = sockets;
    this.token = options.token;
    this.#server = builtIn('node:http').createServer((request, response) => void this.#answer(request, response));
    this.#server.on('upgrade', (request, socket, head) => void this.#welcome(request, socket, head));
  }

  async open(): Promise<this> {
    const { port, host } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once('error', reject);
    this.#server.listen(port, host, resolve);
    try {
      await promise;
    } catch (error) {
      const isTaken = (error as { readonly code?: unknown }).code === 'EADDRINUSE';
      if (isTaken)
        throw new InvalidOption({ option: 'port', value: port, expected: 'one that is free, or 0 for any that is' });
      throw new InvalidOption({ option: 'host', value: host, expected: `one to listen at: ${reasonOf(error)}` });
    }
    this.port = (this.#server.address() as { readonly port: number }).port;
    return this;
  }

  page(run: string): string {
    return `http://${this.#place}/?${this.#query(run)}`;
  }

  feed(run: string): string {
    return `ws://${this.#place}/feed?${this.#query(run)}`;
  }

  get #place(): string {
    const { host } = this.#options;
    return `${host.includes(':') ? `[${host}]` : host}:${this.port}`;
  }

  #query(run: string): string {
    return String(new URLSearchParams({ run, token: this.token }));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    const viewers = [...this.#viewers];
    for (const viewer of viewers) viewer.end(1001, 'the inspector is closed');
    await within(FAREWELL, Promise.all(viewers.map((viewer) => viewer.gone)));
    for (const viewer of viewers) viewer.drop();
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const wanted = await this.#wanted(request);
    if ('says' in wanted) return respond(response, wanted.status, 'text/plain', wanted.says);
    const { path, run } = wanted;
    if (path === '/') {
      const { html, policy } = inspectorPage(randomIds());
      return respond(response, 200, 'text/html', html, policy);
    }
    if (path !== '/diagram.svg') return respond(response, 404, 'text/plain', 'There is no such page.');
    try {
      respond(response, 200, 'image/svg+xml', await run.diagram(), 'sandbox');
    } catch (error) {
      const { status, says } = refusalOf(error);
      respond(response, status, 'text/plain', says);
    }
  }

  async #welcome(request: http.IncomingMessage, socket: Duplex, head: Uint8Array): Promise<void> {
    socket.on('error', () => socket.destroy());
    const wanted = await this.#wanted(request);
    if ('says' in wanted) return refuse(socket, wanted);
    if (wanted.path !== '/feed') return refuse(socket, { status: 404, says: 'There is no such feed.' });
    if (socket.destroyed) return;
    this.#sockets.handleUpgrade(request, socket, head, (upgraded) => {
      const viewer = new Viewer(upgraded, socket, this.#options.patience);
      this.#viewers.add(viewer);
      void viewer.gone.then(() => this.#viewers.delete(viewer));
      if (this.#closing !== null) viewer.end(1001, 'the inspector is closed');
      else void viewer.watch(this.#box, wanted.run.id, this.#options.outputs);
    });
  }

  async #wanted({ method, url = '', headers }: http.IncomingMessage): Promise<Wanted> {
    if (method !== 'GET') return { status: 405, says: 'There is nothing but to be looked at here.' };
    // A page of somebody else's may open sockets to this machine, and says where it is from.
    if (headers.origin !== undefined && headers.origin !== `http://${headers.host}`)
      return { status: 403, says: 'This is not for pages from elsewhere.' };
    if (!URL.canParse(url, 'http://here')) return { status: 400, says: 'This is no address.' };
    const { pathname: path, searchParams } = new URL(url, 'http://here');
    if (!this.#isToken(searchParams.get('token') ?? ''))
      return { status: 401, says: 'The token is missing, or wrong.' };
    const id = searchParams.get('run');
    if (id === null) return { status: 400, says: 'Say which run: ?run=…' };
    try {
      const run = handleOf(this.#box, id);
      await run.status();
      return { path, run };
    } catch (error) {
      return refusalOf(error);
    }
  }

  /** In a time that says nothing about how much of it was right. */
  #isToken(given: string): boolean {
    const digest = (text: string): Uint8Array => this.#crypto.createHash('sha256').update(text).digest();
    return this.#crypto.timingSafeEqual(digest(given), digest(this.token));
  }
}

/** Asked for at run time: bundlers for browsers want nothing of Node in what they bundle. */
function builtIn<const Name extends 'node:http' | 'node:crypto'>(
  name: Name,
): Name extends 'node:http' ? typeof http : typeof crypto {
  return globalThis.process.getBuiltinModule(name) as never;
}

const STATUSES: { readonly [code: string]: number } = {
  'run-unknown': 404,
  'option-invalid': 400,
  'definition-missing': 409,
  'definition-changed': 409,
  'box-closed': 503,
  'store-unusable': 503,
};

function refusalOf(error: unknown): Refused {
  if (!(error instanceof SignalboxError)) return { status: 500, says: 'This run cannot be shown.' };
  return { status: STATUSES[error.code] ?? 500, says: error.message };
}

function headersOf(type: string, policy = "default-src 'none'"): { readonly [name: string]: string } {
  return {
    'content-type': `${type}; charset=utf-8`,
    'content-security-policy': policy,
    'cache-control': 'no-store',
    // The token is in the address.
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  };
}

function respond(response: http.ServerResponse, status: number, type: string, body: string, policy?: string): void {
  response.writeHead(status, headersOf(type, policy));
  response.end(body);
}

function refuse(socket: Duplex, { status, says }: Refused): void {
  const head = [`HTTP/1.1 ${status} Refused`, 'Connection: close', 'Content-Type: text/plain; charset=utf-8'];
  socket.end(`${head.join('\r\n')}\r\n\r\n${says}`);
}
