/** The words for gates: criteria over what was measured, and what is thought of it. `policies/gates.ts` judges. */
import type { Facts, Mapper } from './definition.ts';
import type { Json } from './json.ts';
import type { ApprovalSpec, AskingSpec } from './people.ts';

/** What a value has to be. The bounds themselves are good enough. */
export interface Criterion {
  readonly min?: number;
  readonly max?: number;
  readonly equals?: number;
  /** One that is missed closes the gate, whatever the others are. */
  readonly required?: boolean;
}

/** What values have to be, by name. */
export type Criteria = { readonly [metric: string]: Criterion };

/** Why a criterion is missed. */
export type MissReason = 'below' | 'above' | 'different' | 'not-a-number' | 'not-finite' | 'missing';

/** A criterion that is missed, and by how much. */
export interface Miss {
  readonly metric: string;
  readonly required: boolean;
  readonly reason: MissReason;
  /** What was wanted, in words: `at least 80`. */
  readonly wanted: string;
  /** What was there, as JSON or, where it is none, as a text. */
  readonly found: Json;
  /** How far it is away; null for what is no number. */
  readonly gap: number | null;
}

/** It goes on, somebody looks at it, or it stands still. */
export type GateDecision = 'APPROVE' | 'REVIEW' | 'REJECT';

/** What a gate thinks of values. */
export interface Judgement {
  readonly decision: GateDecision;
  /** How much of the criteria is met, in percent. */
  readonly score: number;
  readonly passed: number;
  readonly total: number;
  /** Everything that is missed, the required ones too. */
  readonly missed: readonly Miss[];
}

/** A step that lets through what is good enough. */
export interface GateDefinition {
  readonly is: 'gate';
  readonly name: string;
  readonly criteria: Criteria;
  readonly threshold: number;
  /** Makes the values; without it, the names of criteria are paths into the outputs of earlier steps. */
  readonly values: Mapper | undefined;
  /** Steps that have to have completed. */
  readonly steps: readonly string[];
  /** What its mappers are told is made of the facts first: of what stands in something else. */
  readonly view: ((facts: Facts) => Facts) | undefined;
  readonly review: ApprovalSpec;
  readonly rejected: ApprovalSpec;
}

/** What the node of a gate was declared with. */
export interface GateSpec extends AskingSpec {
  readonly criteria: Criteria;
  readonly threshold: number;
  /** What is asked while it stands still. */
  readonly standing: ApprovalSpec;
}
