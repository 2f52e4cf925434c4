/** What the host is put together from; `box.ts` does so. */
import type { Clock } from '../clock.ts';
import type { Plan, RunFacts } from '../definition.ts';
import type { StoreLost } from '../errors/index.ts';
import type { RunEvent } from '../events.ts';
import type { Executor, Logger } from '../executor.ts';
import type { HookDefinition } from '../hooks.ts';
import type { Kinds } from '../core/kind.ts';
import type { Stepper } from '../core/stepper.ts';
import type { LimitDefinition } from '../limits.ts';
import type { RunRow, Store } from '../store.ts';
import type { Complaints } from './complaints.ts';
import type { Errands } from './performing/errands.ts';
import type { Fairness } from './performing/under.ts';
import type { Tracer } from './tracing.ts';

export interface HostOptions {
  readonly store: Store;
  readonly executor: Executor;
  /** Null if nothing is traced. */
  readonly tracer: Tracer | null;
  /** Does what runs ask of other runs. */
  readonly errands: Errands;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly complaints: Complaints;
  readonly kinds: Kinds;
  /** By `planName`. */
  readonly plans: ReadonlyMap<string, Plan>;
  /** What this process is called in the store. */
  readonly owner: string;
  readonly maxValueBytes: number;
  /** How many signals of one name are kept for a run. */
  readonly signalBuffer: number;
  readonly concurrency: number;
  /** What the box limits beside that, and how runs share what there is. */
  readonly limits: readonly LimitDefinition[];
  readonly fairness: Fairness;
  /** Of the box (S31). */
  readonly hooks: readonly HookDefinition[];
  /** How many runs that wait for nothing in this process are kept in memory. */
  readonly idleRuns: number;
  stepperOf(kind: string): Stepper;
  /** Can nobody else have taken runs of this process since its last sign of life? Not known after its lease. */
  lives(): boolean;
  /** Does somebody in this process wait for the end of the run? */
  awaits(run: string): boolean;
  /** Grows each time a sign of life was so late that others could have taken runs before it. */
  term(): number;
  /** The whole store is somebody else's or gone: nothing can be committed any more. */
  lost(why: StoreLost): void;
  /** Committed events, in order; whether they ended the run, and how, if that is known. */
  told(run: Pick<RunFacts, 'id' | 'metadata'>, events: readonly RunEvent[], ended: boolean, row?: RunRow): void;
}

/** Counters of this process, for tests and metrics. */
export interface BoxCounts {
  readonly turns: number;
  readonly commits: number;
  /** Answers that came late, twice or for nobody, and changed nothing (I5). */
  readonly ignored: number;
  /** Runs that are held in memory, and timers that are outstanding. */
  readonly inMemory: number;
  /** Unfinished runs that could not be gone on with; the log says why. */
  readonly refused: number;
  readonly timers: number;
}
