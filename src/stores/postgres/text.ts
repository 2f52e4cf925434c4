/**
 * Text as Postgres can hold it. A `text` has no place for the character U+0000, and none for half of a surrogate pair;
 * an id, a path or a reason may have both. They are written as JSON writes them, `\u0000` and `\ud800`, and a backslash
 * as two. All other text stands in its column as it is, and JSON needs nothing of this: it escapes by itself.
 */
import type { ErrorRecord } from '../../errors/index.ts';
import type { Json, JsonObject } from '../../json.ts';

const ODD = /[\\\0]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
const ESCAPED = /\\(?:\\|u([0-9a-f]{4}))/g;

/** `text` as a column holds it. */
export function toColumn(text: string): string {
  if (text.isWellFormed() && !text.includes('\\') && !text.includes('\0')) return text;
  return text.replace(ODD, (odd) => (odd === '\\' ? '\\\\' : `\\u${odd.charCodeAt(0).toString(16).padStart(4, '0')}`));
}

/** As `toColumn`, for what may be missing. */
export function toColumnOrNull(text: string | null): string | null {
  return text === null ? null : toColumn(text);
}

/** What `toColumn` was given. */
export function fromColumn(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(ESCAPED, (_, unit?: string) => (unit ? String.fromCharCode(Number.parseInt(unit, 16)) : '\\'));
}

/** JSON as a column holds it: nothing for null, which is what most rows have in most places. */
export function jsonColumn(value: Json | ErrorRecord): string | null {
  return value === null ? null : JSON.stringify(value);
}

/** As `jsonColumn`, and nothing for an object without members. */
export function objectColumn(value: JsonObject): string | null {
  for (const _ in value) return JSON.stringify(value);
  return null;
}
