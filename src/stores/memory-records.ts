/**
 * The records of the memory store: each by its name within its run, and in a list for everything that records are asked
 * for by, in the order in which they were first written.
 */
import type { RecordName, RecordPage, RecordQuery, RecordRow } from '../store.ts';
import { numberIn } from './cursor.ts';

/** A record, and its place in every list. */
interface Entry {
  row: RecordRow;
  readonly number: number;
}

/** The records of one run, by type and id. */
export type RecordsOfRun = Map<string, Entry>;

export class MemoryRecords {
  /** Each in the order of its numbers. */
  readonly #lists = new Map<string, Entry[]>();
  #numbers = 0;

  write(records: RecordsOfRun, row: RecordRow): void {
    const name = nameOf(row);
    let entry = records.get(name);
    if (entry === undefined) {
      this.#numbers += 1;
      entry = { row, number: this.#numbers };
      records.set(name, entry);
    } else {
      this.#unlist(entry);
      entry.row = row;
    }
    for (const list of listsOf(row)) this.#add(list, entry);
  }

  remove(records: RecordsOfRun, name: RecordName): void {
    const entry = records.get(nameOf(name));
    if (entry === undefined) return;
    this.#unlist(entry);
    records.delete(nameOf(name));
  }

  removeAll(records: RecordsOfRun): void {
    for (const entry of records.values()) this.#unlist(entry);
  }

  read({ type, run, key, limit, after }: RecordQuery): RecordPage {
    const list = this.#lists.get(listOf(type, run, key?.name, key?.value)) ?? [];
    const from = placeOf(list, numberIn(after) + 1);
    const page = list.slice(from, from + limit);
    const last = page.length === limit ? page.at(-1) : undefined;
    return { records: page.map(({ row }) => row), cursor: last === undefined ? null : String(last.number) };
  }

  /** A key may change long after others were written: it then has a place in the middle. */
  #add(name: string, entry: Entry): void {
    const list = this.#lists.get(name);
    if (list === undefined) this.#lists.set(name, [entry]);
    else list.splice(placeOf(list, entry.number), 0, entry);
  }

  #unlist(entry: Entry): void {
    for (const name of listsOf(entry.row)) {
      const list = this.#lists.get(name) as Entry[];
      list.splice(placeOf(list, entry.number), 1);
      if (list.length === 0) this.#lists.delete(name);
    }
  }
}

export function nameOf({ type, id }: RecordName): string {
  return JSON.stringify([type, id]);
}

/** The lists in which a record stands. */
function listsOf({ type, run, keys }: RecordRow): readonly string[] {
  const names = [listOf(type), listOf(type, run)];
  for (const [name, value] of Object.entries(keys))
    names.push(listOf(type, undefined, name, value), listOf(type, run, name, value));
  return names;
}

function listOf(type: string, run?: string, name?: string, value?: string): string {
  return JSON.stringify([type, run, name, value]);
}

/** Where the first entry stands whose number is not below this one. */
function placeOf(list: readonly Entry[], number: number): number {
  let [from, to] = [0, list.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((list[middle] as Entry).number < number) from = middle + 1;
    else to = middle;
  }
  return from;
}
