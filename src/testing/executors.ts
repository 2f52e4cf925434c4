/**
 * What every executor has to do, as cases for whatever test runner there is:
 *
 *     for (const { title, run } of executorSuite(() => ({ executor: toWorkers }))) test(title, run);
 *
 * Each case plays a run in a box whose bodies are done by the executor, wherever that is, and throws if it breaks a promise of
 * `src/executor.ts`. How it does the work, and what a network may do to it, is for tests of its own.
 */
import assert from 'node:assert/strict';
import { askOptions } from '../checks.ts';
import { elapsedBy, soon, systemClock } from '../clock.ts';
import type { Body } from '../definition.ts';
import { type AnyOrchestrator, orchestrator, task, track } from '../dsl/index.ts';
import { type Duration, toMs } from '../duration.ts';
import type { RunEvent } from '../events.ts';
import type { Answer, Executor, LogLine } from '../executor.ts';
import { inProcess } from '../executors/in-process.ts';
import type { Json } from '../json.ts';
import type { Signalbox } from '../runtime/box.ts';
import { createBox } from '../runtime/create.ts';
import type { Run } from '../runtime/run.ts';
import type { Schema } from '../schema.ts';
import type { Awaitable, Store } from '../store.ts';
import { memory } from '../stores/memory.ts';
import { fakeClock, type FakeClock } from './clock.ts';
import { EXECUTIONS } from './executor-cases.ts';
import { executorBodies } from './executor-bodies.ts';

/** Where the work of one case is done. */
export interface ExecutorPlace {
  /** As `createSignalbox({ executor })` takes it. Asked once more for the box that comes after a crash. */
  executor(bodies: { readonly [task: string]: Body }): Executor;
  dispose?(): Awaitable<void>;
}

/** One promise of the port, and how to see whether it is kept. */
export interface ExecutorCase {
  readonly title: string;
  run(): Promise<void>;
}

/** What the suite has to know of an executor. */
export interface ExecutorSuiteOptions {
  /** Work that nobody wants any more is killed, and so does not tell how it has ended. */
  readonly kills?: boolean;
  /** How long something may take that is done elsewhere, by the machine's own clock; 10 s by default. */
  readonly patience?: Duration;
}

/** The cases that an executor has to pass; each asks `make` for a place of its own. The work is that of `executorBodies`. */
export function executorSuite(
  make: () => Awaitable<ExecutorPlace>,
  options: ExecutorSuiteOptions = {},
): readonly ExecutorCase[] {
  askOptions('executorSuite', options, ['kills', 'patience']);
  const { kills = false } = options;
  const patience = toMs(options.patience ?? '10s', 'patience');
  return Object.entries(EXECUTIONS).map(([title, check]) => ({
    title,
    async run() {
      const place = await make();
      const bench = new ExecutorBench(place, patience, kills);
      try {
        await check(bench);
        await bench.checkAnswers();
      } finally {
        await bench.end();
        await place.dispose?.();
      }
    },
  }));
}

/** What is asked of an executor in one case. */
export type ExecutorCheck = (bench: ExecutorBench) => Promise<void>;

/** How a task of a case differs from one that says nothing. */
export interface Policy {
  readonly retry?: { readonly maxAttempts: number; readonly delay: Duration };
  readonly timeout?: Duration;
  readonly heartbeat?: Duration;
  readonly input?: Schema;
}

const ANYTHING: Schema = {
  '~standard': { version: 1, vendor: 'signalbox', validate: (value: unknown) => ({ value }) },
};

/** A box whose bodies are done by the executor, and what is seen of the two. */
export class ExecutorBench {
  readonly clock: FakeClock = fakeClock();
  readonly kills: boolean;
  /** The keys of all jobs that were handed over, in their order. */
  readonly begun: string[] = [];
  readonly lines: LogLine[] = [];
  readonly #answers = new Map<string, Answer[]>();
  readonly #place: ExecutorPlace;
  readonly #patience: number;
  readonly #boxes: Signalbox[] = [];
  /** The task that a flow is made of. */
  readonly #tasks = new Map<AnyOrchestrator, string>();

  constructor(place: ExecutorPlace, patience: number, kills: boolean) {
    this.#place = place;
    this.#patience = patience;
    this.kills = kills;
  }

  /** An orchestrator with one step `s` in each of its tracks, all of which run side by side. */
  flow(name: string, policy: Policy = {}, tracks: readonly string[] = ['t']): AnyOrchestrator {
    const { input = ANYTHING, ...more } = policy;
    const work = task(name, { input, output: ANYTHING, ...more });
    let made = orchestrator('suite', { version: '1', input: ANYTHING });
    for (const each of tracks) {
      const steps = track(each, { input: ANYTHING }).step(
        's',
        work,
        ({ input: given }: { readonly input: Json }) => given,
      );
      made = made.track(each, steps as never, {
        input: ({ input: given }: { readonly input: Json }) => given,
      }) as never;
    }
    const flow = made as unknown as AnyOrchestrator;
    this.#tasks.set(flow, name);
    return flow;
  }

  /** A box on which the flow is played; with `dying`, one that dies, and is not closed. */
  async open(
    flow: AnyOrchestrator,
    store: Store = memory(),
    dying?: (executor: Opened['executor']) => object,
  ): Promise<Signalbox> {
    const executor: Opened['executor'] = (bodies) => this.#watched(this.#place.executor(bodies));
    const name = this.#tasks.get(flow) ?? '';
    const box = (await createBox(
      {
        clock: this.clock,
        store,
        executor,
        ...dying?.(executor),
        orchestrators: [flow],
        tasks: { [name]: executorBodies[name] },
        logger: (line: LogLine) => void this.lines.push(line),
      } as never,
      { store: memory, executor: inProcess },
    )) as unknown as Signalbox;
    if (dying === undefined) this.#boxes.push(this.clock.follow(box));
    return box;
  }

  /** A run of the flow, in a box of its own. */
  async start(flow: AnyOrchestrator, input: Json): Promise<Run> {
    return this.begin(await this.open(flow), flow, input);
  }

  async begin(box: Signalbox, flow: AnyOrchestrator, input: Json): Promise<Run> {
    return (await box.start(flow, { id: 'r', input } as never)) as unknown as Run;
  }

  /** Waits, by the machine's own clock, until something done elsewhere has come about. */
  async until(isSo: () => Awaitable<boolean>, otherwise: string): Promise<void> {
    const began = elapsedBy(systemClock);
    while (!(await isSo())) {
      if (elapsedBy(systemClock) - began > this.#patience) assert.fail(otherwise);
      await new Promise<void>((resolve) => soon(resolve));
    }
  }

  /** How the run ends. What never ends is told in the words of the case. */
  async outcome(run: Run, otherwise: string) {
    let isOver = false;
    const outcome = run.outcome().finally(() => {
      isOver = true;
    });
    // If it is given up, the box is closed, and nobody waits for this any more.
    outcome.catch(() => {});
    await this.until(() => isOver, otherwise);
    return outcome;
  }

  async history(run: Run): Promise<readonly RunEvent[]> {
    const events: RunEvent[] = [];
    for await (const event of run.history()) events.push(event);
    return events;
  }

  /** Has a body logged this, so often? */
  logged(message: string, times = 1): boolean {
    return this.lines.filter((line) => line.message === message && line.path !== undefined).length >= times;
  }

  answersTo(key: string): readonly Answer[] {
    return this.#answers.get(key) ?? [];
  }

  /** Each job was answered once, as often as it was handed over. */
  async checkAnswers(): Promise<void> {
    // What comes too much comes behind the first one.
    for (let round = 0; round < 20; round += 1) await new Promise<void>((resolve) => soon(resolve));
    for (const key of new Set(this.begun)) {
      const handed = this.begun.filter((each) => each === key).length;
      const answers = this.answersTo(key).length;
      assert.ok(answers <= handed, `job ${key} was handed over ${times(handed)} and answered ${times(answers)}`);
    }
  }

  async end(): Promise<void> {
    for (const box of this.#boxes) await box.close();
  }

  #watched(inner: Executor): Executor {
    return {
      execute: (job, answer) => {
        this.begun.push(job.key);
        // An executor may be an async function; what it answers with is looked at as if nobody stood in between.
        return inner.execute(job, (given) => {
          this.#answers.set(job.key, [...this.answersTo(job.key), given]);
          answer(given);
        });
      },
    };
  }
}

/** Of the options of a box, what a crash replaces. */
interface Opened {
  readonly store: Store;
  executor(bodies: { readonly [task: string]: Body }): Executor;
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}
