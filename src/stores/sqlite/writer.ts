/**
 * Writing: the lists of a commit (`batch.ts`) as one transaction. Nothing is looked up first, and nothing is written
 * again that stays as it was. Whether the changes may be made at all is for `index.ts`.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { type Batch, DO, type Value, type Values, WITHOUT } from './batch.ts';
import type { Watch } from './hold.ts';
import { RecordWriter } from './records.ts';
import * as sql from './statements.ts';

const FORGETTING = [sql.FORGET_PLACE, sql.FORGET_BELOW, sql.FORGET_ATTEMPTS, sql.FORGET_ATTEMPTS_BELOW];
type Four = readonly [StatementSync, StatementSync, StatementSync, StatementSync];

/** A row of the history. */
interface Told {
  readonly number: number;
  readonly run: number;
  readonly last: number;
  readonly at: number;
  readonly events: string;
}

/** So many characters are enough for a row of the history: each time that it grows it is written again. */
const FULL = 1_000;

export class Writer {
  readonly #db: DatabaseSync;
  readonly #watch: Watch;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #insertRun: StatementSync;
  readonly #updateRun: StatementSync;
  readonly #upsertPlace: StatementSync;
  readonly #endPlace: StatementSync;
  readonly #insertAttempt: StatementSync;
  readonly #upsertSignal: StatementSync;
  readonly #insertHistory: StatementSync;
  readonly #extendHistory: StatementSync;
  readonly #insertEntry: StatementSync;
  /** Prepared when something is forgotten for the first time. */
  #forgetting: readonly StatementSync[] | null = null;
  /** Made with the first record. */
  #recordWriter: RecordWriter | null = null;
  /** The number of the run that rows are for; the next list may go on with it. */
  #run = 0;
  /** The row that events were written to last, while there is room in it. */
  #told: Told | null = null;

  /** For as long as the database is open. */
  constructor(db: DatabaseSync, watch: Watch) {
    this.#db = db;
    this.#watch = watch;
    this.#begin = db.prepare('begin immediate');
    this.#commit = db.prepare('commit');
    this.#insertRun = db.prepare(sql.INSERT_RUN);
    this.#updateRun = db.prepare(sql.UPDATE_RUN);
    this.#upsertPlace = db.prepare(sql.UPSERT_PLACE);
    this.#endPlace = db.prepare(sql.END_PLACE);
    this.#insertAttempt = db.prepare(sql.INSERT_ATTEMPT);
    this.#upsertSignal = db.prepare(sql.UPSERT_SIGNAL);
    this.#insertHistory = db.prepare(sql.INSERT_HISTORY);
    this.#extendHistory = db.prepare(sql.EXTEND_HISTORY);
    this.#insertEntry = db.prepare(sql.INSERT_ENTRY);
  }

  /**
   * Writes the lists, all of them or nothing, and answers with the numbers of the runs that have begun with it, in their order. Null: something
   * is needed that was left out, and nothing was written.
   */
  write(batch: Batch): readonly number[] | null {
    return this.transaction(() => {
      const begun: number[] = [];
      for (const list of batch) if (!this.#write(list, begun)) return null;
      return begun;
    });
  }

  /** Adds a record to a run, unless it has one of this name; null if there is no such run. */
  addRecord(
    run: Value,
    record: readonly [type: Value, id: Value, version: Value, body: Value, keys: Value],
  ): true | null {
    return this.transaction(() => {
      const found = this.#db.prepare(sql.SELECT_NUMBER).get(run) as { readonly number: number } | undefined;
      if (found === undefined) return null;
      this.#records().add(found.number, ...record);
      return true;
    });
  }

  /** Does it all or nothing; with null as its answer nothing. Throws if the file is another process's by now. */
  transaction<T>(work: () => T): T {
    const answer = this.#allOrNothing(work);
    this.#watch.checkFile();
    return answer;
  }

  #allOrNothing<T>(work: () => T): T {
    this.#begin.run();
    try {
      this.#watch.checkEpoch();
      const answer = work();
      if (answer === null) this.#rollBack();
      else this.#commit.run();
      return answer;
    } catch (error) {
      try {
        this.#rollBack();
      } catch {
        // After some errors, a full disk for one, SQLite has rolled back by itself.
      }
      throw error;
    }
  }

  /** What was told meanwhile may stand nowhere. */
  #rollBack(): void {
    this.#told = null;
    this.#db.exec('rollback');
  }

  // Values are taken one after the other: to cut each row out of the list would cost as much as to write some.
  #write(list: Values, begun: number[]): boolean {
    let run = this.#run;
    let at = 0;
    const next = (): Value => {
      const value = list[at] as Value;
      at += 1;
      return value;
    };
    // The ten values are written out: to gather them in a list first costs as much as to bind some.
    const upsert = () =>
      this.#upsertPlace.run(
        next(),
        next(),
        next(),
        next(),
        next(),
        next(),
        next(),
        next(),
        next(),
        next(),
        run,
        next(),
        next(),
        next(),
      );
    const end = () =>
      this.#endPlace.run(next(), next(), next(), next(), next(), next(), next(), next(), next(), next(), run);
    while (at < list.length) {
      switch (next()) {
        case DO.begin: {
          const row = list.slice(at, at + RUN_COLUMNS);
          at += RUN_COLUMNS;
          run = Number(this.#insertRun.run(...row).lastInsertRowid);
          begun.push(run);
          break;
        }
        case DO.goOn:
          run = next() as number;
          break;
        case DO.updateRun:
          this.#updateRun.run(next(), next(), next(), next(), next(), run);
          break;
        case DO.place:
          upsert();
          break;
        case DO.endPlace: {
          const from = at;
          if (end().changes === 1) {
            at = from + PLACE_COLUMNS;
            break;
          }
          // It has no row yet: it began in this very commit, or was skipped.
          if (list[from + INPUT] === WITHOUT) return false;
          at = from;
          upsert();
          break;
        }
        case DO.attempt:
          this.#insertAttempt.run(next(), next(), next(), next(), next(), next());
          break;
        case DO.signal:
          this.#upsertSignal.run(next(), next(), next(), next(), next(), next(), next());
          break;
        case DO.history:
          this.#tell(run, next() as number, next() as number, next() as number, next() as string);
          break;
        case DO.entry:
          this.#insertEntry.run(next(), run);
          break;
        case DO.forgotten:
          this.#forget(run, next(), next());
          break;
        case DO.record:
          this.#records().write(run, next(), next(), next(), next(), next());
          break;
        case DO.recordGone:
          this.#records().remove(run, next(), next());
          break;
        default:
          throw new Error(`The list of a commit has something before its place ${at} that nobody knows.`);
      }
    }
    this.#run = run;
    return true;
  }

  /**
   * The events of a commit, from `first` to `last`, told by the time `at`. They are added to the row before if they go on with it: that
   * changes a page where a new row changes two. It is done only to a row that is as it was left: somebody else may have written since.
   */
  #tell(run: number, last: number, first: number, at: number, events: string): void {
    const told = this.#told;
    if (told !== null && told.run === run && told.last === first - 1 && told.at === at) {
      const all = `${told.events.slice(0, -1)},${events.slice(1)}`;
      if (this.#extendHistory.run(last, all, told.number, run, told.last).changes === 1) {
        this.#told = all.length < FULL ? { ...told, last, events: all } : null;
        return;
      }
    }
    const number = Number(this.#insertHistory.run(run, last, first, at, events).lastInsertRowid);
    this.#told = events.length < FULL ? { number, run, last, at, events } : null;
  }

  #forget(run: number, id: Value, path: Value): void {
    this.#forgetting ??= FORGETTING.map((text) => this.#db.prepare(text));
    const [place, below, attempts, attemptsBelow] = this.#forgetting as Four;
    place.run(run, path);
    below.run(run, path, path);
    attempts.run(id, path);
    attemptsBelow.run(id, path, path);
  }

  #records(): RecordWriter {
    this.#recordWriter ??= new RecordWriter(this.#db);
    return this.#recordWriter;
  }
}

/** How many values a run that begins has, and how many a place. */
const RUN_COLUMNS = 17;
const PLACE_COLUMNS = 13;
/** Where among those of a place its input stands. */
const INPUT = 11;
