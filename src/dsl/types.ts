/**
 * What the builders know at compile time and nothing else: inputs, outputs and the tasks
 * that a body calls travel from step to step in one phantom property, so nobody writes a
 * generic by hand.
 *
 * No value of any kind stands here; the data that the builders make is in `definition.ts`.
 */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { BodyDefinition, RunFacts, TaskContext } from '../definition.ts';
import type { Asks } from './decisions.ts';

/** What a value that can be run carries at compile time. It is never there at run time. */
export interface Carried<I, O, C> {
  // A property with a function, not a method: methods compare their parameters both ways,
  // and a step whose task needs more than `{}` would compile without a mapper.
  readonly input: (value: I) => void;
  readonly output: O;
  readonly calls: C;
}

/** What can stand where a body is wanted: a task, a track or a composite track. */
export interface Runnable<I, O, C> {
  readonly is: BodyDefinition['is'];
  readonly name: string;
  readonly definition: BodyDefinition;
  readonly '~types'?: Carried<I, O, C>;
}

/** A task, a track or a composite track of which nothing more is known. */
// The three are inferred from the body that is given; a narrower constraint would refuse bodies.
// biome-ignore lint/suspicious/noExplicitAny: see above
export type AnyBody = Runnable<any, any, any>;

/** One task that a definition calls: its name, the body it wants, and whether it has one. */
export interface Call<N extends string, F, Bound extends boolean> {
  readonly task: N;
  readonly body: F;
  readonly bound: Bound;
}

/** One signal that a definition waits for: its name, and what may be sent. It travels with the tasks that are called. */
export interface Listens<N extends string, P> {
  readonly signal: N;
  readonly payload: P;
}

/** An output with which a step may end the whole run. It travels with the tasks that are called. */
export interface Ends<O> {
  readonly ends: O;
}

/** What of `C` a parent has of its child runs: tasks. Signals and decisions are for the child, and it is the child that a step of its ends. */
export type TasksOf<C> = Exclude<C, Listens<Anything, Anything> | Asks<Anything, Anything> | Ends<unknown>>;

/** The outputs with which steps may end the run. Of a definition of which nothing more is known: none. */
export type EndOf<C> = 0 extends 1 & C ? never : C extends Ends<infer O> ? O : never;

/** The body of a task: what it is handed is parsed, what it answers is going to be. */
export type TaskBody<I, O> = (context: TaskContext<I>) => O | Promise<O>;

// biome-ignore lint/suspicious/noExplicitAny: a position to infer from; the other two are of no interest there
type Anything = any;

/** What a mapper has to hand to a body. */
export type BodyInput<B> = B extends { readonly '~types'?: Carried<infer I, Anything, Anything> } ? I : never;

/** What a body leaves behind. */
export type BodyOutput<B> = B extends { readonly '~types'?: Carried<Anything, infer O, Anything> } ? O : never;

/** The tasks that a body calls, as a union of `Call`s. */
export type BodyCalls<B> = B extends { readonly '~types'?: Carried<Anything, Anything, infer C> } ? C : never;

/** A record as a person would write it, whatever it was put together from. */
export type Flat<T> = { readonly [K in keyof T]: T[K] };

/** What a mapper is told (S1): the input, the outputs that it may read, the one just before, and the run. */
export interface StepFacts<V, Outputs, P> {
  readonly input: V;
  readonly outputs: Flat<Outputs>;
  readonly previous: P;
  readonly run: RunFacts;
}

/**
 * A name that is not among those in `Taken`; what is wrong with one that is stands in the error of the compiler. Names that are
 * only known when the program runs are left to the check (S3).
 */
// By assignability and not by `keyof`, which is a union of all names at every step: a hundred steps would pay for it.
export type NewName<K extends string, Taken> = {} extends Taken
  ? K
  : K & ({} extends Named<K> ? unknown : [Taken] extends [Named<K>] ? NameTaken<K> : unknown);

type Named<K extends string> = { readonly [X in K]: unknown };

/** Nothing is one: it names what is wrong. */
export interface NameTaken<K extends string> {
  readonly fault: `"${K}" is the name of one before it; outputs are kept by name`;
}

/** A mapper, which may be left out exactly when `{}` will do (S1). */
export type MapperArguments<F, I> = {} extends I ? [input?: (facts: F) => I] : [input: (facts: F) => I];

/** Stands in for the input schema of a definition that has none: it takes anything, as it comes. */
export type NoSchema = StandardSchemaV1<unknown, unknown>;
