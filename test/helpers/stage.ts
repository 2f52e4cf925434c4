/**
 * What the tests of the runtime stand on: bodies that wait for the test and not for time,
 * graphs from a table, and a look at a run that is short enough to compare.
 */
import {
  type AnyOrchestrator,
  defineOrchestrator,
  type LogLine,
  type ReadEvent,
  type Run,
  task,
  track,
} from 'signalbox';
import { type FakeClock, fakeClock, settled } from 'signalbox/testing';
import { z } from 'zod';
import type { Clock } from '../../src/clock.ts';
import { endsRun } from '../../src/events.ts';
import type { Answer, Executor, Job } from '../../src/executor.ts';
// The first box loads the engine, which takes more rounds of the event loop than `soon` waits.
import '../../src/runtime/create.ts';

export const Anything = z.any();
export const N = z.object({ n: z.number() });

/** For bodies that a test answers for, or that must not be reached. */
export const never = (): never => {
  throw new Error('A body was run that nobody should have called.');
};

export const work = task('work', { input: Anything, output: Anything, run: never });

/** A track of the given steps, each a use of `work`. */
export const steps = (name: string, ...names: readonly string[]) =>
  names.reduce((made, step) => made.step(step, work) as typeof made, track(name, { input: Anything }));

type Graph = { readonly [track: string]: readonly string[] };

/** An orchestrator with one track of one step `work` for each entry, which names what it waits for. */
export function graphOf(graph: Graph, options: object = {}): AnyOrchestrator {
  const tracks = Object.fromEntries(Object.keys(graph).map((name) => [name, steps(name, 'work')]));
  const document = { name: 'graph', version: '1', input: Anything, tracks, dependencies: graph, ...options };
  return defineOrchestrator(document as never) as AnyOrchestrator;
}

interface Held {
  readonly job: Job;
  answer(answer: Answer): void;
}

/** An executor that lays every job on a desk, where it stays until the test answers it. Jobs go by `path#attempt`, or by their whole keys. */
export class Desk implements Executor {
  isByRun = false;
  /** Every job so far, in order. */
  readonly begun: string[] = [];
  readonly #open = new Map<string, Held>();
  readonly #all = new Map<string, Held>();

  execute(job: Job, answer: (answer: Answer) => void): void {
    const place = this.isByRun ? job.key : job.key.slice(job.key.indexOf('/') + 1);
    this.begun.push(place);
    this.#open.set(place, { job, answer });
    this.#all.set(place, { job, answer });
  }

  /** Jobs that were not answered and not told to end, in the order in which they began. */
  get open(): string[] {
    return [...this.#open].filter(([, { job }]) => !job.signal().aborted).map(([place]) => place);
  }

  job(place: string): Job {
    return this.#held(place).job;
  }

  give(place: string, value: unknown = null): void {
    this.#open.delete(place);
    this.#held(place).answer({ ok: true, value });
  }

  fail(place: string, error: unknown = new Error(`${place} failed`)): void {
    this.#open.delete(place);
    this.#held(place).answer({ ok: false, error, sync: false });
  }

  #held(place: string): Held {
    const held = this.#all.get(place);
    if (held === undefined) throw new Error(`No job "${place}" was begun; there are: ${this.begun.join(', ')}.`);
    return held;
  }
}

/** Options of a box whose jobs lie on a desk, whose time stands still and whose log is kept. */
export function stage(): { desk: Desk; clock: FakeClock; lines: LogLine[]; options: StageOptions } {
  const desk = new Desk();
  const clock = fakeClock();
  const lines: LogLine[] = [];
  // What is wrong and what failed; the course of a run is in its history, and what was resumed is the test's own doing.
  const logger = (line: LogLine): void =>
    void (line.level === 'debug' || line.message.includes('resumed here') || lines.push(line));
  return { desk, clock, lines, options: { executor: () => desk, clock, logger } };
}

interface StageOptions {
  readonly executor: () => Executor;
  readonly clock: FakeClock;
  readonly logger: (line: LogLine) => void;
}

/**
 * A clock on which every wake-up is due as soon as nothing else happens. Not for tests with timeouts. What a server is asked takes its
 * time: where it is to be over before the next wake-up, `patience` is how long that may be.
 */
export function hurriedClock(patience = 0): Clock {
  let now = 1_767_225_600_000;
  return {
    now: () => now,
    wakeAfter(ms, wake) {
      const due = now + ms;
      const goOn = (): void => {
        now = Math.max(now, due);
        wake();
      };
      if (patience > 0) {
        const timer = setTimeout(goOn, patience);
        return () => clearTimeout(timer);
      }
      const handle = setImmediate(goOn);
      return () => clearImmediate(handle);
    },
  };
}

// What a handle carries of its output's type is of no interest here.
type AnyRun = Pick<Run<unknown>, 'history' | 'snapshot'>;

export async function eventsOf(run: AnyRun): Promise<ReadEvent[]> {
  const events: ReadEvent[] = [];
  for await (const event of run.history()) events.push(event);
  return events;
}

/** `type path` of every event; the run's own path is empty. */
export async function historyOf(run: AnyRun): Promise<string[]> {
  return (await eventsOf(run)).map(({ type, path }) => `${type} ${path}`.trim());
}

/** What is wrong with a history whatever the run did: numbers, times, ends, order of starts and ends, also in rows. Empty if nothing is. */
export async function faultsOfHistory(run: AnyRun & Pick<Run<unknown>, 'export'>): Promise<string[]> {
  const faults: string[] = [];
  const open = new Set<string>();
  const ended = new Set<string>();
  const completed = new Set<string>();
  let at = 0;
  // Before the history, which has grown by then at the most.
  const { steps } = await run.export();
  const events = await eventsOf(run);
  for (const [index, event] of events.entries()) {
    const { seq, type, path } = event;
    if (seq !== index + 1) faults.push(`event ${index + 1} has number ${seq}`);
    if (event.at < at) faults.push(`${type} ${path} goes back in time`);
    at = event.at;
    // What has completed may be undone: then it has another end.
    if (type === 'step.compensating' && completed.delete(path)) ended.delete(path);
    if (ended.has(path)) faults.push(`${type} ${path} comes after its end`);
    if (/\.started$/.test(type)) open.add(path);
    const status = type.slice(type.indexOf('.') + 1);
    if (type !== 'children.skipped' && type !== 'hook.failed' && endsRun(`run.${status}` as never)) {
      ended.add(path);
      if (status === 'completed') completed.add(path);
      open.delete(path);
    }
    if (endsRun(type) && index !== events.length - 1) faults.push(`${type} is not the last event`);
    if (endsRun(type) && open.size > 0 && !('abandoned' in event))
      faults.push(`${type} leaves open: ${[...open].join(', ')}`);
  }
  for (const { path, state, endedAt, endedSeq } of steps) {
    // What an earlier version has left has no number.
    if (endedSeq === null) continue;
    const end = events[endedSeq - 1];
    // With one event, a run that is abandoned ends with all that is open in it.
    const isEnd = end?.type.endsWith(`.${state}`) && (end.path === path || 'abandoned' in end);
    if (endedAt === null || !isEnd) faults.push(`${state} ${path} did not end with event ${endedSeq}`);
  }
  return faults;
}

/** Status of every track and step, by path. */
export async function statusesOf(run: AnyRun): Promise<{ [path: string]: string }> {
  const { tracks, steps: all } = await run.snapshot();
  return Object.fromEntries(Object.entries({ ...tracks, ...all }).map(([path, { status }]) => [path, status]));
}

/** What a promise was rejected with. */
export async function rejection<E = Error>(promise: Promise<unknown>): Promise<E> {
  try {
    await promise;
  } catch (error) {
    return error as E;
  }
  throw new Error('It was not rejected.');
}

export { fakeClock, settled };

/** What `promise` gives, or an error if nothing more happens without it. For what may hang. */
export async function soon<T>(promise: Promise<T>, rounds = 500): Promise<T> {
  let over = false;
  const end = promise.finally(() => {
    over = true;
  });
  end.catch(() => {});
  for (let round = 0; round < rounds && !over; round += 1) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
  if (!over) throw new Error(`Nothing came of it in ${rounds} rounds of the event loop.`);
  return end;
}
