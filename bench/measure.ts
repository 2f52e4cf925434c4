/**
 * Time and memory of one contender, in the process that it is called in: warm-up, then
 * repetitions. Unless told otherwise the heap is collected before each, so that it pays for
 * what it drops on its way and not for what the one before it left behind.
 */
import { type Contender, type Load, stamps, tasksIn } from './load.ts';

/** At least so many repetitions, and for so long. */
interface Span {
  readonly least: number;
  readonly ms: number;
}

export interface Pace {
  /** In how many processes, one after the other, with the other rows between them. */
  readonly rounds: number;
  readonly warm: Span;
  readonly kept: Span;
  /** Left to Node alone: for profiles, in which a forced collection would stand out. */
  readonly uncollected?: true;
}

export interface Timing {
  /** Of several processes, the median of their medians. */
  readonly medianUs: number;
  /** The least and the greatest median of a process. */
  readonly between: readonly [number, number];
  readonly minUs: number;
  readonly repetitions: number;
  readonly commits: number | null;
  /** Median time of a step at the beginning and at the end of one long track. */
  readonly steps: { readonly earlyUs: number; readonly lateUs: number } | null;
}

export const EARLY = [10, 59] as const;
export const LATE = [1_950, 1_999] as const;

export async function time(contender: Contender, load: Load, pace: Pace): Promise<Timing> {
  const before = pace.uncollected ? () => {} : collect;
  await repeat(contender, load, pace.warm, before);
  const seen = await repeat(contender, load, pace.kept, before);
  const perTask = seen.map(({ ms }) => (ms * 1_000) / tasksIn(load));
  const [first] = seen;
  const medianUs = median(perTask);
  return {
    medianUs,
    between: [medianUs, medianUs],
    minUs: Math.min(...perTask),
    repetitions: seen.length,
    commits: first?.commits ?? null,
    steps: seen.every(({ early }) => Number.isNaN(early))
      ? null
      : { earlyUs: median(seen.map(({ early }) => early)), lateUs: median(seen.map(({ late }) => late)) },
  };
}

/** The same row in several processes. */
export function together(timings: readonly Timing[]): Timing {
  const medians = timings.map(({ medianUs }) => medianUs);
  const steps = timings.flatMap((timing) => timing.steps ?? []);
  return {
    medianUs: median(medians),
    between: [Math.min(...medians), Math.max(...medians)],
    minUs: Math.min(...timings.map(({ minUs }) => minUs)),
    repetitions: timings.reduce((all, { repetitions }) => all + repetitions, 0),
    commits: timings[0]?.commits ?? null,
    steps:
      steps.length === 0
        ? null
        : { earlyUs: median(steps.map(({ earlyUs }) => earlyUs)), lateUs: median(steps.map(({ lateUs }) => lateUs)) },
  };
}

interface Seen {
  readonly ms: number;
  readonly commits: number | null;
  readonly early: number;
  readonly late: number;
}

async function repeat(
  contender: Contender,
  load: Load,
  { least, ms: span }: Span,
  before: () => void,
): Promise<Seen[]> {
  const all: Seen[] = [];
  const until = performance.now() + span;
  while (all.length < least || performance.now() < until) {
    const repetition = await contender.begin();
    before();
    const from = performance.now();
    const sum = await repetition.go();
    const ms = performance.now() - from;
    if (sum !== tasksIn(load)) throw new Error(`${tasksIn(load)} tasks were to be done, and the sum is ${sum}.`);
    all.push({ ms, commits: await repetition.end(), early: stepUs(load, EARLY), late: stepUs(load, LATE) });
  }
  return all;
}

/** The median time from one step to the next, or NaN where steps are not one after the other. */
function stepUs({ runs, tracks, steps }: Load, [from, to]: readonly [number, number]): number {
  if (runs > 1 || tracks > 1 || steps <= to) return Number.NaN;
  const gaps: number[] = [];
  // Who does not call the body leaves no stamps.
  if (stamps[to] === 0) return Number.NaN;
  for (let at = from; at <= to; at += 1) gaps.push(((stamps[at] ?? 0) - (stamps[at - 1] ?? 0)) * 1_000);
  return median(gaps);
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

function collect(): void {
  if (globalThis.gc === undefined) throw new Error('Node has to be started with --expose-gc.');
  globalThis.gc();
}

/** Bytes on the heap that something still holds. */
export async function heldBytes(): Promise<number> {
  for (let round = 0; round < 4; round += 1) {
    // What only a pending job or a weak reference holds is let go between two rounds.
    await new Promise((resolve) => setImmediate(resolve));
    collect();
  }
  return process.memoryUsage().heapUsed;
}
