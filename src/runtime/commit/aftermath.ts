/**
 * After a commit that failed, or a turn that threw: the run is read again and its messages are taken again (I3).
 *
 * A store that is away takes them when it is back. What a store will never take is found out: the messages of the run go
 * one at a time, and the one that breaks its commit is given back to its sender and not repeated (S37). If it is the
 * store that is broken, and not a message, nothing is given up: everything is repeated until the store is mended.
 */
import {
  BoxClosed,
  CommitConflict,
  CommitFailed,
  CommitRefused,
  Impossible,
  LeaseLost,
  RunExists,
} from '../../errors/index.ts';
import { reasonOf, StoreLost, StoreUnusable, toRecord } from '../../errors/index.ts';
import { endsRun, isTerminal } from '../../events.ts';
import { type Json, sameJson } from '../../json.ts';
import type { Committed, Committer } from './committer.ts';
import { lossOf } from '../ownership/handover.ts';
import type { HostOptions } from '../host-options.ts';
import type { Message } from '../../core/message.ts';
import { isAwaited, tell, type Untold } from '../told.ts';
import type { RunReader } from '../reading/reader.ts';
import { Pending, type Held } from '../held.ts';

export interface AftermathOptions
  extends Pick<HostOptions, 'store' | 'owner' | 'logger' | 'complaints' | 'told' | 'lost'> {
  readonly committer: Committer;
  readonly reader: RunReader;
  isClosed(): boolean;
  /** This process has just ended the run by its rows alone. */
  isEnding(id: string): boolean;
  /** Out of memory with a run: what is there may not be as the store has it. */
  evict(run: Held): void;
  /** What is under way for the run is looked at when it is read. */
  doubt(id: string): void;
}

/** A commit that failed is tried again after this long, and then after twice as long, up to the last. */
const [FIRST_PAUSE, LONGEST_PAUSE] = [50, 5_000];

/** How many events are asked of the store at a time. */
const PAGE = 500;

type Answered = Extract<Message, { readonly type: 'answer' }>;

export class Aftermath {
  readonly #options: AftermathOptions;
  #pause = FIRST_PAUSE;
  /** Messages whose commit failed in a way that lasts, and what the store said. Each is taken by itself. */
  readonly #suspects = new WeakMap<Message, string>();
  /** Failures that are taken instead of answers that a store refused, and those answers. */
  readonly #instead = new WeakMap<Message, Answered>();
  /** Runs that a timer has broken and that have not been committed to since, and how long to wait the next time. */
  readonly #broken = new Map<string, number>();

  constructor(options: AftermathOptions) {
    this.#options = options;
  }

  /** A commit has landed: the store works, and its runs are whole. */
  landed(batch: readonly Committed[]): void {
    this.#pause = FIRST_PAUSE;
    if (this.#broken.size > 0) for (const { run } of batch) this.#broken.delete(run.id);
  }

  /** Those of a line of messages that are taken together, from its beginning on: a suspect goes by itself. */
  together(line: readonly Message[]): readonly Message[] {
    const suspect = line.findIndex((message) => this.#suspects.has(message));
    return suspect === -1 ? line : line.slice(0, Math.max(1, suspect));
  }

  /**
   * A turn threw: the engine, or a kind from outside, is at fault. The run is read again, and an answer
   * that broke it comes back as a failure of its step. What breaks the run even so is left out of it.
   */
  broken(run: Held, changes: Pending, message: Message, error: unknown): void {
    const cause = error instanceof Impossible ? error : new Impossible(`A turn of run "${run.id}" threw.`, error);
    this.#options.logger({ level: 'error', message: cause.message, run: run.id, error: cause });
    const messages = changes.messages.slice(0, -1);
    if (message.type === 'answer' && message.error === null) messages.push(asFailure(message, cause));
    changes.messages = messages;
    void this.#again(run, changes, this.#pauseAfter(run.id, message));
    tell(message, new Impossible(`Run "${run.id}" could not take "${message.type}"; the log says why.`, cause));
  }

  /** A timer that is due is due again as soon as its run is read: what it breaks is not to be broken as fast as that goes. */
  #pauseAfter(run: string, { type }: Message): number {
    if (type !== 'wake') return 0;
    const pause = this.#broken.get(run) ?? FIRST_PAUSE;
    this.#broken.set(run, Math.min(pause * 2, LONGEST_PAUSE));
    return pause;
  }

  /** Nobody knows whether the commit landed: out of memory with these runs, and read them again (I3). */
  failed(batch: readonly Committed[], error: unknown): void {
    // The whole store is somebody else's, or gone: nothing is repeated, for no run.
    if (error instanceof StoreLost) {
      for (const { run, changes } of batch) this.#refuse(run, changes, error);
      return this.#options.lost(error);
    }
    const [{ run, changes }] = batch as readonly [Committed];
    const lasts = isLasting(error);
    if (batch.length === 1) {
      // The id or the key is taken, and that will not change: the one who starts is told.
      if (error instanceof RunExists) return this.#refuse(run, changes, error);
      if (lasts && !this.#isSifted(run, changes, error)) return;
    }
    // The store is well and knows better: what it knows is read at once. That somebody else was faster with a start is no mishap.
    const knows = error instanceof LeaseLost || error instanceof CommitConflict || error instanceof RunExists;
    const begins = knows && batch.some(({ run, changes }) => run.id === error.fields.run && changes.after === 0);
    // Of several runs one may be what the store refuses: the next time each goes by itself.
    const atOnce = error instanceof LeaseLost || begins || (lasts && batch.length > 1);
    const retryIn = atOnce ? 0 : this.#pause;
    if (!atOnce) this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE);
    // A start that came second has lost no lease, whatever the store says.
    if (begins) this.#complain(batch, new Error(cameSecond(error.fields.run)), retryIn, 'info');
    else {
      // A turn that comes behind an end of our own making is no mishap.
      const isOurs = error instanceof LeaseLost && this.#options.isEnding(error.fields.run);
      this.#complain(batch, error, retryIn, isOurs ? 'info' : 'error');
    }
    for (const { run, changes } of batch) void this.#again(run, changes, retryIn, error);
  }

  #complain(batch: readonly Committed[], error: unknown, retryIn: number, level: 'info' | 'error'): void {
    const runs = batch.map(({ run }) => run.id);
    const failure = new CommitFailed({ runs, retryIn, reason: reasonOf(error) }, error);
    this.#options.complaints.tell({ level, message: failure.message, error: failure }, error);
  }

  /** A run that is not gone on with here, as when there will be none: also what came while the commit was under way is given back. */
  #refuse(run: Held, changes: Pending, error: Error): void {
    const later = run.changes === changes ? null : run.changes;
    this.#options.committer.drop(run);
    this.#options.evict(run);
    for (const each of later === null ? [changes] : [changes, later]) {
      for (const message of each.messages) tell(message, error);
      over(each);
    }
  }

  /**
   * The commit of one run failed in a way that lasts. True when there is nothing more to find out: the store refuses whatever
   * it is given, and it remains to repeat.
   */
  #isSifted(run: Held, changes: Pending, error: unknown): boolean {
    const [message] = changes.messages;
    const said = reasonOf(error);
    if (message === undefined) return true;
    if (changes.messages.length > 1 || this.#suspects.get(message) !== said) {
      for (const each of changes.messages) this.#suspects.set(each, said);
      this.#complain([{ run, changes }], error, 0, 'error');
      void this.#again(run, changes, 0, error);
      return false;
    }
    // Twice the same, and nothing else was in the commit.
    const answer = this.#instead.get(message);
    if (answer !== undefined) changes.messages = [answer];
    if (answer !== undefined || message.type === 'wake') return true;
    const refusal = new CommitRefused({ run: run.id, message: message.type, reason: said }, error);
    this.#options.logger({ level: 'error', message: refusal.message, run: run.id, error: refusal });
    if (message.type === 'start') {
      this.#refuse(run, changes, refusal);
      return false;
    }
    changes.messages = [];
    if (message.type === 'answer') {
      const failure = asFailure(message, refusal);
      this.#instead.set(failure, message);
      this.#suspects.set(failure, said);
      changes.messages = [failure];
    }
    void this.#again(run, changes, 0, error);
    tell(message, refusal);
    return false;
  }

  /** A run was changed in the store by somebody else, up to event `seq`: what is here of it is read again. */
  reread(run: Held, seq: number): Promise<unknown> {
    return this.#again(run, new Pending(seq), 0);
  }

  /** Turns were taken of which one needs rows that were not read: the run is read again, and their messages are taken again. */
  again(run: Held, changes: Pending): Promise<unknown> {
    return this.#again(run, changes, 0);
  }

  #again(run: Held, changes: Pending, pause: number, error?: unknown): Promise<unknown> {
    const { committer, reader, evict, doubt } = this.#options;
    // Turns that were taken while the commit was under way stand on what may not have landed.
    const later = run.changes === changes ? null : run.changes;
    const messages = [...changes.messages, ...(later?.messages ?? [])];
    committer.drop(run);
    evict(run);
    doubt(run.id);
    const so = { told: 0 };
    const before = async (): Promise<void> => {
      // What is read before it is over is not what the next turn stands on.
      await committer.over(run);
      await this.#tellLanded(run, changes, error, so);
    };
    // What is repeated for as long as the store refuses everything lets the others of its run go first.
    const isLast = isLasting(error) && pause > 0;
    const reading = reader.read(run.id, isLast ? [] : messages, pause, before);
    over(changes);
    if (later !== null) over(later);
    if (isLast) void reader.read(run.id, messages);
    return reading.then((again) => {
      if (again === null) void this.giveUp(run.id, messages, changes.after === 0);
    });
  }

  /**
   * A commit may have landed although nobody heard so: those who listen are told its events now, and once, however often the store
   * has to be asked. What others have committed, before or since, is for their listeners.
   */
  async #tellLanded(run: Held, { after, events }: Pending, error: unknown, so: { told: number }): Promise<void> {
    const { store, told, owner } = this.#options;
    if (error instanceof LeaseLost || so.told === events.length) return;
    const found = await store.readOpen(run.id);
    // Two that begin a run at once do so under one fence.
    if (found === null || (found.fence === run.fence && found.owner !== null && found.owner !== owner)) return;
    while (so.told < events.length) {
      const limit = Math.min(PAGE, events.length - so.told);
      const page = await store.readEvents(run.id, { after: after + so.told, limit });
      const last = page.at(-1);
      if (last === undefined || !sameJson(page[0] as unknown as Json, events[so.told] as unknown as Json)) return;
      so.told += page.length;
      told(run.facts, page, last.path === '' && endsRun(last.type));
    }
  }

  /** The run will not be gone on with here. Those who wait for their messages are told why, unless it has ended. */
  async giveUp(id: string, messages: readonly Message[], isStart = false): Promise<void> {
    const waiting = messages.filter(isAwaited);
    if (waiting.length === 0) return;
    const { store, reader } = this.#options;
    let why: Untold = this.#options.isClosed() ? new BoxClosed() : reader.refusalOf(id);
    if (why === undefined) {
      try {
        const found = await store.readOpen(id);
        // Whether a start was this one or another's is for the one who started to find out.
        if (found !== null && (isStart || !isTerminal(found.row.status))) why = lossOf(found);
        else if (!isStart) why = 'over';
      } catch (error) {
        // Nothing is known, and nobody is to take that for a yes.
        why = error instanceof Error ? error : new StoreUnusable({ store: store.name, reason: reasonOf(error) }, error);
      }
    }
    for (const message of waiting) tell(message, why === 'over' && hasLanded(message) ? undefined : why);
  }
}

/** Was it committed, although nobody heard so? Known since the run was read again. */
function hasLanded(message: Message): boolean {
  return ('known' in message && message.known) || ('asker' in message && message.asker?.known === true);
}

function cameSecond(run: string): string {
  return `run "${run}" has begun already, by a start that was faster. This one is answered with that run`;
}

/** A store that answers like this would answer so again. What it cannot put into words or numbers is the same. */
function isLasting(error: unknown): boolean {
  if (error instanceof StoreUnusable) return error.isLasting;
  return error instanceof TypeError || error instanceof RangeError;
}

/** An answer as the failure of its step. */
function asFailure(message: Answered, error: Error): Answered {
  return { ...message, output: null, error: toRecord(error, { path: message.path, retryable: false }) };
}

function over(changes: Pending): void {
  for (const call of changes.over) call();
}
