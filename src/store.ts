/**
 * The store: what the host needs of a place that keeps runs. One page; `src/stores` has the
 * implementations, and `signalbox/testing` a suite that each of them passes.
 *
 * A store may answer at once or with a promise. The host takes care of order: it never has
 * two commits under way, and never writes to one run from two turns that do not know of
 * each other. What crosses this border is frozen JSON and may be kept by reference.
 */
import type { ErrorRecord } from './errors.ts';
import type { RunEvent, Status } from './events.ts';
import type { Json, JsonObject } from './json.ts';

/** Now, or later. */
export type Awaitable<T> = T | Promise<T>;

/** A run, as a list of runs shows it. */
export interface RunRow {
  readonly run: string;
  readonly orchestrator: string;
  readonly version: string;
  readonly status: Status;
  readonly input: Json;
  readonly output: Json;
  readonly error: ErrorRecord | null;
  /** Why it was cancelled, if it was and somebody said so. */
  readonly reason: string | null;
  readonly metadata: JsonObject;
  readonly startedAt: number;
  readonly endedAt: number | null;
}

/** One actor of a run: its place, its machine's state, and what it was given and gave. */
export interface ActorRow {
  readonly run: string;
  readonly path: string;
  /** The path of its parent; null for the run's own actor. */
  readonly parent: string | null;
  readonly kind: string;
  /** Its machine's state: the status that people see. */
  readonly state: Status;
  readonly attempt: number;
  readonly input: Json;
  readonly output: Json;
  readonly error: ErrorRecord | null;
  /** What else its machine remembers: counters, a reason. */
  readonly memory: JsonObject;
  /** When the timer that it waits for is due, in milliseconds since 1970. */
  readonly due: number | null;
  readonly startedAt: number;
  readonly endedAt: number | null;
}

/** An attempt that was followed by another. The last attempt stands in the actor's own row. */
export interface AttemptRow {
  readonly run: string;
  readonly path: string;
  readonly attempt: number;
  readonly error: ErrorRecord;
  readonly startedAt: number;
  readonly endedAt: number;
}

/** All that one commit changes in one run; it lands whole or not at all (I3). */
export interface RunChange {
  readonly run: string;
  /** How many events the run's history had before: another number in the store means that somebody else wrote (I2). */
  readonly after: number;
  /** The run's own row, when it changed. */
  readonly row: RunRow | null;
  readonly actors: readonly ActorRow[];
  readonly attempts: readonly AttemptRow[];
  readonly events: readonly RunEvent[];
}

/** What the host reads to go on with a run that it does not hold. */
export interface OpenRun {
  readonly row: RunRow;
  /** The number of its last event. */
  readonly seq: number;
  /** Its actors that have not ended. */
  readonly open: readonly ActorRow[];
}

export interface EventQuery {
  /** Events with a greater number than this. */
  readonly after: number;
  readonly limit: number;
}

export interface Store {
  /** What messages and `explain` call it: `memory`, `sqlite orders.db`. */
  readonly name: string;
  /** Commits all changes or none. Throws `CommitConflict` for a run whose history has moved on. */
  commit(changes: readonly RunChange[]): Awaitable<void>;
  readRun(run: string): Awaitable<RunRow | null>;
  readOpen(run: string): Awaitable<OpenRun | null>;
  /** The children of one actor, ended or not, in the order in which they began. */
  readChildren(run: string, parent: string): Awaitable<readonly ActorRow[]>;
  /** Every actor of a run, in the order in which they began. */
  readActors(run: string): Awaitable<readonly ActorRow[]>;
  readAttempts(run: string): Awaitable<readonly AttemptRow[]>;
  readEvents(run: string, query: EventQuery): Awaitable<readonly RunEvent[]>;
  close(): Awaitable<void>;
}
