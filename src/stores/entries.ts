/**
 * What rows are found by besides their ids, as one text that is the same whatever the order of the keys in a value was: runs by
 * a key of their metadata and its value, `["tenant","acme"]`, records by their type and one of their keys,
 * `["approval","state","open"]`. One that would be too long for an index is named by its digest.
 */
import { createHash } from 'node:crypto';
import { canonicalText, type Json, type JsonObject } from '../json.ts';
import type { RecordRow } from '../store.ts';

const LONGEST = 200;

function entryOf(value: Json): string {
  const text = canonicalText(value);
  return text.length <= LONGEST ? text : `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

export function entriesOf(metadata: JsonObject): readonly string[] {
  return Object.entries(metadata).map(entryOf);
}

/** Of one key of a record. */
export function recordEntry(type: string, name: string, value: string): string {
  return entryOf([type, name, value]);
}

/** Of all keys of a record. */
export function recordEntries({ type, keys }: Pick<RecordRow, 'type' | 'keys'>): readonly string[] {
  return Object.entries(keys).map(([name, value]) => recordEntry(type, name, value));
}

/** The entries of what is kept as text. What cannot be read is found by nothing; whoever reads its row is told. */
export function entriesIn(text: unknown): readonly string[] {
  try {
    return entriesOf(JSON.parse(String(text)) as JsonObject);
  } catch {
    return [];
  }
}
