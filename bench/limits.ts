/**
 * What standing in line costs (S30, S35): picking by how many keys there are, a cap over a hundred thousand bodies, what a
 * large run does to small ones beside it, and what a budget costs (S38). `npm run bench:limits`; `-- --small` for a tenth of it,
 * `-- budgets` for the last alone.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createSignalbox,
  defineOrchestrator,
  type Executor,
  memory,
  orchestrator,
  type Store,
  task,
  track,
} from 'signalbox';
import { sqlite } from 'signalbox/sqlite';
import { z } from 'zod';
import { Limits } from '../src/policies/limits/limits.ts';
import type { Limit, Ticket } from '../src/policies/limits/ticket.ts';
import { machine } from './report.ts';

const PART = process.argv.includes('--small') ? 10 : 1;
const BODIES = 100_000 / PART;
const RUNS = 1_000 / PART;
const CAP = 64;
const ROUNDS = 5;

const anything = z.any();
const work = task('work', { input: anything, output: anything, run: () => null });
const one = track('t', { input: anything }).step('s', work);
const wide = (name: string, tracks: number) =>
  defineOrchestrator({
    name,
    version: '1',
    input: anything,
    tracks: Object.fromEntries(Array.from({ length: tracks }, (_, at) => [`t${at}`, one])),
    output: () => null,
  } as never);

// Boxes are closed while bodies of the large run are under way.
const quiet = (): void => {};

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[numbers.length >> 1] as number;

if (!process.argv.includes('budgets')) {
  await picking();
  await capped();
  await beside();
}
await budgeted();
console.log(`\n${machine(new Date())}`);

/** The line alone: all come in, 64 at a time begin and end. Processor time for each body, of all of its steps together. */
async function picking(): Promise<void> {
  console.log('| bodies | runs | keys | µs of the processor for each: median, min |\n| --- | --- | --- | --- |');
  for (const keys of [0, 1, 100, 10_000, BODIES]) {
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      globalThis.gc?.();
      const from = process.cpuUsage();
      pickAll(keys);
      const { user, system } = process.cpuUsage(from);
      times.push((user + system) / BODIES);
    }
    console.log(`| ${BODIES} | ${RUNS} | ${keys} | ${median(times).toFixed(2)}, ${Math.min(...times).toFixed(2)} |`);
  }
}

function pickAll(keys: number): void {
  const limits = new Limits<number>(CAP);
  const rule = {
    limit: 1,
    per: null,
    burst: 1,
    key: undefined,
    whenFull: 'wait',
    queue: Number.POSITIVE_INFINITY,
  } as const;
  const queue = limits.queueFor([]);
  const keyed = (key: number): readonly Limit[] =>
    keys === 0
      ? []
      : [{ id: `${key}`, rule, called: { of: 'task', name: 'work', key: `${key}`, limit: 1, per: null } }];
  const running: Ticket<number>[] = [];
  for (let at = 0; at < BODIES; at += 1) {
    const claim = { queue, keyed: keyed(at % keys), group: `run-${at % RUNS}`, weight: 1, priority: 0 };
    const ticket = limits.enter(at, claim, 0);
    if (ticket.state === 'begun') running.push(ticket);
    for (let next = limits.next(0); next !== null; next = limits.next(0)) running.push(next);
  }
  let done = 0;
  for (const ticket of running) {
    done += 1;
    limits.leave(ticket, 0);
    for (let next = limits.next(0); next !== null; next = limits.next(0)) running.push(next);
  }
  if (done !== BODIES) throw new Error(`${BODIES} were to begin, and ${done} have.`);
}

/** A box with a cap: is a place ever empty while somebody waits, and what does a body cost more than without? */
async function capped(): Promise<void> {
  const flow = wide('flow', BODIES / RUNS);
  console.log(
    `\n| ${BODIES} bodies of ${RUNS} runs | µs of the processor for each: median, min | places left empty |\n| --- | --- | --- |`,
  );
  for (const concurrency of [Number.POSITIVE_INFINITY, CAP]) {
    const times: number[] = [];
    let empty = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      let running = 0;
      let begun = 0;
      const jobs: (() => void)[] = [];
      const executor: Executor = {
        execute(_, answer) {
          begun += 1;
          running += 1;
          jobs.push(() => {
            running -= 1;
            answer({ ok: true, value: null });
            // Whoever is next has begun by the time that the answer was taken.
            if (concurrency === CAP && BODIES - begun > 0) empty += CAP - running;
          });
        },
      };
      const box = await createSignalbox({
        orchestrators: [flow],
        concurrency,
        executor: () => executor,
        logger: quiet,
      });
      globalThis.gc?.();
      const from = process.cpuUsage();
      const runs = await Promise.all(Array.from({ length: RUNS }, () => box.start(flow, { input: null } as never)));
      for (let at = 0; at < BODIES; at += 1) {
        if (at % CAP === 0) await Promise.resolve();
        (jobs[at] as () => void)();
      }
      await Promise.all(runs.map((run) => run.result()));
      const { user, system } = process.cpuUsage(from);
      times.push((user + system) / BODIES);
      await box.close();
    }
    const cap = Number.isFinite(concurrency) ? `a cap of ${concurrency}` : 'no cap';
    console.log(
      `| ${cap} | ${median(times).toFixed(1)}, ${Math.min(...times).toFixed(1)} | ${Number.isFinite(concurrency) ? empty : '–'} |`,
    );
  }
}

/** Small runs of bodies that take time, alone and beside a large run that came first. */
async function beside(): Promise<void> {
  const large = wide('large', BODIES);
  const steps = Array.from({ length: 10 }, (_, at) => `s${at}`);
  const long = steps.reduce((made, name) => made.step(name, work) as never, track('long', { input: anything }));
  const small = orchestrator('small', { version: '1', input: anything }).track('t', long);
  const executor: Executor = {
    execute(_, answer) {
      setTimeout(() => answer({ ok: true, value: null }), 5);
    },
  };
  const p95 = async (withLarge: boolean): Promise<number> => {
    const options = { orchestrators: [large, small], concurrency: CAP, executor: () => executor, logger: quiet };
    const box = await createSignalbox(options as never);
    // Committed, and so in line, before the others come.
    if (withLarge) await box.start(large as never, { input: null } as never);
    const times = await Promise.all(
      Array.from({ length: 99 }, async () => {
        const from = performance.now();
        const run = await box.start(small as never, { input: null } as never);
        await run.result();
        return performance.now() - from;
      }),
    );
    await box.close();
    return times.sort((a, b) => a - b)[Math.ceil(0.95 * times.length) - 1] as number;
  };
  const alone: number[] = [];
  const withLarge: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    alone.push(await p95(false));
    withLarge.push(await p95(true));
  }
  const ratio = median(withLarge.map((ms, at) => ms / (alone[at] as number)));
  console.log(
    `\n99 runs of 10 steps, bodies of 5 ms, a cap of ${CAP}: p95 alone ${median(alone).toFixed(0)} ms, beside a run of ${BODIES} bodies ${median(withLarge).toFixed(0)} ms; ${ratio.toFixed(2)}×, the median of ${ROUNDS} rounds.`,
  );
}

/** The same runs with a budget that nobody reaches and without one, in turns: processor time and time for each body. */
async function budgeted(): Promise<void> {
  const bodies = 10_000 / PART;
  const free = wide('free', 100);
  const budgetOf = (key?: () => string) => ({ limit: 1e9, per: '1d' as const, ...(key === undefined ? {} : { key }) });
  const spending = (name: string, key?: () => string) => {
    const spender = task(name, { input: anything, output: anything, run: () => null, budget: budgetOf(key) });
    const each = track('t', { input: anything }).step('s', spender);
    const tracks = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`t${at}`, each]));
    return defineOrchestrator({ name, version: '1', input: anything, tracks, output: () => null } as never);
  };
  const flows = [free, spending('plain'), spending('keyed', () => 'acme')];
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
  const stores: readonly (readonly [string, () => Store])[] = [
    ['memory', memory],
    ['SQLite', () => sqlite(join(mkdtempSync(join(folder, 'box-')), 'runs.db'))],
  ];
  console.log(
    `\n| ${bodies} bodies of ${bodies / 100} runs | µs of the processor for each: median, min | of no budget, by pairs | µs of the clock: median | of no budget, by pairs |\n| --- | --- | --- | --- | --- |`,
  );
  for (const [name, store] of stores) {
    const seen = flows.map((): { cpu: number; clock: number }[] => []);
    // The first round warms up.
    for (let round = 0; round <= ROUNDS; round += 1)
      for (const [at, flow] of flows.entries()) {
        const box = await createSignalbox({ orchestrators: [flow], store: store(), logger: quiet } as never);
        globalThis.gc?.();
        const [cpu, from] = [process.cpuUsage(), performance.now()];
        const started = Array.from({ length: bodies / 100 }, () => box.start(flow as never, { input: null } as never));
        await Promise.all((await Promise.all(started)).map((run) => run.result()));
        const { user, system } = process.cpuUsage(cpu);
        const one = { cpu: (user + system) / bodies, clock: ((performance.now() - from) * 1_000) / bodies };
        if (round > 0) seen[at]?.push(one);
        await box.close();
      }
    for (const [at, what] of ['no budget', 'a budget', 'a budget with a key'].entries()) {
      const times = seen[at] ?? [];
      const beside = (of: 'cpu' | 'clock'): string =>
        `${median(times.map((one, round) => one[of] / (seen[0]?.[round]?.[of] ?? Number.NaN))).toFixed(2)}×`;
      const cpu = times.map((one) => one.cpu);
      console.log(
        `| ${name}, ${what} | ${median(cpu).toFixed(1)}, ${Math.min(...cpu).toFixed(1)} | ${beside('cpu')} | ${median(times.map(({ clock }) => clock)).toFixed(1)} | ${beside('clock')} |`,
      );
    }
  }
  rmSync(folder, { recursive: true, force: true });
}
