/**
 * A commit as the statement in `commit.ts` takes it: changes of many runs, turned into columns. Which of them are
 * begun, go on or end is decided here; whether they may is decided by the statement.
 */
import { isTerminal, type RunEvent } from '../../events.ts';
import type { AttemptRow, RunChange, SignalRow } from '../../store.ts';
import { Rows } from './arrays.ts';
import { commitOf, PART_NAMES, PARTS, type PartName } from './commit.ts';
import { jsonColumn, objectColumn, toColumn, toColumnOrNull } from './text.ts';

/** A run begins with the row that is written after no event. */
export function begins({ after, row }: RunChange): boolean {
  return after === 0 && row !== null;
}

/** A statement and what it takes. */
export interface Commit {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** The commit of `changes` by `owner`, at the server's time `now`; `news` are for the others, should there be any. */
export function commitFor(changes: readonly RunChange[], owner: string, now: number, news: readonly string[]): Commit {
  const batch = new Batch();
  // In one order everywhere: two commits that wait for each other's runs would wait for ever.
  for (const change of [...changes].sort(byRun)) batch.add(change);
  for (const change of changes.filter(begins).sort(byKey)) batch.begin(change);
  for (const each of news) batch.rowsOf('news').push(each);
  const parts = PART_NAMES.filter((name) => batch.parts.has(name));
  return {
    text: commitOf(parts),
    values: [owner, now, batch.held, ...parts.flatMap((name) => batch.rowsOf(name).arrays())],
  };
}

class Batch {
  readonly parts = new Map<PartName, Rows>();
  /** How many leases this process has to hold for the commit to land. */
  held = 0;

  rowsOf(name: PartName): Rows {
    let rows = this.parts.get(name);
    if (rows === undefined) {
      rows = new Rows(PARTS[name].columns);
      this.parts.set(name, rows);
    }
    return rows;
  }

  add(change: RunChange): void {
    const { fence, after, row, actors, attempts, events, signals } = change;
    const run = toColumn(change.run);
    const ends = row !== null && isTerminal(row.status);
    if (!begins(change)) {
      this.held += 1;
      if (ends) this.rowsOf('ended').push(run, fence, after);
      else this.rowsOf('moved').push(run, fence, after, events.length);
      if (row !== null) {
        const [output, error] = [jsonColumn(row.output), jsonColumn(row.error)];
        this.rowsOf('changedRuns').push(run, row.status, output, error, toColumnOrNull(row.reason), fence, row.endedAt);
      }
    } else if (!ends && row !== null) this.rowsOf('begun').push(run, fence, events.length, row.startedAt);
    for (const actor of actors) {
      const { kind, state, attempt, due, attemptedAt, startedAt, endedAt } = actor;
      this.rowsOf('steps').push(
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
    if (last !== undefined) this.rowsOf('histories').push(run, last.seq, textOf(change.run, events));
  }

  begin({ fence, row }: RunChange): void {
    if (row === null) return;
    this.rowsOf('newRuns').push(
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

  #addAttempt(run: string, { path, attempt, error, startedAt, endedAt }: AttemptRow): void {
    this.rowsOf('attempts').push(run, toColumn(path), attempt, JSON.stringify(error), startedAt, endedAt);
  }

  #addSignal(run: string, { id, name, payload, sentAt, answer, takenBy }: SignalRow): void {
    this.rowsOf('signals').push(
      run,
      toColumn(id),
      toColumn(name),
      jsonColumn(payload),
      sentAt,
      answer,
      toColumnOrNull(takenBy),
    );
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
