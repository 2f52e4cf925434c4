/**
 * The one gate (S34): whatever is told of a run leaves through it, and without what was declared secret. Events, lines of the log,
 * snapshots, exports, lists, failures, records of interventions. What a run results in is whole, for whoever asks the run for it; bodies,
 * mappers and hooks are part of the box, and are told whole values, too.
 */
import type { ErrorRecord } from '../errors/index.ts';
import { rerunOf } from '../core/rerun.ts';
import type { PlanNode } from '../definition.ts';
import type { RunEvent } from '../events.ts';
import type { Logger, LogLine } from '../executor.ts';
import type { Json, JsonObject } from '../json.ts';
import type { Approval } from '../people.ts';
import type { RunRow, Store } from '../store.ts';
import { approvalWithout } from './approval-redaction.ts';
import { exportRun, type RunExport } from './export.ts';
import type { AttemptRecord } from './attempts.ts';
import {
  listApprovals,
  type ApprovalReader,
  type ApprovalsPage,
  type ApprovalsQuery,
  type ApprovalView,
  viewApproval,
} from './approvals.ts';
import { type Kept, type RunAt, runAt } from './at.ts';
import { type BudgetReader, type BudgetState, type BudgetsPage, type BudgetsQuery, listBudgets } from './budgets.ts';
import { type CountedRun, wholeOrCounted } from './counted.ts';
import { type AuditRecord, auditOf } from './audit.ts';
import { attemptsAt, type InterventionRecord, interventionsOf } from './interventions.ts';
import { childrenOf, listRuns, rootOf, type RunsPage, type RunsQuery, type RunSummary } from './list.ts';
import { failuresIn, type Outcome, outcomeOf } from './outcome.ts';
import {
  AT,
  errorWithout,
  outputOf,
  recordWithout,
  type ToldActor,
  waitingWithout,
  without,
  withoutSecrets,
} from './part-redaction.ts';
import { NO_SECRETS, redacted, redactedText, type RedactionRules, type Secrets, secretsIn } from './redaction.ts';
import { type ActorSnapshot, type RunSnapshot, snapshotOf } from './snapshot.ts';
import { failedRows, type TakenFrom, takenFrom, wholeRun } from './taken.ts';
import type { Around } from './waiting-for.ts';

type Known = Pick<RunRow, 'input' | 'metadata' | 'output'>;
export class RedactionGate {
  /** Null as long as nothing is declared secret: then everything passes as it is. */
  readonly #rules: RedactionRules | null;
  /** What is secret in the input of a run is looked for once. */
  readonly #secrets = new WeakMap<object, Secrets>();

  constructor(rules: RedactionRules | null) {
    this.#rules = rules;
  }

  event<E extends RunEvent>(event: E, row: Known | undefined): E {
    const rules = this.#rules;
    if (rules === null) return event;
    const secrets = this.#secretsOf(row);
    // Numbers and names are how a history is read; texts, errors and data are what somebody has put into it.
    const told: { [field: string]: unknown } = { ...event };
    const { error, data } = told as { readonly error?: ErrorRecord; readonly data?: Json };
    for (const field of ['reason', 'note', 'question']) {
      const text = told[field];
      if (typeof text === 'string') told[field] = redactedText(rules, text, secrets);
    }
    if (error !== undefined) told.error = recordWithout(rules, error, secrets);
    if (data !== undefined) told.data = redacted(rules, data, AT.data, secrets);
    return told as unknown as E;
  }

  events(events: readonly RunEvent[], row: Known | undefined): readonly RunEvent[] {
    return this.#rules === null ? events : events.map((event) => this.event(event, row));
  }

  metadata(metadata: JsonObject): JsonObject {
    return this.#rules === null ? metadata : redacted(this.#rules, metadata, AT.metadata, NO_SECRETS);
  }

  line(line: LogLine, row: Known | undefined): LogLine {
    const rules = this.#rules;
    if (rules === null) return line;
    const secrets = this.#secretsOf(row);
    const { message, fields, error, ...rest } = line;
    return {
      ...rest,
      message: typeof message === 'string' ? redactedText(rules, message, secrets) : message,
      ...(fields === undefined ? {} : { fields: withoutSecrets(rules, fields, secrets) }),
      ...(error === undefined ? {} : { error: errorWithout(rules, error, secrets) }),
    };
  }

  /** A logger that is told what may be told. `rowOf` knows the runs that are in memory. */
  logger(inner: Logger, rowOf: (run: string) => Known | undefined): Logger {
    if (this.#rules === null) return inner;
    return (line) => inner(this.line(line, line.run === undefined ? undefined : rowOf(line.run)));
  }

  error<E extends ErrorRecord | null>(error: E, row: Known): E {
    return this.#rules === null ? error : recordWithout(this.#rules, error, this.#secretsOf(row));
  }

  /** A text that somebody has given: why a run was cancelled. */
  text<T extends string | null>(text: T, row?: Known): T {
    return this.#rules === null || text === null
      ? text
      : (redactedText(this.#rules, text as string, this.#secretsOf(row)) as T);
  }

  async failures(store: Store, row: RunRow): Promise<readonly ErrorRecord[]> {
    return failuresIn(await failedRows(store, row)).map((error) => this.error(error, row));
  }

  /** Its outputs are whole, for who asks how a run has ended asks for those. */
  async outcome(store: Store, row: RunRow, kinds: Around['kinds']): Promise<Outcome> {
    const outcome = await outcomeOf(store, row, kinds);
    if (this.#rules === null) return outcome;
    const failures = outcome.failures.map((error) => this.error(error, row));
    return { ...outcome, error: this.error(outcome.error, row), failures };
  }

  async snapshot(store: Store, row: RunRow, around: Around): Promise<RunSnapshot> {
    const { actors, attempts } = await wholeRun(store, row);
    return this.told(snapshotOf(row, await rootOf(store, row), actors, attempts, around), row);
  }

  /** The runs from which it has taken something over. */
  async taken(store: Store, row: RunRow): Promise<readonly TakenFrom[]> {
    return rerunOf(row) === null ? [] : takenFrom(store, row, await store.readActors(row.run));
  }

  /** A snapshot, as it may be told. */
  told<S extends RunSnapshot>(snapshot: S, row: RunRow): S {
    const rules = this.#rules;
    if (rules === null) return snapshot;
    const all = { ...snapshot.tracks, ...snapshot.steps };
    const actors = Object.entries(all).map(([path, { input, output, error }]) => ({ path, input, output, error }));
    const secrets = this.#secretsAmong(rules, row, actors);
    const actor = ([path, told]: [string, ActorSnapshot]): [string, ActorSnapshot] => {
      const tries = told.attempts.map((one) => ({ ...one, error: recordWithout(rules, one.error, secrets) }));
      return [
        path,
        {
          ...told,
          ...without(rules, path, told, secrets),
          attempts: tries,
          waitingFor: waitingWithout(rules, told, secrets),
        },
      ];
    };
    const below = (of: { readonly [path: string]: ActorSnapshot }) => Object.fromEntries(Object.entries(of).map(actor));
    return {
      ...snapshot,
      ...without(rules, '', snapshot, secrets),
      metadata: redacted(rules, snapshot.metadata, AT.metadata, secrets),
      tracks: below(snapshot.tracks),
      steps: below(snapshot.steps),
    };
  }

  async export(store: Store, row: RunRow, around: Around): Promise<RunExport> {
    const whole = await exportRun(store, row, around);
    const rules = this.#rules;
    if (rules === null) return whole;
    const secrets = this.#secretsAmong(rules, row, whole.steps);
    return {
      ...whole,
      redacted: true,
      run: { ...this.#run(rules, row, secrets) },
      steps: whole.steps.map((step) => ({
        ...step,
        ...without(rules, step.path, step, secrets),
        waitingFor: waitingWithout(rules, step, secrets),
        // What a loop has added up, the variables of a run: under the names that mappers know them by.
        memory: redacted(rules, step.memory, [[]], secrets),
      })),
      attempts: whole.attempts.map((attempt) => ({ ...attempt, error: recordWithout(rules, attempt.error, secrets) })),
      signals: whole.signals.map((signal) => ({
        ...signal,
        payload: redacted(rules, signal.payload, [['payload']], secrets),
      })),
      events: whole.events.map((event) => this.event(event, row)),
      forImport: null,
    };
  }

  async list(store: Store, query: RunsQuery): Promise<RunsPage> {
    const { runs, cursor } = await listRuns(store, query);
    return { runs: runs.map((run) => this.#summary(run)), cursor };
  }

  async *children(store: Store, run: string): AsyncGenerator<RunSummary, void, undefined> {
    for await (const child of childrenOf(store, run)) yield this.#summary(child);
  }

  /** Who has asked what of a run, whether or not it is there. */
  async *audit(store: Store, run: string): AsyncGenerator<AuditRecord, void, undefined> {
    const row = await store.readRun(run);
    for await (const record of auditOf(store, run)) {
      const { reason, by, refused } = record;
      const without = (text: string | null): string | null => this.text(text, row ?? undefined);
      yield this.#rules === null
        ? record
        : { ...record, reason: without(reason), by: without(by), refused: without(refused) };
    }
  }

  async *interventions(store: Store, row: RunRow): AsyncGenerator<InterventionRecord, void, undefined> {
    for await (const record of interventionsOf(store, row.run)) {
      const { input = null, output = null } = record;
      const rules = this.#rules;
      if (rules === null) yield record;
      else {
        const secrets = this.#secretsOf(row);
        const [reason, by] = [this.text(record.reason, row), this.text(record.by, row)];
        yield {
          ...record,
          reason,
          by,
          ...('input' in record ? { input: redacted(rules, input, AT.input, secrets) } : {}),
          ...('replaced' in record ? { replaced: redacted(rules, record.replaced ?? null, AT.input, secrets) } : {}),
          ...('output' in record ? { output: redacted(rules, output, outputOf(record.path), secrets) } : {}),
        };
      }
    }
  }

  async attempts(store: Store, row: RunRow, kinds: Around['kinds'], path: string): Promise<readonly AttemptRecord[]> {
    const attempts = await attemptsAt(store, kinds, row, path);
    const rules = this.#rules;
    if (rules === null) return attempts;
    const secrets = this.#secretsOf(row);
    return attempts.map((attempt) => ({ ...attempt, ...without(rules, path, attempt, secrets) }));
  }

  /** A snapshot, or the counts of a run that is too large for one. */
  async counted(store: Store, row: RunRow, root: PlanNode, around: Around): Promise<RunSnapshot | CountedRun> {
    return this.told(await wholeOrCounted(store, row, await rootOf(store, row), root, around), row);
  }

  /** The run as it stood after an event. */
  async at(
    store: Store,
    history: AsyncIterable<RunEvent>,
    seq: number,
    kept: Omit<Kept, 'root' | 'whole' | 'changed'>,
  ): Promise<RunAt> {
    const { row } = kept;
    const changed = new Map<string, number>();
    for await (const { path, at, input, refused } of interventionsOf(store, row.run))
      if (input !== undefined && refused === null) changed.set(path, at);
    const [root, whole] = [await rootOf(store, row), await wholeRun(store, row)];
    return this.told(await runAt(history, seq, { ...kept, root, whole, changed }), row);
  }

  async approvals(reader: ApprovalReader, query: ApprovalsQuery): Promise<ApprovalsPage> {
    const page = await listApprovals(reader, query);
    const approvals = await Promise.all(page.approvals.map((approval) => this.#approval(reader.store, approval)));
    return { ...page, approvals };
  }

  async approval(reader: ApprovalReader, id: string): Promise<ApprovalView | null> {
    const view = await viewApproval(reader, id);
    return view === null ? null : this.#approval(reader.store, view);
  }

  async #approval<A extends Approval>(store: Store, approval: A): Promise<A> {
    const rules = this.#rules;
    if (rules === null) return approval;
    return approvalWithout(rules, approval, this.#secretsOf((await store.readRun(approval.run)) ?? undefined));
  }

  /** The key of a budget is whatever its function answers to an input. */
  async budgets(reader: BudgetReader, query: BudgetsQuery): Promise<BudgetsPage> {
    const { budgets, cursor } = await listBudgets(reader, query);
    const told = budgets.map(async ({ run, ...state }): Promise<BudgetState> => {
      if (this.#rules === null || state.key === null) return Object.freeze(state);
      const row = run === null ? null : await reader.store.readRun(run);
      return Object.freeze({ ...state, key: this.text(state.key, row ?? undefined) });
    });
    return { budgets: await Promise.all(told), cursor };
  }

  /** What else is told of something with an input, such as the definition of a schedule. */
  definition<T extends { readonly input: Json }>(definition: T): T {
    const rules = this.#rules;
    if (rules === null) return definition;
    return { ...definition, input: redacted(rules, definition.input, AT.input, NO_SECRETS) };
  }

  #summary(summary: RunSummary): RunSummary {
    const rules = this.#rules;
    return rules === null ? summary : Object.freeze({ ...this.#run(rules, summary, this.#secretsOf(summary)) });
  }

  #run<R extends RunSummary>(rules: RedactionRules, row: R, secrets: Secrets): R {
    const metadata = redacted(rules, row.metadata, AT.metadata, secrets);
    const reason = row.reason === null ? null : redactedText(rules, row.reason, secrets);
    return { ...row, ...without(rules, '', row, secrets), metadata, reason };
  }

  #secretsOf(row: Known | undefined): Secrets {
    const rules = this.#rules;
    if (rules === null || row === undefined) return NO_SECRETS;
    const key = row.metadata;
    let secrets = this.#secrets.get(key);
    if (secrets === undefined) {
      const found = secretsIn(rules, row.input, AT.input);
      secretsIn(rules, row.metadata, AT.metadata, found);
      secrets = [...found].sort((left, right) => right.length - left.length);
      this.#secrets.set(key, secrets);
    }
    return secrets;
  }

  /** Where all that a run has is told, what is secret in one place of it is looked for in all others. */
  #secretsAmong(
    rules: RedactionRules,
    row: Known,
    actors: readonly (ToldActor & { readonly path: string })[],
  ): Secrets {
    const found = new Set(this.#secretsOf(row));
    secretsIn(rules, row.output, outputOf(''), found);
    for (const { path, input, output } of actors) {
      secretsIn(rules, input, AT.input, found);
      secretsIn(rules, output, outputOf(path), found);
    }
    // The longest first: a short one may be part of another.
    return [...found].sort((left, right) => right.length - left.length);
  }
}
