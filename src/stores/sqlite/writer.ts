/**
 * Writing: the lists of a commit (`batch.ts`) as one transaction. Nothing is looked up first, and nothing is written
 * again that stays as it was. Whether the changes may be made at all is for `index.ts`.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { type Batch, DO, type Value, type Values, WITHOUT } from './batch.ts';
import type { Watch } from './hold.ts';
import { RecordWriter } from './records.ts';
import * as sql from './schema.ts';

const FORGETTING = [sql.FORGET_PLACE, sql.FORGET_BELOW, sql.FORGET_ATTEMPTS, sql.FORGET_ATTEMPTS_BELOW];
type Four = readonly [StatementSync, StatementSync, StatementSync, StatementSync];

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
  readonly #insertEntry: StatementSync;
  /** Prepared when something is forgotten for the first time. */
  #forgetting: readonly StatementSync[] | null = null;
  /** Made with the first record. */
  #recordWriter: RecordWriter | null = null;
  /** The number of the run that rows are for; the next list may go on with it. */
  #run = 0;

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
      if (answer === null) this.#db.exec('rollback');
      else this.#commit.run();
      return answer;
    } catch (error) {
      try {
        this.#db.exec('rollback');
      } catch {
        // After some errors, a full disk for one, SQLite has rolled back by itself.
      }
      throw error;
    }
  }

  // Values are taken by their places in the list: to cut each row out of it would cost as much as to write some, and so would a
  // function that counts where it is.
  #write(list: Values, begun: number[]): boolean {
    let run = this.#run;
    let at = 0;
    while (at < list.length) {
      const from = at + 1;
      switch (list[at]) {
        case DO.begin: {
          at = from + RUN_COLUMNS;
          run = Number(this.#insertRun.run(...list.slice(from, at)).lastInsertRowid);
          begun.push(run);
          break;
        }
        case DO.goOn:
          at = from + 1;
          run = list[from] as number;
          break;
        case DO.updateRun:
          at = from + 5;
          this.#updateRun.run(...five(list, from), run);
          break;
        case DO.place:
          at = from + PLACE_COLUMNS;
          this.#upsert(list, from, run);
          break;
        case DO.endPlace:
          at = from + PLACE_COLUMNS;
          if (this.#end(list, from, run)) break;
          // It has no row yet: it began in this very commit, or was skipped.
          if (list[from + INPUT] === WITHOUT) return false;
          this.#upsert(list, from, run);
          break;
        case DO.attempt:
          at = from + 6;
          this.#insertAttempt.run(...five(list, from), valueAt(list, from + 5));
          break;
        case DO.signal:
          at = from + 7;
          this.#upsertSignal.run(...five(list, from), valueAt(list, from + 5), valueAt(list, from + 6));
          break;
        case DO.history: {
          at = from + 4;
          const events = valueAt(list, from + 3);
          this.#insertHistory.run(run, valueAt(list, from), valueAt(list, from + 1), valueAt(list, from + 2), events);
          break;
        }
        case DO.entry:
          at = from + 1;
          this.#insertEntry.run(valueAt(list, from), run);
          break;
        case DO.forgotten:
          at = from + 2;
          this.#forget(run, valueAt(list, from), valueAt(list, from + 1));
          break;
        case DO.record:
          at = from + 5;
          this.#records().write(run, ...five(list, from));
          break;
        case DO.recordGone:
          at = from + 2;
          this.#records().remove(run, valueAt(list, from), valueAt(list, from + 1));
          break;
        default:
          throw new Error(`The list of a commit has something before its place ${from} that nobody knows.`);
      }
    }
    this.#run = run;
    return true;
  }

  /** The values are written out: to gather them in a list first costs as much as to bind some. */
  #upsert(list: Values, at: number, run: number): void {
    this.#upsertPlace.run(
      valueAt(list, at),
      valueAt(list, at + 1),
      valueAt(list, at + 2),
      valueAt(list, at + 3),
      valueAt(list, at + 4),
      valueAt(list, at + 5),
      valueAt(list, at + 6),
      valueAt(list, at + 7),
      valueAt(list, at + 8),
      valueAt(list, at + 9),
      run,
      valueAt(list, at + 10),
      valueAt(list, at + 11),
      valueAt(list, at + 12),
    );
  }

  /** False if it has no row. */
  #end(list: Values, at: number, run: number): boolean {
    const { changes } = this.#endPlace.run(
      valueAt(list, at),
      valueAt(list, at + 1),
      valueAt(list, at + 2),
      valueAt(list, at + 3),
      valueAt(list, at + 4),
      valueAt(list, at + 5),
      valueAt(list, at + 6),
      valueAt(list, at + 7),
      valueAt(list, at + 8),
      valueAt(list, at + 9),
      run,
    );
    return changes === 1;
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

function valueAt(list: Values, at: number): Value {
  return list[at] as Value;
}

/** Five of them. */
function five(list: Values, at: number): [Value, Value, Value, Value, Value] {
  return list.slice(at, at + 5) as [Value, Value, Value, Value, Value];
}
