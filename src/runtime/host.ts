/**
 * The host: the way of a message to a run, and of what it brings out into the world.
 *
 * mailbox → turn → group commit → dispatch → the answers, as messages again. Turns of one
 * run are serial (I2): a run is either here in memory, and a message is taken at once, or
 * it is being read, and messages wait in line until it is.
 */
import type { Plan } from '../definition.ts';
import {
  BoxClosed,
  CommitConflict,
  CommitFailed,
  Impossible,
  LeaseLost,
  type RunCancelled,
  RunExists,
  reasonOf,
  toRecord,
} from '../errors.ts';
import { endsRun, isTerminal } from '../events.ts';
import type { OpenRun, RunRow } from '../store.ts';
import { type Committed, Committer } from './committer.ts';
import { begins, Dispatcher } from './dispatcher.ts';
import { tellLanded } from './followers.ts';
import type { HostOptions } from './host-options.ts';
import { Handover, lossOf } from './handover.ts';
import type { Message } from './message.ts';
import { pinnedPlan } from './pinned.ts';
import { Reader } from './reader.ts';
import { answers, newRun, owedTo, recall } from './recall.ts';
import { keepRow, statusOf } from './rest.ts';
import { Changes, keyOf, landed, type Owed, type RunState } from './run-state.ts';
import { recognise } from './signals.ts';
import { Timers } from './timers.ts';
import { type Rules, Turn } from './turn.ts';

/** A commit that failed is tried again after this long, and then after twice as long, up to the last. */
const [FIRST_PAUSE, LONGEST_PAUSE] = [50, 5_000];

export class Host {
  readonly #options: HostOptions;
  readonly #rules: Rules;
  readonly #turn: Turn;
  readonly #committer: Committer;
  readonly #dispatcher: Dispatcher;
  readonly #runs = new Map<string, RunState>();
  /** Runs in memory that have nothing under way here, the longest idle first. */
  readonly #idle = new Map<string, RunState>();
  readonly #reader: Reader;
  /** Runs that may be otherwise in the store: what is under way for them may be what nobody waits for any more. */
  readonly #inDoubt = new Set<string>();
  readonly timers: Timers;
  /** Runs that change hands. */
  readonly handover: Handover;
  #closed = false;
  #pause = FIRST_PAUSE;
  turns = 0;

  constructor(options: HostOptions) {
    this.#options = options;
    const { kinds, maxValueBytes, signalBuffer, stepperOf } = options;
    this.#rules = { kinds, maxValueBytes, signalBuffer, stepperOf };
    this.#turn = new Turn(this.#rules);
    this.timers = new Timers(options.clock);
    this.#dispatcher = new Dispatcher({
      ...options,
      timers: this.timers,
      post: (run, message) => this.post(run, message),
      isSure: (id) => this.#isSure(this.#runs.get(id)),
      ifOurs: (run, then) => this.#ifOurs(run, then),
    });
    this.#reader = new Reader({
      ...options,
      wakeAfter: (ms, wake) => this.timers.after(ms, wake),
      recall: (id, line) => this.#recall(id, line),
      found: (id, run, line) => this.#found(id, run, line),
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
      done: (batch) => this.#done(batch),
      failed: (batch, error) => this.#failed(batch, error),
    });
  }

  get counts() {
    const [{ commits }, { ignored }, { refused }] = [this.#committer, this.#dispatcher, this.#reader];
    return { turns: this.turns, commits, ignored, refused, inMemory: this.#runs.size };
  }

  /** No message waits, nothing is to be committed. Bodies and timers may be under way, and runs may wait for a store that fails. */
  get quiet(): boolean {
    return this.#committer.quiet && this.#reader.quiet && this.handover.quiet;
  }

  /** Begins a run of `plan`. Resolves once its start is committed. */
  async begin(plan: Plan, row: RunRow): Promise<void> {
    // Of a run that had this id and was deleted nothing may be left: its answers would be taken for those of the new one.
    if (this.#runs.has(row.run) || this.#reader.isReading(row.run)) await this.handover.bury(row.run);
    await this.#committed(this.#adopt(plan, row), { type: 'start', plan, row });
  }

  /** The run is in memory, so it has not ended: its end is told when it comes. */
  holds(id: string): boolean {
    return this.#runs.get(id)?.isKept ?? false;
  }

  /** Hands a message to a run, now or as soon as the run was read. */
  post(id: string, message: Message): void {
    if (this.#closed) return;
    const run = this.#runs.get(id);
    if (run === undefined) void this.#reader.read(id, [message]);
    else this.#take(run, message);
  }

  /** As `post`, and resolves when what the message changed is committed. False if the run has ended or is not there. */
  async command(id: string, message: Message): Promise<boolean> {
    if (this.#closed) throw new BoxClosed();
    const here = this.#runs.get(id);
    if (here !== undefined) {
      await this.#committed(here, message);
      return true;
    }
    // It may be one of those that are only just being taken over.
    await this.handover.recovered;
    // The message is taken with the reading: a run that only waits would be let go of before the next line.
    const run = await this.#reader.read(id, [message]);
    if (run === null) {
      if (this.#closed) throw new BoxClosed();
      const refusal = this.#reader.refusalOf(id);
      if (refusal !== undefined) throw refusal;
      return false;
    }
    const { changes } = run;
    if (changes !== null) await landed(changes);
    return true;
  }

  /** A run was ended by its rows alone, with event `seq` (S18): what is left of it here goes, and who waits for it is answered. */
  async forsake(id: string, seq: number): Promise<void> {
    await this.#reader.over(id);
    const run = this.#runs.get(id);
    await (run === undefined ? this.#reader.read(id, []) : this.#again(run, new Changes(seq), 0));
  }

  async close(reason: Error): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#dispatcher.abortAll(reason);
    await this.#committer.settled();
    this.timers.clearAll();
    this.#reader.close();
    await this.handover.close();
  }

  async #committed(run: RunState, message: Message): Promise<void> {
    const changes = this.#take(run, message);
    if (changes === null) throw new Impossible(`Run "${run.id}" could not take "${message.type}"; the log says why.`);
    await landed(changes);
  }

  #adopt(plan: Plan, row: RunRow): RunState {
    const run = newRun(this.#rules, plan, row);
    this.#runs.set(run.id, run);
    return run;
  }

  /** The turn. Null if the engine itself failed in it; the run is then read again without the message. */
  #take(run: RunState, message: Message): Changes | null {
    const changes = this.#committer.changesOf(run);
    changes.take(message);
    this.#idle.delete(run.id);
    this.turns += 1;
    const now = this.#options.clock.now();
    try {
      const taken = this.#turn.take(run, changes, now, message);
      if (!taken && message.type === 'answer')
        this.#dispatcher.ignore(keyOf(run.id, message.path, message.attempt), 'late');
      keepRow(run, changes, now);
      return changes;
    } catch (error) {
      this.#broken(run, changes, message, error);
      return null;
    }
  }

  /**
   * A turn threw: the engine, or a kind from outside, is at fault. The run is read again, and an answer
   * that broke it comes back as a failure of its step. What breaks the run even so is left out of it.
   */
  #broken(run: RunState, changes: Changes, message: Message, error: unknown): void {
    const cause = error instanceof Impossible ? error : new Impossible(`A turn of run "${run.id}" threw.`, error);
    this.#options.logger({ level: 'error', message: cause.message, run: run.id, error: cause });
    const messages = changes.messages.slice(0, -1);
    if (message.type === 'answer' && message.error === null)
      messages.push({ ...message, output: null, error: toRecord(cause, { path: message.path, retryable: false }) });
    changes.messages = messages;
    void this.#again(run, changes, 0);
  }

  #done(batch: readonly Committed[]): void {
    this.#pause = FIRST_PAUSE;
    this.#options.complaints.well(this.#options.store.name);
    // An iterator would make an object for each step.
    batch.forEach(({ run, changes }) => {
      if (!run.evicted) this.#dispatch(run, changes.owed);
    });
    batch.forEach(({ run, changes }) => {
      run.isKept = true;
      const last = changes.events.at(-1);
      const ended = last?.path === '' && endsRun(last.type);
      if (ended) this.#evict(run);
      else this.#rest(run);
      if (last !== undefined) this.#options.told(run.facts, changes.events, ended, run.row);
      for (const resolve of changes.committed) resolve();
    });
  }

  /** Begins what is owed to a run; what touches the world only as long as nobody else can have taken the run over. */
  #dispatch(run: RunState, owed: readonly Owed[]): void {
    if (this.#closed) return;
    const later: Owed[] = [];
    for (let at = 0; at < owed.length; at += 1) {
      const each = owed[at] as Owed;
      // Looked at for each: a process can be stopped between any two of them. A timer touches nothing.
      if (begins(each) && !this.#isSure(run)) later.push(each);
      else this.#dispatcher.dispatch(run, each);
    }
    if (later.length === 0) return;
    this.#ifOurs(run.id, (ours) => {
      // A run that was read again was told then what is owed to it.
      if (ours && !run.evicted) for (const each of later) this.#dispatcher.dispatch(run, each);
      this.#rest(run);
    });
  }

  /** Nobody else can have taken the run since the store last said that it is ours. */
  #isSure(run: RunState | undefined): boolean {
    // One that is just being read again is looked at then.
    return (run === undefined || run.term === this.#options.term()) && this.#options.lives();
  }

  /** A run with nothing under way in this process is rows; the last few stay in memory as well. */
  #rest(run: RunState): void {
    if (run.evicted || run.committing !== null || run.changes !== null || this.#dispatcher.isBusy(run.id)) return;
    this.#idle.delete(run.id);
    this.#idle.set(run.id, run);
    if (this.#idle.size <= this.#options.idleRuns) return;
    const [longest] = this.#idle.values();
    if (longest !== undefined) this.#evict(longest);
  }

  #evict(run: RunState): void {
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

  #lost(run: RunState, why: LeaseLost | RunCancelled): void {
    const level = why instanceof LeaseLost ? 'warn' : 'info';
    this.#options.logger({ level, message: why.message, run: run.id, error: why });
    this.#evict(run);
    this.#settleDoubt(run.id, null, why);
  }

  /** Nobody knows whether the commit landed: out of memory with these runs, and read them again (I3). */
  #failed(batch: readonly Committed[], error: unknown): void {
    // The id or the key is taken, and that will not change: the one who starts is told.
    if (error instanceof RunExists && batch.length === 1) {
      const [{ run, changes }] = batch as readonly [Committed];
      this.#committer.drop(run);
      this.#evict(run);
      for (const done of changes.committed) done(error);
      return;
    }
    // The store is well and knows better: what it knows is read at once. That somebody else was faster with a start is no mishap.
    const knows = error instanceof LeaseLost || error instanceof CommitConflict || error instanceof RunExists;
    const begins = batch.every(({ changes }) => changes.after === 0);
    const atOnce = error instanceof LeaseLost || (knows && begins);
    const retryIn = atOnce ? 0 : this.#pause;
    if (!atOnce) this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE);
    const runs = batch.map(({ run }) => run.id);
    const failure = new CommitFailed({ runs, retryIn, reason: reasonOf(error) }, error);
    const level = knows && begins ? 'info' : 'error';
    this.#options.complaints.tell({ level, message: failure.message, error: failure }, error);
    for (const { run, changes } of batch) void this.#again(run, changes, retryIn);
  }

  #again(run: RunState, changes: Changes, pause: number): Promise<void> {
    // Turns that were taken while the commit was under way stand on what may not have landed.
    const later = run.changes === changes ? null : run.changes;
    const messages = [...changes.messages, ...(later?.messages ?? [])];
    const committed = [...changes.committed, ...(later?.committed ?? [])];
    this.#committer.drop(run);
    this.#evict(run);
    this.#inDoubt.add(run.id);
    const { id, facts } = run;
    const before = async (): Promise<void> => {
      // What is read before it is over is not what the next turn stands on.
      await this.#committer.over(run);
      await tellLanded(this.#options, facts, changes.after);
    };
    return this.#reader.read(id, messages, pause, before).then((again) => {
      // The messages have been taken again; those who wait for them wait for that commit.
      if (again?.changes) for (const each of committed) again.changes.whenCommitted(each);
      else if (committed.length > 0) void this.#letGo(run, again, changes.after === 0, committed);
    });
  }

  /** Those who wait for what they wanted of a run that will not be gone on with here are told why, unless it has ended. */
  async #letGo({ id }: RunState, again: RunState | null, began: boolean, waiting: Changes['committed']): Promise<void> {
    let why: Error | undefined = this.#closed ? new BoxClosed() : this.#reader.refusalOf(id);
    if (again === null && why === undefined) {
      const found = await Promise.resolve(this.#options.store.readOpen(id)).catch(() => null);
      // Whether a start was this one or another's is for the one who started to find out.
      if (found !== null && (began || !isTerminal(found.row.status))) why = lossOf(found);
    }
    for (const done of waiting) done(why);
  }

  /** A run has been read: what waited for it is taken. */
  #found(id: string, run: RunState | null, line: readonly Message[]): void {
    for (const message of line) {
      if (run !== null) this.#take(run, message);
      else if (message.type === 'answer') this.#dispatcher.ignore(keyOf(id, message.path, message.attempt), 'late');
    }
    // Read for nobody in particular, as at a recovery: what only waits is let go of again.
    if (run !== null) this.#rest(run);
  }

  /** The run as the store has it, and what is owed to it. Null when it has ended, or never was. */
  async #recall(id: string, line: readonly Message[]): Promise<RunState | null> {
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
    // What had landed although nobody heard so is not taken again.
    for (const message of line) if (message.type === 'signal') await recognise(store, id, message);
    if (found === null) {
      // A start that did not land is begun again.
      const start = line.find((message) => message.type === 'start');
      if (start !== undefined) return this.#adopt(start.plan, start.row);
      // Another process has ended it, and it was deleted: nobody waits for what is under way here.
      if (inDoubt) this.#settleDoubt(id, null);
      return null;
    }
    // Over, or somebody else's by now (I2).
    if (isTerminal(found.row.status) || found.owner !== this.#options.owner) {
      if (inDoubt) this.#settleDoubt(id, null, isTerminal(found.row.status) ? undefined : lossOf(found));
      return null;
    }
    const run = await recall(this.#rules, store, await pinnedPlan(store, this.#options.plans, found.row), found);
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

  #settleDoubt(id: string, run: RunState | null, why?: Error): void {
    this.#inDoubt.delete(id);
    this.#dispatcher.reconcile(id, run, why);
  }
}
