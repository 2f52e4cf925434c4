/** What users throw, and whatever was thrown as a record. Anything can be thrown in JavaScript, so nothing here trusts what it is given. */
import type { Json, JsonObject } from '../json.ts';
import { disarm } from '../promises.ts';
import { type ErrorRecord, type Fields, SignalboxError } from './base.ts';

/** Throw this from a body when trying again cannot help: the step fails at once (S10). */
export class TerminalError extends Error {
  override readonly name = 'TerminalError';
}

/** Throw this from a body to be tried again after a delay of your own, e.g. from a `Retry-After` header (S10). */
export class RetryAfter extends Error {
  override readonly name = 'RetryAfter';
  readonly ms: number;
  constructor(ms: number, message = `to be tried again in ${ms} ms`) {
    super(message);
    this.ms = ms;
  }
}

/** How many causes of an error a record keeps, and how much of a stack. */
const MAX_CAUSES = 4;
const MAX_STACK = 4_000;
const MAX_MESSAGE = 8_000;
const MAX_NAME = 200;
const MAX_FIELDS = 16_000;

/** An error as a JSON record. Anything can be thrown in JavaScript, so anything can be given. */
export function toRecord(error: unknown, more: Partial<ErrorRecord> = {}, causes = MAX_CAUSES): ErrorRecord {
  if (!isA(error, Error)) return { code: 'task-threw-value', name: 'Error', message: show(error), ...more };
  const own = isA(error, SignalboxError);
  const fields = own ? plain(error.fields) : undefined;
  const [name, cause] = [read(error, 'name'), read(error, 'cause')];
  // The stack of an error of ours leads into the engine; that of its cause is the one to read. A stack is made when it is read first.
  const stack = own ? undefined : read(error, 'stack');
  return {
    code: own ? error.code : 'task-failed',
    name: typeof name === 'string' ? name.slice(0, MAX_NAME) : 'Error',
    message: reasonOf(error).slice(0, MAX_MESSAGE),
    ...(fields === undefined ? {} : { fields }),
    ...(typeof stack === 'string' ? { stack: stack.slice(0, MAX_STACK) } : {}),
    ...(cause === undefined || causes === 0 ? {} : { cause: toRecord(cause, {}, causes - 1) }),
    ...more,
  };
}

/** Is it one? A revoked proxy cannot even be asked that. */
export function isA<E extends Error>(thrown: unknown, kind: abstract new (...args: never[]) => E): thrown is E {
  try {
    return thrown instanceof kind;
  } catch {
    return false;
  }
}

/** What somebody's error says under a name, unless reading it throws: a getter may, and so may a hook of `Error.prepareStackTrace`. */
function read(error: Error, name: 'name' | 'message' | 'stack' | 'cause'): unknown {
  try {
    return error[name];
  } catch {
    return undefined;
  }
}

function plain(fields: Fields): JsonObject | undefined {
  const keys = Object.keys(fields);
  if (keys.length === 0) return undefined;
  try {
    const text = JSON.stringify(fields, (_, value: Json) => (typeof value === 'bigint' ? String(value) : value));
    return text.length > MAX_FIELDS ? undefined : (JSON.parse(text) as JsonObject);
  } catch {
    // Fields that are not JSON are for whoever catches the error; a record does without.
    return undefined;
  }
}

/** What something thrown says of itself, whatever it is. */
export function reasonOf(thrown: unknown): string {
  if (!isA(thrown, Error)) return show(thrown);
  const message = read(thrown, 'message');
  const text = typeof message === 'string' ? message.slice(0, MAX_MESSAGE) : show(message);
  if (text !== '' && text !== 'undefined') return text;
  return `${show(read(thrown, 'name') ?? 'an error').replaceAll('"', '')} without a message`;
}

/** Any value in a few words, for a message. */
export function show(value: unknown): string {
  disarm(value);
  try {
    if (typeof value === 'string') return JSON.stringify(value.length > 200 ? `${value.slice(0, 200)}…` : value);
    if (typeof value === 'function') return `the function ${value.name || '(anonymous)'}`;
    if (typeof value !== 'object' || value === null) return String(value);
    return (JSON.stringify(value) ?? Object.prototype.toString.call(value)).slice(0, 200);
  } catch {
    // A cycle, or an object that cannot even be asked what it is.
    return 'an object that cannot be shown';
  }
}
