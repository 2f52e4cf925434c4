/**
 * The store: what the host needs of a place that keeps runs. One page; `src/stores` has the
 * implementations, and `signalbox/testing` a suite that each of them passes.
 *
 * A store may answer at once or with a promise. The host takes care of order: it never has
 * two commits under way, and never writes to one run from two turns that do not know of
 * each other. What crosses this border is frozen JSON and may be kept by reference.
 *
 * Every unfinished run has an owner, a process, and a fence, a number that grows each time
 * the run changes hands. A commit names the fence that it knows; one that knows an old one
 * is refused (I2).
 */
import type { ErrorRecord } from './errors.ts';
import type { RunEvent, Status } from './events.ts';
import type { Json, JsonObject } from './json.ts';

/** Now, or later. */
export type Awaitable<T> = T | Promise<T>;

/** A run, as a list of runs shows it. */
export interface RunRow {
  readonly run: string;
  /** The idempotency key that it was started under, if any; unique within its orchestrator (S17). */
  readonly key: string | null;
  readonly orchestrator: string;
  readonly version: string;
  /** The hash of the definition that it is pinned to. */
  readonly hash: string;
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
  /** When its last attempt began. */
  readonly attemptedAt: number;
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
  /** The fence under which this process owns the run; a run begins with 1 (I2). */
  readonly fence: number;
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
  /** Who owns it; null for a run that was let go. */
  readonly owner: string | null;
  readonly fence: number;
  /** The number of its last event. */
  readonly seq: number;
  /** Its actors that have not ended. */
  readonly open: readonly ActorRow[];
}

/** Which events to read, and how many at the most. */
export interface EventQuery {
  /** Events with a greater number than this. */
  readonly after: number;
  readonly limit: number;
}

/** What a list of runs is narrowed to, and where a page of it begins. */
export interface RunQuery {
  readonly orchestrator?: string;
  readonly status?: Status;
  readonly limit: number;
  /** What the page before answered with. */
  readonly cursor?: string;
}

/** A definition as it was when runs of it were started: what has changed since can be told line by line. */
export interface DefinitionRow {
  readonly orchestrator: string;
  readonly version: string;
  readonly hash: string;
  readonly lines: readonly string[];
}

/** Runs in the order in which they were started; the cursor goes on where the page ends, whatever starts meanwhile. */
export interface RunPage {
  readonly runs: readonly RunRow[];
  readonly cursor: string | null;
}

/** The process that uses a store. */
export interface Owner {
  /** Unique among all processes that ever used the store. */
  readonly name: string;
  /** How long after its last sign of life it is taken for dead, in milliseconds. */
  readonly lease: number;
  now(): number;
}

/** A place that keeps runs. */
export interface Store {
  /** What messages call it: `memory`, `sqlite orders.db`. */
  readonly name: string;
  /** Several processes may use the place at once: the host gives signs of life, three in each lease, and claims what the dead have left. */
  readonly shared?: boolean;
  /** Called once, before anything else. */
  open(owner: Owner): Awaitable<void>;
  /** Commits all changes or none. Throws `CommitConflict` or `LeaseLost` for a run that has moved on or has another owner. */
  commit(changes: readonly RunChange[]): Awaitable<void>;
  /** Makes up to `limit` unfinished runs ours that no living process owns, the oldest first, each under a new fence. */
  claim(limit: number): Awaitable<readonly string[]>;
  /** A sign of life: the lease begins anew. */
  renew(): Awaitable<void>;
  /** Keeps definitions that are not known yet; a known one stays as it is. */
  saveDefinitions(definitions: readonly DefinitionRow[]): Awaitable<void>;
  readDefinition(orchestrator: string, version: string, hash: string): Awaitable<DefinitionRow | null>;
  readRun(run: string): Awaitable<RunRow | null>;
  readRunByKey(orchestrator: string, key: string): Awaitable<RunRow | null>;
  readRuns(query: RunQuery): Awaitable<RunPage>;
  readOpen(run: string): Awaitable<OpenRun | null>;
  /** The children of one actor, ended or not, in the order in which they began. Their paths begin with the parent's. */
  readChildren(run: string, parent: string): Awaitable<readonly ActorRow[]>;
  /** Every actor of a run, in the order in which they began. */
  readActors(run: string): Awaitable<readonly ActorRow[]>;
  readAttempts(run: string): Awaitable<readonly AttemptRow[]>;
  readEvents(run: string, query: EventQuery): Awaitable<readonly RunEvent[]>;
  /** Lets go of what is owned, so that others need not wait for the lease to end, and of the place itself. */
  close(): Awaitable<void>;
}
