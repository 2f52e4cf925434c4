/**
 * What undoing costs: a run of so many completed items is undone, in memory and on SQLite. A row says what one of them costs, for the first
 * and the last tenth, and how much memory the process had at the highest. Each row in a process of its own, three times, in turns.
 * `npm run bench:undo`.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createSignalbox, memory, orchestrator, task, track } from 'signalbox';
import { sqlite } from 'signalbox/sqlite';
import { z } from 'zod';
import { machine } from './report.ts';

const SIZES = [1_000, 10_000, 100_000];
const ROUNDS = 3;
const anything = z.any();

interface Measured {
  /** Microseconds for one, of all, of the first tenth, of the last tenth. */
  readonly all: number;
  readonly first: number;
  readonly last: number;
  /** MB of heap at the highest while it was undone, above what it was before. */
  readonly heap: number;
}

async function measure(store: string, count: number): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
  const times: number[] = [];
  let heap = 0;
  let before = 0;
  const paid = task('paid', {
    input: anything,
    output: anything,
    run: ({ input }) => input,
    compensate: () => {
      times.push(performance.now());
      if (times.length % 1_000 === 0) {
        gc?.();
        heap = Math.max(heap, process.memoryUsage().heapUsed);
      }
    },
  });
  const flow = orchestrator('undo', { version: '1', input: anything }).track(
    't',
    track('t', { input: anything })
      .map('items', { over: () => `1..${count}`, each: paid, concurrency: 64, collect: false })
      .wait('go', { signal: 'go' }),
  );
  const box = await createSignalbox({
    orchestrators: [flow],
    store: store === 'memory' ? memory() : sqlite(join(folder, 'runs.db')),
    logger: () => {},
  });
  try {
    const run = await box.start(flow, { input: null });
    while ((await run.status()) !== 'waiting') await new Promise((wait) => setTimeout(wait, 20));
    gc?.();
    before = process.memoryUsage().heapUsed;
    const began = performance.now();
    await run.cancel({ compensate: true });
    while ((await run.status()) !== 'compensated') await new Promise((wait) => setTimeout(wait, 20));
    const tenth = Math.floor(count / 10);
    const [first, last] = [times[tenth] as number, times[count - tenth] as number];
    return {
      all: (((times.at(-1) as number) - began) * 1_000) / count,
      first: ((first - began) * 1_000) / tenth,
      last: (((times.at(-1) as number) - last) * 1_000) / tenth,
      heap: (heap - before) / 1e6,
    };
  } finally {
    await box.close();
    rmSync(folder, { recursive: true });
  }
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const [, , store, count] = process.argv;
if (store !== undefined) console.log(JSON.stringify(await measure(store, Number(count))));
else {
  console.log(machine(new Date()));
  console.log('| store | steps | µs each | first tenth | last tenth | heap, MB |\n|---|---|---|---|---|---|');
  for (const kept of ['memory', 'sqlite'])
    for (const size of SIZES) {
      const rounds = Array.from({ length: ROUNDS }, () => {
        const { stdout } = spawnSync(process.execPath, [
          '--expose-gc',
          fileURLToPath(import.meta.url),
          kept,
          String(size),
        ]);
        return JSON.parse(String(stdout)) as Measured;
      });
      const of = (key: keyof Measured): string => median(rounds.map((each) => each[key])).toFixed(1);
      console.log(`| ${kept} | ${size} | ${of('all')} | ${of('first')} | ${of('last')} | ${of('heap')} |`);
    }
}
