/**
 * What collections, members side by side, loops, child runs and what is read back of them cost, in memory and on SQLite: each row in a
 * process of its own, three times, in turns. `npm run bench:control`, and `-- --full` with what takes minutes, once. Other words are a part
 * of the rows: `-- sqlite loop`.
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
  readonly what: 'map' | 'map, counted' | 'parallel' | 'loop' | 'child runs' | 'runs by hand';
  readonly count: number;
  /** How many items, or runs by hand, are under way at once. */
  readonly window?: number;
}

interface Measured {
  /** Microseconds for an item, a member, a round, a run. */
  readonly each: number;
  /** Of these, what a processor was at work; the rest is waiting, for the disk or for a processor. */
  readonly busy: number;
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

const child = orchestrator('child', { version: '1', input: anything }).track(
  'c',
  track('c', { input: anything }).step('s', body, ({ input }) => input),
  { input: ({ input }) => input as never },
);

function flowOf({ what, count, window = WINDOW }: Row, each: typeof body | typeof last = body) {
  const t = track('t', { input: anything });
  const starts = track('starts', { input: anything }).run('child', child, ({ input }) => input);
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
            each: (what === 'child runs' ? starts : each) as never,
            collect: what === 'map',
            concurrency: window,
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
  const box = await createSignalbox({ orchestrators: [flow, child], store: where.open(), ...options } as never);
  const result = async (of: unknown, input: object): Promise<void> => {
    await ((await box.start(of as never, { input } as never)) as { result(): Promise<unknown> }).result();
  };
  const start = async (input: object): Promise<void> => {
    if (row.what !== 'runs by hand') return result(flow, input);
    let begun = 0;
    const lane = async (): Promise<void> => {
      while (begun < row.count) {
        begun += 1;
        await result(child, input);
      }
    };
    await Promise.all(Array.from({ length: WINDOW }, lane));
  };
  if (row.count <= 10_000) await start({ n: 0 });
  globalThis.gc?.();
  let heap = 0;
  const look = setInterval(() => {
    heap = Math.max(heap, process.memoryUsage().heapUsed / 1e6);
  }, 20);
  const begun = performance.now();
  const before = process.cpuUsage();
  await start({ n: 1 });
  const { user, system } = process.cpuUsage(before);
  const [each, busy] = [((performance.now() - begun) * 1_000) / row.count, (user + system) / row.count];
  clearInterval(look);
  await box.close();
  const file = where.file();
  where.remove();
  const isRead = row.what.startsWith('map') && row.store === 'sqlite' && row.window === undefined;
  return { each, busy, heap, file, back: isRead ? await takenBack(row) : null };
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

function rowsOf(full: boolean): readonly Row[] {
  return (['memory', 'sqlite'] as const).flatMap((store): Row[] => [
    ...SIZES.flatMap((count) => (['map', 'map, counted'] as const).map((what) => ({ store, what, count }))),
    ...(full ? [{ store, what: 'map, counted' as const, count: 1_000_000 }] : []),
    ...[256, 1_024].map((window) => ({ store, what: 'map, counted' as const, count: 100_000, window })),
    ...[1_000, 10_000].map((count) => ({ store, what: 'parallel' as const, count })),
    ...(full || store === 'memory' ? SIZES : [1_000, 10_000]).map((count) => ({ store, what: 'loop' as const, count })),
    ...(['child runs', 'runs by hand'] as const).map((what) => ({ store, what, count: 10_000 })),
  ]);
}

const isLong = ({ store, what, count }: Row): boolean =>
  count >= 1_000_000 || (store === 'sqlite' && what === 'loop' && count >= 100_000);

async function table(full: boolean, words: readonly string[]): Promise<void> {
  const rows = rowsOf(full).filter((row) => words.every((word) => Object.values(row).map(String).includes(word)));
  const found = new Map<Row, Measured[]>();
  for (let round = 1; round <= ROUNDS; round += 1)
    for (const row of rows) {
      if (isLong(row) && round > 1) continue;
      process.stderr.write(`${round}/${ROUNDS} ${Object.values(row).join(' ')}\n`);
      found.set(row, [...(found.get(row) ?? []), await inProcess(row)]);
    }
  console.log('| store | what | count | µs each | least | of them at work | heap, MB | file, MB | taken back, ms |');
  console.log('| --- | --- | --- | --- | --- | --- | --- | --- | --- |');
  for (const [{ store, what, count, window }, all] of found) {
    const of = (which: keyof Measured): number => middle(all.map((each) => each[which] ?? 0));
    const called = window === undefined ? what : `${what}, ${window} at once`;
    const times = [of('each'), Math.min(...all.map(({ each }) => each)), of('busy')].map((us) => us.toFixed(1));
    const cells = [store, called, count.toLocaleString('en'), ...times, of('heap').toFixed(0)];
    const file = store === 'sqlite' ? of('file').toFixed(1) : '–';
    console.log(`| ${[...cells, file, of('back') > 0 ? of('back').toFixed(0) : '–'].join(' | ')} |`);
  }
  console.log(`\n${machine(new Date())}`);
}

const given = process.argv.slice(2);
if (given[0]?.startsWith('{')) process.stdout.write(JSON.stringify(await measure(JSON.parse(given[0]) as Row)));
else
  await table(
    given.includes('--full'),
    given.filter((word) => word !== '--full'),
  );
