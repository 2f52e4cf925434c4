/**
 * A commit as the statement in `statements.ts` takes it: changes of many runs, turned into columns. Which of them are
 * begun, go on or end is decided here; whether they may is decided by the statement.
 */
import { isTerminal, type RunEvent } from '../../events.ts';
import type { AttemptRow, RunChange, SignalRow } from '../../store.ts';
import { type ColumnType, Rows } from './arrays.ts';
import { jsonColumn, objectColumn, toColumn, toColumnOrNull } from './text.ts';

const MOVED: readonly ColumnType[] = ['text', 'int', 'int', 'int'];
const ENDED: readonly ColumnType[] = ['text', 'int', 'int'];
const BEGUN: readonly ColumnType[] = ['text', 'int', 'int', 'float'];
const NEW_RUNS: readonly ColumnType[] = [
  ...(['text', 'text', 'text', 'text', 'text', 'text'] as const),
  ...(['json', 'json', 'json', 'text', 'json', 'int', 'float', 'float'] as const),
];
const CHANGED_RUNS: readonly ColumnType[] = ['text', 'text', 'json', 'json', 'text', 'int', 'float'];
const STEPS: readonly ColumnType[] = [
  ...(['text', 'text', 'text', 'text', 'text', 'int'] as const),
  ...(['json', 'json', 'json', 'json', 'float', 'float', 'float', 'float'] as const),
];
const ATTEMPTS: readonly ColumnType[] = ['text', 'text', 'int', 'json', 'float', 'float'];
const SIGNALS: readonly ColumnType[] = ['text', 'text', 'text', 'json', 'float', 'text', 'text'];
const HISTORIES: readonly ColumnType[] = ['text', 'int', 'json'];
const NEWS: readonly ColumnType[] = ['text'];

/** A run begins with the row that is written after no event. */
export function begins({ after, row }: RunChange): boolean {
  return after === 0 && row !== null;
}

/** What `COMMIT` takes, from the owner to the news. */
export function parametersOf(
  changes: readonly RunChange[],
  owner: string,
  now: number,
  news: readonly string[],
): readonly unknown[] {
  const batch = new Batch();
  // In one order everywhere: two commits that wait for each other's runs would wait for ever.
  for (const change of [...changes].sort(byRun)) batch.add(change);
  for (const change of changes.filter(begins).sort(byKey)) batch.begin(change);
  return [owner, now, batch.held, ...batch.arrays(news)];
}

class Batch {
  readonly #moved = new Rows(MOVED);
  readonly #ended = new Rows(ENDED);
  readonly #begun = new Rows(BEGUN);
  readonly #newRuns = new Rows(NEW_RUNS);
  readonly #changedRuns = new Rows(CHANGED_RUNS);
  readonly #steps = new Rows(STEPS);
  readonly #attempts = new Rows(ATTEMPTS);
  readonly #signals = new Rows(SIGNALS);
  readonly #histories = new Rows(HISTORIES);
  /** How many leases this process has to hold for the commit to land. */
  held = 0;

  add(change: RunChange): void {
    const { fence, after, row, actors, attempts, events, signals } = change;
    const run = toColumn(change.run);
    const ends = row !== null && isTerminal(row.status);
    if (!begins(change)) {
      this.held += 1;
      if (ends) this.#ended.push(run, fence, after);
      else this.#moved.push(run, fence, after, events.length);
      if (row !== null) {
        const [output, error] = [jsonColumn(row.output), jsonColumn(row.error)];
        this.#changedRuns.push(run, row.status, output, error, toColumnOrNull(row.reason), fence, row.endedAt);
      }
    } else if (!ends && row !== null) this.#begun.push(run, fence, events.length, row.startedAt);
    for (const actor of actors) {
      const { kind, state, attempt, due, attemptedAt, startedAt, endedAt } = actor;
      this.#steps.push(
        run,
        toColumn(actor.path),
        toColumnOrNull(actor.parent),
        toColumn(kind),
        state,
        attempt,
        jsonColumn(actor.input),
        jsonColumn(actor.output),
        jsonColumn(actor.error),
        objectColumn(actor.memory),
        due,
        attemptedAt,
        startedAt,
        endedAt,
      );
    }
    for (const attempt of attempts) this.#addAttempt(run, attempt);
    for (const signal of signals) this.#addSignal(run, signal);
    const last = events.at(-1);
    if (last !== undefined) this.#histories.push(run, last.seq, textOf(change.run, events));
  }

  begin({ fence, row }: RunChange): void {
    if (row === null) return;
    this.#newRuns.push(
      toColumn(row.run),
      toColumnOrNull(row.key),
      toColumn(row.orchestrator),
      toColumn(row.version),
      toColumn(row.hash),
      row.status,
      jsonColumn(row.input),
      jsonColumn(row.output),
      jsonColumn(row.error),
      toColumnOrNull(row.reason),
      objectColumn(row.metadata),
      fence,
      row.startedAt,
      row.endedAt,
    );
  }

  arrays(news: readonly string[]): readonly Buffer[] {
    const told = new Rows(NEWS);
    for (const each of news) told.push(each);
    const [runs, rows] = [this.#newRuns, [this.#changedRuns, this.#steps, this.#attempts, this.#signals]];
    const all = [this.#moved, this.#ended, this.#begun, runs, ...rows, this.#histories, told];
    return all.flatMap((each) => each.arrays());
  }

  #addAttempt(run: string, { path, attempt, error, startedAt, endedAt }: AttemptRow): void {
    this.#attempts.push(run, toColumn(path), attempt, JSON.stringify(error), startedAt, endedAt);
  }

  #addSignal(run: string, { id, name, payload, sentAt, answer, takenBy }: SignalRow): void {
    this.#signals.push(run, toColumn(id), toColumn(name), jsonColumn(payload), sentAt, answer, toColumnOrNull(takenBy));
  }
}

function byRun(one: RunChange, other: RunChange): number {
  return compared(one.run, other.run);
}

function byKey({ row: one }: RunChange, { row: other }: RunChange): number {
  return compared(one?.key ?? '', other?.key ?? '');
}

function compared(one: string, other: string): number {
  return one === other ? 0 : one < other ? -1 : 1;
}

/** Events without their run, which stands in the row. Quotes inside of values are escaped, so nothing else looks like it. */
function textOf(run: string, events: readonly RunEvent[]): string {
  return JSON.stringify(events).replaceAll(`"run":${JSON.stringify(run)},`, '');
}
