/**
 * A fan-out of many members that answer at once, and what others take for it: `npm run bench:fan-out -- FOLDER`. FOLDER has what is compared,
 * as npm installs it (`npm i p-map bullmq ioredis @dbos-inc/dbos-sdk`); it is no dependency, and what is not there is left out.
 *
 * Each row is a process of its own, three times, in turns. A member adds one to its number, and the sum is looked at, so whoever drops one
 * is found out. Servers are started here, and sync each write as those of `bench:servers` do.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createSignalbox, memory, orchestrator, type Store, task, track } from 'signalbox';
import { createActor, fromPromise, setup, toPromise } from 'xstate';
import { z } from 'zod';
import { sqlite } from 'signalbox/sqlite';
import { postgres } from 'signalbox/postgres';
import { redis } from 'signalbox/redis';
import { machine } from './report.ts';
import { startPostgres, startRedis } from './start-servers.ts';

const ROUNDS = 3;
const SIZES = [1_000, 10_000];
/** How long a row may take, in milliseconds, and what is done once because it takes so long. */
const [LONGEST, LONG] = [120_000, 30_000];

const add = async (n: number): Promise<number> => n + 1;

/** Does it once, and answers with the sum of what the members gave. */
type FanOut = (count: number) => Promise<number>;

interface Made {
  readonly go: FanOut;
  end?(): Promise<void>;
}

interface Given {
  readonly folder: string;
  readonly url: string;
  readonly count: number;
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, at) => at);
const sum = (all: readonly number[]): number => all.reduce((total, n) => total + n, 0);

/** A package of the folder; what it exports is known by its documentation alone. */
// biome-ignore lint/suspicious/noExplicitAny: it is not installed where this is compiled
async function peer({ folder }: Given, name: string): Promise<any> {
  const root = join(resolve(folder), 'node_modules', name);
  const { exports: out, main } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const entry = [out?.['.'], out, main].map(fileIn).find((file) => file !== null) ?? 'index.js';
  return import(join(root, entry));
}

function fileIn(entry: unknown): string | null {
  if (typeof entry === 'string') return entry;
  if (typeof entry !== 'object' || entry === null) return null;
  const { node, import: esm, default: other } = entry as { [condition: string]: unknown };
  return fileIn(node) ?? fileIn(esm) ?? fileIn(other);
}

async function ours(store: Store, count: number): Promise<Made> {
  const anything = z.any();
  const body = task('add', { input: anything, output: anything, run: ({ input }) => add(input) });
  const members = Object.fromEntries(numbers(count).map((at) => [`m${at}`, { do: body, input: () => at }]));
  const flow = orchestrator('fan', { version: '1', input: anything })
    .track('t', track('t', { input: anything }).parallel('s', members as never))
    .output(({ outputs }) => outputs.t);
  const box = await createSignalbox({ orchestrators: [flow], store, maxValueBytes: 1e9, logger: () => {} });
  return {
    async go() {
      const outputs = await (await box.start(flow, { input: null })).result();
      return sum(Object.values(outputs as { readonly [member: string]: number }));
    },
    end: () => box.close(),
  };
}

/** A machine with a region for each member, which invokes a promise and is final then. */
function regions(count: number): Made {
  const outputs: number[] = [];
  const region = (at: number) => ({
    initial: 'busy' as const,
    states: {
      busy: {
        invoke: {
          src: 'add' as const,
          input: at,
          onDone: {
            target: 'done' as const,
            actions: ({ event }: { event: { output: number } }) => outputs.push(event.output),
          },
        },
      },
      done: { type: 'final' as const },
    },
  });
  const fan = setup({ actors: { add: fromPromise<number, number>(({ input }) => add(input)) } }).createMachine({
    type: 'parallel',
    states: Object.fromEntries(numbers(count).map((at) => [`m${at}`, region(at)])),
  } as never);
  return {
    async go() {
      outputs.length = 0;
      const actor = createActor(fan);
      const done = toPromise(actor);
      actor.start();
      await done;
      return sum(outputs);
    },
  };
}

/** A parent job with a child for each member; one worker, 64 at once, which is in this process, too. */
async function bullmq(given: Given): Promise<Made> {
  const { FlowProducer, Queue, QueueEvents, Worker } = await peer(given, 'bullmq');
  const { hostname: host, port } = new URL(given.url);
  const connection = { host, port: Number(port), maxRetriesPerRequest: null };
  const name = `fan-${process.pid}`;
  const worker = new Worker(
    name,
    async (job: { name: string; data: number; getChildrenValues(): Promise<{ [key: string]: number }> }) =>
      job.name === 'member' ? add(job.data) : sum(Object.values(await job.getChildrenValues())),
    { connection, concurrency: 64 },
  );
  const events = new QueueEvents(name, { connection });
  const queue = new Queue(name, { connection });
  const producer = new FlowProducer({ connection });
  await Promise.all([worker.waitUntilReady(), events.waitUntilReady(), queue.waitUntilReady()]);
  return {
    async go(count) {
      const children = numbers(count).map((data) => ({ name: 'member', queueName: name, data }));
      const { job } = await producer.add({ name: 'all', queueName: name, data: null, children });
      return (await job.waitUntilFinished(events)) as number;
    },
    async end() {
      for (const each of [worker, events, queue, producer]) await each.close();
    },
  };
}

/** A workflow that runs a step for each member, at once. */
async function dbos(given: Given): Promise<Made> {
  const { DBOS } = await peer(given, '@dbos-inc/dbos-sdk');
  DBOS.setConfig({ name: 'fan', systemDatabaseUrl: given.url, logLevel: 'error', runAdminServer: false });
  const fan = DBOS.registerWorkflow(
    async (count: number) =>
      sum(await Promise.all(numbers(count).map((at) => DBOS.runStep(() => add(at), { name: `m${at}` })))),
    { name: 'fan' },
  );
  await DBOS.launch();
  return { go: (count) => fan(count), end: () => DBOS.shutdown() };
}

interface Contender {
  readonly on?: 'postgres' | 'redis';
  readonly needs?: string;
  make(given: Given): Made | Promise<Made>;
}

const all: { readonly [who: string]: Contender } = {
  'Promise.all': { make: () => ({ go: async (count) => sum(await Promise.all(numbers(count).map(add))) }) },
  'p-map': {
    needs: 'p-map',
    async make(given) {
      const { default: pMap } = await peer(given, 'p-map');
      return { go: async (count) => sum(await pMap(numbers(count), add)) };
    },
  },
  'p-map, 64 at once': {
    needs: 'p-map',
    async make(given) {
      const { default: pMap } = await peer(given, 'p-map');
      return { go: async (count) => sum(await pMap(numbers(count), add, { concurrency: 64 })) };
    },
  },
  'XState, parallel regions': { make: ({ count }) => regions(count) },
  'signalbox, memory': { make: ({ count }) => ours(memory(), count) },
  'signalbox, sqlite': {
    async make({ count }) {
      const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
      const { go, end } = await ours(sqlite(join(folder, 'runs.db')), count);
      return {
        go,
        async end() {
          await end?.();
          rmSync(folder, { recursive: true });
        },
      };
    },
  },
  'signalbox, redis': { on: 'redis', make: ({ url, count }) => ours(redis(url, { prefix: `p${process.pid}` }), count) },
  bullmq: { on: 'redis', needs: 'bullmq', make: bullmq },
  'signalbox, postgres': { on: 'postgres', make: ({ url, count }) => ours(postgres(url), count) },
  dbos: { on: 'postgres', needs: '@dbos-inc/dbos-sdk', make: dbos },
};

interface Measured {
  readonly each: number;
  readonly busy: number;
  readonly heap: number;
}

/** The second time; the first one warms up. */
async function measure(who: string, given: Given): Promise<Measured> {
  const { count } = given;
  const { go, end } = await (all[who] as Contender).make(given);
  const wanted = (count * (count + 1)) / 2;
  const once = async (): Promise<void> => {
    const got = await go(count);
    if (got !== wanted) throw new Error(`${who} of ${count} gave ${got} instead of ${wanted}.`);
  };
  const began = performance.now();
  await once();
  if (performance.now() - began > LONG) {
    const each = ((performance.now() - began) * 1_000) / count;
    return { each, busy: process.cpuUsage().user / count, heap: process.memoryUsage().heapUsed / 1e6 };
  }
  globalThis.gc?.();
  const before = process.cpuUsage();
  const from = performance.now();
  await once();
  const each = ((performance.now() - from) * 1_000) / count;
  const { user, system } = process.cpuUsage(before);
  const measured = { each, busy: (user + system) / count, heap: process.memoryUsage().heapUsed / 1e6 };
  await end?.();
  return measured;
}

async function inProcess(who: string, given: Given): Promise<Measured | null> {
  const program = fileURLToPath(import.meta.url);
  const child = spawn(process.execPath, ['--expose-gc', program, 'measure', who, JSON.stringify(given)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const tooLong = setTimeout(() => child.kill('SIGKILL'), LONGEST);
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += String(chunk);
  });
  const [code] = await once(child, 'close');
  clearTimeout(tooLong);
  if (code !== 0 && code !== null) throw new Error(`${who} of ${given.count} ended with code ${code}.`);
  const [said] = /\{"each":.*\}/.exec(text) ?? [];
  return said === undefined ? null : (JSON.parse(said) as Measured);
}

const middle = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

async function table(folder: string, words: readonly string[]): Promise<void> {
  const servers = { postgres: await startPostgres(), redis: await startRedis() };
  const found = new Map<string, Measured[]>();
  const isThere = ({ on, needs }: Contender): boolean =>
    (on === undefined || servers[on] !== null) &&
    (needs === undefined || existsSync(join(folder, 'node_modules', needs)));
  try {
    for (let round = 1; round <= ROUNDS; round += 1)
      for (const [who, contender] of Object.entries(all)) {
        if (!isThere(contender) || !words.every((word) => who.includes(word))) continue;
        for (const count of SIZES) {
          const key = `${who} | ${count.toLocaleString('en')}`;
          // What took long once is not tried again.
          const [first] = found.get(key) ?? [];
          if (round > 1 && (first === undefined || first.each * count > LONG * 1_000)) continue;
          process.stderr.write(`${round}/${ROUNDS} ${key}\n`);
          const url = contender.on === undefined ? '' : (servers[contender.on]?.url ?? '');
          const measured = await inProcess(who, { folder, url, count });
          found.set(key, [...(found.get(key) ?? []), ...(measured === null ? [] : [measured])]);
        }
      }
  } finally {
    for (const server of Object.values(servers)) await server?.stop();
  }
  console.log(
    '| fan-out by | members | µs each, median | least | of them at work | heap, MB |\n| --- | --- | --- | --- | --- | --- |',
  );
  for (const [key, measured] of found) {
    const of = (which: keyof Measured): number => middle(measured.map((each) => each[which]));
    const least = Math.min(...measured.map(({ each }) => each));
    const cells =
      measured.length === 0
        ? [`over ${LONGEST / 1_000} s`, '–', '–', '–']
        : [of('each'), least, of('busy'), of('heap')].map((n) => n.toFixed(1));
    console.log(`| ${key} | ${cells.join(' | ')} |`);
  }
  console.log(`\n${machine(new Date())}`);
}

const [word = '.', ...rest] = process.argv.slice(2);
if (word === 'measure') {
  const [who = '', given = '{}'] = rest;
  process.stdout.write(JSON.stringify(await measure(who, JSON.parse(given) as Given)));
  process.exit(0);
} else await table(word, rest);
