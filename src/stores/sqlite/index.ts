/**
 * The SQLite store, as `signalbox/sqlite`: the default for what must outlive its process. It uses Node's own
 * `node:sqlite`, so there is nothing to build, and writes ahead (WAL) with every commit synced.
 *
 * One process owns the file, so what it remembers of its runs (fence, number of the last event) is what the
 * file says, and a commit reads nothing.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { type Duration, toMs } from '../../duration.ts';
import { CommitConflict, InvalidOption, LeaseLost } from '../../errors.ts';
import { isTerminal, type RunEvent } from '../../events.ts';
import type { ActorRow, Owner, RunChange, RunRow, Store } from '../../store.ts';
import { usable } from './file.ts';
import { lock } from './lock.ts';
import { openWhole } from './open.ts';
import { type Columns, ColumnReader } from '../rows.ts';
import { save } from './savepoint.ts';
import * as sql from './schema.ts';
import { Writer } from './writer.ts';

/** How a SQLite store is kept. */
export interface SqliteOptions {
  /**
   * `full` (if nothing is said) syncs the disk at every commit: what was acknowledged is there after a power cut.
   * `normal` does not, and is faster: a power cut may take the last commits with it, acknowledged ones, too. The file
   * stays whole, and a crash of the process alone loses nothing, either way.
   */
  readonly synchronous?: 'full' | 'normal';
  /** For how long runs that have ended are kept. Left out: for ever. */
  readonly keep?: Duration;
  /**
   * Where `savepoint()` writes a copy of the store. If there is one and the file turns out to be corrupt when it is opened,
   * the file is set aside, the copy takes its place, and a warning of the process says so. What was committed since
   * is lost, and may be done again. With a savepoint the whole file is looked at when it is opened.
   */
  readonly savepoint?: string;
}

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

/** What is known of a run that this process owns. */
interface Owned {
  readonly fence: number;
  /** Of its last event; the only thing that a commit changes. */
  seq: number;
  /** By which the tables of its places and its events know it. */
  readonly number: number;
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
  return new SqliteFile(file, options);
}

class SqliteFile implements SqliteStore {
  readonly name: string;
  readonly #file: string;
  readonly #synchronous: 'full' | 'normal';
  readonly #keep: number;
  readonly #savepoint: string | undefined;
  readonly #rows: ColumnReader;
  readonly #owned = new Map<string, Owned>();
  readonly #prepared = new Map<string, StatementSync>();
  #owner: Owner = { name: '', lease: 0, now: () => 0 };
  #opened: { readonly db: DatabaseSync; readonly writer: Writer } | null = null;
  #unlock: () => void = () => {};
  #prunedAt = 0;

  constructor(file: string, { synchronous = 'full', keep, savepoint }: SqliteOptions) {
    if (typeof file !== 'string' || file === '') {
      throw new InvalidOption({ option: 'file', value: file, expected: `the path of a file, or ':memory:'` });
    }
    if (synchronous !== 'full' && synchronous !== 'normal') {
      throw new InvalidOption({ option: 'synchronous', value: synchronous, expected: `'full' or 'normal'` });
    }
    if (savepoint !== undefined && (typeof savepoint !== 'string' || savepoint === '' || savepoint === file)) {
      throw new InvalidOption({ option: 'savepoint', value: savepoint, expected: 'the path of another file' });
    }
    this.name = `sqlite ${file}`;
    this.#savepoint = savepoint;
    this.#file = file;
    this.#synchronous = synchronous;
    this.#keep = keep === undefined ? Number.POSITIVE_INFINITY : toMs(keep, 'keep');
    this.#rows = new ColumnReader(this.name);
  }

  open(owner: Owner): void {
    this.#owner = owner;
    this.#owned.clear();
    const unlock =
      this.#file === ':memory:' ? () => {} : usable(this.name, () => lock(this.#file, this.name, owner.now()));
    try {
      usable(this.name, () => {
        const db = openWhole(this.name, this.#file, this.#synchronous, this.#savepoint, owner.now());
        this.#opened = { db, writer: new Writer(db) };
        this.#statement(sql.RELEASE_ALL).run();
      });
      this.#prunedAt = Number.NEGATIVE_INFINITY;
      this.#pruneSome();
      this.#unlock = unlock;
    } catch (error) {
      this.#forget();
      unlock();
      throw error;
    }
  }

  commit(changes: readonly RunChange[]): void {
    const known = changes.map((change) => this.#check(change));
    const numbers: number[] = [];
    this.#transaction((writer) => {
      for (const [index, change] of changes.entries()) {
        numbers.push(writer.write(change, known[index]?.number ?? null, this.#owner.name));
      }
    });
    for (const [index, { run, fence, after, events, row }] of changes.entries()) {
      const seq = after + events.length;
      const owned = known[index];
      if (row !== null && isTerminal(row.status)) this.#owned.delete(run);
      else if (owned) owned.seq = seq;
      else this.#owned.set(run, { fence, seq, number: numbers[index] as number });
    }
    try {
      this.#pruneSome();
    } catch {
      // What was to be committed has been; old runs are deleted with one of the next commits.
    }
  }

  claim(limit: number): readonly string[] {
    const { name } = this.#owner;
    const found = this.#all(sql.SELECT_UNOWNED, limit).map(({ run }) => run as string);
    this.#transaction(() => {
      for (const run of found) this.#statement(sql.CLAIM_RUN).run(name, run);
    });
    for (const run of found) this.#owned.delete(run);
    return found;
  }

  renew(): void {
    // The lock lives as long as the process does.
  }

  saveDefinitions(definitions: Parameters<Store['saveDefinitions']>[0]): void {
    this.#transaction(() => {
      for (const { orchestrator, version, hash, lines } of definitions) {
        this.#statement(sql.INSERT_DEFINITION).run(orchestrator, version, hash, JSON.stringify(lines));
      }
    });
  }

  readDefinition(orchestrator: string, version: string, hash: string): ReturnType<ColumnReader['definition']> | null {
    const row = this.#get(sql.SELECT_DEFINITION, orchestrator, version, hash);
    return row === null ? null : this.#rows.definition(row);
  }

  readRun(run: string): RunRow | null {
    const row = this.#get(sql.SELECT_RUN, run);
    return row === null ? null : this.#rows.run(row);
  }

  readRunByKey(orchestrator: string, key: string): RunRow | null {
    const row = this.#get(sql.SELECT_RUN_BY_KEY, orchestrator, key);
    return row === null ? null : this.#rows.run(row);
  }

  readRuns({ orchestrator, status, limit, cursor }: Parameters<Store['readRuns']>[0]): ReturnType<Store['readRuns']> {
    const rows = this.#list(orchestrator, status, Number(cursor ?? 0), limit);
    const last = rows.length === limit ? rows.at(-1) : undefined;
    return { runs: rows.map((row) => this.#rows.run(row)), cursor: last === undefined ? null : String(last.number) };
  }

  #list(of: string | undefined, status: string | undefined, after: number, limit: number): readonly Columns[] {
    if (of === undefined && status === undefined) return this.#all(sql.SELECT_RUNS, after, limit);
    if (of === undefined) return this.#all(sql.SELECT_RUNS_IN, after, status as string, limit);
    if (status === undefined) return this.#all(sql.SELECT_RUNS_OF, after, of, limit);
    return this.#all(sql.SELECT_RUNS_OF_IN, after, of, status, limit);
  }

  readOpen(run: string): ReturnType<Store['readOpen']> {
    const row = this.#get(sql.SELECT_RUN, run);
    if (row === null) return null;
    const { owner, fence, number } = row as { owner: string | null; fence: number; number: number };
    const seq = this.#get(sql.SELECT_SEQ, number)?.seq as number;
    const open = this.#all(sql.SELECT_OPEN_PLACES, number).map((place) => this.#rows.step(run, place));
    const signals = this.#all(sql.SELECT_KEPT_SIGNALS, run).map((signal) => this.#rows.signal(signal));
    return { row: this.#rows.run(row), owner, fence, seq, open, signals };
  }

  readChildren(run: string, parent: string): readonly ActorRow[] {
    const rows =
      parent === '' ? this.#all(sql.SELECT_CHILDREN_OF_RUN, run) : this.#all(sql.SELECT_CHILDREN, run, parent);
    return rows.map((row) => this.#rows.step(run, row));
  }

  readActors(run: string): readonly ActorRow[] {
    return this.#all(sql.SELECT_PLACES, run).map((row) => this.#rows.step(run, row));
  }

  readAttempts(run: string): ReturnType<Store['readAttempts']> {
    return this.#all(sql.SELECT_ATTEMPTS, run).map((row) => this.#rows.attempt(row));
  }

  readSignal(run: string, id: string): ReturnType<ColumnReader['signal']> | null {
    const row = this.#get(sql.SELECT_SIGNAL, run, id);
    return row === null ? null : this.#rows.signal(row);
  }

  readEvents(run: string, { after, limit }: Parameters<Store['readEvents']>[1]): readonly RunEvent[] {
    const batches = this.#all(sql.SELECT_HISTORIES, run, after, limit);
    return batches
      .flatMap((batch) => this.#rows.events(run, batch))
      .filter(({ seq }) => seq > after)
      .slice(0, limit);
  }

  close(): void {
    if (this.#opened === null) return;
    try {
      usable(this.name, () => this.#statement(sql.RELEASE_RUNS).run(this.#owner.name));
    } finally {
      this.#forget();
      this.#unlock();
    }
  }

  #forget(): void {
    this.#prepared.clear();
    this.#opened?.db.close();
    this.#opened = null;
  }

  backup(file: string): void {
    const statement = this.#statement('vacuum into ?');
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
    const old = this.#all(sql.SELECT_OLD_RUNS, now - this.#keep, PRUNED_AT_ONCE);
    if (old.length < PRUNED_AT_ONCE) this.#prunedAt = now;
    if (old.length === 0) return 0;
    this.#transaction(() => {
      for (const { run, number } of old) {
        for (const statement of sql.DELETE_BY_NUMBER) this.#statement(statement).run(number as number);
        for (const statement of sql.DELETE_BY_RUN) this.#statement(statement).run(run as string);
      }
    });
    return old.length;
  }

  vacuum(): void {
    usable(this.name, () => this.#open().db.exec('vacuum'));
  }

  /** What is known of the run, if the change may be made to it. */
  #check({ run, fence, after }: RunChange): Owned | null {
    const known = this.#owned.get(run) ?? this.#recall(run);
    const found = known?.seq ?? 0;
    if (known !== null && known.fence !== fence)
      throw new LeaseLost({ run, owner: 'another owner', fence: known.fence });
    if (found !== after) throw new CommitConflict({ run, expected: after, found });
    return known;
  }

  /** What the file says of a run that is not remembered; it is from now on, unless it has ended. */
  #recall(run: string): Owned | null {
    const row = this.#get(sql.SELECT_RUN, run);
    if (row === null) return null;
    const { owner, fence, number } = row as { owner: string | null; fence: number; number: number };
    if (owner !== this.#owner.name) throw new LeaseLost({ run, owner: owner ?? 'nobody', fence });
    const recalled = { fence, seq: this.#get(sql.SELECT_SEQ, number)?.seq as number, number };
    if (row.ended_at === null) this.#owned.set(run, recalled);
    return recalled;
  }

  #transaction(work: (writer: Writer) => void): void {
    usable(this.name, () => {
      const { db, writer } = this.#open();
      this.#statement('begin immediate').run();
      try {
        work(writer);
        this.#statement('commit').run();
      } catch (error) {
        try {
          db.exec('rollback');
        } catch {
          // After some errors, a full disk for one, SQLite has rolled back by itself.
        }
        throw error;
      }
    });
  }

  #open(): { readonly db: DatabaseSync; readonly writer: Writer } {
    if (this.#opened === null) throw new Error(`${this.name} is not open`);
    return this.#opened;
  }

  #statement(text: string): StatementSync {
    let statement = this.#prepared.get(text);
    if (statement === undefined) {
      statement = this.#open().db.prepare(text);
      this.#prepared.set(text, statement);
    }
    return statement;
  }

  #get(text: string, ...values: (string | number | null)[]): Columns | null {
    return usable(this.name, () => (this.#statement(text).get(...values) as Columns | undefined) ?? null);
  }

  #all(text: string, ...values: (string | number | null)[]): readonly Columns[] {
    return usable(this.name, () => this.#statement(text).all(...values) as unknown as readonly Columns[]);
  }
}
