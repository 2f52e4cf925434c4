/**
 * What collections, members side by side, loops and what is read back of them cost, in memory and on SQLite: each row in a process of
 * its own, three times, in turns. `npm run bench:control`, and `-- --full` with a million items.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createSignalbox, memory, orchestrator, type Store, task, track } from 'signalbox';
import { sqlite } from 'signalbox/sqlite';
import { z } from 'zod';
import { machine } from './report.ts';

interface Row {
  readonly store: 'memory' | 'sqlite';
  readonly what: 'map' | 'map, counted' | 'parallel' | 'loop';
  readonly count: number;
}

interface Measured {
  /** Microseconds for an item, a member, a round. */
  readonly each: number;
  /** MB, at the highest. */
  readonly heap: number;
  readonly file: number;
  /** Milliseconds for a box that finds the run with one item left. */
  readonly back: number | null;
}

const WINDOW = 64;
const ROUNDS = 3;
const SIZES = [1_000, 10_000, 100_000];

const anything = z.any();
// Bodies that answer at once: what is measured is the engine.
const body = task('echo', { input: anything, output: anything, run: ({ input }) => input });
const last = task('last', {
  input: anything,
  output: anything,
  run: ({ input }) => (input === 0 ? new Promise(() => {}) : input),
});

function flowOf({ what, count }: Row, each: typeof body | typeof last = body) {
  const t = track('t', { input: anything });
  const members = Object.fromEntries(Array.from({ length: count }, (_, at) => [`m${at}`, each]));
  const steps =
    what === 'parallel'
      ? t.parallel('s', members as never)
      : what === 'loop'
        ? t.loop('s', {
            body: { do: each, input: ({ index }: { index: number }) => index } as never,
            while: ({ index }) => index < count,
            maxIterations: count + 1,
            keepLast: 10,
          })
        : t.map('s', {
            // The last one is the number 0.
            over: () => `${1 - count}..0`,
            each: each as never,
            collect: what === 'map',
            concurrency: WINDOW,
          });
  return orchestrator('control', { version: '1', input: anything }).track(
    't',
    steps as never,
    {
      input: ({ input }: { input: unknown }) => input as never,
    } as never,
  );
}

function place({ store }: Row): { readonly open: () => Store; readonly file: () => number; remove(): void } {
  if (store === 'memory') return { open: () => memory(), file: () => 0, remove: () => {} };
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
  const path = join(folder, 'runs.db');
  return {
    open: () => sqlite(path),
    file: () => statSync(path).size / 1e6,
    remove: () => rmSync(folder, { recursive: true }),
  };
}

const options = { maxValueBytes: 1e9, logger: () => {} };

async function measure(row: Row): Promise<Measured> {
  const where = place(row);
  const flow = flowOf(row);
  const box = await createSignalbox({ orchestrators: [flow], store: where.open(), ...options } as never);
  const start = async (input: object): Promise<void> => {
    await ((await box.start(flow as never, { input } as never)) as { result(): Promise<unknown> }).result();
  };
  if (row.count <= 10_000) await start({ n: 0 });
  globalThis.gc?.();
  let heap = 0;
  const look = setInterval(() => {
    heap = Math.max(heap, process.memoryUsage().heapUsed / 1e6);
  }, 20);
  const begun = performance.now();
  await start({ n: 1 });
  const each = ((performance.now() - begun) * 1_000) / row.count;
  clearInterval(look);
  await box.close();
  const file = where.file();
  where.remove();
  return { each, heap, file, back: row.what.startsWith('map') && row.store === 'sqlite' ? await takenBack(row) : null };
}

/** How long a box takes to find a run of which all items but one have completed. */
async function takenBack(row: Row): Promise<number> {
  const where = place(row);
  const flow = flowOf(row, last);
  const open = () => createSignalbox({ orchestrators: [flow], store: where.open(), ...options } as never);
  const first = await open();
  const run = (await first.start(flow as never, { id: 'r', input: { n: 0 } } as never)) as unknown as {
    events(): AsyncIterable<{ type: string }>;
  };
  let ended = 0;
  for await (const { type } of run.events()) {
    if (type === 'step.completed') ended += 1;
    if (ended === row.count - 1) break;
  }
  await first.close();
  const begun = performance.now();
  const second = await open();
  await second.recovered;
  const back = performance.now() - begun;
  await second.close();
  where.remove();
  return back;
}

async function inProcess(row: Row): Promise<Measured> {
  const child = spawn(process.execPath, ['--expose-gc', fileURLToPath(import.meta.url), JSON.stringify(row)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += String(chunk);
  });
  await once(child, 'close');
  return JSON.parse(text) as Measured;
}

function middle(numbers: readonly number[]): number {
  return [...numbers].sort((left, right) => left - right)[Math.floor(numbers.length / 2)] as number;
}

async function table(full: boolean): Promise<void> {
  const sizes = full ? [...SIZES, 1_000_000] : SIZES;
  const rows: Row[] = (['memory', 'sqlite'] as const).flatMap((store) => [
    ...sizes.flatMap((count) => (['map', 'map, counted'] as const).map((what) => ({ store, what, count }))),
    ...[1_000, 10_000].map((count) => ({ store, what: 'parallel' as const, count })),
    ...(store === 'memory' ? SIZES : [1_000, 10_000]).map((count) => ({ store, what: 'loop' as const, count })),
  ]);
  const found = new Map<Row, Measured[]>();
  for (let round = 1; round <= ROUNDS; round += 1)
    for (const row of rows) {
      if (row.count === 1_000_000 && round > 1) continue;
      process.stderr.write(`${round}/${ROUNDS} ${row.store} ${row.what} ${row.count}\n`);
      found.set(row, [...(found.get(row) ?? []), await inProcess(row)]);
    }
  console.log('| store | what | count | µs each | heap, MB | file, MB | taken back, ms |');
  console.log('| --- | --- | --- | --- | --- | --- | --- |');
  for (const [{ store, what, count }, all] of found) {
    const of = (which: keyof Measured): number => middle(all.map((each) => each[which] ?? 0));
    const cells = [store, what, count.toLocaleString('en'), of('each').toFixed(1), of('heap').toFixed(0)];
    const file = store === 'sqlite' ? of('file').toFixed(1) : '–';
    console.log(`| ${[...cells, file, of('back') > 0 ? of('back').toFixed(0) : '–'].join(' | ')} |`);
  }
  console.log(`\n${machine(new Date())}`);
}

const [given] = process.argv.slice(2);
if (given?.startsWith('{')) process.stdout.write(JSON.stringify(await measure(JSON.parse(given) as Row)));
else await table(given === '--full');
