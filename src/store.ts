/**
 * The store: what the host needs of a place that keeps runs. One page; `src/stores` has the
 * implementations, and `signalbox/testing` a suite that each of them passes.
 *
 * A store may answer at once or with a promise. The host takes care of order: no run is in two commits that are under
 * way, and it never writes to one run from two turns that do not know of each other. What
 * crosses this border is frozen JSON and may be kept by reference.
 *
 * Every unfinished run has an owner, a process, and a fence, a number that grows each time
 * the run changes hands. A commit names the fence that it knows; one that knows an old one
 * is refused (I2).
 */
import type { ErrorRecord } from './errors/index.ts';
import type { EventOf, RunEvent, Status } from './events.ts';
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
  /** The run that started it, and the step of that run which did; null for a run that was started from outside. It stays as it is. */
  readonly parent: { readonly run: string; readonly path: string } | null;
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
  /** The number of the event with which it ended; null until then, and where an earlier version did not note it. */
  readonly endedSeq: number | null;
}

/** What a parent knows of a child. */
export type ChildRow = Pick<ActorRow, 'path' | 'state' | 'output'>;

/** A page of the children of one parent, in the order in which they began. */
export interface ChildPage {
  /** The path of the last child of the page before. The first page begins without it, and so does one behind a child that is gone. */
  readonly after?: string;
  readonly limit?: number;
}

/** How many children are in which state; states that no child is in are left out. */
export type ChildCounts = { readonly [state in Status]?: number };

/** An actor that went wrong, and how. */
export type FailureRow = Pick<ActorRow, 'path' | 'state' | 'error'>;

/** An attempt that was followed by another. The last attempt stands in the actor's own row. */
export interface AttemptRow {
  readonly run: string;
  readonly path: string;
  readonly attempt: number;
  readonly error: ErrorRecord;
  readonly startedAt: number;
  readonly endedAt: number;
}

/** A signal that a run took, or keeps until one of its steps waits for it. */
export interface SignalRow {
  readonly run: string;
  /** Unique within its run: a signal that comes a second time is known by it (S17). */
  readonly id: string;
  readonly name: string;
  /** As it was sent. */
  readonly payload: Json;
  readonly sentAt: number;
  /** What the sender was told. */
  readonly answer: 'accepted' | 'buffered';
  /** The path of the step that took it; null as long as it is kept for one. */
  readonly takenBy: string | null;
}

/** What names a record within its run. */
export interface RecordName {
  /** Which kind of record it is. */
  readonly type: string;
  /** Unique within its run and type. */
  readonly id: string;
}

/**
 * Something of a run that is no actor, attempt, event or signal. The store does not look into it, and finds it by its
 * type, its run and its keys. It is deleted with its run.
 */
export interface RecordRow extends RecordName {
  readonly run: string;
  /** 1 when it is written for the first time, and one more each time it is written again. The writer counts. */
  readonly version: number;
  readonly body: Json;
  /** What it can be looked up by: a few short texts by their names. */
  readonly keys: { readonly [name: string]: string };
}

/** Which records to read, and where a page of them begins. */
export interface RecordQuery {
  readonly type: string;
  /** Left out: those of all runs. */
  readonly run?: string;
  readonly key?: { readonly name: string; readonly value: string };
  readonly limit: number;
  /** The cursor of the page before. */
  readonly after?: string;
}

/** Records in the order in which they were first written. The cursor continues after this page; null if there are no more. */
export interface RecordPage {
  readonly records: readonly RecordRow[];
  readonly cursor: string | null;
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
  /** Whatever stands in something comes after that, if it is not there already. */
  readonly actors: readonly ActorRow[];
  readonly attempts: readonly AttemptRow[];
  readonly events: readonly RunEvent[];
  /** Signals that are new, and those that were kept and have been taken; each once, also if it is both. */
  readonly signals: readonly SignalRow[];
  /** Records that are new or have changed; each once. */
  readonly records?: readonly RecordRow[];
  /** Records that are deleted, before any is written: one that is in both lists is a new record. Names that stand for nothing are ignored. */
  readonly recordsGone?: readonly RecordName[];
  /**
   * Paths of places that have ended, by this commit at the latest: their rows and attempts are deleted, with all that is below them, and
   * those that come with this commit are not written. Events and signals stay, and so does the run's own place.
   */
  readonly forgotten?: readonly string[];
}

/** The event that ends an abandoned run (S18); the store gives it its number. */
export type AbandonedEvent = Omit<EventOf<'run.cancelled'>, 'seq'>;

/** What the host reads to go on with a run that it does not hold. */
export interface OpenRun {
  readonly row: RunRow;
  /** Who owns it; null for a run that was let go. */
  readonly owner: string | null;
  readonly fence: number;
  /** The number of its last event. */
  readonly seq: number;
  /** Its actors that have not ended, in the order in which they began. */
  readonly open: readonly ActorRow[];
  /** Signals that nobody has taken yet, in the order in which they came. */
  readonly signals: readonly SignalRow[];
}

/** Which events to read, and how many at the most. */
export interface EventQuery {
  /** Events with a greater number than this. */
  readonly after: number;
  readonly limit: number;
}

/** Which completed actors to read, from the last to the first. */
export interface CompletedQuery {
  /** Those that ended with an event before this one; left out, all. An actor without a number ended before all others. */
  readonly before?: number;
  /** The page is longer than this where more actors ended with the same event as its last one: all of them are in it. */
  readonly limit: number;
}

/** What a list of runs is narrowed to, and where a page of it begins. */
export interface RunQuery {
  readonly orchestrator?: string;
  readonly version?: string;
  readonly status?: Status;
  /** Runs that were started with all of these, and perhaps more. The order of keys within a value is no difference. */
  readonly metadata?: JsonObject;
  /** Runs that this run has started. */
  readonly parent?: string;
  /** The order of their starts: `oldest` first, if nothing is said. */
  readonly order?: 'oldest' | 'newest';
  readonly limit: number;
  /** What the page before answered with, in the same order. */
  readonly cursor?: string;
}

/** A definition as it was when runs of it were started: what has changed since can be told line by line. */
export interface DefinitionRow {
  readonly orchestrator: string;
  readonly version: string;
  readonly hash: string;
  readonly lines: readonly string[];
}

/** Runs in the order of their starts; the cursor goes on where the page ends, whatever starts meanwhile. */
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
  /** What this process takes for now. Clocks of several machines differ: a store that they share compares with its own. */
  now(): number;
  /** All who use the place are handed the same time, as in tests: there is nothing to compare. */
  readonly oneTime?: boolean;
}

/** What a run is pinned to: a version of an orchestrator, and its structure. */
export type Pin = Pick<DefinitionRow, 'orchestrator' | 'version' | 'hash'>;

/** A request to a run that another process owns. It lies in the store until the owner has answered it. */
export interface CommandRow {
  readonly id: string;
  readonly run: string;
  /** What is wanted; the store does not look into it. */
  readonly body: JsonObject;
}

/** Why a process that shares a store may want to look at it. */
export type News =
  /** Other processes have committed to these runs. */
  | { readonly about: 'runs'; readonly runs: readonly string[] }
  /** Somebody has left a command, perhaps for a run of ours. */
  | { readonly about: 'commands' }
  /** Somebody has answered a command, perhaps one of ours. */
  | { readonly about: 'answers' }
  /** Somebody has let go of runs, which can be claimed. */
  | { readonly about: 'released' };

/** What a store has beyond the rest when several processes may use its place at once. */
export interface Sharing {
  /**
   * Calls `heard` when another process has done something. It may come for nothing, twice, or not at all while a
   * connection is away, so the host also looks by itself from time to time.
   */
  listen(heard: (news: News) => void): Awaitable<void>;
  /** Leaves a command for the owner of its run, whoever that is or will be. */
  leaveCommand(command: CommandRow): Awaitable<void>;
  /** Commands to runs that are ours and that nobody has answered, the oldest first. */
  readCommands(limit: number): Awaitable<readonly CommandRow[]>;
  /** Answers a command. A second answer to one changes nothing. */
  answerCommand(id: string, answer: JsonObject): Awaitable<void>;
  /** Takes the answer to a command away, once there is one. What nobody fetches within a day is thrown away. */
  takeAnswer(id: string): Awaitable<JsonObject | null>;
  /**
   * Of the runs that no living process owns and that are pinned to nothing among `known`, one for each definition: what
   * nobody can go on with is to be told. A store that has this keeps to what its `claim` is told of definitions.
   */
  readStrays?(known: readonly Pin[]): Awaitable<readonly string[]>;
}

/** A place that keeps runs. */
export interface Store {
  /** What messages call it: `memory`, `sqlite orders.db`. */
  readonly name: string;
  /** How many commits may be under way at once, of different runs; one, if nothing is said. */
  readonly commitsAtOnce?: number;
  /** Several processes may use the place at once: the host gives signs of life, three in each lease, and claims what the dead have left. */
  readonly shared?: Sharing;
  /** Called once, before anything else. */
  open(owner: Owner): Awaitable<void>;
  /**
   * Commits all changes or none. Throws `CommitConflict` or `LeaseLost` for a run that has moved on or has another owner.
   *
   * The commit that gives a run's row a terminal status is the last one of that run (I5): whatever else it is to change there, that
   * commit has. Nobody owns the run from then on, so another commit to it, of whatever it is, is refused with `LeaseLost` and
   * changes nothing. A run that would begin under its id is refused, too, as long as this one is there. All that happens
   * behind an end is a record that is added (`addRecord`) and a deletion (`deleteRun`, or a store's own pruning). What follows from
   * a run that has ended (its undoing, a rerun, the answer to its parent) is written to another run.
   */
  commit(changes: readonly RunChange[]): Awaitable<void>;
  /**
   * Makes up to `limit` unfinished runs ours that no living process owns, the oldest first, each under a new fence. Where
   * several processes share the place, those that are pinned to nothing among `known` are left to others; left out, all are meant.
   * A claim that fails may have landed all the same: what it has taken is in the answer to the next one, for nobody else would go on with it.
   */
  claim(limit: number, known?: readonly Pin[]): Awaitable<readonly string[]>;
  /** A sign of life: the lease begins anew. */
  renew(): Awaitable<void>;
  /** Keeps definitions that are not known yet; a known one stays as it is. */
  saveDefinitions(definitions: readonly DefinitionRow[]): Awaitable<void>;
  readDefinition(orchestrator: string, version: string, hash: string): Awaitable<DefinitionRow | null>;
  readRun(run: string): Awaitable<RunRow | null>;
  readRunByKey(orchestrator: string, key: string): Awaitable<RunRow | null>;
  readRuns(query: RunQuery): Awaitable<RunPage>;
  readOpen(run: string): Awaitable<OpenRun | null>;
  /**
   * The children of some actors, ended or not, those of one in the order in which they began. Their paths begin with the parent's.
   * A page is asked for with one parent alone.
   */
  readChildren(run: string, parents: readonly string[], page?: ChildPage): Awaitable<readonly ChildRow[]>;
  /** The rows of the children do not leave the store for this. */
  countChildren(run: string, parent: string): Awaitable<ChildCounts>;
  /** The actors that have failed, timed out or could not be undone, in the order in which they began; whatever else the run has is not read. */
  readFailures(run: string): Awaitable<readonly FailureRow[]>;
  /** Every actor of a run, in the order in which they began. */
  readActors(run: string): Awaitable<readonly ActorRow[]>;
  /**
   * Actors that have completed, steps and their parents alike, by an index: the last one first, and of those that ended with one
   * event, or without a number, the one that began last. The next page is the one before the last number of this page.
   */
  readCompleted(run: string, query: CompletedQuery): Awaitable<readonly ActorRow[]>;
  readAttempts(run: string): Awaitable<readonly AttemptRow[]>;
  /** A signal, taken or not, by its id. */
  readSignal(run: string, id: string): Awaitable<SignalRow | null>;
  readEvents(run: string, query: EventQuery): Awaitable<readonly RunEvent[]>;
  readRecord(run: string, type: string, id: string): Awaitable<RecordRow | null>;
  /** A page of records, by an index: other types, runs and keys are not looked at. */
  readRecords(query: RecordQuery): Awaitable<RecordPage>;
  /**
   * Adds a record to a run, whoever owns it and whether or not it has ended: what somebody has tried is kept although nothing of
   * the run changes. One of this name that is there already stays as it is. False if there is no such run.
   */
  addRecord(record: RecordRow): Awaitable<boolean>;
  /**
   * Ends an unfinished run by its rows alone, whoever owns it (S18): its row and its open actors become `cancelled` at `end.at`, the
   * run's with the reason and without output and error, and `end` is its last event, with which all of them ended. Nobody owns it any more, and its fence has
   * grown: what its owner still commits is refused with `LeaseLost`. Answers with the number of the event; null if there is no unfinished run.
   */
  abandonRun(end: AbandonedEvent): Awaitable<number | null>;
  /** Deletes a run that has ended, with all that belongs to it; false if there is none that has ended. Definitions stay. */
  deleteRun(run: string): Awaitable<boolean>;
  /** Lets go of what is owned, so that others need not wait for the lease to end, and of the place itself. */
  close(): Awaitable<void>;
}
