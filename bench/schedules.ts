/**
 * What schedules cost: to find the next time, and to start a run by one instead of by hand, in memory and on SQLite. Three rounds, in
 * turns, in one process. `npm run bench:schedules`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, createSignalbox, memory, orchestrator, type Store, task, track } from 'signalbox';
import { sqlite } from 'signalbox/sqlite';
import { z } from 'zod';
import { machine } from './report.ts';

const RUNS = 2_000;
const ROUNDS = 3;
const SECOND = 1_000;
const START = Date.parse('2026-01-01T00:00:00Z');
const Any = z.any();

// A body that answers at once: what is measured is the engine.
const echo = task('echo', { input: Any, output: Any, run: ({ input }) => input });
const flow = orchestrator('flow', { version: '1', input: Any }).track('t', track('t', { input: Any }).step('s', echo));

/** On which every wake-up is due as soon as nothing else happens: the time between two firings is not measured. */
function hurried(): Clock {
  let now = START;
  return {
    now: () => now,
    wakeAfter(ms, wake) {
      const due = now + ms;
      const handle = setImmediate(() => {
        now = Math.max(now, due);
        wake();
      });
      return () => clearImmediate(handle);
    },
  };
}

const boxOn = (store: Store, clock: Clock) =>
  createSignalbox({ store, clock, orchestrators: [flow], logger: () => {} });

/** Microseconds for each run that a schedule starts, one after the other. */
async function fired(store: Store): Promise<number> {
  await using box = await boxOn(store, hurried());
  const started = performance.now();
  await box.schedule('s', {
    orchestrator: flow,
    input: null,
    every: SECOND,
    until: START + RUNS * SECOND + 1,
    overlap: 'bufferAll',
    catchUp: '365d',
  });
  await box.run('schedule:s').outcome();
  return ((performance.now() - started) * 1_000) / RUNS;
}

/** Microseconds for each run that is started by hand, one after the other. */
async function byHand(store: Store): Promise<number> {
  await using box = await boxOn(store, hurried());
  const started = performance.now();
  for (let run = 0; run < RUNS; run += 1) await (await box.start(flow, { input: null, id: `r${run}` })).result();
  return ((performance.now() - started) * 1_000) / RUNS;
}

/** Microseconds for each time that is found, ahead of time. */
async function found(times: { readonly cron: string; readonly zone: string } | { readonly every: string }) {
  await using box = await boxOn(memory(), hurried());
  const schedule = await box.schedule('s', { orchestrator: flow, input: null, ...times });
  const started = performance.now();
  for (let page = 0; page < 10; page += 1) await schedule.preview(1_000);
  return ((performance.now() - started) * 1_000) / 10_000;
}

const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
let files = 0;
const onFile = (): Store => {
  files += 1;
  return sqlite(join(folder, `${files}.db`));
};

const ROWS: readonly (readonly [string, () => Promise<number>])[] = [
  ['memory: a run started by hand', () => byHand(memory())],
  ['memory: a run that a schedule starts', () => fired(memory())],
  ['sqlite: a run started by hand', () => byHand(onFile())],
  ['sqlite: a run that a schedule starts', () => fired(onFile())],
  ['the next time of `every: 1h`', () => found({ every: '1h' })],
  ['the next time of `30 2 * * *` in Berlin', () => found({ cron: '30 2 * * *', zone: 'Europe/Berlin' })],
  ['the next time of `*/5 * * * *` in Berlin', () => found({ cron: '*/5 * * * *', zone: 'Europe/Berlin' })],
  ['the next time of `0 0 29 2 *` in Tokyo', () => found({ cron: '0 0 29 2 *', zone: 'Asia/Tokyo' })],
];

try {
  const measured = new Map<string, number[]>(ROWS.map(([label]) => [label, []]));
  for (let round = 0; round < ROUNDS; round += 1)
    for (const [label, measure] of ROWS) measured.get(label)?.push(await measure());
  console.log(`${machine(new Date())}\n\n| | µs, median of ${ROUNDS} |\n|---|---|`);
  for (const [label, times] of measured) {
    const median = [...times].sort((left, right) => left - right)[Math.floor(ROUNDS / 2)] ?? Number.NaN;
    console.log(`| ${label} | ${median.toFixed(1)} |`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
