/** The types of `.wait(name, …)` of a track. How its options are read is in `machines/wait`. */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Duration } from '../duration.ts';
import type { Json } from '../json.ts';
import type { OutputOf, Schema } from '../schema.ts';
import type { MapperArguments, Runnable } from './types.ts';

/** The payload of a wait without a schema: JSON, as it was sent. */
export type AnyPayload = StandardSchemaV1<Json, Json>;

/** What a wait is declared with. `F` is what a mapper in its place is told. */
export interface WaitOptions<F, S extends Schema, Name extends string = string> {
  /** The name of the signal. */
  readonly signal: Name;
  /** What its payload must be. Left out: any JSON. */
  readonly payload?: S;
  /** Is this the one? Without it, every payload that passes the schema is. */
  readonly where?: (facts: F & { readonly payload: OutputOf<S> }) => boolean;
  /** How long to wait. Left out: for ever. Signals that are refused do not lengthen it. */
  readonly timeout?: Duration;
}

/** A step that runs when the time is up, and whose output is then that of the wait. */
export type InsteadOf<F, BI, BO, BC> = { readonly do: Runnable<BI, BO, BC> } & InsteadInput<
  MapperArguments<F, NoInfer<BI>>
>;

/** A mapper as an option, which may be left out when it may be left out as an argument. */
export type InsteadInput<M extends readonly unknown[]> = M extends [infer Mapper]
  ? { readonly input: Mapper }
  : M extends [(infer Mapper)?]
    ? { readonly input?: Mapper }
    : never;
