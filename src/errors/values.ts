/** Values at the border: what a schema or JSON does not take. */
import { type Issue, describeIssues } from '../schema.ts';
import { SignalboxError } from './base.ts';
import { sentence } from './wording.ts';

/** A value that its schema refuses. */
export class InputInvalid extends SignalboxError<{ readonly what: string; readonly issues: readonly Issue[] }> {
  readonly code = 'input-invalid';
  readonly issues: readonly Issue[];
  constructor(fields: { what: string; issues: readonly Issue[] }) {
    super(`The ${fields.what} does not fit its schema: ${describeIssues(fields.issues)}.`, fields);
    this.issues = fields.issues;
  }
}

/** A body, or what stands for one, answered with something that the output schema refuses (S4). */
export class OutputInvalid extends SignalboxError<{ readonly what: string; readonly issues: readonly Issue[] }> {
  readonly code = 'output-invalid';
  readonly issues: readonly Issue[];
  constructor(fields: { what: string; issues: readonly Issue[] }) {
    super(
      `The ${fields.what} does not fit its schema: ${describeIssues(fields.issues)}. Fix what makes it or relax the schema.`,
      fields,
    );
    this.issues = fields.issues;
  }
}

/** A schema itself threw, or answered with a promise where none can be waited for. */
export class SchemaFailed extends SignalboxError<{ readonly what: string }> {
  readonly code = 'schema-failed';
  constructor(fields: { what: string; reason: string }, cause?: unknown) {
    super(
      `The schema of the ${fields.what} could not be applied: ${sentence(fields.reason)} Fix the schema, or what it is given.`,
      { what: fields.what },
      cause,
    );
  }
}

/** A value that JSON cannot say (I10). */
export class NotJson extends SignalboxError<{
  readonly what: string;
  readonly path: string;
  readonly found: string;
  readonly value: string | null;
}> {
  readonly code = 'value-not-json';
  constructor(fields: { what: string; path: string; found: string; value: string | null }) {
    const place = fields.path === '' ? 'it is' : `"${fields.path}" is`;
    super(
      `The ${fields.what} is not JSON: ${place} ${fields.found}. Give plain objects, arrays, strings, finite numbers, booleans or null.`,
      fields,
    );
  }
}

/** A value over the size that is kept (S33). */
export class ValueTooLarge extends SignalboxError<{
  readonly what: string;
  readonly bytes: number;
  readonly maxBytes: number;
}> {
  readonly code = 'value-too-large';
  constructor(fields: { what: string; bytes: number; maxBytes: number; atLeast?: boolean }) {
    super(
      `The ${fields.what} has ${fields.atLeast ? 'at least ' : ''}${fields.bytes} bytes of JSON; at most ${fields.maxBytes} are kept. Store it elsewhere and hand on a reference, or raise createSignalbox({ maxValueBytes }).`,
      fields,
    );
  }
}
