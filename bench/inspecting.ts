/**
 * What it costs a run to be watched: runs of 10,000 tasks in memory, in turns without a viewer, with a server that nobody looks at, with
 * a sink that drops everything, and with viewers in a second process, one that reads and one that never does. What the last one holds is
 * measured by heap. Bodies do nothing, so the share of the watching is as large as it can be. `npm run bench:inspecting`.
 */
import { type ChildProcess, fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { createSignalbox, memory, orchestrator, task, track } from 'signalbox';
import { inspectorServer, inspectRun } from 'signalbox/inspect';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { machine } from './report.ts';

const TASKS = 10_000;
/** A viewer that does not read is measured with so many times as many, too: it must not hold more. */
const MORE = 10;
const WINDOW = 64;
const PROCESSES = 3;
const ROUNDS = 5;
const WARM = 1;
/** A percent is not seen otherwise: so often in each round there is a run that nobody looks at, and one without a server. */
const UNSEEN = 5;
/** How long a viewer has for the first look, and how long the bench waits for one that is behind, in milliseconds. */
const QUIET = 2_000;
const MOST_LATE = 20_000;

const WAYS = ['unwatched', 'nobody looks', 'sink', 'reader', 'never reads'] as const;
type Way = (typeof WAYS)[number];

// biome-ignore lint/suspicious/noExplicitAny: tracks by the thousand have no type of their own
type Loose = any;

const anything = z.any();
const work = task('work', { input: anything, output: anything, run: () => null });
const head = { version: '1', input: anything } as const;
const gate = () => track('gate', { input: anything }).wait('go', { signal: 'go' });

/** Each waits for a signal first, so that viewers are there, and were told how it stands, when the work begins. */
const SHAPES: Readonly<Record<string, () => Loose>> = {
  collection: () => collectionOf(TASKS),
  'ten times as many': () => collectionOf(TASKS * MORE),
  wide() {
    let flow: Loose = orchestrator('wide', head).track('gate', gate());
    const one = track('t', { input: anything }).step('s', work);
    for (let at = 0; at < TASKS; at += 1) flow = flow.track(`t${at}`, one, { after: ['gate'] });
    return flow;
  },
  long() {
    let steps: Loose = gate();
    for (let at = 0; at < TASKS / 5; at += 1) steps = steps.step(`s${at}`, work);
    return orchestrator('long', head).track('t', steps);
  },
};

const collectionOf = (items: number): Loose =>
  orchestrator('collection', head).track(
    't',
    gate().map('items', { over: () => `1..${items}`, each: work, concurrency: WINDOW, collect: false }),
  );

const pause = (ms: number): Promise<void> => new Promise((wait) => setTimeout(wait, ms));

interface Measured {
  /** The longest time in which nothing else had a turn, in milliseconds, until it was told how the run stands before the work. */
  readonly hold: number;
  /** Milliseconds from the signal to the result. */
  readonly wall: number;
  readonly cpu: number;
  /** Milliseconds of processor time, and of the clock, until everything was told after the run had ended. */
  readonly after: number;
  readonly late: number;
  readonly told: number;
  /** Bytes, while the viewer is still there. */
  readonly heap: number;
  readonly buffers: number;
  readonly rss: number;
}

const cpuSince = (before: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
};

/** A viewer in a process of its own: says when it is there, and what it was told when it is let go. */
async function view(url: string, reads: boolean): Promise<void> {
  const socket = new WebSocket(url);
  let told = 0;
  // It is let go while it does not read.
  socket.on('error', () => {});
  socket.on('open', () => {
    if (!reads) socket.pause();
    process.send?.('there');
  });
  if (!reads) return;
  socket.on('message', () => {
    told += 1;
  });
  await once(socket, 'close');
  process.send?.(told);
}

async function oneRun(flow: Loose, way: Way, viewer: ChildProcess): Promise<Measured> {
  const box = await createSignalbox({ orchestrators: [flow], store: memory(), logger: () => {} });
  const run = await box.start(flow, { input: null } as never);
  const server = way === 'unwatched' || way === 'sink' ? null : await inspectorServer(box);
  let told = 0;
  let seen: Promise<unknown> = Promise.resolve();
  const stop = new AbortController();
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  if (way === 'sink') {
    seen = inspectRun(box, run.id, {
      signal: stop.signal,
      send(batch) {
        told += batch.length;
      },
    });
  } else if (server !== null && way !== 'nobody looks') {
    const there = once(viewer, 'message');
    viewer.send({ url: server.feed(run.id), reads: way === 'reader' });
    await there;
    if (way === 'reader')
      seen = once(viewer, 'message').then(([count]) => {
        told = count as number;
      });
  }
  // Time for the feed to tell how all of it stands, and to rest.
  await pause(way === 'unwatched' || way === 'nobody looks' ? QUIET / 10 : QUIET);
  delays.disable();
  const hold = delays.max / 1e6;
  gc?.();
  const before = process.cpuUsage();
  const began = performance.now();
  await run.signal('go', null);
  await run.result();
  const wall = performance.now() - began;
  const cpu = cpuSince(before);
  const end = process.cpuUsage();
  await Promise.race([seen, pause(way === 'never reads' ? QUIET : MOST_LATE)]);
  const late = performance.now() - began - wall;
  const after = cpuSince(end);
  gc?.();
  const { heapUsed: heap, external: buffers, rss } = process.memoryUsage();
  stop.abort();
  await server?.close();
  await seen;
  await box.close();
  return { hold, wall, cpu, after, late, told, heap, buffers, rss };
}

async function measured(shape: string): Promise<Readonly<Record<string, readonly Measured[]>>> {
  const flow = (SHAPES[shape] as () => Loose)();
  const viewer = fork(fileURLToPath(import.meta.url), ['viewer']);
  const found: Record<string, Measured[]> = Object.fromEntries(WAYS.map((way) => [way, []]));
  const unseen = Array.from({ length: UNSEEN - 1 }, () => WAYS.slice(0, 2)).flat();
  const turns: readonly Way[] = [...WAYS, ...unseen];
  for (let round = 0; round < WARM + (shape === 'ten times as many' ? 1 : ROUNDS); round += 1)
    for (let at = 0; at < turns.length; at += 1) {
      // Another one first each time: whoever follows a large one finds its garbage.
      const way = turns[(at + round) % turns.length] as Way;
      const each = await oneRun(flow, way, viewer);
      if (round >= WARM) found[way]?.push(each);
    }
  viewer.kill();
  return found;
}

const median = (values: readonly number[]): number =>
  [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0;

const [, , only] = process.argv;
if (only === 'viewer') {
  process.on('message', ({ url, reads }: { url: string; reads: boolean }) => void view(url, reads));
} else if (only !== undefined && process.env.ALONE !== undefined) console.log(JSON.stringify(await measured(only)));
else {
  const rows = new Map<string, Measured[]>();
  const shapes = only === undefined ? Object.keys(SHAPES) : [only];
  for (let process_ = 0; process_ < PROCESSES; process_ += 1)
    for (const shape of shapes) {
      const options = ['--expose-gc', '--max-semi-space-size=64', fileURLToPath(import.meta.url), shape];
      const { stdout, stderr, status } = spawnSync(process.execPath, options, {
        encoding: 'utf8',
        env: { ...process.env, ALONE: '1' },
        maxBuffer: 2 ** 26,
      });
      if (status !== 0) throw new Error(stderr);
      for (const [way, all] of Object.entries(JSON.parse(stdout) as Record<string, Measured[]>))
        rows.set(`${shape}|${way}`, [...(rows.get(`${shape}|${way}`) ?? []), ...all]);
    }
  console.log(`${machine(new Date())}\n`);
  console.log(
    '| run | watched by | ms | beside unwatched | ms of processor time | beside it | told | ms behind at the end | longest hold of the first look, ms | heap beside it, MB | buffers, MB | RSS, MB |\n|---|---|---|---|---|---|---|---|---|---|---|---|',
  );
  for (const shape of shapes)
    for (const way of WAYS) {
      const of = (key: keyof Measured, which: string = way): number =>
        median((rows.get(`${shape}|${which}`) ?? []).map((each) => each[key]));
      const beside = (key: keyof Measured): string => `${(of(key) / of(key, 'unwatched')).toFixed(3)}×`;
      const megabytes = (key: keyof Measured, less = 0): string => ((of(key) - less) / 1e6).toFixed(1);
      const cells = [
        shape,
        way,
        of('wall').toFixed(0),
        beside('wall'),
        beside('cpu'),
        of('told'),
        of('late').toFixed(0),
        of('hold').toFixed(0),
      ];
      const held = [megabytes('heap', of('heap', 'unwatched')), megabytes('buffers'), megabytes('rss')];
      console.log(`| ${[...cells, ...held].join(' | ')} |`);
    }
}
