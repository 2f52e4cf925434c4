/**
 * What a commit changes, as one list of values: texts and numbers in the order of the columns, each row behind the name of
 * what is to be done with it. A list of plain values is cheap to hand to another thread; `writer.ts` writes it down there
 * or here. It is made for every step of every run, so nothing is put into it that stays as it was.
 */
import type { Json } from '../../json.ts';
import type { ActorRow, RunChange, RunRow } from '../../store.ts';
import { textOfEvents } from '../history.ts';

/** A value of a column. */
export type Value = string | number | null;
export type Batch = readonly Value[];

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
} as const;

/**
 * The list of a commit. `numbers` has those of the runs that are there, and null for each that begins. The input of a place that
 * ends is needed only if it has no row yet: it is left out (`WITHOUT`) where it seems to have one, unless the list is to be `complete`.
 */
export function batchOf(
  changes: readonly RunChange[],
  numbers: readonly (number | null)[],
  owner: string,
  complete: boolean,
): Batch {
  const list: Value[] = [];
  for (const [index, change] of changes.entries()) add(list, change, numbers[index] ?? null, owner, complete);
  return list;
}

/** Stands for an input that was left out. No JSON is an empty text. */
export const WITHOUT = '';

function add(list: Value[], change: RunChange, number: number | null, owner: string, complete: boolean): void {
  const { run, fence, row, actors, attempts, events, signals } = change;
  if (number !== null) list.push(DO.goOn, number);
  else if (row !== null) addRun(list, row, fence, owner);
  else throw new Error(`run "${run}" was changed before it began`);
  if (number !== null && row !== null) {
    const { status, output, error, reason, endedAt } = row;
    list.push(DO.updateRun, status, JSON.stringify(output), textOrNull(error), reason, endedAt);
  }
  const [first] = events;
  for (const actor of actors) addPlace(list, actor, complete ? Number.NEGATIVE_INFINITY : (first?.at ?? 0));
  for (const { path, attempt, error, startedAt, endedAt } of attempts) {
    list.push(DO.attempt, run, path, attempt, JSON.stringify(error), startedAt, endedAt);
  }
  for (const { id, name, payload, sentAt, answer, takenBy } of signals) {
    list.push(DO.signal, run, id, name, JSON.stringify(payload), sentAt, answer, takenBy);
  }
  if (first === undefined) return;
  list.push(DO.history, first.seq + events.length - 1, first.seq, first.at, textOfEvents(first.at, events));
}

function addRun(list: Value[], row: RunRow, fence: number, owner: string): void {
  const { run, key, orchestrator, version, hash, status, input, output, error, reason, metadata } = row;
  list.push(DO.begin, run, key, orchestrator, version, hash, status, JSON.stringify(input), JSON.stringify(output));
  list.push(textOrNull(error), reason, JSON.stringify(metadata), owner, fence, row.startedAt, row.endedAt);
}

/** `from`: when the first of what has changed happened. What began before that has its row, as far as clocks can be trusted. */
function addPlace(list: Value[], actor: ActorRow, from: number): void {
  const { path, kind, state, attempt, input, memory, due, attemptedAt, startedAt, endedAt } = actor;
  const hasRow = endedAt !== null && startedAt < from;
  list.push(endedAt === null ? DO.place : DO.endPlace, path, kind, state, attempt);
  list.push(hasRow ? WITHOUT : textOrNull(input), textOrNull(actor.output), textOrNull(actor.error));
  list.push(isEmpty(memory) ? null : JSON.stringify(memory), due, attemptedAt, startedAt, endedAt);
}

function isEmpty(value: object): boolean {
  for (const _ in value) return false;
  return true;
}

/** JSON, where nothing is a null of the table: it is cheap, and a reader expects it. */
function textOrNull(value: Json | object): string | null {
  return value === null ? null : JSON.stringify(value);
}
