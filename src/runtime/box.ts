/**
 * `createSignalbox`: the one object that an application holds. It puts the host together
 * from what it is given, and is the border where ids, inputs and names are checked (I10).
 *
 * It has over 400 lines because it is one class, with a method for each thing that can be asked of it and a word on each.
 */
import { ask, askOptions } from '../checks.ts';
import { systemClock, within } from '../clock.ts';
import type { Body, Plan, TaskDefinition } from '../definition.ts';
import {
  type AnyOrchestrator,
  planOf,
  planOfTask,
  type PlacesOf,
  type RunInput,
  type RunOutput,
  type Task,
  type TaskInput,
  type TaskOutput,
  type SignalArguments,
  type SignalsOf,
} from '../dsl/index.ts';
import { structureOf } from '../dsl/structure.ts';
import { toMs } from '../duration.ts';
import { BoxClosed, InvalidOption, OrchestratorUnknown, TaskMissing } from '../errors/index.ts';
import { EVENT_TYPES, type EventOf, type EventType, type ReadEvent } from '../events.ts';
import type { LogLine } from '../executor.ts';
import { randomIds } from '../ids.ts';
import { DEFAULT_MAX_BYTES } from '../json.ts';
import { kindsWith } from '../machines/index.ts';
import type { DefinitionRow, Owner, Store } from '../store.ts';
import { type ApprovalAnswer, isName } from '../people.ts';
import { type DecideOptions, People } from './approvals.ts';
import { type ImportContext, importRuns } from './importing/import.ts';
import { abandoning } from './ownership/abandon.ts';
import { Complaints } from './complaints.ts';
import { hooksOf } from './box-hooks.ts';
import { limitsOf } from './box-limits.ts';
import { Exchange } from './ownership/exchange.ts';
import { Followers } from '../views/followers.ts';
import { Errands } from './performing/errands.ts';
import { Host } from './host.ts';
import type { BoxCounts, HostOptions } from './host-options.ts';
import { steppers } from '../core/lanes.ts';
import type { ApprovalsPage, ApprovalsQuery, ApprovalView } from '../views/approvals.ts';
import type { BudgetsPage, BudgetsQuery } from '../views/budgets.ts';
import { RedactionGate } from '../views/gate.ts';
import type { RunsPage, RunsQuery } from '../views/list.ts';
import { rulesOf } from '../views/redaction.ts';
import {
  type StartOptions,
  type BoxOptions,
  isOrchestrator,
  isEngines,
  knownPlans,
  logOf,
  planName,
  checkKinds,
} from './options.ts';
import { START_KEYS, startAny } from './keyed-starts.ts';
import { type AskRun, requests } from './ownership/requests.ts';
import { Run, type RunContext, type SignalOptions } from './run.ts';
import { Deletions } from './deletions.ts';
import { planOfSchedule, type Schedule, type ScheduleOptions, SCHEDULES, Schedules } from './schedules.ts';
import type { SignalAnswer } from '../core/signals.ts';
import { Tracer } from './tracing.ts';
import { checkKnownId, Starts } from './starts.ts';

// biome-ignore lint/suspicious/noExplicitAny: inferred from the task that is given
type AnyTask = Task<string, any, any, any>;
export type Bodies = { readonly [task: string]: Body };

/** Made by `createSignalbox`. */
export class Signalbox<Os extends readonly AnyOrchestrator[] = readonly AnyOrchestrator[]> {
  readonly #options: BoxOptions;
  readonly #store: Store;
  readonly #plans: Map<string, Plan>;
  readonly #bodies: Bodies;
  readonly #host: Host;
  readonly #followers: Followers;
  readonly #context: RunContext;
  readonly #people: People;
  readonly #starts: Starts;
  readonly #schedules: Schedules;
  readonly #importing: ImportContext;
  readonly #owner: Owner;
  /** With the other processes, in a store that is shared. */
  #exchange: Exchange | null = null;
  #closing: Promise<void> | null = null;
  readonly #tracer: Tracer | null;
  /** The store was given to another box before. */
  #isTaken = false;
  #isClosed = false;

  /** @internal Use `createSignalbox`. */
  constructor(
    options: BoxOptions,
    store: Store,
    plans: Map<string, Plan>,
    bodies: Bodies,
    executor: NonNullable<BoxOptions['executor']>,
  ) {
    const { clock = systemClock, maxValueBytes = DEFAULT_MAX_BYTES, lane = 'table' } = options;
    const { idleRuns = 1_000, signalBuffer = 100 } = options;
    const gate = new RedactionGate(rulesOf(options.redact));
    const { logger: inner, course } = logOf(options.logger);
    const logger = gate.logger(inner, (run) => this.#host?.rowInMemory(run));
    const hooks = hooksOf(options.hooks);
    const tracer = options.tracing === undefined ? null : new Tracer(options.tracing, logger);
    this.#tracer = tracer;
    this.#options = { ...options, clock, logger, maxValueBytes };
    this.#store = store;
    this.#plans = plans;
    this.#bodies = bodies;
    for (const { name } of [...plans.values()]) plans.set(planName(SCHEDULES, name), planOfSchedule(name));
    this.#followers = new Followers(store, logger, gate);
    const owner = randomIds();
    const lease = toMs(options.lease ?? DEFAULT_LEASE, 'lease');
    this.#owner = { name: owner, lease, now: () => clock.now(), oneTime: options.clock !== undefined };
    const complaints = new Complaints(logger, clock);
    const told: HostOptions['told'] = (run, events, ended, row) => {
      const news = gate.events(events, row);
      tracer?.told(run, news);
      course(news, row, this.#followers.awaits(run.id), logger);
      this.#followers.tell(run, events, ended, row);
    };
    const kinds = kindsWith(options.kinds ?? []);
    for (const plan of plans.values()) checkKinds(plan, kinds);
    const lives = (): boolean => this.#exchange?.lives ?? true;
    const term = (): number => this.#exchange?.term ?? 0;
    const errands = new Errands({ store, followers: this.#followers, plans, logger, tracer });
    this.#host = new Host({
      errands,
      store,
      complaints,
      owner,
      executor: tracer?.around(executor(bodies)) ?? executor(bodies),
      tracer,
      clock,
      logger,
      kinds,
      plans,
      maxValueBytes,
      signalBuffer,
      ...limitsOf(options),
      hooks,
      idleRuns,
      stepperOf: steppers(kinds, lane),
      lives,
      term,
      awaits: (run) => this.#followers.awaits(run),
      lost: (why) => {
        if (this.#closing === null) logger({ level: 'error', message: why.message, error: why });
        void this.close();
      },
      told,
    });
    const basics = { store, plans, clock, maxValueBytes, checkOpen: () => this.#checkOpen() };
    this.#starts = new Starts({ ...basics, host: this.#host });
    this.#importing = { ...basics, host: this.#host, starts: this.#starts, logger };
    const here = requests(store, this.#host);
    const { shared } = store;
    if (shared !== undefined) {
      const [host, followers] = [this.#host, this.#followers];
      this.#exchange = new Exchange({ store, shared, host, here, followers, clock, logger, complaints, lease });
    }
    const command: AskRun = (run, request) => this.#exchange?.command(run, request) ?? here(run, request);
    const queuedFor: RunContext['queuedFor'] = (key) => this.#host.queuedFor(key);
    const holds: RunContext['holds'] = (run) => this.#host.holds(run);
    const abandon = abandoning(this.#host, { store, clock, told, logger });
    errands.open({ host: this.#host, starts: this.#starts, command, lives, term });
    const approvals = (query: ApprovalsQuery): Promise<ApprovalsPage> => this.#people.list(query);
    const deletions = new Deletions({ store, clock, bring: (changes) => this.#host.bring(changes) });
    this.#context = {
      approvals,
      decide: (approval, options) => this.#people.decide(approval, options),
      store,
      command,
      abandon,
      deletions,
      starts: this.#starts,
      clock,
      maxValueBytes,
      followers: this.#followers,
      gate,
      holds,
      queuedFor,
      kinds,
      plans,
      now: () => clock.now(),
    };
    this.#people = new People({ ...this.#context, now: () => clock.now() });
    const save = (some: readonly Plan[]): Promise<void> => this.#save(some);
    this.#schedules = new Schedules({ ...basics, starts: this.#starts, context: this.#context, save });
  }

  /** @internal Opens the store and goes on with what was left unfinished. */
  async open(): Promise<this> {
    this.#isTaken = inUse.has(this.#store);
    if (this.#isTaken) {
      const expected = `a store of its own for each box: call ${this.#store.name.split(' ')[0]}(…) once more`;
      throw new InvalidOption({ option: 'store', value: 'one that an open box uses already', expected });
    }
    inUse.add(this.#store);
    await this.#store.open(this.#owner);
    await this.#save([...this.#plans.values()].filter(({ name }) => name !== SCHEDULES));
    await this.#tracer?.opened((run) => this.#host.rowInMemory(run), this.#owner.now);
    void this.#host.handover.recover();
    await this.#exchange?.open();
    return this;
  }

  /** Resolves when every unfinished run that nobody owned has been read and goes on. Starting new ones need not wait for it. */
  get recovered(): Promise<void> {
    return this.#host.handover.recovered;
  }

  /** Starts a run. Resolves once its start is committed: from then on it goes on by itself. */
  async start<O extends Os[number]>(
    orchestrator: O,
    options: StartOptions<RunInput<O>>,
  ): Promise<Run<RunOutput<O>, SignalsOf<O>, PlacesOf<O>>> {
    return (await this.#start(this.#planFor(orchestrator), options)) as Run<RunOutput<O>, SignalsOf<O>, PlacesOf<O>>;
  }

  /** Runs one task by itself, under the same policies and with the same record as in a track. */
  async runTask<T extends AnyTask>(
    task: T,
    input: TaskInput<T>,
    options: Omit<StartOptions<never>, 'input'> = {},
  ): Promise<TaskOutput<T>> {
    askOptions('runTask', options, START_KEYS);
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
      // What others have left of it was not claimed before it was known here.
      if (this.#store.shared !== undefined) await this.#host.handover.recover();
    }
    const run = await this.#start(plan, { ...options, input });
    // One that was there already could not go on before its task was known.
    await this.#host.handover.revive(run.id);
    return (await run.result()) as TaskOutput<T>;
  }

  /**
   * Declares a schedule, which starts runs at its times for as long as it is there, in whichever process. Under an id that is
   * there it becomes what is said here. With the id alone: a handle on one that somebody has declared.
   *
   * @example
   * const nightly = await box.schedule('nightly', { cron: '0 3 * * *', zone: 'Europe/Berlin', orchestrator: report, input: {} });
   */
  schedule(id: string): Promise<Schedule>;
  schedule<O extends Os[number]>(id: string, options: ScheduleOptions<O>): Promise<Schedule>;
  async schedule(id: string, options?: object): Promise<Schedule> {
    this.#checkOpen();
    if (options === undefined) return this.#schedules.find(id);
    return this.#schedules.declare(
      id,
      this.#planFor((Object(options) as { readonly orchestrator: AnyOrchestrator }).orchestrator),
      options,
    );
  }

  /** The ids of all schedules in the store that have not ended. */
  schedules(): AsyncGenerator<string, void, undefined> {
    return this.#schedules.ids();
  }

  /** A handle on any run, by its id. Throws `InvalidOption` for what cannot be the id of a run. */
  run(id: string): Run {
    checkKnownId(id);
    return new Run(id, this.#context);
  }

  /**
   * Takes over a run from another store: what `run.export()` answered there, also of a run in flight, and also after a file or a wire. It is
   * checked, committed whole, and goes on as after a restart. The same export twice is one run. Given a list, such as a run and the
   * child runs that it waits for, it takes all or none, and answers with the first.
   *
   * @example
   * const run = await box.import(JSON.parse(await readFile('order-17.json', 'utf8')));
   */
  async import(exported: unknown): Promise<Run> {
    this.#checkOpen();
    const [run] = await importRuns(
      this.#importing,
      Array.isArray(exported) && exported.length > 0 ? exported : [exported],
    );
    return new Run(run as string, this.#context);
  }

  /** Writes a line where the lines of this box go. What is secret in it is blanked, as in every other (S34). */
  log(line: LogLine): void {
    this.#importing.logger(line);
  }

  /** Runs in the order of their starts, a page at a time. */
  async runs(query: RunsQuery = {}): Promise<RunsPage> {
    if (this.#closing !== null) throw new BoxClosed();
    return this.#context.gate.list(this.#store, query);
  }

  /**
   * What is left of the budgets of this box's tasks, a page at a time (S38): what has been spent of each, by key, in all processes,
   * when some of it comes back, and how many steps wait for that. Of budgets with keys those are listed that have spent something.
   *
   * @example
   * const { budgets } = await box.budgets({ task: 'draw', key: 'acme' });
   */
  async budgets(query: BudgetsQuery = {}): Promise<BudgetsPage> {
    this.#checkOpen();
    return this.#context.gate.budgets(this.#context, query);
  }

  /**
   * What people are asked, in all runs, a page at a time; those that are open, if nothing is said.
   *
   * @example
   * const { approvals } = await box.approvals({ mine: { user: 'mia', roles: ['manager'] } });
   */
  async approvals(query: ApprovalsQuery = {}): Promise<ApprovalsPage> {
    this.#checkOpen();
    return this.#people.list(query);
  }

  /** An approval with all that was said to it, refused or not; null if there is none of this id. */
  async approval(id: string): Promise<ApprovalView | null> {
    this.#checkOpen();
    return this.#people.view(id);
  }

  /**
   * Says something to an approval: decides it, votes, claims it, hands it on. Resolves once that is committed, with what came of it;
   * what may not be is answered with `refused`, and leaves a record as well. Who somebody is, and which roles they have, is for you to
   * know: it is taken as it is given.
   *
   * @example
   * const answer = await box.decide(approval.id, { decision: 'approve', by: 'mia', roles: ['manager'], digest: approval.digest });
   */
  async decide(approval: string, options: DecideOptions): Promise<ApprovalAnswer> {
    this.#checkOpen();
    return this.#people.decide(approval, options);
  }

  /** As `run.signal`, to a run by its id, or by the key that it was started under. */
  async signal<const K extends keyof SignalsOf<Os[number]> & string>(
    to: string | { readonly orchestrator: string; readonly key: string },
    name: K,
    ...[payload, options]: SignalArguments<SignalsOf<Os[number]>[K], SignalOptions>
  ): Promise<SignalAnswer> {
    if (typeof to === 'string') return this.run(to).signal(name, payload, options);
    askOptions('to', to, ['orchestrator', 'key']);
    ask('to.orchestrator', to.orchestrator ?? null, 'the name of an orchestrator, a string', isName);
    ask('to.key', to.key ?? null, 'the key that the run was started under, a string', isName);
    this.#checkOpen();
    const row = await this.#store.readRunByKey(to.orchestrator, to.key);
    return row === null ? { answer: 'noSuchRun' } : this.run(row.run).signal(name, payload, options);
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
    return this.#isOver || (this.#people.quiet && this.#host.quiet && (this.#exchange?.quiet ?? true));
  }

  /** @internal What keeps it from being quiet, and which box it is, for who waits for it in vain. */
  get underWay(): { readonly box: string; readonly what: readonly string[] } {
    const [asked, said] = [this.#people.quiet, this.#exchange?.quiet ?? true];
    const what = [
      ...(asked ? [] : ['an answer to a question about approvals']),
      ...this.#host.underWay,
      ...(said ? [] : ['what it has to say to other processes']),
    ];
    const names = [...this.#plans.values()].flatMap((plan) => (isEngines(plan) ? [] : plan.name));
    return { box: `of ${[...new Set(names)].map((name) => `"${name}"`).join(', ')} on ${this.#store.name}`, what };
  }

  /** Closed, or dead: nothing that is under way comes to an end any more. */
  get #isOver(): boolean {
    return this.#isClosed || this.#options.clock?.isStopped === true;
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
    this.#exchange?.close();
    const over = this.#host.close(new BoxClosed()).then(() => this.#exchange?.settled());
    // A server that does not answer is not waited for; what was under way is known when the store is opened again.
    if (this.#store.shared !== undefined) await within(PATIENCE, over);
    else await over;
    this.#followers.close();
    this.#tracer?.closed();
    this.#isClosed = true;
    if (this.#isTaken) return;
    await this.#store.close();
    inUse.delete(this.#store);
  }

  #planFor(orchestrator: AnyOrchestrator): Plan {
    if (!isOrchestrator(orchestrator)) {
      const expected = 'an orchestrator that this box was given';
      throw new InvalidOption({ option: 'orchestrator', value: orchestrator, expected });
    }
    const plan = planOf(orchestrator);
    if (this.#plans.get(planName(plan.name, plan.version)) !== plan) {
      throw new OrchestratorUnknown({
        orchestrator: orchestrator.name,
        known: knownPlans(this.#plans.values()),
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
    this.#checkOpen();
    const around = { ...this.#context, ids: this.#options.ids, tracer: this.#tracer };
    return new Run(await startAny(around, plan, options), this.#context);
  }

  #checkOpen(): void {
    if (this.#closing !== null) throw new BoxClosed();
  }
}

const DEFAULT_LEASE = '10s';
/** How long closing waits for what is under way with a server, in milliseconds. */
const PATIENCE = 5_000;

/** Stores that a box of this process has open. Each box is a process of its own to them. */
const inUse = new WeakSet<Store>();
