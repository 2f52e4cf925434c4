/**
 * What runs are found by in their metadata: a text for each key and its value, `["tenant","acme"]`, which is the same whatever the order
 * of the keys in a value was. One that would be too long for an index is named by its digest.
 */
import { createHash } from 'node:crypto';
import { canonicalText, type JsonObject } from '../json.ts';

const LONGEST = 200;

export function entriesOf(metadata: JsonObject): readonly string[] {
  return Object.entries(metadata).map((entry) => {
    const text = canonicalText(entry);
    return text.length <= LONGEST ? text : `sha256:${createHash('sha256').update(text).digest('hex')}`;
  });
}

/** The entries of what is kept as text. What cannot be read is found by nothing; whoever reads its row is told. */
export function entriesIn(text: unknown): readonly string[] {
  try {
    return entriesOf(JSON.parse(String(text)) as JsonObject);
  } catch {
    return [];
  }
}
