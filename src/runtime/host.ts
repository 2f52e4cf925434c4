/**
 * The host: the way of a message to a run, and of what it brings out into the world.
 *
 * mailbox → turn → group commit → dispatch → the answers, as messages again. Turns of one
 * run are serial (I2): a run is either here in memory, and a message is taken at once, or
 * it is being read, and messages wait in line until it is.
 *
 * It has over 400 lines because it is one class, which has all that is in memory of runs.
 */
import type { Plan } from '../definition.ts';
import { BoxClosed, LeaseLost, type RunCancelled } from '../errors/index.ts';
import { endsRun, isTerminal } from '../events.ts';
import type { QueuedFor } from '../limits.ts';
import type { OpenRun, RunChange, RunRow } from '../store.ts';
import { Aftermath } from './commit/aftermath.ts';
import { type Committed, Committer } from './commit/committer.ts';
import { touches, Dispatcher } from './performing/dispatcher.ts';
import type { HostOptions } from './host-options.ts';
import { Handover, lossOf } from './ownership/handover.ts';
import type { CommandMessage, HookMessage, Message, StartMessage } from '../core/message.ts';
import { committed, tell } from './told.ts';
import { pinnedPlan } from './reading/pinned.ts';
import { RunReader } from './reading/reader.ts';
import { takeCommand } from '../commands/index.ts';
import { newRun, owedTo } from '../core/assemble.ts';
import { answers, recall } from './reading/recall.ts';
import { RowsNeeded } from '../core/need.ts';
import { keepRow, statusOf } from '../core/rest.ts';
import { keyOf, more, NONE, type Owed } from '../core/run.ts';
import { type Held, hold, isUnderWay } from './held.ts';
import { recognise } from './ownership/requests.ts';
import { OutputCache } from './performing/cache.ts';
import { Hooks } from './performing/hooks.ts';
import { Timers } from './performing/timers.ts';
import { Woken } from './performing/woken.ts';
import type { Rules } from '../core/port.ts';
import { keepShapes } from './shapes.ts';
import { Turn } from '../core/turn.ts';

/** What a start may say beside which run it is. */
export type StartMore = Pick<StartMessage, 'undoes' | 'limit' | 'rerun' | 'records'>;

/** After so many turns what they are made of is worth keeping. */
const MANY = 500;

export class Host {
  readonly #options: HostOptions;
  /** What turns are taken by. */
  readonly rules: Rules;
  readonly #turn: Turn;
  readonly #committer: Committer;
  readonly #dispatcher: Dispatcher;
  readonly #runs = new Map<string, Held>();
  /** Runs in memory that have nothing under way here, the longest idle first. */
  readonly #idle = new Map<string, Held>();
  readonly #reader: RunReader;
  readonly #woken: Woken<Message>;
  readonly #aftermath: Aftermath;
  /** Runs that may be otherwise in the store: what is under way for them may be what nobody waits for any more. */
  readonly #inDoubt = new Set<string>();
  /** Runs that this process ends by their rows alone, and that may have a commit under way. */
  readonly #ending = new Set<string>();
  /** Parents whose children are to be read with their run, because a turn needs them. */
  readonly #needed = new Map<string, Set<string>>();
  readonly timers: Timers;
  readonly hooks: Hooks;
  /** Runs that change hands. */
  readonly handover: Handover;
  #closed = false;
  turns = 0;

  constructor(options: HostOptions) {
    this.#options = options;
    const { kinds, maxValueBytes, signalBuffer, stepperOf } = options;
    this.timers = new Timers(options.clock);
    this.hooks = new Hooks({
      ...options,
      wakeAfter: (ms, wake) => this.timers.in(ms, wake),
      post: (run, message) => this.post(run, message),
      note: (run, message) => this.#note(run, message),
      hold: (run) => this.#dispatcher.hold(run),
    });
    const asksFirst = this.hooks.asksFirst.bind(this.hooks);
    this.rules = { kinds, maxValueBytes, signalBuffer, stepperOf, takeCommand, asksFirst };
    this.#turn = new Turn(this.rules);
    this.#dispatcher = new Dispatcher({
      ...options,
      hooks: this.hooks,
      cache: new OutputCache(options),
      timers: this.timers,
      post: (run, message) => this.post(run, message),
      awaits: (run) => options.awaits(run),
      isSure: (id) => this.#isSure(this.#runs.get(id)),
      ifOurs: (run, then) => this.#ifOurs(run, then),
    });
    this.#reader = new RunReader({
      ...options,
      wakeAfter: (ms, wake) => this.timers.after(ms, wake),
      recall: (id, line) => this.#recall(id, line),
      found: (id, run, line) => this.#found(id, run, line),
      tried: () => this.#woken.goOn(),
    });
    this.#woken = new Woken({
      post: (id, message) => this.post(id, message, true),
      isUnderWay: (id) => this.#reader.isTrying(id) || isUnderWay(this.#runs.get(id)),
    });
    this.handover = new Handover({
      ...options,
      runs: this.#runs,
      pause: (ms) => this.#reader.pause(ms),
      read: (id) => this.#reader.tryOnce(id),
      readingOver: (id) => this.#reader.over(id),
      doubt: (id) => void this.#inDoubt.add(id),
      lost: (run, why) => this.#lost(run, why),
      isBusy: (id) => this.#dispatcher.isBusy(id),
      stray: (id, why) => this.#reader.tellOnce(id, why),
    });
    this.#committer = new Committer({
      ...options,
      isAlone: () => !this.#dispatcher.isBusy(),
      done: (batch) => this.#done(batch),
      failed: (batch, error) => this.#aftermath.failed(batch, error),
    });
    this.#aftermath = new Aftermath({
      ...options,
      committer: this.#committer,
      reader: this.#reader,
      isClosed: () => this.#closed,
      isEnding: (id) => this.#ending.has(id),
      evict: (run) => this.#evict(run),
      doubt: (id) => void this.#inDoubt.add(id),
    });
  }

  get counts() {
    const [{ commits }, { ignored }, { refused }] = [this.#committer, this.#dispatcher, this.#reader];
    return { turns: this.turns, commits, ignored, refused, inMemory: this.#runs.size };
  }

  /** No message waits, nothing is to be committed. Bodies and timers may be under way, and runs may wait for a store that fails. */
  get quiet(): boolean {
    const { handover } = this;
    return [this.#committer, this.#reader, this.#woken, handover, this.#dispatcher].every(({ quiet }) => quiet);
  }

  /** What is not quiet, in words. */
  get underWay(): readonly string[] {
    return [
      { part: this.#committer, words: 'a commit' },
      { part: this.#reader, words: 'the reading of a run' },
      { part: this.#woken, words: 'wake-ups that stand in line' },
      { part: this.handover, words: 'the taking over of runs' },
      { part: this.#dispatcher, words: 'something that a run asks of the store or of another run' },
    ].flatMap(({ part, words }) => (part.quiet ? [] : [words]));
  }

  /** Begins a run of `plan`. Resolves once its start is committed. */
  async begin(plan: Plan, row: RunRow, more: StartMore = {}, warnings: readonly (() => void)[] = []): Promise<void> {
    // Of a run that had this id and was deleted nothing may be left: its answers would be taken for those of the new one.
    if (this.#runs.has(row.run) || this.#reader.isReading(row.run)) await this.handover.bury(row.run);
    const run = this.#adopt(plan, row);
    const begun = this.#committed(run, { type: 'start', plan, row, ...more });
    for (const tell of warnings) tell();
    await begun;
  }

  /** Commits runs that come from elsewhere, all or none, and goes on with them. Afterwards they are as any others that this process has taken over. */
  async bring(changes: readonly RunChange[]): Promise<void> {
    if (this.#closed) throw new BoxClosed();
    for (const { run } of changes) {
      // As with one that begins: nothing may be left of a run that was deleted.
      if (this.#runs.has(run) || this.#reader.isReading(run)) await this.handover.bury(run);
    }
    try {
      await this.#committer.aside(changes);
    } catch (error) {
      // It may have landed all the same, and then nobody else would go on with them.
      for (const { run } of changes) void this.#reader.read(run, []);
      throw error;
    }
    for (const { run, row } of changes) if (row !== null && !isTerminal(row.status)) await this.#reader.tryOnce(run);
  }

  /** The run is in memory, so it has not ended: its end is told when it comes. */
  holds(id: string): boolean {
    return this.#runs.get(id)?.isKept ?? false;
  }

  rowInMemory(id: string): RunRow | undefined {
    return this.#runs.get(id)?.row;
  }

  /** The limit that an attempt stands in line for here; null if it does not (S35). */
  queuedFor(key: string): QueuedFor | null {
    return this.#dispatcher.queuedFor(key);
  }

  /** Hands a message to a run, now or as soon as the run was read. What time brings stands in line, unless it has done so. */
  post(id: string, message: Message, hasStood = message.type !== 'wake'): void {
    if (this.#closed) return;
    if (!hasStood) return this.#woken.wake(id, message);
    const run = this.#runs.get(id);
    if (run === undefined) void this.#reader.read(id, [message]);
    else this.#take(run, message);
  }

  /** As `post`, and resolves when what the message changed is committed. False if the run has ended or is not there. */
  async command(id: string, message: CommandMessage | HookMessage): Promise<boolean> {
    if (this.#closed) throw new BoxClosed();
    const here = this.#runs.get(id);
    if (here !== undefined) return this.#committed(here, message);
    // It may be one of those that are only just being taken over.
    await this.handover.recovered;
    // The message is taken with the reading: a run that only waits would be let go of before the next line.
    const landed = committed(message);
    const run = await this.#reader.read(id, [message]);
    if (run === null) {
      if (this.#closed) throw new BoxClosed();
      const refusal = this.#reader.refusalOf(id);
      if (refusal !== undefined) throw refusal;
      return false;
    }
    return landed;
  }

  /** Tells the history of a hook; false if that has ended. */
  async #note(id: string, message: HookMessage): Promise<boolean> {
    return this.#runs.get(id)?.root.state.status !== 'done' && this.command(id, message);
  }

  /** Ends a run by its rows alone: what this process commits to it meanwhile is refused, and that is as it should be. */
  async ending<T>(id: string, end: () => Promise<T>): Promise<T> {
    const run = this.#runs.get(id);
    this.#ending.add(id);
    try {
      return await end();
    } finally {
      const over = run === undefined ? Promise.resolve() : this.#committer.over(run);
      void over.then(() => this.#ending.delete(id));
    }
  }

  /** A run was ended by its rows alone, with event `seq` (S18): what is left of it here goes, and who waits for it is answered. */
  async forsake(id: string, seq: number): Promise<void> {
    await this.#reader.over(id);
    const run = this.#runs.get(id);
    await (run === undefined ? this.#reader.read(id, []) : this.#aftermath.reread(run, seq));
  }

  /** Called once. */
  async close(reason: Error): Promise<void> {
    this.#closed = true;
    this.#dispatcher.abortAll(reason);
    await this.hooks.close(reason);
    await this.#committer.settled();
    this.timers.clearAll();
    this.#woken.clear();
    this.#reader.close();
    await this.handover.close();
  }

  #committed(run: Held, message: CommandMessage | HookMessage): Promise<boolean> {
    const landed = committed(message);
    this.#take(run, message);
    return landed;
  }

  #adopt(plan: Plan, row: RunRow): Held {
    const run = hold(newRun(this.rules, plan, row), 1, false);
    this.#runs.set(run.id, run);
    return run;
  }

  /** The turn. If the engine itself fails in it, the run is read again without the message. */
  #take(run: Held, message: Message): void {
    const changes = this.#committer.changesOf(run, message.type === 'answer');
    changes.take(message);
    this.#idle.delete(run.id);
    this.turns += 1;
    const now = this.#options.clock.now();
    try {
      const taken = this.#turn.take(run, changes, now, message);
      if (!taken && message.type === 'answer')
        this.#dispatcher.ignore(keyOf(run.id, message.path, message.attempt), 'late');
      keepRow(run, changes, now);
    } catch (error) {
      if (!(error instanceof RowsNeeded)) return this.#aftermath.broken(run, changes, message, error);
      const needed = this.#needed.get(run.id);
      if (needed === undefined) this.#needed.set(run.id, new Set([error.parent]));
      else needed.add(error.parent);
      void this.#aftermath.again(run, changes);
    }
  }

  #done(batch: readonly Committed[]): void {
    this.#aftermath.landed(batch);
    this.#options.complaints.well(this.#options.store.name);
    // An iterator would make an object for each step.
    batch.forEach(({ run, changes }) => {
      if (!run.evicted) this.#dispatch(run, changes.owed);
    });
    batch.forEach(({ run, changes }) => {
      run.isKept = true;
      this.#woken.over(run.id);
      const last = changes.events.at(-1);
      const ended = last?.path === '' && endsRun(last.type);
      if (ended) this.#evict(run);
      else this.#rest(run);
      this.hooks.told(run, changes.events);
      if (last !== undefined) this.#options.told(run.facts, changes.events, ended, run.row);
      const { messages, over } = changes;
      for (let at = 0; at < messages.length; at += 1) tell(messages[at] as Message);
      for (let at = 0; at < over.length; at += 1) (over[at] as () => void)();
    });
    this.#woken.goOn();
    if (this.turns > MANY) keepShapes(this.rules);
  }

  /** Begins what is owed to a run; what touches the world only as long as nobody else can have taken the run over. */
  #dispatch(run: Held, owed: readonly Owed[]): void {
    if (this.#closed) return;
    let later: readonly Owed[] = NONE;
    for (let at = 0; at < owed.length; at += 1) {
      const each = owed[at] as Owed;
      // Looked at for each: a process can be stopped between any two of them. A timer touches nothing.
      if (touches(each) && !this.#isSure(run)) later = more(later, each);
      else this.#dispatcher.dispatch(run, each);
    }
    if (later.length > 0) this.#dispatchIfOurs(run, later);
  }

  #dispatchIfOurs(run: Held, later: readonly Owed[]): void {
    this.#ifOurs(run.id, (ours) => {
      // A run that was read again was told then what is owed to it.
      if (ours && !run.evicted) for (const each of later) this.#dispatcher.dispatch(run, each);
      this.#rest(run);
    });
  }

  /** Nobody else can have taken the run since the store last said that it is ours. */
  #isSure(run: Held | undefined): boolean {
    // One that is just being read again is looked at then.
    return (run === undefined || run.term === this.#options.term()) && this.#options.lives();
  }

  /** A run with nothing under way in this process is rows; the last few stay in memory as well. */
  #rest(run: Held): void {
    if (run.evicted || isUnderWay(run) || this.#dispatcher.isBusy(run.id)) return;
    this.#idle.delete(run.id);
    this.#idle.set(run.id, run);
    if (this.#idle.size <= this.#options.idleRuns) return;
    const [longest] = this.#idle.values();
    if (longest !== undefined) this.#evict(longest);
  }

  #evict(run: Held): void {
    run.evicted = true;
    this.#idle.delete(run.id);
    if (this.#runs.get(run.id) === run) this.#runs.delete(run.id);
  }

  /** Others may have gone on with a run meanwhile: before anything is begun for it, the store is asked whose it is (I6). */
  #ifOurs(id: string, then: (ours: boolean) => void): void {
    const done = this.#dispatcher.hold(id);
    void this.handover.isOurs(id).then((ours) => {
      done();
      if (!this.#closed) then(ours);
    });
  }

  #lost(run: Held, why: LeaseLost | RunCancelled): void {
    const { logger, tracer } = this.#options;
    logger({ level: why instanceof LeaseLost ? 'warn' : 'info', message: why.message, run: run.id, error: why });
    this.#evict(run);
    this.#settleDoubt(run.id, null, why);
    tracer?.lost(run.id);
  }

  /** A run has been read: what waited for it is taken. */
  #found(id: string, run: Held | null, line: readonly Message[]): void {
    if (run === null) {
      for (const message of line)
        if (message.type === 'answer') this.#dispatcher.ignore(keyOf(id, message.path, message.attempt), 'late');
      return;
    }
    const some = this.#aftermath.together(line);
    for (const message of some) this.#take(run, message);
    if (some.length < line.length) this.#later(run, line.slice(some.length));
    // Read for nobody in particular, as at a recovery: what only waits is let go of again.
    this.#rest(run);
  }

  /** The rest of a line, once the commit of what was before it is over. */
  #later({ id, changes }: Held, line: readonly Message[]): void {
    const take = (): void => {
      const run = this.#runs.get(id);
      if (run !== undefined && !this.#closed) return this.#found(id, run, line);
      void this.#reader.read(id, line).then((read) => {
        if (read === null) void this.#aftermath.giveUp(id, line);
      });
    };
    if (changes === null) take();
    else changes.whenOver(take);
  }

  /** The run as the store has it, and what is owed to it. Null when it has ended, or never was. */
  async #recall(id: string, line: readonly Message[]): Promise<Held | null> {
    const { store, clock } = this.#options;
    // Somebody else had it read while this one stood in line: a second one beside it would know less.
    const here = this.#runs.get(id);
    // Only then can anything be under way here; to look through everything for each run that is taken over would be quadratic.
    const inDoubt = this.#inDoubt.has(id);
    if (here !== undefined && !inDoubt) return here;
    const term = this.#options.term();
    const found: OpenRun | null = await store.readOpen(id);
    if (here !== undefined) {
      // Under the same fence it was nobody else's in between.
      if (found?.fence === here.fence) {
        this.#inDoubt.delete(id);
        here.term = term;
        return here;
      }
      this.#evict(here);
    }
    // Somebody else's by now (I2), who is asked next.
    const isOver = found !== null && isTerminal(found.row.status);
    if (found !== null && !isOver && found.owner !== this.#options.owner) {
      if (inDoubt) this.#settleDoubt(id, null, lossOf(found));
      return null;
    }
    // What had landed although nobody heard so is not taken again.
    for (const message of line) if ('known' in message || 'asker' in message) await recognise(store, id, message);
    if (found === null) {
      // A start that did not land is begun again.
      const start = line.find((message) => message.type === 'start');
      if (start !== undefined) return this.#adopt(start.plan, start.row);
    }
    // Another process has ended it, and perhaps it was deleted: nobody waits for what is under way here.
    if (found === null || isOver) {
      if (inDoubt) this.#settleDoubt(id, null);
      return null;
    }
    const run = await recall(
      this.rules,
      store,
      await pinnedPlan(store, this.#options.plans, found.row),
      found,
      this.#needed.get(id),
    );
    this.#needed.delete(id);
    run.term = term;
    this.#runs.set(id, run);
    if (inDoubt) this.#settleDoubt(id, run);
    // A version that did not say yet that a run only waits has left it.
    if (statusOf(run) !== run.row.status) keepRow(run, this.#committer.changesOf(run), clock.now());
    // What has its answer here, which only waits to be taken, is not made again (I6).
    const isOpen = (each: Owed): boolean => !line.some((message) => answers(message, each));
    this.#dispatch(run, owedTo(run, clock.now()).filter(isOpen));
    return run;
  }

  #settleDoubt(id: string, run: Held | null, why?: Error): void {
    this.#inDoubt.delete(id);
    this.#dispatcher.reconcile(id, run, why);
  }
}
