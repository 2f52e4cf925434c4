/**
 * Text as SQLite can hold it. It keeps UTF-8, where half of a surrogate pair has no place: it would become U+FFFD, and two ids
 * or two paths could become one. So a half is written as U+FFFD and its number, `\ufffdd800`, and U+FFFD itself as
 * `\ufffdfffd`; and so is a NUL, at which the first releases of Node 22 and 24 that the package takes stop reading. All other text stands in its column as it is, and JSON needs nothing of this: it escapes by itself.
 */

const MARK = '\ufffd';
const ODD = /[\ufffd\0]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
const MARKED = /\ufffd([0-9a-f]{4})/g;

/** `text` as a column holds it. */
export function toColumn(text: string): string {
  if (text.isWellFormed() && !text.includes(MARK) && !text.includes('\0')) return text;
  return text.replace(ODD, (odd) => MARK + odd.charCodeAt(0).toString(16).padStart(4, '0'));
}

/** As `toColumn`, for what may be missing. */
export function toColumnOrNull(text: string | null): string | null {
  return text === null ? null : toColumn(text);
}

/** What a statement that reads is given: names and numbers, and no JSON. */
export function asColumn(value: string | number | null): string | number | null {
  return typeof value === 'string' ? toColumn(value) : value;
}

/** What `toColumn` was given. */
export function fromColumn(text: string): string {
  if (!text.includes(MARK)) return text;
  return text.replaceAll(MARKED, (_, unit: string) => String.fromCharCode(Number.parseInt(unit, 16)));
}
