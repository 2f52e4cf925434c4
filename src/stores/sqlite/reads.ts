/**
 * What is read from a SQLite file: each question is one statement, prepared once for as long as the file is open.
 * `index.ts` opens the file and writes to it.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { RunEvent } from '../../events.ts';
import type {
  ActorRow,
  AttemptRow,
  ChildCounts,
  ChildPage,
  ChildRow,
  CompletedQuery,
  DefinitionRow,
  EventQuery,
  FailureRow,
  OpenRun,
  RecordPage,
  RecordQuery,
  RecordRow,
  RunPage,
  RunQuery,
  RunRow,
  SignalRow,
} from '../../store.ts';
import { countsOf } from '../counts.ts';
import { type Columns, ColumnReader } from '../rows.ts';
import type { Value } from './batch.ts';
import * as children from './child-statements.ts';
import { CompletedPlaces } from './completed.ts';
import { usable } from './file.ts';
import { listOf } from './lists.ts';
import { recordsOf, SELECT_RECORD } from './record-statements.ts';
import * as sql from './statements.ts';
import { asColumn, fromColumn } from './text.ts';

export abstract class SqliteReads {
  readonly name: string;
  readonly #rows: ColumnReader;
  readonly #prepared = new Map<string, StatementSync>();
  protected readonly completed: CompletedPlaces;

  /** `orders`: of how many runs it is remembered in which order their steps have completed. */
  constructor(name: string, orders: number) {
    this.name = name;
    this.#rows = new ColumnReader(name, fromColumn);
    this.completed = new CompletedPlaces((text, ...values) => this.all(text, ...values), orders);
  }

  /** The file; throws while it is not open. */
  protected abstract database(): DatabaseSync;

  readDefinition(orchestrator: string, version: string, hash: string): DefinitionRow | null {
    const row = this.get(sql.SELECT_DEFINITION, orchestrator, version, hash);
    return row === null ? null : this.#rows.definition(row);
  }

  readRun(run: string): RunRow | null {
    const row = this.get(sql.SELECT_RUN, run);
    return row === null ? null : this.#rows.run(row);
  }

  readRunByKey(orchestrator: string, key: string): RunRow | null {
    const row = this.get(sql.SELECT_RUN_BY_KEY, orchestrator, key);
    return row === null ? null : this.#rows.run(row);
  }

  readRuns(query: RunQuery): RunPage {
    const { text, values } = listOf(query);
    const rows = this.all(text, ...values);
    const last = rows.length === query.limit ? rows.at(-1) : undefined;
    return { runs: rows.map((row) => this.#rows.run(row)), cursor: last === undefined ? null : String(last.number) };
  }

  readOpen(run: string): OpenRun | null {
    const row = this.get(sql.SELECT_RUN, run);
    if (row === null) return null;
    const { owner, fence, number } = row as { owner: string | null; fence: number; number: number };
    const seq = this.get(sql.SELECT_SEQ, number)?.seq as number;
    const open = this.all(sql.SELECT_OPEN_PLACES, number).map((place) => this.#rows.step(run, place));
    const signals = this.all(sql.SELECT_KEPT_SIGNALS, run).map((signal) => this.#rows.signal(signal));
    return { row: this.#rows.run(row), owner, fence, seq, open, signals };
  }

  readChildren(run: string, parents: readonly string[], page?: ChildPage): readonly ChildRow[] {
    const childrenOf = (parent: string): readonly Columns[] => {
      const of = parentOf(run, parent);
      if (page === undefined) return this.#few(run, parent) ?? this.all(allOf(parent), ...of);
      const text = parent === '' ? children.SELECT_CHILDREN_OF_RUN_PAGE : children.SELECT_CHILDREN_PAGE;
      // To SQLite, a limit below zero is none.
      return this.all(text, ...of, run, page.after ?? null, page.limit ?? -1);
    };
    return parents.flatMap(childrenOf).map((row) => this.#rows.child(run, row));
  }

  /** The children of a parent; null if they are more than a few. */
  #few(run: string, parent: string): readonly Columns[] | null {
    const [start, beyond] = parent === '' ? ['', null] : [`${parent}/`, `${parent}0`];
    const found = this.all(children.SELECT_FEW_CHILDREN, start, beyond, run);
    return found.length < children.FEW ? found.filter(({ number }) => number !== null) : null;
  }

  countChildren(run: string, parent: string): ChildCounts {
    const text = parent === '' ? children.COUNT_CHILDREN_OF_RUN : children.COUNT_CHILDREN;
    return countsOf(
      this.name,
      `${run}, below ${parent}`,
      this.all(text, ...parentOf(run, parent)).map(({ state, count }) => [state, Number(count)]),
    );
  }

  readFailures(run: string): readonly FailureRow[] {
    return this.all(sql.SELECT_FAILURES, run).map((row) => this.#rows.failure(run, row));
  }

  readActors(run: string): readonly ActorRow[] {
    return this.all(sql.SELECT_PLACES, run).map((row) => this.#rows.step(run, row));
  }

  readCompleted(run: string, query: CompletedQuery): readonly ActorRow[] {
    return this.completed.page(run, query).map((row) => this.#rows.step(run, row));
  }

  readAttempts(run: string): readonly AttemptRow[] {
    return this.all(sql.SELECT_ATTEMPTS, run).map((row) => this.#rows.attempt(row));
  }

  readSignal(run: string, id: string): SignalRow | null {
    const row = this.get(sql.SELECT_SIGNAL, run, id);
    return row === null ? null : this.#rows.signal(row);
  }

  readEvents(run: string, { after, limit }: EventQuery): readonly RunEvent[] {
    const batches = this.all(sql.SELECT_HISTORIES, after, run, limit);
    return batches
      .flatMap((batch) => this.#rows.events(run, batch))
      .filter(({ seq }) => seq > after)
      .slice(0, limit);
  }

  readRecord(run: string, type: string, id: string): RecordRow | null {
    const row = this.get(SELECT_RECORD, run, type, id);
    return row === null ? null : this.#rows.record(row);
  }

  readRecords(query: RecordQuery): RecordPage {
    const { text, values } = recordsOf(query);
    const rows = this.all(text, ...values);
    const last = rows.length === query.limit ? rows.at(-1) : undefined;
    return {
      records: rows.map((row) => this.#rows.record(row)),
      cursor: last === undefined ? null : String(last.number),
    };
  }

  /** The statements of a file that is closed. */
  protected forget(): void {
    this.#prepared.clear();
    this.completed.clear();
  }

  protected statement(text: string): StatementSync {
    let statement = this.#prepared.get(text);
    if (statement === undefined) {
      statement = this.database().prepare(text);
      this.#prepared.set(text, statement);
    }
    return statement;
  }

  protected get(text: string, ...values: readonly Value[]): Columns | null {
    const given = values.map(asColumn);
    return usable(this.name, () => (this.statement(text).get(...given) as Columns | undefined) ?? null);
  }

  protected all(text: string, ...values: readonly Value[]): readonly Columns[] {
    const given = values.map(asColumn);
    return usable(this.name, () => this.statement(text).all(...given) as unknown as readonly Columns[]);
  }
}

/** What the statements on children are given: the run's own place is named by the statement itself. */
function allOf(parent: string): string {
  return parent === '' ? children.SELECT_CHILDREN_OF_RUN : children.SELECT_CHILDREN;
}

function parentOf(run: string, parent: string): readonly string[] {
  return parent === '' ? [run] : [run, parent, parent, parent];
}
