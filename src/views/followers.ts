/**
 * Who listens: subscribers of the box, and readers of one run's events.
 *
 * Both learn of an event only after it was committed. A reader is given what the store has
 * and then what is told, joined by number, so that it sees each event exactly once and in
 * order. A subscriber that throws is logged and disturbs nobody.
 */
import type { RunFacts } from '../definition.ts';
import { BoxClosed, RunUnknown, reasonOf, StoreUnusable, SubscriberFailed } from '../errors/index.ts';
import { type EventType, endsRun, isTerminal, type ReadEvent, type RunEvent } from '../events.ts';
import type { Logger } from '../executor.ts';
import type { JsonObject } from '../json.ts';
import { whenRejected } from '../promises.ts';
import type { Awaitable, RunRow, Store } from '../store.ts';
import type { RedactionGate } from './gate.ts';

export type RunListener = (event: ReadEvent) => unknown;

/** Something that is waited for, and a way not to wait for it any more. */
interface Wait<T> {
  readonly over: Promise<T>;
  forget(): void;
}

/** Somebody who reads the history of a run. */
interface Reader {
  /** The run was deleted here meanwhile: what is found under its id from then on is another one's. */
  isGone: boolean;
}

/** The store is away. */
const AWAY = Symbol('away');

/** How many events are asked of the store at a time. */
const PAGE = 500;

export class Followers {
  readonly #store: Store;
  readonly #logger: Logger;
  readonly #gate: RedactionGate;
  readonly #listeners = new Map<EventType | '*', Set<RunListener>>();
  /** Readers that have come to the end of what there is. */
  readonly #waiting = new Map<string, Set<() => void>>();
  readonly #ends = new Map<string, Set<(row?: RunRow) => void>>();
  /** Readers of each run that have not come to their end. */
  readonly #readers = new Map<string, Set<Reader>>();
  #closed = false;

  constructor(store: Store, logger: Logger, gate: RedactionGate) {
    this.#gate = gate;
    this.#store = store;
    this.#logger = logger;
  }

  on(type: EventType | '*', listener: RunListener): () => void {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(type) === listeners) this.#listeners.delete(type);
    };
  }

  /** Committed events of one run, in order. */
  tell(
    { id, metadata }: Pick<RunFacts, 'id' | 'metadata'>,
    events: readonly RunEvent[],
    ended: boolean,
    row?: RunRow,
  ): void {
    if (this.#listeners.size > 0) {
      for (const event of events) this.#hear(this.#told(event, metadata, row));
    }
    wake(this.#waiting, id);
    if (ended) wake(this.#ends, id, row);
  }

  /**
   * The history from `after` on; with `follow`, to the end of the run, and otherwise to the end of what there is. Throws
   * `RunUnknown` if the run is deleted before that. Ends early, also in the middle of a wait, when `signal` is aborted.
   */
  async *read(
    of: RunRow,
    after: number,
    follow: boolean,
    signal?: AbortSignal,
  ): AsyncGenerator<ReadEvent, void, undefined> {
    const { run } = of;
    const reader: Reader = { isGone: false };
    const others = this.#readers.get(run) ?? new Set();
    this.#readers.set(run, others.add(reader));
    try {
      yield* this.#read(of, after, follow, reader, signal);
    } finally {
      others.delete(reader);
      if (others.size === 0) this.#readers.delete(run);
    }
  }

  async *#read(
    row: RunRow,
    after: number,
    follow: boolean,
    reader: Reader,
    signal?: AbortSignal,
  ): AsyncGenerator<ReadEvent, void, undefined> {
    const { run, metadata, startedAt } = row;
    let seq = after;
    let ended = false;
    for (let waited = false; ; ) {
      if (signal?.aborted) return;
      // Begun before the store is asked: what is committed in between is told, too.
      if (this.#closed) throw new BoxClosed();
      const more = this.#when(this.#waiting, run, signal);
      try {
        const page = await this.#ridingOut(waited, () => this.#store.readEvents(run, { after: seq, limit: PAGE }));
        if (page === AWAY) {
          await more.over;
          continue;
        }
        if (reader.isGone) throw new RunUnknown({ run });
        for (const event of page) {
          seq = event.seq;
          yield this.#told(event, metadata, row);
          if (event.path === '' && endsRun(event.type)) return;
        }
        if (page.length === PAGE) continue;
        // Somebody may have asked for events beyond the last one of a run that has ended. Or it ended, in another
        // process, just after the page was read: then there are more. Or it is not there any more.
        if (!follow || ended || page.length === 0) {
          const now = await this.#ridingOut(waited, () => this.#store.readRun(run));
          if (now !== AWAY) {
            if (now?.startedAt !== startedAt) throw new RunUnknown({ run });
            if (!follow || ended) return;
            ended = isTerminal(now.status);
            if (ended) continue;
          }
        }
        await more.over;
        waited = true;
      } finally {
        more.forget();
      }
    }
  }

  /**
   * Waits until the run has ended, and answers with what `read` makes of it; null as long as it has not. `read` is given the row if
   * the run has ended in this process: then the store need not be asked, nor at first for one that is in memory here.
   */
  async ended<T>(run: string, isHere: boolean, read: (row: RunRow | undefined) => Promise<T | null>): Promise<T> {
    let row: RunRow | undefined;
    for (let waited = false; ; waited = true) {
      // Asked first, so that an end between the two lines is not missed.
      const end = this.#when(this.#ends, run);
      try {
        const told = row;
        const found = isHere && !waited ? null : await this.#ridingOut(waited, () => read(told));
        if (found !== null && found !== AWAY) return found;
        row = await end.over;
      } finally {
        end.forget();
      }
    }
  }

  /**
   * Who waits already waits on while a store that is shared is away: those who wait are sent to look again when it is back. Who
   * has only just begun is told.
   */
  async #ridingOut<T>(waited: boolean, read: () => Awaitable<T>): Promise<T | typeof AWAY> {
    try {
      return await read();
    } catch (error) {
      // The box was closed, and its store with it, while this was asked.
      if (this.#closed && error instanceof StoreUnusable) throw new BoxClosed();
      if (!waited || this.#closed || this.#store.shared === undefined || !(error instanceof StoreUnusable)) throw error;
      return AWAY;
    }
  }

  /** Does anybody here wait for the end of the run? */
  awaits(run: string): boolean {
    return this.#ends.has(run);
  }

  /** Another process has committed to this run: those who wait for it look at the store again. */
  look(run: string): void {
    wake(this.#waiting, run);
    wake(this.#ends, run);
  }

  /** A run was deleted here. Whoever reads it is told, and does not take the next one of its id for it. */
  deleted(run: string): void {
    for (const reader of this.#readers.get(run) ?? []) reader.isGone = true;
    this.look(run);
  }

  /** Sends some of those who wait to look again, each time others: a word about their runs may have been lost. */
  lookAtSome(count: number): void {
    for (const waiting of [this.#waiting, this.#ends]) {
      // Who waits on goes to the end of the map by itself.
      for (const run of [...waiting.keys()].slice(0, count)) wake(waiting, run);
    }
  }

  /** Everybody who still waits is let go. */
  close(): void {
    this.#closed = true;
    for (const run of [...this.#waiting.keys()]) wake(this.#waiting, run);
    for (const run of [...this.#ends.keys()]) wake(this.#ends, run);
    this.#listeners.clear();
  }

  get closed(): boolean {
    return this.#closed;
  }

  #when<T>(waiting: Map<string, Set<(value?: T) => void>>, run: string, signal?: AbortSignal): Wait<T | undefined> {
    const { promise: over, resolve } = Promise.withResolvers<T | undefined>();
    if (this.#closed) resolve(undefined);
    const abort = (): void => resolve(undefined);
    signal?.addEventListener('abort', abort);
    const others = waiting.get(run);
    if (others === undefined) waiting.set(run, new Set([resolve]));
    else others.add(resolve);
    const forget = (): void => {
      signal?.removeEventListener('abort', abort);
      const all = waiting.get(run);
      all?.delete(resolve);
      if (all?.size === 0) waiting.delete(run);
    };
    return { over, forget };
  }

  /** As whoever listens or reads is told it. */
  #told(event: RunEvent, metadata: JsonObject, row: RunRow | undefined): ReadEvent {
    return { ...this.#gate.event(event, row), metadata: this.#gate.metadata(metadata) };
  }

  #hear(event: ReadEvent): void {
    const failed = (thrown: unknown): void => {
      const error = new SubscriberFailed({ event: event.type, reason: reasonOf(thrown) }, thrown);
      this.#logger({ level: 'error', message: error.message, run: event.run, path: event.path, error });
    };
    for (const type of [event.type, '*'] as const) {
      for (const listener of this.#listeners.get(type) ?? []) {
        try {
          whenRejected(listener(event), failed);
        } catch (thrown) {
          failed(thrown);
        }
      }
    }
  }
}

function wake<T>(waiting: Map<string, Set<(value?: T) => void>>, run: string, value?: T): void {
  const resolves = waiting.get(run);
  if (resolves === undefined) return;
  waiting.delete(run);
  for (const resolve of resolves) resolve(value);
}
