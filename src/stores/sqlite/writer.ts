/**
 * Writing: from what a commit changes in a run to rows. It runs for every step of every run, so it is built for few
 * and small rows: nothing is looked up first, and nothing is written again that stays as it was. The transaction
 * around it, and what may be written at all, is for `index.ts`.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Json } from '../../json.ts';
import type { ActorRow, RunChange, RunRow } from '../../store.ts';
import { textOfEvents } from '../history.ts';
import * as sql from './schema.ts';

export class Writer {
  readonly #insertRun: StatementSync;
  readonly #updateRun: StatementSync;
  readonly #upsertPlace: StatementSync;
  readonly #endPlace: StatementSync;
  readonly #insertAttempt: StatementSync;
  readonly #upsertSignal: StatementSync;
  readonly #insertHistory: StatementSync;

  /** For as long as the database is open. */
  constructor(db: DatabaseSync) {
    this.#insertRun = db.prepare(sql.INSERT_RUN);
    this.#updateRun = db.prepare(sql.UPDATE_RUN);
    this.#upsertPlace = db.prepare(sql.UPSERT_PLACE);
    this.#endPlace = db.prepare(sql.END_PLACE);
    this.#insertAttempt = db.prepare(sql.INSERT_ATTEMPT);
    this.#upsertSignal = db.prepare(sql.UPSERT_SIGNAL);
    this.#insertHistory = db.prepare(sql.INSERT_HISTORY);
  }

  /** Writes one change, and answers with the number of its run; null is the number of a run that begins. */
  write(change: RunChange, known: number | null, owner: string): number {
    const { run, fence, row, actors, attempts, events, signals } = change;
    const number = row === null ? known : this.#run(row, known, fence, owner);
    if (number === null) throw new Error(`run "${run}" was changed before it began`);
    for (const actor of actors) this.#place(number, actor);
    for (const { path, attempt, error, startedAt, endedAt } of attempts) {
      this.#insertAttempt.run(run, path, attempt, JSON.stringify(error), startedAt, endedAt);
    }
    for (const { id, name, payload, sentAt, answer, takenBy } of signals) {
      this.#upsertSignal.run(run, id, name, JSON.stringify(payload), sentAt, answer, takenBy);
    }
    const [first] = events;
    if (first !== undefined) {
      const last = first.seq + events.length - 1;
      this.#insertHistory.run(number, last, first.seq, first.at, textOfEvents(first.at, events));
    }
    return number;
  }

  #run(row: RunRow, known: number | null, fence: number, owner: string): number {
    const output = JSON.stringify(row.output);
    const error = textOrNull(row.error);
    if (known !== null) {
      this.#updateRun.run(row.status, output, error, row.reason, row.endedAt, known);
      return known;
    }
    const { run, key, orchestrator, version, hash, status, reason, startedAt, endedAt } = row;
    const { lastInsertRowid } = this.#insertRun.run(
      run,
      key,
      orchestrator,
      version,
      hash,
      status,
      JSON.stringify(row.input),
      output,
      error,
      reason,
      JSON.stringify(row.metadata),
      owner,
      fence,
      startedAt,
      endedAt,
    );
    return Number(lastInsertRowid);
  }

  #place(run: number, actor: ActorRow): void {
    const { path, kind, state, attempt, due, attemptedAt, startedAt, endedAt } = actor;
    const output = textOrNull(actor.output);
    const error = textOrNull(actor.error);
    const memory = Object.keys(actor.memory).length === 0 ? null : JSON.stringify(actor.memory);
    if (endedAt !== null) {
      const { changes } = this.#endPlace.run(
        state,
        attempt,
        output,
        error,
        memory,
        due,
        attemptedAt,
        endedAt,
        run,
        path,
      );
      if (changes === 1) return;
      // It began in this very commit, or was skipped.
    }
    this.#upsertPlace.run(
      run,
      path,
      kind,
      state,
      attempt,
      textOrNull(actor.input),
      output,
      error,
      memory,
      due,
      attemptedAt,
      startedAt,
      endedAt,
    );
  }
}

/** JSON, where nothing is a null of the table: it is cheap, and a reader expects it. */
function textOrNull(value: Json | object): string | null {
  return value === null ? null : JSON.stringify(value);
}
