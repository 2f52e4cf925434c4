/**
 * One family of errors. Each has a stable `code` for programs, `fields` for tools, and a
 * sentence for a tired person at night: what happened, with the value in it, and what to
 * do. `docs/errors.md` has a paragraph for each code, and a test compares the two lists.
 *
 * An error that must outlive its process is kept as an `ErrorRecord`, which is JSON.
 */
import type { JsonObject } from '../json.ts';
import type { ErrorCode } from './codes.ts';

export type Fields = { readonly [name: string]: unknown };

/** The root of the family. */
export abstract class SignalboxError<F extends Fields = Fields> extends Error {
  /** Stable, kebab-case, never reused. */
  abstract readonly code: ErrorCode;
  readonly fields: F;

  constructor(message: string, fields: F, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.fields = fields;
  }
}

/** An error as a row keeps it and as results, events and snapshots show it. */
export type ErrorRecord = {
  readonly code: string;
  readonly name: string;
  readonly message: string;
  /** The step it came from. */
  readonly path?: string;
  readonly attempt?: number;
  /** False when trying again cannot help: a `TerminalError`, an invalid input, a `when` that said no. */
  readonly retryable?: boolean;
  /** A delay that the body asked for with `RetryAfter`, in milliseconds. */
  readonly retryAfter?: number;
  readonly fields?: JsonObject;
  readonly stack?: string;
  readonly cause?: ErrorRecord;
};
