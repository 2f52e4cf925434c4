/**
 * Forms: which fields something has that comes from elsewhere, and what each has to be: a row of an export, a command of another process.
 * Whatever else stands in it is left out, so that what a later version has written can be read as far as this one knows it.
 */
import { show } from './errors/index.ts';
import type { Json, JsonObject } from './json.ts';
import { isStatus } from './status.ts';

/** Something in it does not fit: where, and what is wrong with it. */
export class Unfit extends Error {
  readonly at: string;

  constructor(at: string, why: string) {
    super(why);
    this.at = at;
  }
}

/** What a value has to be, in words and as a check. */
export interface Want {
  readonly wanted: string;
  fits(value: Json | undefined): boolean;
}

const want = (wanted: string, fits: (value: Json | undefined) => boolean): Want => ({ wanted, fits });

/** Beyond this a number is no date. */
const LATEST = 8_640_000_000_000_000;
const LARGEST_COUNT = 2_147_483_647;
/** Errors with more causes than this are not made here. */
const MOST_CAUSES = 20;

const isText = (value: Json | undefined): value is string => typeof value === 'string';
const isList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export const text = want('a text', isText);
export const json = want('a JSON value', (value) => value !== undefined);
export const any = want('a JSON value, or nothing', () => true);
export const yesNo = want('true or false', (value) => typeof value === 'boolean');
export const object = want('an object', isJsonObject);
export const texts = want('a list of texts', (value) => isList(value) && value.every(isText));
export const named = want('texts by their names', (value) => isJsonObject(value) && Object.values(value).every(isText));
export const status = want('a status', isStatus);
export const amount = want('a whole number from 0 on', (value) => {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= LARGEST_COUNT;
});
export const cost = want('a number from 0 on', (value) => Number.isFinite(value) && (value as number) >= 0);
export const version = want(
  'a whole number from 1 on',
  (value) => Number.isSafeInteger(value) && (value as number) > 0,
);
export const instant = want('a time in milliseconds since 1970', (value) => {
  return typeof value === 'number' && value >= 0 && value <= LATEST;
});
export const error = want('an error record', (value) => isError(value, MOST_CAUSES));

export const orNull = ({ wanted, fits }: Want): Want =>
  want(`${wanted} or null`, (value) => value === null || fits(value));
/** What an earlier version has not said, too. */
export const maybe = ({ wanted, fits }: Want): Want =>
  want(`${wanted}, null or nothing`, (value) => value === undefined || value === null || fits(value));
export const oneOf = (...values: readonly string[]): Want =>
  want(`one of ${values.join(', ')}`, (value) => isText(value) && values.includes(value));
/** Fields of an object that is kept whole. */
export const has = (fields: Form<object>): Want =>
  want(`an object with ${Object.keys(fields).join(', ')}`, (value) => {
    return isJsonObject(value) && Object.entries(fields).every(([name, each]) => (each as Want).fits(value[name]));
  });
export const each = (one: Want): Want =>
  want(`a list, each ${one.wanted}`, (value) => isList(value) && value.every((member) => one.fits(member)));

function isError(value: Json | undefined, causes: number): boolean {
  if (!isJsonObject(value)) return false;
  const { code, name, message, path, attempt, retryable, retryAfter, fields, stack, cause } = value;
  const texts =
    [code, name, message].every(isText) && [path, stack].every((each) => each === undefined || isText(each));
  const numbers = [attempt, retryAfter].every((each) => each === undefined || typeof each === 'number');
  const rest = (retryable === undefined || typeof retryable === 'boolean') && (fields ?? null) === null;
  if (!texts || !numbers || !(rest || isJsonObject(fields))) return false;
  return cause === undefined || (causes > 0 && isError(cause, causes - 1));
}

/** The fields of a row. */
export type Form<T extends object> = { readonly [F in keyof T]-?: Want };

/** The fields of a row that it has a form for, or why it does not fit. */
export function rowIn<T extends object>(form: Form<T>, value: Json | undefined, at: string): T {
  if (!isJsonObject(value)) throw new Unfit(at, `it is ${show(value)}, and an object belongs there`);
  const row: { [field: string]: Json } = {};
  for (const [field, { wanted, fits }] of Object.entries(form) as [string, Want][]) {
    const given = Object.hasOwn(value, field) ? value[field] : undefined;
    if (!fits(given)) throw new Unfit(`${at}.${field}`, `it is ${show(given)}, and ${wanted} belongs there`);
    row[field] = given as Json;
  }
  return Object.freeze(row) as T;
}

/** Each row of a list. */
export function rowsIn<T extends object>(form: Form<T>, value: Json | undefined, at: string): readonly T[] {
  if (!isList(value)) throw new Unfit(at, `it is ${show(value)}, and a list belongs there`);
  return value.map((row, index) => rowIn(form, row, `${at}[${index}]`));
}
