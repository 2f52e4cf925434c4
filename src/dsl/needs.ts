/**
 * What an orchestrator still needs before it can run, as types: which tasks have no body,
 * what a body of each looks like, what a run takes and what it gives.
 */
import type { AnyPlaces, PlacesIn } from './decisions.ts';
import type { AnyOrchestrator } from './orchestrator.ts';
import type { Call, Carried, EndOf, Listens } from './types.ts';

// biome-ignore lint/suspicious/noExplicitAny: a position to infer from; the other two are of no interest there
type Anything = any;

// biome-ignore lint/suspicious/noExplicitAny: stands for the body of a task of which nothing is known
type AnyTaskBody = (context: any) => unknown;

type CallsOf<O> = O extends { readonly '~types'?: Carried<Anything, Anything, infer C> } ? C : never;

/** The signals that `O` waits for, and what may be sent with each. Of a definition of which nothing more is known: any. */
export type SignalsOf<O> = [O] extends [never]
  ? AnySignals
  : unknown extends CallsOf<O>
    ? AnySignals
    : {
        readonly [X in CallsOf<O> as X extends Listens<infer N, Anything> ? N : never]: X extends Listens<
          Anything,
          infer P
        >
          ? P
          : never;
      };

/** Where somebody is asked in a run of `O`, and what comes with each decision. Of a definition of which nothing more is known: anything. */
export type PlacesOf<O> = [O] extends [never]
  ? AnyPlaces
  : unknown extends CallsOf<O>
    ? AnyPlaces
    : PlacesIn<CallsOf<O>>;

/** Any name, and anything with it. */
export interface AnySignals {
  readonly [name: string]: unknown;
}

/** What is sent with a signal: the payload, which may be left out where null will do, and how it is sent. */
export type SignalArguments<P, O> = null extends P ? [payload?: P, options?: O] : [payload: P, options?: O];

/** The names of the tasks among `C` that do, or do not, have a body. */
type Named<C, Bound extends boolean> = {
  readonly [X in C as X extends Call<infer N, Anything, Bound> ? N : never]: X extends Call<Anything, infer F, Anything>
    ? F
    : never;
};

type IsAny<T> = 0 extends 1 & T ? true : false;

/** What a run of `O` is started with. */
export type RunInput<O> = O extends { readonly '~types'?: Carried<infer I, Anything, Anything> } ? I : never;

/** What a run of `O` results in: its output, or one with which a step ends the run. */
export type RunOutput<O> = O extends { readonly '~types'?: Carried<Anything, infer R, infer C> } ? R | EndOf<C> : never;

/** The tasks that `O` calls and that have no body: a record from name to the body that is wanted. */
export type NeedsOf<O> = Named<CallsOf<O>, false>;

/**
 * The option `tasks` of whoever runs these orchestrators: required if a body is missing, and
 * then with exactly that body; a task that has one may be given another.
 */
export type TasksOption<Os extends readonly AnyOrchestrator[]> =
  IsAny<CallsOf<Os[number]>> extends true
    ? { readonly tasks?: { readonly [name: string]: AnyTaskBody } }
    : keyof NeedsOf<Os[number]> extends never
      ? { readonly tasks?: Partial<Named<CallsOf<Os[number]>, true>> }
      : { readonly tasks: NeedsOf<Os[number]> & Partial<Named<CallsOf<Os[number]>, true>> };
