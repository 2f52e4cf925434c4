/**
 * A commit as the statement in `commit.ts` takes it: changes of many runs, turned into columns. Which of them are
 * begun, go on or end is decided here; whether they may is decided by the statement.
 */
import { isTerminal, type Status } from '../../events.ts';
import type { ActorRow, AttemptRow, RecordRow, RunChange, SignalRow } from '../../store.ts';
import { entriesOf, recordEntries } from '../entries.ts';
import { withoutForgotten } from '../forgotten.ts';
import { textOfEvents } from '../history.ts';
import { Rows } from './arrays.ts';
import { commitOf, PART_NAMES, PARTS, type PartName } from './commit.ts';
import { jsonColumn, objectColumn, toColumn, toColumnOrNull } from './text.ts';

const BUCKETS = 64;
const HELD = ['long', 'int'] as const;
const SILENT = ['long', 'int'] as const;
const KEYS = ['int'] as const;
/** What a place begins with. Nothing goes back to one of these from an end; it could have the other states after one. */
const FIRST: ReadonlySet<Status> = new Set<Status>(['running', 'pending', 'waiting']);
const NONE: ReadonlySet<string> = new Set();

/** A run begins with the row that is written after no event. */
export function begins({ after, row }: RunChange): boolean {
  return after === 0 && row !== null;
}

/** A statement and what it takes. */
export interface Commit {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** What is known of a run that is there. */
export interface Known {
  /** By which the tables know it. */
  readonly number: number;
  /** The paths of its places that have not ended. */
  readonly open: ReadonlySet<string>;
}

/** The commit of `changes` by `owner`, at the server's time `now`; `known` has what is known of each run, null for one that begins. */
export function commitFor(
  changes: readonly RunChange[],
  known: readonly (Known | null)[],
  owner: string,
  now: number,
): Commit {
  const batch = new Batch();
  // In one order everywhere: two that wait for each other's ids would wait for ever.
  const begun = changes.filter(begins).sort(byRun);
  const places = new Map(begun.map((change, index) => [change, -index - 1]));
  for (const change of begun) batch.begin(change);
  for (const [index, change] of changes.entries()) {
    const place = places.get(change);
    if (place === undefined) batch.goOn(change, known[index] as Known);
    else batch.write(change, place, NONE);
  }
  const parts = PART_NAMES.filter((name) => batch.parts.has(name));
  const keys = new Rows(KEYS);
  for (const bucket of [...batch.keys].sort((one, other) => one - other)) keys.push(bucket);
  const held = [...batch.held.arrays(), ...batch.silent.arrays(), ...keys.arrays()];
  return {
    text: commitOf(parts),
    values: [owner, ...held, batch.there, now, ...parts.flatMap((name) => batch.rowsOf(name).arrays())],
  };
}

class Batch {
  readonly parts = new Map<PartName, Rows>();
  /** Runs that this process has to own, and under which fence. */
  readonly held = new Rows(HELD);
  /** Runs that have to have told no event since. */
  readonly silent = new Rows(SILENT);
  /** Of keys under which runs begin. */
  readonly keys = new Set<number>();
  /** How many places have to be open, to change or to end. */
  there = 0;
  #at = 0;
  #begun = 0;

  rowsOf(name: PartName): Rows {
    let rows = this.parts.get(name);
    if (rows === undefined) {
      rows = new Rows(PARTS[name].columns);
      this.parts.set(name, rows);
    }
    return rows;
  }

  /** A run that is there. */
  goOn(change: RunChange, { number: run, open }: Known): void {
    const { fence, after, row, events } = change;
    this.held.push(run, fence);
    if (events.length === 0) this.silent.push(run, after);
    if (row !== null) {
      const [output, error] = [jsonColumn(row.output), jsonColumn(row.error)];
      this.rowsOf('changedRuns').push(run, row.status, output, error, toColumnOrNull(row.reason), fence, row.endedAt);
      if (isTerminal(row.status)) this.rowsOf('endedRuns').push(run);
    }
    this.write(change, run, open);
  }

  /** What a change brings beside the row of its run, whose number is `run` and in which these paths are open. */
  write(change: RunChange, run: number, open: ReadonlySet<string>): void {
    const { run: id, actors, attempts, events, signals, recordsGone, records, forgotten } = withoutForgotten(change);
    for (const path of forgotten ?? []) this.#forget(run, toColumn(id), toColumn(path));
    for (const actor of actors) {
      const there = open.has(actor.path);
      if (actor.endedAt === null) {
        if (there) this.#change(run, actor);
        else this.#open(FIRST.has(actor.state) ? 'open' : 'again', run, actor);
      } else if (there) this.#end(run, actor, actor.endedAt);
      else this.#endWhole(run, actor, actor.endedAt);
    }
    for (const attempt of attempts) this.#addAttempt(toColumn(id), attempt);
    for (const signal of signals) this.#addSignal(toColumn(id), signal);
    for (const gone of recordsGone ?? [])
      this.rowsOf('records').push(run, toColumn(gone.type), toColumn(gone.id), null, null, null, null);
    for (const record of records ?? []) this.#addRecord(run, record);
    const [first] = events;
    if (first === undefined) return;
    const last = first.seq + events.length - 1;
    this.rowsOf('histories').push(run, first.seq, last, first.at, textOfEvents(first.at, events));
  }

  #open(part: 'open' | 'again', run: number, actor: ActorRow): void {
    this.rowsOf(part).push(
      run,
      toColumn(actor.path),
      toColumn(actor.kind),
      actor.state,
      actor.attempt,
      jsonColumn(actor.input),
      jsonColumn(actor.output),
      jsonColumn(actor.error),
      objectColumn(actor.memory),
      actor.due,
      actor.attemptedAt,
      actor.startedAt,
      this.#next(),
    );
  }

  #change(run: number, actor: ActorRow): void {
    this.there += 1;
    this.rowsOf('changed').push(
      run,
      toColumn(actor.path),
      actor.state,
      actor.attempt,
      jsonColumn(actor.output),
      jsonColumn(actor.error),
      objectColumn(actor.memory),
      actor.due,
      actor.attemptedAt,
    );
  }

  #end(run: number, actor: ActorRow, endedAt: number): void {
    this.there += 1;
    this.rowsOf('ended').push(
      run,
      toColumn(actor.path),
      actor.state,
      actor.attempt,
      jsonColumn(actor.output),
      jsonColumn(actor.error),
      objectColumn(actor.memory),
      actor.due,
      actor.attemptedAt,
      endedAt,
      actor.endedSeq ?? 0,
    );
  }

  #endWhole(run: number, actor: ActorRow, endedAt: number): void {
    this.rowsOf('endedWhole').push(
      run,
      toColumn(actor.path),
      toColumn(actor.kind),
      actor.state,
      actor.attempt,
      jsonColumn(actor.input),
      jsonColumn(actor.output),
      jsonColumn(actor.error),
      objectColumn(actor.memory),
      actor.due,
      actor.attemptedAt,
      actor.startedAt,
      endedAt,
      actor.endedSeq ?? 0,
      this.#next(),
    );
  }

  /** The order of places within the commit. */
  #next(): number {
    this.#at += 1;
    return this.#at;
  }

  begin({ fence, row }: RunChange): void {
    if (row === null) return;
    const { key } = row;
    if (key !== null) this.keys.add(bucketOf(`${row.orchestrator} ${key}`));
    this.#begun += 1;
    if (!isTerminal(row.status)) this.rowsOf('begun').push(-this.#begun, fence, row.startedAt);
    for (const entry of entriesOf(row.metadata)) this.rowsOf('metadata').push(-this.#begun, entry);
    this.rowsOf('newRuns').push(
      toColumn(row.run),
      toColumnOrNull(key),
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
      row.parent === null ? null : toColumn(row.parent.run),
      row.parent === null ? null : toColumn(row.parent.path),
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

  #forget(run: number, id: string, path: string): void {
    // A text has no character before U+0001, so the first range has this path alone. Below it all begins with a slash, and
    // the character after the slash is a zero.
    this.rowsOf('forgotten').push(run, id, path, `${path}\u0001`);
    this.rowsOf('forgotten').push(run, id, `${path}/`, `${path}0`);
  }

  #addRecord(run: number, record: RecordRow): void {
    this.rowsOf('records').push(run, ...recordColumns(record));
  }
}

/** A record as its table has it, without its run; the last are what it is found by. */
export function recordColumns(record: RecordRow) {
  const { type, id, version, body, keys } = record;
  const entries = recordEntries(record);
  const found = entries.length === 0 ? null : JSON.stringify(entries);
  return [toColumn(type), toColumn(id), version, jsonColumn(body), objectColumn(keys), found] as const;
}

/** In the order of their ids. */
export function byRun(one: RunChange, other: RunChange): number {
  return compared(one.run, other.run);
}

function compared(one: string, other: string): number {
  return one === other ? 0 : one < other ? -1 : 1;
}

/** The same wherever it is asked. So few that a commit of many runs does not take all locks of a server. */
function bucketOf(key: string): number {
  let hash = 0;
  for (let at = 0; at < key.length; at += 1) hash = (hash * 31 + key.charCodeAt(at)) | 0;
  return hash & (BUCKETS - 1);
}
