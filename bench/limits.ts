/**
 * What standing in line costs (S30, S35): picking by how many keys there are, a cap over a hundred thousand bodies, and what a
 * large run does to small ones beside it. `npm run bench:limits`; `-- --small` for a tenth of it.
 */
import { createSignalbox, defineOrchestrator, type Executor, orchestrator, task, track } from 'signalbox';
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

await picking();
await capped();
await beside();
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
