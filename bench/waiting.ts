/**
 * What waits, by how much of it there is: a wake-up more, one that is taken back and one that fires, beside others that are pending; and a
 * run with many bodies at work that is cancelled: until every signal has fired, within one turn of the event loop or not, and until it is over.
 *
 *     npm run bench:waiting
 */
import { createSignalbox, orchestrator, task, track } from 'signalbox';
import { z } from 'zod';
import type { Clock } from '../src/clock.ts';
import { Timers } from '../src/runtime/performing/timers.ts';
import { machine } from './report.ts';

const PENDING = [10_000, 1_000_000];
const TRIED = 20_000;
const BODIES = [1_000, 10_000];
const ROUNDS = 7;

const anything = z.any();
const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[numbers.length >> 1] as number;
const least = (numbers: readonly number[]): number => Math.min(...numbers);

/** Nanoseconds of the processor for each of so many. */
function cost(times: number, work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1_000) / times;
}

/** A clock that is moved by hand and has one wake-up armed, as the timer service arms them. */
function handClock(): Clock & { move(ms: number): void } {
  let now = 0;
  let armed: (() => void) | null = null;
  return {
    isSteady: true,
    now: () => now,
    elapsed: () => now,
    wakeAfter(_, wake) {
      armed = wake;
      return () => {
        if (armed === wake) armed = null;
      };
    },
    move(ms) {
      now += ms;
      const wake = armed;
      armed = null;
      wake?.();
    },
  };
}

function timersOf(pending: number): { add: number; clear: number; fire: number } {
  const clock = handClock();
  const timers = new Timers(clock);
  const spread = (at: number): number => 1_000_000 + ((at * 7_919) % 1_000_003);
  for (let at = 0; at < pending; at += 1) timers.set(`p${at}`, spread(at), () => {});
  const add = cost(TRIED, () => {
    for (let at = 0; at < TRIED; at += 1) timers.set(`t${at}`, spread(at * 31), () => {});
  });
  const clear = cost(TRIED, () => {
    for (let at = 0; at < TRIED; at += 1) timers.clear(`t${at}`);
  });
  let fired = 0;
  const count = (): void => {
    fired += 1;
  };
  for (let at = 0; at < TRIED; at += 1) timers.set(`f${at}`, 1 + (at % 500_000), count);
  const fire = cost(TRIED, () => {
    while (fired < TRIED) clock.move(1_000);
  });
  if (timers.size !== pending) throw new Error(`${timers.size} wake-ups are left of ${pending}.`);
  return { add, clear, fire };
}

async function cancelled(bodies: number): Promise<{ signals: number; turns: number; over: number }> {
  let begun = 0;
  let aborted = 0;
  const all = Promise.withResolvers<void>();
  const told = Promise.withResolvers<void>();
  const work = task('work', {
    input: anything,
    output: anything,
    run: ({ signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          aborted += 1;
          if (aborted === bodies) told.resolve();
          reject(signal.reason);
        });
        begun += 1;
        if (begun === bodies) all.resolve();
      }),
  });
  const flow = orchestrator('flow', { version: '1', input: anything }).track(
    't',
    track('t', { input: anything }).map('m', { over: () => `1..${bodies}`, each: work, concurrency: bodies }),
  );
  await using box = await createSignalbox({ orchestrators: [flow], logger: () => {} });
  const run = await box.start(flow as never, { input: null } as never);
  await all.promise;
  const from = performance.now();
  let turns = 0;
  const count = (): void => {
    if (aborted < bodies) turns += aborted > 0 ? 1 : 0;
    if (aborted < bodies) setImmediate(count);
  };
  setImmediate(count);
  const cancelling = run.cancel();
  await told.promise;
  const signals = performance.now() - from;
  await cancelling;
  await run.outcome();
  return { signals, turns, over: performance.now() - from };
}

console.log(`${machine(new Date())}\n`);
console.log(
  '| pending wake-ups | one more, ns: median, least | one taken back | one fires |\n| --- | --- | --- | --- |',
);
for (const pending of PENDING) {
  const rounds = Array.from({ length: ROUNDS }, () => timersOf(pending)).slice(2);
  const cell = (key: 'add' | 'clear' | 'fire'): string => {
    const all = rounds.map((round) => round[key]);
    return `${median(all).toFixed(0)}, ${least(all).toFixed(0)}`;
  };
  console.log(`| ${pending.toLocaleString('en')} | ${cell('add')} | ${cell('clear')} | ${cell('fire')} |`);
}

console.log(
  '\n| bodies at work | all signals have fired, ms: median, least | turns of the event loop between the first and the last | the run is over, ms |\n| --- | --- | --- | --- |',
);
for (const bodies of BODIES) {
  const rounds: Awaited<ReturnType<typeof cancelled>>[] = [];
  for (let round = 0; round < ROUNDS; round += 1) rounds.push(await cancelled(bodies));
  const rest = rounds.slice(2);
  const [signals, over] = [rest.map((round) => round.signals), rest.map((round) => round.over)];
  console.log(
    `| ${bodies.toLocaleString('en')} | ${median(signals).toFixed(0)}, ${least(signals).toFixed(0)} | ${Math.max(...rest.map(({ turns }) => turns))} | ${median(over).toFixed(0)}, ${least(over).toFixed(0)} |`,
  );
}
