/**
 * JSON at the borders (I10).
 *
 * Whatever a user, a wire or a store hands in is copied here, once: the copy is plain,
 * deeply frozen and known to be JSON, so the engine may pass it on by reference and
 * nobody can change it behind anybody's back. What is not JSON is refused with the
 * path of the offending value; what is too large is refused with its size (S33).
 */
import { NotJson, ValueTooLarge } from './errors/index.ts';
import { disarm } from './promises.ts';

/** Any JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
/** A JSON object. */
export type JsonObject = { readonly [key: string]: Json };

/** One value may be this large, in bytes of JSON, unless the box is told otherwise (S33). */
export const DEFAULT_MAX_BYTES = 1024 * 1024;

/** Deeper than this, a value is taken for a mistake, and a recursive copy would threaten the stack. */
const MAX_DEPTH = 500;

/**
 * A frozen JSON copy of `value`. `undefined` at the top becomes `null`, and a property
 * whose value is `undefined` is left out, as `JSON.stringify` does; everything else that
 * JSON cannot say (functions, dates, NaN, cycles, class instances) is an error.
 */
export function toJson(value: unknown, what: string, maxBytes: number = DEFAULT_MAX_BYTES): Json {
  if (value === undefined || value === null || typeof value === 'boolean') return value ?? null;
  const copier: Copier = { what, maxBytes, least: 0 };
  const copy = copyOf(value, copier, null, null, 0);
  // What was counted is the least that it can be; the exact size is only worth computing for what might be over.
  if (copier.least * MOST_PER_LEAST > maxBytes) {
    const bytes = new TextEncoder().encode(JSON.stringify(copy)).byteLength;
    if (bytes > maxBytes) throw new ValueTooLarge({ what, bytes, maxBytes });
  }
  return copy;
}

interface Copier {
  readonly what: string;
  readonly maxBytes: number;
  /** As many bytes of JSON at the least: a shared value is copied as often as it is referred to, so this is checked on the way. */
  least: number;
}

/** A number can have 24 characters and is counted as one. */
const MOST_PER_LEAST = 24;

function count(copier: Copier, bytes: number): void {
  copier.least += bytes;
  const { what, maxBytes, least } = copier;
  // Up to here the exact size is cheap to tell, and nicer.
  if (least > 4 * maxBytes) throw new ValueTooLarge({ what, bytes: least, maxBytes, atLeast: true });
}

function instanceOf(prototype: object): string {
  const name = prototype.constructor?.name;
  if (name === 'Object') return 'an object with a prototype of its own';
  return name ? `an instance of ${name}` : 'an instance of a class';
}

/** Where a value stands: a list from the inside out, made into text only when there is something to report. */
interface Place {
  readonly key: string | number;
  readonly parent: Place | null;
}

/** What stands under `key` in `parent`, or all of it where the key is null. Where it stands is only put down for what has an inside. */
function copyOf(
  value: unknown,
  copier: Copier,
  parent: Place | null,
  key: string | number | null,
  depth: number,
): Json {
  switch (typeof value) {
    case 'string':
      copier.least += value.length + 2;
      return value;
    case 'number':
      if (!Number.isFinite(value)) throw refusal(copier, placeOf(key, parent), value, `the number ${value}`);
      copier.least += 1;
      // -0 would be another value before it was stored than after.
      return value === 0 ? 0 : value;
    case 'boolean':
      copier.least += 4;
      return value;
    case 'object': {
      if (value === null) return null;
      const place = placeOf(key, parent);
      if (depth >= MAX_DEPTH)
        throw refusal(copier, place, undefined, `nested deeper than ${MAX_DEPTH} levels (a cycle?)`);
      return Array.isArray(value)
        ? copyOfArray(value, copier, place, depth)
        : copyOfObject(value, copier, place, depth);
    }
    default: {
      const found = typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`;
      throw refusal(copier, placeOf(key, parent), value, found);
    }
  }
}

function placeOf(key: string | number | null, parent: Place | null): Place | null {
  return key === null ? null : { key, parent };
}

function copyOfArray(value: readonly unknown[], copier: Copier, place: Place | null, depth: number): Json {
  const copy: Json[] = new Array(value.length);
  count(copier, 1 + value.length);
  for (let index = 0; index < value.length; index += 1) {
    copy[index] = copyOf(value[index], copier, place, index, depth + 1);
  }
  return Object.freeze(copy);
}

function copyOfObject(value: object, copier: Copier, place: Place | null, depth: number): Json {
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype !== Object.prototype && prototype !== null) {
    disarm(value);
    throw refusal(copier, place, undefined, instanceOf(prototype));
  }
  const copy: { [key: string]: Json } = {};
  count(copier, 2);
  const keys = Object.keys(value);
  // An iterator would be made for each object.
  for (let at = 0; at < keys.length; at += 1) {
    const key = keys[at] as string;
    const member = (value as { readonly [key: string]: unknown })[key];
    if (member === undefined) continue;
    copier.least += key.length + 3;
    const child = copyOf(member, copier, place, key, depth + 1);
    // A plain assignment to this one name would set the prototype of the copy.
    if (key === '__proto__') Object.defineProperty(copy, key, { value: child, enumerable: true });
    else copy[key] = child;
  }
  return Object.freeze(copy);
}

function refusal(copier: Copier, place: Place | null, value: unknown, found: string): NotJson {
  return new NotJson({ what: copier.what, path: pathOf(place), found, value: printable(value) });
}

function pathOf(place: Place | null): string {
  const keys: string[] = [];
  // Made here, where it is wanted: what classes of Unicode's hold is looked up when a literal is loaded.
  const plain = /^[\p{L}_$][\p{L}\p{N}_$-]*$/u;
  for (let at = place; at !== null; at = at.parent) {
    const { key } = at;
    keys.unshift(typeof key === 'number' ? `[${key}]` : plain.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`);
    if (keys.length > 20) return `(...)${keys.join('')}`;
  }
  return keys.join('').replace(/^\./, '');
}

function printable(value: unknown): string | null {
  if (value === undefined || typeof value === 'object') return null;
  return String(value).slice(0, 100);
}

/** Are two JSON values the same, whatever the order of their keys? */
export function sameJson(left: Json, right: Json): boolean {
  if (left === right) return true;
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false;
  if (Array.isArray(left) || Array.isArray(right)) {
    return (
      Array.isArray(left) &&
      Array.isArray(right) &&
      left.length === right.length &&
      left.every((item: Json, index) => sameJson(item, right[index] as Json))
    );
  }
  const [a, b] = [left as JsonObject, right as JsonObject];
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && sameJson(a[key] as Json, b[key] as Json))
  );
}

/** As text that is the same whatever the order of the keys was. */
export function canonicalText(value: Json): string {
  return JSON.stringify(value, (_, member: Json) => {
    if (typeof member !== 'object' || member === null || Array.isArray(member)) return member;
    return Object.fromEntries(Object.entries(member).sort(([left], [right]) => (left < right ? -1 : 1)));
  });
}

/** A short text that values have in common only if they are the same, as far as anybody needs to know: no proof against an enemy. */
export function digestOf(value: Json): string {
  const text = canonicalText(value);
  let [left, right] = [0xdeadbeef, 0x41c6ce57];
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    left = Math.imul(left ^ code, 2_654_435_761);
    right = Math.imul(right ^ code, 1_597_334_677);
  }
  left = Math.imul(left ^ (left >>> 16), 2_246_822_507) ^ Math.imul(right ^ (right >>> 13), 3_266_489_909);
  right = Math.imul(right ^ (right >>> 16), 2_246_822_507) ^ Math.imul(left ^ (left >>> 13), 3_266_489_909);
  return `${text.length.toString(36)}-${(left >>> 0).toString(36)}-${(right >>> 0).toString(36)}`;
}
