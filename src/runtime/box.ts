/**
 * `createSignalbox`: the one object that an application holds. It puts the host together
 * from what it is given, and is the border where ids, inputs and names are checked (I10).
 */
import { systemClock } from '../clock.ts';
import type { Body, Plan, TaskDefinition } from '../definition.ts';
import {
  type AnyOrchestrator,
  planOf,
  planOfTask,
  type RunInput,
  type RunOutput,
  type Task,
  type TaskInput,
  type TaskOutput,
  type TasksOption,
} from '../dsl/index.ts';
import { structureOf } from '../dsl/structure.ts';
import { toMs } from '../duration.ts';
import {
  BoxClosed,
  InputInvalid,
  InvalidOption,
  OrchestratorUnknown,
  reasonOf,
  RunExists,
  SchemaFailed,
  TaskMissing,
} from '../errors.ts';
import { EVENT_TYPES, type EventOf, type EventType, type ReadEvent } from '../events.ts';
import { randomIds } from '../ids.ts';
import { DEFAULT_MAX_BYTES, type Json, type JsonObject, sameJson, toJson } from '../json.ts';
import { builtInKinds } from '../machines/kinds.ts';
import { parse } from '../schema.ts';
import type { DefinitionRow, Owner, RunRow, Store } from '../store.ts';
import { Followers } from './followers.ts';
import { Host } from './host.ts';
import { steppers } from './lanes.ts';
import { lineOf } from './lines.ts';
import {
  type BoxOptions,
  checkBodies,
  checkOptions,
  consoleLogger,
  isOrchestrator,
  planName,
  readPlans,
  safely,
} from './options.ts';
import { Run, type RunContext } from './run.ts';

/** What a run is started with. */
export interface StartOptions<Input> {
  readonly input: Input;
  /** Starting twice under one id starts once: the second time gives the run that is there (S17). */
  readonly id?: string;
  /** An idempotency key of yours, unique within the orchestrator: as with `id`, but the run gets an id of its own (S17). */
  readonly key?: string;
  /** Read-only facts for every body, child run and event of the run: tenant, user, trace (S6). */
  readonly metadata?: JsonObject;
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

// biome-ignore lint/suspicious/noExplicitAny: inferred from the task that is given
type AnyTask = Task<string, any, any, any>;
type Bodies = { readonly [task: string]: Body };

/** Made by `createSignalbox`. */
export class Signalbox<Os extends readonly AnyOrchestrator[] = readonly AnyOrchestrator[]> {
  readonly #options: BoxOptions;
  readonly #store: Store;
  readonly #plans: Map<string, Plan>;
  readonly #bodies: Bodies;
  readonly #host: Host;
  readonly #followers: Followers;
  readonly #context: RunContext;
  /** Starts under a given id that are not committed yet. */
  readonly #starting = new Map<string, Promise<RunRow>>();
  readonly #owner: Owner;
  #closing: Promise<void> | null = null;

  /** @internal Use `createSignalbox`. */
  constructor(
    options: BoxOptions,
    store: Store,
    plans: Map<string, Plan>,
    bodies: Bodies,
    executor: NonNullable<BoxOptions['executor']>,
  ) {
    const { clock = systemClock, maxValueBytes = DEFAULT_MAX_BYTES, lane = 'table' } = options;
    const { concurrency = Number.POSITIVE_INFINITY, idleRuns = 1_000 } = options;
    const logger = safely(options.logger ?? consoleLogger);
    this.#options = { ...options, clock, logger, maxValueBytes };
    this.#store = store;
    this.#plans = plans;
    this.#bodies = bodies;
    this.#followers = new Followers(store, logger);
    const owner = randomIds();
    this.#owner = { name: owner, lease: toMs(options.lease ?? DEFAULT_LEASE, 'lease'), now: () => clock.now() };
    this.#host = new Host({
      store,
      owner,
      executor: executor(bodies),
      clock,
      logger,
      kinds: builtInKinds,
      plans,
      maxValueBytes,
      concurrency,
      idleRuns,
      stepperOf: steppers(builtInKinds, lane),
      told: (run, events, ended) => {
        // Whoever hands in a logger gets the whole course of things; the console only what is wrong with the box.
        if (options.logger !== undefined) for (const event of events) logger(lineOf(event));
        this.#followers.tell(run, events, ended);
      },
    });
    this.#context = { store, host: this.#host, followers: this.#followers, kinds: builtInKinds };
  }

  /** @internal Opens the store and goes on with what was left unfinished. */
  async open(): Promise<this> {
    await this.#store.open(this.#owner);
    await this.#save(this.#plans.values());
    void this.#host.recover();
    if (this.#store.shared !== undefined) this.#host.keepAlive(this.#owner.lease / 3);
    return this;
  }

  /** Resolves when every unfinished run that nobody owned has been read and goes on. Starting new ones need not wait for it. */
  get recovered(): Promise<void> {
    return this.#host.recovered;
  }

  /** Starts a run. Resolves once its start is committed: from then on it goes on by itself. */
  async start<O extends Os[number]>(orchestrator: O, options: StartOptions<RunInput<O>>): Promise<Run<RunOutput<O>>> {
    return (await this.#start(this.#planFor(orchestrator), options)) as Run<RunOutput<O>>;
  }

  /** Runs one task by itself, under the same policies and with the same record as in a track. */
  async runTask<T extends AnyTask>(
    task: T,
    input: TaskInput<T>,
    options: Omit<StartOptions<never>, 'input'> = {},
  ): Promise<TaskOutput<T>> {
    const definition: TaskDefinition = task.definition;
    const plan = planOfTask(definition);
    if (!Object.hasOwn(this.#bodies, definition.name) && definition.run === undefined) {
      throw new TaskMissing({ tasks: [{ task: definition.name, orchestrator: plan.name }] });
    }
    if (this.#closing !== null) throw new BoxClosed();
    const name = planName(plan.name, plan.version);
    if (this.#plans.get(name) !== plan) {
      // For a run that has to be read back. One that begins here has its own plan, whatever else goes by this name.
      this.#plans.set(name, plan);
      await this.#save([plan]);
    }
    const run = await this.#start(plan, { ...options, input });
    // One that was there already could not go on before its task was known.
    await this.#host.revive(run.id);
    return (await run.result()) as TaskOutput<T>;
  }

  /** A handle on any run, by its id. */
  run(id: string): Run {
    return new Run(id, this.#context);
  }

  /** Calls `listener` for every committed event of a type, or of all (`'*'`). The answer ends it. */
  on<T extends EventType>(type: T, listener: (event: ReadEvent<EventOf<T>>) => void): () => void;
  on(type: '*', listener: (event: ReadEvent) => void): () => void;
  on(type: EventType | '*', listener: (event: never) => void): () => void {
    if (type !== '*' && !EVENT_TYPES.includes(type)) {
      throw new InvalidOption({ option: 'on', value: type, expected: `'*' or one of ${EVENT_TYPES.join(', ')}` });
    }
    if (typeof listener !== 'function')
      throw new InvalidOption({ option: 'listener', value: listener, expected: 'a function' });
    return this.#followers.on(type, listener as (event: ReadEvent) => void);
  }

  get counts(): BoxCounts {
    return { ...this.#host.counts, timers: this.#host.timers.size };
  }

  /** Nothing waits to be taken or committed. Bodies and timers may be under way. */
  get quiet(): boolean {
    return this.#host.quiet;
  }

  /** Commits what was taken, tells running bodies to end, and lets go of the store. Unfinished runs stay as they are. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await this.#host.close(new BoxClosed());
    this.#followers.close();
    await this.#store.close();
  }

  #planFor(orchestrator: AnyOrchestrator): Plan {
    if (!isOrchestrator(orchestrator))
      throw new InvalidOption({
        option: 'orchestrator',
        value: orchestrator,
        expected: 'an orchestrator that this box was given',
      });
    const plan = planOf(orchestrator);
    if (this.#plans.get(planName(plan.name, plan.version)) !== plan) {
      throw new OrchestratorUnknown({
        orchestrator: orchestrator.name,
        known: [...this.#plans.values()].map(({ name, version }) => `${name} (version ${version})`),
        another: this.#plans.has(planName(plan.name, plan.version)),
      });
    }
    return plan;
  }

  /** What runs are pinned to is kept beside them, so that a later change can be told. */
  async #save(plans: Iterable<Plan>): Promise<void> {
    const rows: DefinitionRow[] = [];
    for (const plan of plans) rows.push({ orchestrator: plan.name, version: plan.version, ...structureOf(plan) });
    await this.#store.saveDefinitions(rows);
  }

  async #start(plan: Plan, options: StartOptions<unknown>): Promise<Run> {
    if (this.#closing !== null) throw new BoxClosed();
    if (typeof options !== 'object' || options === null) {
      throw new InvalidOption({ option: 'start', value: options, expected: 'an object with the input' });
    }
    const { input, key, metadata = {} } = options;
    // Ids of one's own making are taken as they are given: they may come twice.
    const id = options.id === undefined ? this.#options.ids?.() : options.id;
    if (id !== undefined) checkId('id', id);
    if (key !== undefined) checkId('key', key);
    const value = await this.#parseInput(plan, input);
    const facts = toJson(metadata, 'metadata of the run', this.#options.maxValueBytes);
    if (typeof facts !== 'object' || facts === null || Array.isArray(facts)) {
      throw new InvalidOption({ option: 'metadata', value: metadata, expected: 'an object' });
    }
    if (this.#closing !== null) throw new BoxClosed();
    const row = this.#newRow(plan, id ?? randomIds(), key ?? null, value, facts as JsonObject);
    if (id === undefined && key === undefined) await this.#host.begin(plan, row);
    else return new Run(await this.#startOnce(plan, row, id !== undefined), this.#context);
    return new Run(row.run, this.#context);
  }

  /** Two starts under one id or key are one run, also when they come at the same time (S17). Answers with its id. */
  async #startOnce(plan: Plan, row: RunRow, byId: boolean): Promise<string> {
    const names = [...(byId ? [row.run] : []), ...(row.key === null ? [] : [`${row.orchestrator}\n${row.key}`])];
    const others = (): Promise<RunRow> | undefined =>
      names.map((name) => this.#starting.get(name)).find((each) => each !== undefined);
    // Whether that one succeeds or not: the store says afterwards what is there.
    for (let other = others(); other !== undefined; other = others()) await other.catch(() => {});
    const begun = this.#begin(plan, row);
    for (const name of names) this.#starting.set(name, begun);
    try {
      return sameRun(row, await begun);
    } finally {
      for (const name of names) this.#starting.delete(name);
    }
  }

  async #begin(plan: Plan, row: RunRow): Promise<RunRow> {
    const byKey = row.key === null ? null : await this.#store.readRunByKey(row.orchestrator, row.key);
    const there = byKey ?? (await this.#store.readRun(row.run));
    if (there !== null) return there;
    await this.#host.begin(plan, row);
    return row;
  }

  async #parseInput(plan: Plan, input: unknown): Promise<Json> {
    const what = `input of orchestrator "${plan.name}"`;
    const { schema } = plan.root;
    if (schema === null) return toJson(input, what, this.#options.maxValueBytes);
    const parsed = await Promise.resolve()
      .then(() => parse(schema, input))
      .catch((thrown: unknown) => {
        throw new SchemaFailed({ what, reason: reasonOf(thrown) }, thrown);
      });
    if (!parsed.ok) throw new InputInvalid({ what, issues: parsed.issues });
    return toJson(parsed.value, what, this.#options.maxValueBytes);
  }

  #newRow(plan: Plan, run: string, key: string | null, input: Json, metadata: JsonObject): RunRow {
    const startedAt = (this.#options.clock ?? systemClock).now();
    return {
      run,
      key,
      orchestrator: plan.name,
      version: plan.version,
      hash: structureOf(plan).hash,
      status: 'pending',
      input,
      output: null,
      error: null,
      reason: null,
      metadata,
      startedAt,
      endedAt: null,
    };
  }
}

const MAX_ID = 200;
const DEFAULT_LEASE = '10s';

/** A slash, a hash or a control character. */
const PART_OF_A_KEY = /[/#\p{Cc}]/u;

/** An id is part of every key, so what separates the parts of a key cannot stand in it. */
function checkId(option: 'id' | 'key', id: unknown): void {
  const fits = typeof id === 'string' && id !== '' && id.length <= MAX_ID && id.isWellFormed();
  if (fits && !PART_OF_A_KEY.test(id)) return;
  const length = typeof id === 'string' && id.length > MAX_ID ? ` (it has ${id.length})` : '';
  throw new InvalidOption({
    option,
    value: id,
    expected: `a string of 1 to ${MAX_ID} characters${length} without "/", "#" and control characters`,
  });
}

/** The id of the run that is there, if it is the one that was asked for. */
function sameRun(wanted: RunRow, there: RunRow): string {
  const { run } = there;
  if (wanted.orchestrator !== there.orchestrator) throw new RunExists({ run, differs: 'orchestrator' });
  if (wanted.key !== null && wanted.key !== there.key) throw new RunExists({ run, differs: 'key' });
  if (!sameJson(wanted.input, there.input)) throw new RunExists({ run, differs: 'input' });
  return run;
}

/** What `createSignalbox` is given. Bodies are asked for exactly where a task has none. */
export type SignalboxOptions<Os extends readonly AnyOrchestrator[]> = BoxOptions & {
  readonly orchestrators?: Os;
} & TasksOption<Os>;

/** @internal How `index.ts` hands in the defaults that the runtime may not choose itself. */
export interface Defaults {
  readonly store: () => Store;
  readonly executor: NonNullable<BoxOptions['executor']>;
}

/** @internal */
export async function createBox<const Os extends readonly AnyOrchestrator[]>(
  options: SignalboxOptions<Os>,
  defaults: Defaults,
): Promise<Signalbox<Os>> {
  checkOptions(options);
  const plans = readPlans(options.orchestrators ?? []);
  const bodies = ((options as { readonly tasks?: unknown }).tasks ?? {}) as Bodies;
  checkBodies(plans, bodies);
  const box = new Signalbox<Os>(
    options,
    options.store ?? defaults.store(),
    plans,
    bodies,
    options.executor ?? defaults.executor,
  );
  try {
    return await box.open();
  } catch (error) {
    // A box that is not made does not keep the file from others.
    await box.close().catch(() => {});
    throw error;
  }
}
