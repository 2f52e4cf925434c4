/**
 * What is read from a Postgres schema without regard to who owns a run: each question is one statement.
 * `index.ts` has the rest of the store.
 */
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
  RecordPage,
  RecordQuery,
  RecordRow,
  RunPage,
  RunQuery,
  RunRow,
  SignalRow,
} from '../../store.ts';
import { countsOf } from '../counts.ts';
import type { Columns } from '../rows.ts';
import { Rows } from './arrays.ts';
import { listOf } from './lists.ts';
import { recordsOf, SELECT_RECORD } from './record-lists.ts';
import { RowReader } from './rows.ts';
import type { Server } from './server.ts';
import * as sql from './statements.ts';
import { toColumn, toColumnOrNull } from './text.ts';

export abstract class PostgresReads {
  readonly name: string;
  protected readonly server: Server;
  protected readonly rows: RowReader;

  constructor(server: Server) {
    this.name = server.name;
    this.server = server;
    this.rows = new RowReader(server.name);
  }

  async readDefinition(orchestrator: string, version: string, hash: string): Promise<DefinitionRow | null> {
    const row = await this.one(sql.SELECT_DEFINITION, orchestrator, version, hash);
    return row === null ? null : this.rows.definition(row);
  }

  async readRun(run: string): Promise<RunRow | null> {
    const row = await this.one(sql.SELECT_RUN, run);
    return row === null ? null : this.rows.run(row);
  }

  async readRunByKey(orchestrator: string, key: string): Promise<RunRow | null> {
    const row = await this.one(sql.SELECT_RUN_BY_KEY, orchestrator, key);
    return row === null ? null : this.rows.run(row);
  }

  async readRuns(query: RunQuery): Promise<RunPage> {
    const { text, values } = listOf(query);
    const rows = await this.server.ask(text, ...values);
    const { limit } = query;
    const last = rows.length === limit ? rows.at(-1) : undefined;
    return { runs: rows.map((row) => this.rows.run(row)), cursor: last === undefined ? null : String(last.number) };
  }

  async readChildren(run: string, parents: readonly string[], page?: ChildPage): Promise<readonly ChildRow[]> {
    const of = [toColumn(run), ...listed(parents)];
    const rows =
      page === undefined
        ? await this.server.ask(sql.SELECT_CHILDREN, ...of)
        : await this.server.ask(
            sql.SELECT_CHILDREN_PAGE,
            ...of,
            toColumnOrNull(page.after ?? null),
            page.limit ?? null,
          );
    return rows.map((row) => this.rows.child(run, row));
  }

  async countChildren(run: string, parent: string): Promise<ChildCounts> {
    const rows = await this.server.ask(sql.COUNT_CHILDREN, toColumn(run), ...listed([parent]));
    return countsOf(
      this.name,
      `${run}, below ${parent}`,
      rows.map(({ state, count }) => [state, Number(count)]),
    );
  }

  async readFailures(run: string): Promise<readonly FailureRow[]> {
    return (await this.all(sql.SELECT_FAILURES, run)).map((row) => this.rows.failure(run, row));
  }

  async readActors(run: string): Promise<readonly ActorRow[]> {
    return (await this.all(sql.SELECT_STEPS, run)).map((row) => this.rows.step(run, row));
  }

  async readCompleted(
    run: string,
    { before = Number.MAX_SAFE_INTEGER, limit }: CompletedQuery,
  ): Promise<readonly ActorRow[]> {
    const rows = await this.server.ask(sql.SELECT_COMPLETED, toColumn(run), before, limit);
    return rows.map((row) => this.rows.step(run, row));
  }

  async readAttempts(run: string): Promise<readonly AttemptRow[]> {
    return (await this.all(sql.SELECT_ATTEMPTS, run)).map((row) => this.rows.attempt(row));
  }

  async readSignal(run: string, id: string): Promise<SignalRow | null> {
    const row = await this.one(sql.SELECT_SIGNAL, run, id);
    return row === null ? null : this.rows.signal(row);
  }

  async readEvents(run: string, { after, limit }: EventQuery): Promise<readonly RunEvent[]> {
    const batches = await this.server.ask(sql.SELECT_HISTORIES, toColumn(run), after, limit);
    return batches
      .flatMap((batch) => this.rows.events(run, batch))
      .filter(({ seq }) => seq > after)
      .slice(0, limit);
  }

  async readRecord(run: string, type: string, id: string): Promise<RecordRow | null> {
    const row = await this.one(SELECT_RECORD, run, type, id);
    return row === null ? null : this.rows.record(row);
  }

  async readRecords(query: RecordQuery): Promise<RecordPage> {
    const { text, values } = recordsOf(query);
    const rows = await this.server.ask(text, ...values);
    const last = rows.length === query.limit ? rows.at(-1) : undefined;
    return {
      records: rows.map((row) => this.rows.record(row)),
      cursor: last === undefined ? null : String(last.number),
    };
  }

  protected all(statement: string, ...texts: readonly string[]): Promise<readonly Columns[]> {
    return this.server.ask(statement, ...texts.map(toColumn));
  }

  protected async one(statement: string, ...texts: readonly string[]): Promise<Columns | null> {
    return (await this.all(statement, ...texts))[0] ?? null;
  }
}

/** Texts as one column. */
function listed(texts: readonly string[]): readonly Buffer[] {
  const rows = new Rows(['text']);
  for (const text of texts) rows.push(toColumn(text));
  return rows.arrays();
}
