/**
 * The SQLite store, as `signalbox/sqlite`: the default for what must outlive its process. It uses Node's own
 * `node:sqlite`, so there is nothing to build, and writes ahead (WAL) with every commit synced.
 *
 * One process owns the file, so what it remembers of its runs (fence, number of the last event) is what the
 * file says, and a commit reads nothing. Small commits are written here and now; large ones on a thread of their own.
 */
import type { DatabaseSync } from 'node:sqlite';
import { askOptions } from '../../checks.ts';
import { toMs } from '../../duration.ts';
import { InvalidOption } from '../../errors/index.ts';
import type { AbandonedEvent, Awaitable, Owner, RecordRow, RunChange, Store } from '../../store.ts';
import { type Batch, batchOf } from './batch.ts';
import { usable } from './file.ts';
import { checkNames, checkPlace, type Hold, takeHold, trueName, Watch } from './hold.ts';
import { lock } from './lock.ts';
import { MEMORY, openWhole } from './open.ts';
import { checkOptions, type SqliteOptions } from './options.ts';
import { type Known, Owned } from './owned.ts';
import { textOfEvents } from '../history.ts';
import type { Columns } from '../rows.ts';
import { SqliteReads } from './reads.ts';
import { save } from './savepoint.ts';
import * as sql from './statements.ts';
import { Scribe } from './scribe.ts';
import { fromColumn, toColumn, toColumnOrNull } from './text.ts';
import { Writer } from './writer.ts';

export type { SqliteOptions } from './options.ts';

/** A store in a SQLite file, and what only this store can do. */
export interface SqliteStore extends Store {
  /** Writes a copy of the whole store, as it is at this moment, to a file that is not there yet. */
  backup(file: string): void;
  /** Writes the savepoint anew: the one before stays until the new one is whole and on the disk. */
  savepoint(): void;
  /** Deletes runs that ended before `keep`, and answers how many. Happens by itself about once an hour. */
  prune(): number;
  /** Gives back the space of what was deleted. Takes a while, and nothing is committed meanwhile. */
  vacuum(): void;
}

const HOUR = 3_600_000;
const PRUNED_AT_ONCE = 500;

/**
 * Keeps runs in `file`, which is made if it is not there.
 *
 * @example
 * await using box = await createSignalbox({ store: sqlite('orders.db'), orchestrators: [order] });
 */
export function sqlite(file: string, options: SqliteOptions = {}): SqliteStore {
  askOptions('sqlite', options, ['synchronous', 'keep', 'savepoint', 'thread']);
  return new SqliteFile(file, options);
}

interface Opened {
  readonly db: DatabaseSync;
  readonly writer: Writer;
  readonly scribe: Scribe;
}

/** Who writes to a file. One in which a table is missing is closed. */
function writerTo(db: DatabaseSync, hold: Hold): Writer {
  try {
    return new Writer(db, new Watch(db, hold));
  } catch (error) {
    db.close();
    throw error;
  }
}

/** A commit with so many rows of places is worth a thread. */
const LARGE = 128;

/** The order of what has completed is remembered of so many runs that are being undone. */
const ORDERS = 16;

class SqliteFile extends SqliteReads implements SqliteStore {
  /** The thread is given the next one while it writes. */
  readonly commitsAtOnce = 2;
  readonly #file: string;
  readonly #synchronous: 'full' | 'normal';
  readonly #thread: NonNullable<SqliteOptions['thread']>;
  readonly #keep: number;
  readonly #savepoint: string | undefined;
  readonly #owned = new Owned((text, ...values) => this.get(text, ...values));
  #owner: Owner = { name: '', lease: 0, now: () => 0 };
  #opened: Opened | null = null;
  #closing: Promise<void> | null = null;
  #unlock: () => void = () => {};
  #prunedAt = 0;

  constructor(file: string, { synchronous = 'full', keep, savepoint, thread = 'large' }: SqliteOptions) {
    super(`sqlite ${file}`, ORDERS);
    checkOptions(file, { synchronous, savepoint, thread });
    // What is in memory is this connection's alone.
    this.#thread = file === MEMORY ? 'never' : thread;
    this.#savepoint = savepoint;
    this.#file = file;
    this.#synchronous = synchronous;
    this.#keep = keep === undefined ? Number.POSITIVE_INFINITY : toMs(keep, 'keep');
  }

  open(owner: Owner): Awaitable<void> {
    this.#owner = owner;
    this.#owned.owner = owner.name;
    this.#owned.clear();
    // By its whole path: the process may be in another folder by the time that the thread opens it.
    const file = usable(this.name, () => trueName(this.#file));
    const unlock = file === MEMORY ? () => {} : usable(this.name, () => this.#lock(file));
    try {
      usable(this.name, () => {
        checkNames(file);
        const db = openWhole(this.name, file, this.#synchronous, this.#savepoint, owner.now());
        const hold = takeHold(db, file);
        const scribe = new Scribe({ hold, synchronous: this.#synchronous });
        this.#opened = { db, writer: writerTo(db, hold), scribe };
      });
      this.#prunedAt = Number.NEGATIVE_INFINITY;
      this.#pruneSome();
      this.#unlock = unlock;
      if (this.#thread === 'always') return this.#open().scribe.there();
    } catch (error) {
      this.#forget();
      unlock();
      throw error;
    }
  }

  #lock(file: string): () => void {
    checkPlace(file);
    return lock(file, this.name, this.#owner.now());
  }

  commit(changes: readonly RunChange[]): Awaitable<void> {
    const known = changes.map((change) => this.#owned.check(change));
    const list = (complete: boolean): Batch => batchOf(changes, known, this.#owner.name, complete);
    const { writer, scribe } = this.#open();
    if (this.#isForThread(changes)) return this.#onThread(scribe, changes, known, list);
    const begun = usable(this.name, () => writer.write(list(false)) ?? writer.write(list(true)));
    this.#landed(changes, known, begun ?? []);
  }

  #landed(changes: readonly RunChange[], known: readonly (Known | null)[], begun: readonly number[]): void {
    this.#owned.landed(changes, known, begun);
    this.#forgetOrders(changes);
    this.#pruneByTheWay();
  }

  /** More may have completed in these runs. */
  #forgetOrders(changes: readonly RunChange[]): void {
    if (this.completed.isEmpty) return;
    for (const { run, actors } of changes)
      if (actors.some(({ state }) => state === 'completed')) this.completed.forget(run);
  }

  #isForThread(changes: readonly RunChange[]): boolean {
    const { scribe } = this.#open();
    // The file has one writer at a time.
    if (scribe.busy) return true;
    if (this.#thread === 'never') return false;
    if (this.#thread === 'always') return scribe.ready;
    // With one run alone there is nobody who could go on meanwhile.
    if (changes.length === 1) return false;
    let rows = 0;
    for (const { actors } of changes) rows += actors.length;
    return rows >= LARGE && scribe.ready;
  }

  async #onThread(
    scribe: Scribe,
    changes: readonly RunChange[],
    known: readonly (Known | null)[],
    list: (complete: boolean) => Batch,
  ): Promise<void> {
    let begun: readonly number[] | null;
    this.#owned.underWay(changes, known);
    try {
      begun = (await scribe.write(list(false))) ?? (await scribe.write(list(true)));
    } catch (error) {
      // It may have landed if the thread has gone: what the file says of these runs is looked up.
      this.#owned.forget(changes.map(({ run }) => run));
      this.#forgetOrders(changes);
      return usable(this.name, () => {
        throw error;
      });
    }
    this.#landed(changes, known, begun ?? []);
  }

  /** Nobody waits for what is deleted by the way; what fails is done with one of the next commits. */
  #pruneByTheWay(): void {
    try {
      this.#pruneSome();
    } catch {
      // What was to be committed has been.
    }
  }

  /** Of a run that nobody owns nothing is remembered. */
  claim(limit: number): Awaitable<readonly string[]> {
    return this.#inTurn(() => {
      const found = this.all(sql.SELECT_UNOWNED, limit).map(({ run }) => run as string);
      this.#transaction(() => {
        for (const run of found) this.statement(sql.CLAIM_RUN).run(this.#owner.name, run);
      });
      return found.map(fromColumn);
    });
  }

  renew(): void {
    // The lock lives as long as the process does.
  }

  saveDefinitions(definitions: Parameters<Store['saveDefinitions']>[0]): Awaitable<void> {
    return this.#inTurn(() =>
      this.#transaction(() => {
        for (const { orchestrator, version, hash, lines } of definitions) {
          const names = [orchestrator, version, hash].map(toColumn);
          this.statement(sql.INSERT_DEFINITION).run(...names, JSON.stringify(lines));
        }
      }),
    );
  }

  addRecord({ run, type, id, version, body, keys }: RecordRow): Awaitable<boolean> {
    const values = [toColumn(type), toColumn(id), version, JSON.stringify(body), JSON.stringify(keys)] as const;
    return this.#inTurn(() => {
      const { writer } = this.#open();
      return usable(this.name, () => writer.addRecord(toColumn(run), values)) !== null;
    });
  }

  abandonRun(end: AbandonedEvent): Awaitable<number | null> {
    return this.#inTurn(() => {
      const found = this.get(sql.SELECT_UNFINISHED, end.run);
      if (found === null) return null;
      const { number, seq: before } = found as { number: number; seq: number };
      const seq = before + 1;
      this.#transaction(() => {
        this.statement(sql.ABANDON_RUN).run(toColumnOrNull(end.reason), end.at, number);
        this.statement(sql.ABANDON_PLACES).run(end.at, seq, number);
        this.statement(sql.INSERT_HISTORY).run(number, seq, seq, end.at, textOfEvents(end.at, [{ ...end, seq }]));
      });
      this.#owned.forget([end.run]);
      return seq;
    });
  }

  deleteRun(run: string): Awaitable<boolean> {
    return this.#inTurn(() => {
      const row = this.get(sql.SELECT_ENDED_RUN, run);
      if (row === null) return false;
      this.#delete([row]);
      return true;
    });
  }

  close(): Awaitable<void> {
    if (this.#opened === null) return;
    const { scribe } = this.#opened;
    if (!scribe.started) return this.#letGo();
    this.#closing ??= scribe.close().then(() => this.#letGo());
    return this.#closing;
  }

  #letGo(): void {
    this.#closing = null;
    this.#forget();
    this.#unlock();
  }

  #forget(): void {
    this.forget();
    this.#opened?.db.close();
    this.#opened = null;
  }

  backup(file: string): void {
    const statement = this.statement('vacuum into ?');
    usable(`a backup to ${file}`, () => statement.run(file));
  }

  savepoint(): void {
    const savepoint = this.#savepoint;
    if (savepoint === undefined) {
      throw new InvalidOption({
        option: 'savepoint',
        value: undefined,
        expected: `a path: sqlite(file, { savepoint })`,
      });
    }
    // Of a file that is another process's by now it would take the place of a better one.
    this.#transaction(() => {});
    usable(`a savepoint at ${savepoint}`, () => save(this.#open().db, savepoint));
  }

  prune(): number {
    this.#prunedAt = Number.NEGATIVE_INFINITY;
    let pruned = 0;
    for (let some = PRUNED_AT_ONCE; some === PRUNED_AT_ONCE; pruned += some) some = this.#pruneSome();
    return pruned;
  }

  /** Once an hour, and then a batch with every commit until nothing old is left: a big file is not to hold up anybody. */
  #pruneSome(): number {
    const now = this.#owner.now();
    if (!Number.isFinite(this.#keep) || now - this.#prunedAt < HOUR) return 0;
    const old = this.all(sql.SELECT_OLD_RUNS, now - this.#keep, PRUNED_AT_ONCE);
    if (old.length < PRUNED_AT_ONCE) this.#prunedAt = now;
    if (old.length === 0) return 0;
    this.#delete(old);
    return old.length;
  }

  /** Runs that have ended, with all that belongs to them. Nothing is remembered of such a run. */
  #delete(runs: readonly Columns[]): void {
    this.#transaction(() => {
      for (const { run, number } of runs) {
        for (const statement of sql.DELETE_BY_NUMBER) this.statement(statement).run(number as number);
        for (const statement of sql.DELETE_BY_RUN) this.statement(statement).run(run as string);
      }
    });
  }

  vacuum(): void {
    usable(this.name, () => this.#open().db.exec('vacuum'));
  }

  /** Something small that is written here: the file takes one writer at a time, and to wait for the thread in here would hold up all. */
  #inTurn<T>(work: () => T): Awaitable<T> {
    const { scribe } = this.#open();
    return scribe.busy ? scribe.idle().then(() => this.#inTurn(work)) : work();
  }

  #transaction(work: () => void): void {
    usable(this.name, () => this.#open().writer.transaction(work));
  }

  protected database(): DatabaseSync {
    return this.#open().db;
  }

  #open(): Opened {
    if (this.#opened === null) throw new Error(`${this.name} is not open`);
    return this.#opened;
  }
}
