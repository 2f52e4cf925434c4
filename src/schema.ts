/**
 * Schemas: any library that speaks Standard Schema (Zod, Valibot, ArkType, …).
 * This file turns what they answer into one shape and one list of issues with paths (S4).
 */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { disarm, isThenable } from './promises.ts';

// `any` is what the specification's own helpers use: the two sides are inferred, never written.
// biome-ignore lint/suspicious/noExplicitAny: see above
export type Schema = StandardSchemaV1<any, any>;
/** For what has been JSON all along. */
export const AS_IT_COMES: Schema = /* @__PURE__ */ Object.freeze({
  '~standard': /* @__PURE__ */ Object.freeze({
    version: 1,
    vendor: 'signalbox',
    validate: (value: unknown) => ({ value }),
  }),
});

export type InputOf<S extends Schema> = StandardSchemaV1.InferInput<S>;
export type OutputOf<S extends Schema> = StandardSchemaV1.InferOutput<S>;

/** What a schema objected to, and where in the value. */
export interface Issue {
  readonly path: string;
  readonly message: string;
}

export type Parsed =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly issues: readonly Issue[] };

/** Parses now if the schema can, and otherwise answers with a promise. */
export function parse(schema: Schema, value: unknown): Parsed | Promise<Parsed> {
  const result = schema['~standard'].validate(value);
  // Any thenable, not only a native promise: what is not waited for would count as parsed.
  return isThenable(result) ? Promise.resolve(result).then(toParsed) : toParsed(result);
}

/** No more of what a schema objects to is kept, and no more of each. A value of a million lines may have as many mistakes. */
const MAX_ISSUES = 100;
const MAX_TEXT = 1_000;

/** Read here, once and whole: a schema is somebody else's, and what it answers may be anything. */
function toParsed(result: StandardSchemaV1.Result<unknown>): Parsed {
  const { issues } = result;
  if (issues === undefined) return { ok: true, value: result.value };
  const known = issues.slice(0, MAX_ISSUES).map((issue) => {
    disarm(issue);
    const { path, message } = issue;
    disarm(message);
    return { path: pathOf(path).slice(0, MAX_TEXT), message: String(message).slice(0, MAX_TEXT) };
  });
  return { ok: false, issues: known };
}

function pathOf(path: StandardSchemaV1.Issue['path']): string {
  let text = '';
  for (const segment of path ?? []) {
    disarm(segment);
    const key = typeof segment === 'object' ? segment.key : segment;
    text += typeof key === 'number' ? `[${key}]` : text === '' ? String(key) : `.${String(key)}`;
  }
  return text;
}

/** `lines[2].qty: expected a number; id: required` — for messages. */
export function describeIssues(issues: readonly Issue[]): string {
  return issues.map((issue) => (issue.path === '' ? issue.message : `${issue.path}: ${issue.message}`)).join('; ');
}

/** Is this a schema at all? Asked once, when a definition is checked. */
export function isSchema(value: unknown): value is Schema {
  return (
    (typeof value === 'object' || typeof value === 'function') &&
    value !== null &&
    '~standard' in value &&
    typeof (value as Schema)['~standard']?.validate === 'function'
  );
}
