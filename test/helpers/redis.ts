/**
 * A Redis server for tests: the one that REDIS_URL names, or a `redis-server` from the PATH, started in a folder of its
 * own and killed when the test is over. Tests skip themselves in words where there is neither.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@redis/client';
import type { ActorRow, Owner, RunChange, RunRow } from 'signalbox/store';

const { REDIS_URL } = process.env;

/** Can a server be started here? Some tests need one of their own, to kill it. */
export const canStart = spawnSync('redis-server', ['--version']).status === 0;
/** Is there any server at all? */
export const hasRedis = REDIS_URL !== undefined || canStart;
/** Behind the title of what is skipped without one. */
export const WHY_NOT = hasRedis ? '' : ' (skipped: there is no redis-server on the PATH, and REDIS_URL is not set)';
export const WHY_NOT_OWN = canStart ? '' : ' (skipped: there is no redis-server on the PATH to start and to kill)';

let prefixes = 0;
/** A prefix that no other test uses. */
export function newPrefix(name = 'test'): string {
  prefixes += 1;
  return `${name}-${process.pid}-${process.hrtime.bigint().toString(36)}-${prefixes}`;
}

/** A server that belongs to a test. */
export interface Server {
  readonly port: number;
  readonly url: string;
  /** Ends it as a power cut would. */
  kill(): Promise<void>;
  /** Starts it again on its port, with the data that it left. */
  start(...more: string[]): Promise<void>;
  /** It answers nothing any more, and nobody hears that it does not. */
  freeze(): void;
  thaw(): void;
  dispose(): Promise<void>;
}

/** Starts a server; `options` are as in redis.conf: `'--requirepass', 'secret'`. */
export async function startServer(...options: string[]): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-redis-'));
  const port = await freePort();
  let child: ChildProcess | null = null;
  const start = async (...more: string[]): Promise<void> => {
    const fixed = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'yes'];
    child = spawn('redis-server', [...fixed, ...options, ...more], { stdio: 'ignore' });
    await untilListening(port, child);
  };
  const kill = async (): Promise<void> => {
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  await start();
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    kill,
    start,
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    async dispose() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The server that tests share which do no harm to it. */
export async function anyServer(): Promise<Pick<Server, 'url' | 'dispose'>> {
  if (REDIS_URL === undefined) return await startServer('--appendfsync', 'no');
  return { url: REDIS_URL, dispose: async () => {} };
}

/** One command, as one would type it into redis-cli. */
export async function command<T>(url: string, ...words: string[]): Promise<T> {
  const client = createClient({ url, RESP: 2, socket: { reconnectStrategy: false }, maintNotifications: 'disabled' });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.sendCommand(words)) as T;
  } finally {
    client.destroy();
  }
}

/** Removes everything that begins with a prefix. */
export async function wipe(url: string, prefix: string): Promise<void> {
  const keys = await command<string[]>(url, 'KEYS', `{${prefix.replace(/[*?[\]\\^]/g, '?')}}:*`);
  if (keys.length > 0) await command(url, 'UNLINK', ...keys);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function untilListening(port: number, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`);
    try {
      await command(`redis://127.0.0.1:${port}`, 'PING');
      return;
    } catch (error) {
      // It answers, and wants a password, or is still reading what it has: it is there.
      if (/^(NOAUTH|LOADING)/.test((error as Error).message)) return;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('redis-server does not listen');
}

// --- What tests write ------------------------------------------------------------------------

/** A process that uses a store. */
export const owner = (name = 'one', now: () => number = () => Date.now(), lease = 10_000): Owner => ({
  name,
  lease,
  now,
});

/** A change by one event: a run of one step begins, or goes on. */
export function change(run: string, after = 0, more: Partial<RunChange> = {}): RunChange {
  return {
    run,
    fence: 1,
    after,
    row: after === 0 ? runRow(run) : null,
    actors: [],
    attempts: [],
    signals: [],
    events: [{ run, seq: after + 1, at: 1, path: 'pay', type: 'track.started' }],
    ...more,
  };
}

export function runRow(run: string, more: Partial<RunRow> = {}): RunRow {
  const names = { run, key: null, orchestrator: 'order', version: '1', hash: 'h' };
  const values = { input: null, output: null, error: null, reason: null, metadata: {}, parent: null };
  return { ...names, ...values, status: 'running', startedAt: 1, endedAt: null, ...more };
}

export function step(run: string, path: string, more: Partial<ActorRow> = {}): ActorRow {
  const parent = path === '' ? null : path.slice(0, Math.max(0, path.lastIndexOf('/')));
  const values = { input: null, output: null, error: null, memory: {}, due: null };
  const times = { attemptedAt: 0, startedAt: 0, endedAt: null, endedSeq: null };
  return { run, path, parent, kind: 'task', state: 'running', attempt: 1, ...values, ...times, ...more };
}

/** What a promise was rejected with. */
export async function errorOf(work: () => unknown): Promise<Error> {
  try {
    await work();
  } catch (error) {
    return error as Error;
  }
  throw new Error('Nothing was thrown.');
}

/** Waits for something that other processes do. */
export async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let tries = 0; tries < 400; tries += 1) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`It did not come to this: ${what}`);
}
