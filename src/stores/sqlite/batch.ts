/**
 * What a commit changes, as lists of values: texts and numbers in the order of the columns, each row behind the name of
 * what is to be done with it. Lists of plain values are cheap to hand to another thread; `writer.ts` writes them down there
 * or here. They are made for every step of every run, so nothing is put into them that stays as it was.
 */
import type { Json } from '../../json.ts';
import type { ActorRow, RunChange, RunRow } from '../../store.ts';
import { entriesOf } from '../entries.ts';
import { withoutForgotten } from '../forgotten.ts';
import { textOfEvents } from '../history.ts';
import { baseOf, type Known } from './owned.ts';
import { toColumn, toColumnOrNull } from './text.ts';

/** A value of a column. */
export type Value = string | number | null;
export type Values = readonly Value[];
/** One after the other; a row is whole in one of them. */
export type Batch = readonly Values[];

/** What stands in a list before the values of a row. */
export const DO = {
  /** Begins a run, whose number is the next one: what follows is for it. */
  begin: 0,
  /** What follows is for the run with this number. */
  goOn: 1,
  updateRun: 2,
  place: 3,
  endPlace: 4,
  attempt: 5,
  signal: 6,
  history: 7,
  /** Something by which the run that begins can be found. */
  entry: 8,
  record: 9,
  recordGone: 10,
  forgotten: 11,
} as const;

/**
 * The lists of a commit. `known` has what is known of the runs that are there, and null for each that begins. The input of a place that
 * ends is needed only if it has no row yet: it is left out (`WITHOUT`) where it seems to have one, unless all is to be `complete`.
 */
export function batchOf(
  changes: readonly RunChange[],
  known: readonly (Known | null)[],
  owner: string,
  complete: boolean,
): Batch {
  const lists: Value[][] = [[]];
  for (let at = 0; at < changes.length; at += 1) {
    const before = known[at] ?? null;
    add(lists, changes[at] as RunChange, before?.number ?? null, baseOf(changes, at, before), owner, complete);
  }
  return lists;
}

/** A list that has grown so long is followed by another: to make room in a longer one is to copy more and more. */
const LONG = 8_192;

function last(lists: Value[][]): Value[] {
  const list = lists.at(-1) as Value[];
  if (list.length < LONG) return list;
  const next: Value[] = [];
  lists.push(next);
  return next;
}

/** Stands for an input that was left out. No JSON is an empty text. */
export const WITHOUT = '';

function add(
  lists: Value[][],
  whole: RunChange,
  number: number | null,
  base: number | null,
  owner: string,
  complete: boolean,
): void {
  const change = withoutForgotten(whole);
  const { run, fence, row, actors, attempts, events, signals } = change;
  let list = last(lists);
  if (number !== null) list.push(DO.goOn, number);
  else if (row !== null) addRun(list, row, fence, owner);
  else throw new Error(`run "${run}" was changed before it began`);
  if (number !== null && row !== null) {
    const { status, output, error, reason, endedAt } = row;
    list.push(DO.updateRun, status, JSON.stringify(output), textOrNull(error), toColumnOrNull(reason), endedAt);
  }
  for (const path of change.forgotten ?? []) list.push(DO.forgotten, toColumn(run), toColumn(path));
  const [first] = events;
  const from = complete ? Number.NEGATIVE_INFINITY : (first?.at ?? 0);
  for (let at = 0; at < actors.length; at += 1) {
    list = last(lists);
    addPlace(list, actors[at] as ActorRow, from);
  }
  for (const { path, attempt, error, startedAt, endedAt } of attempts) {
    list.push(DO.attempt, toColumn(run), toColumn(path), attempt, JSON.stringify(error), startedAt, endedAt);
  }
  for (const { id, name, payload, sentAt, answer, takenBy } of signals) {
    list.push(DO.signal, toColumn(run), toColumn(id), toColumn(name), JSON.stringify(payload), sentAt, answer);
    list.push(toColumnOrNull(takenBy));
  }
  if (change.recordsGone !== undefined || change.records !== undefined) list = addRecords(lists, change);
  if (first === undefined) return;
  const by = base ?? first.at;
  list.push(DO.history, first.seq + events.length - 1, first.seq, by, textOfEvents(by, events));
}

/** Answers with the list that is the last one by then. */
function addRecords(lists: Value[][], { recordsGone = [], records = [] }: RunChange): Value[] {
  let list = last(lists);
  for (const { type, id } of recordsGone) {
    list = last(lists);
    list.push(DO.recordGone, toColumn(type), toColumn(id));
  }
  for (const { type, id, version, body, keys } of records) {
    list = last(lists);
    list.push(DO.record, toColumn(type), toColumn(id), version, JSON.stringify(body), JSON.stringify(keys));
  }
  return list;
}

function addRun(list: Value[], row: RunRow, fence: number, owner: string): void {
  const { run, key, orchestrator, version, hash, status, input, output, error, reason, metadata, parent } = row;
  list.push(DO.begin, toColumn(run), toColumnOrNull(key), toColumn(orchestrator), toColumn(version), hash, status);
  list.push(JSON.stringify(input), JSON.stringify(output), textOrNull(error), toColumnOrNull(reason));
  list.push(JSON.stringify(metadata), owner, fence, row.startedAt, row.endedAt);
  if (parent === null) list.push(null, null);
  else list.push(toColumn(parent.run), toColumn(parent.path));
  if (!isEmpty(metadata)) for (const entry of entriesOf(metadata)) list.push(DO.entry, toColumn(entry));
}

/** `from`: when the first of what has changed happened. What began before that has its row, as far as clocks can be trusted. */
function addPlace(list: Value[], actor: ActorRow, from: number): void {
  const { path, kind, state, attempt, input, memory, due, attemptedAt, startedAt, endedAt, endedSeq } = actor;
  const hasRow = endedAt !== null && startedAt < from;
  list.push(
    endedAt === null ? DO.place : DO.endPlace,
    state,
    attempt,
    textOrNull(actor.output),
    textOrNull(actor.error),
  );
  list.push(isEmpty(memory) ? null : JSON.stringify(memory), due, attemptedAt, endedAt, endedSeq ?? 0);
  list.push(toColumn(path), toColumn(kind), hasRow ? WITHOUT : textOrNull(input), startedAt);
}

function isEmpty(value: object): boolean {
  for (const _ in value) return false;
  return true;
}

/** JSON, where nothing is a null of the table: it is cheap, and a reader expects it. */
function textOrNull(value: Json | object): string | null {
  return value === null ? null : JSON.stringify(value);
}
