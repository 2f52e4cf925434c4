/** What can be wrong with a definition (S3). */

/** One thing that is wrong with a definition: what, where, and in words (S3). */
export interface Fault {
  readonly code: FaultCode;
  /** The place in the definition: `order/payment/charge`. */
  readonly path: string;
  readonly message: string;
  /** The file and line where it was defined, if that is known: `src/flow.ts:31`. */
  readonly source?: string;
}

export const FAULT_CODES = [
  'unknown-reference',
  'duplicate-name',
  'self-dependency',
  'cycle',
  'bad-name',
  'bad-option',
  'bad-schema',
  'bad-body',
  'unknown-key',
  'never-fires',
] as const;

/** What kind of fault a definition has; `docs/errors.md` has a paragraph for each. */
export type FaultCode = (typeof FAULT_CODES)[number];
