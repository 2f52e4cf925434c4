/** What records are called in the server: their fields, and the sorted sets in which they stand. */
import type { RecordName, RecordQuery, RecordRow } from '../../store.ts';
import { recordEntries, recordEntry } from '../entries.ts';
import { part } from './keys.ts';

/** The field of a record in the hashes of its run. */
export function recordField({ type, id }: RecordName): string {
  return `${part(type)}:${part(id)}`;
}

/** What a record is called in sets, of which each has records of one type. */
export function recordMember(run: string, { id }: RecordName): string {
  return `${part(run)}:${part(id)}`;
}

/** The sets in which a record stands, a line each. */
export function recordLists(record: RecordRow): string {
  const { type, run } = record;
  const lists = [typeList(type), typeList(type, run)];
  for (const entry of recordEntries(record)) lists.push(keyList(entry), keyList(entry, run));
  return lists.join('\n');
}

/** The set that has what is asked for. */
export function recordList({ type, run, key }: RecordQuery): string {
  return key === undefined ? typeList(type, run) : keyList(recordEntry(type, key.name, key.value), run);
}

function typeList(type: string, run?: string): string {
  return listName('typed', type, run);
}

function keyList(entry: string, run?: string): string {
  return listName('keyed', entry, run);
}

/** Names stand in lines. */
function listName(list: string, what: string, run?: string): string {
  return `${list}:${part(what)}${run === undefined ? '' : `:${part(run)}`}`.replaceAll('\n', '%0A');
}

/** A record without its run, which stands in the key. */
export function recordText({ type, id, version, body, keys }: RecordRow): string {
  return JSON.stringify({ type, id, version, body, keys });
}
