/**
 * What can be decided where somebody is asked, and what comes with each decision, as types. They travel with the tasks that a definition
 * calls, as signals do, so that `run.decide` knows them. How a decision is judged is in `runtime/approvals.ts` and `policies/approvals`.
 */
import type { DecisionName } from '../people.ts';
import type { InputOf, Schema } from '../schema.ts';

// biome-ignore lint/suspicious/noExplicitAny: a position to infer from
type Anything = any;

/** What can be decided: names, or names with a schema of what comes with the decision. */
export type DecisionsOption = readonly DecisionName[] | { readonly [name in DecisionName]?: true | Schema };

/** Where nothing is said of it. */
export type UsualDecisions = readonly ['approve', 'reject'];

/** A place where somebody is asked: the name of its step, and what comes with each decision. */
export interface Asks<N extends string, P> {
  readonly asks: N;
  readonly comes: P;
}

/** Any decision, and anything with it: where no more is known. */
export type AnyDecision = {
  readonly [K in DecisionName]: { readonly form?: unknown; readonly value?: unknown; readonly patch?: unknown };
};

/** What comes with each decision among `D`: `Edit` is what an edit makes, `Put` what is put in its place, `Again` what a body is tried again with. */
export type Comes<D, Edit, Put = Edit, Again = never> = {
  readonly [K in DecisionIn<D>]: K extends 'edit'
    ? Changed<OwnOf<D, K, Edit>>
    : K extends 'retry'
      ? { readonly value?: never; readonly patch?: never } | Changed<OwnOf<D, K, Again>>
      : K extends 'replace' | 'respond'
        ? { readonly value: OwnOf<D, K, Put> }
        : FormOf<OwnOf<D, K, NoForm>>;
};

/** What a task asks about: its decisions, where it is given `O`. Nothing, where it asks nobody. */
export type AsksOf<O, Edit, Put, Again = never, N extends string = string> = unknown extends O
  ? never
  : // The step that uses the task gives the place its name.
    Asks<N, Comes<O extends { readonly decisions: infer D } ? D : UsualDecisions, Edit, Put, Again>>;

type DecisionIn<D> = (D extends readonly (infer K)[] ? K : keyof D) & DecisionName;

/** What its own schema takes; `Otherwise` for one that has none. */
type OwnOf<D, K, Otherwise> = K extends keyof D ? (D[K] extends Schema ? InputOf<D[K]> : Otherwise) : Otherwise;

interface NoForm {
  readonly none: never;
}

type FormOf<F> = [F] extends [NoForm]
  ? { readonly form?: unknown }
  : undefined extends F
    ? { readonly form?: F }
    : { readonly form: F };

/** All of it, or what is to be different. */
type Changed<V> =
  | { readonly value: V; readonly patch?: never }
  | { readonly patch: PatchOf<V>; readonly value?: never };

/** A merge patch (RFC 7396): `null` takes a key away. */
export type PatchOf<V> = V extends readonly unknown[]
  ? V
  : V extends object
    ? { readonly [K in keyof V]?: PatchOf<V[K]> | null }
    : V;

/** The places of a run, by the name of their step. */
export type PlacesIn<C> = {
  readonly [X in C as X extends Asks<infer N, Anything> ? N : never]: X extends Asks<Anything, infer P> ? P : never;
};

/** Any place. */
export interface AnyPlaces {
  readonly [name: string]: AnyDecision;
}

/** The name of the step at the end of a path, whichever of its approvals is meant. */
export type StepOf<P extends string> = P extends `${infer Path}#${number}`
  ? StepOf<Path>
  : P extends `${string}/${infer Rest}`
    ? StepOf<Rest>
    : P;

/** The place at a path: the whole of it, as in a program, or the name of its last step; nothing where nobody is asked. */
type PlaceAt<P extends string, Places> = P extends `${infer Path}#${number}`
  ? PlaceAt<Path, Places>
  : P extends keyof Places
    ? P
    : StepOf<P> extends keyof Places
      ? StepOf<P>
      : never;

/** A path, if it leads to a place where somebody is asked; of several, each. */
export type PathAmong<P extends string, Places> = P extends unknown
  ? string extends P
    ? P
    : [PlaceAt<P, Places>] extends [never]
      ? PathTo<keyof Places & string>
      : P
  : never;

/** As the compiler writes it where a path leads nowhere. */
type PathTo<N extends string> = N extends `${string}/${string}` | `~${string}` ? N : `${string}/${N}`;

/** What comes with each decision there. Of a path that is known when the program runs: anything. */
export type ComesAt<P extends string, Places> = string extends P
  ? AnyDecision
  : [PlaceAt<P, Places>] extends [never]
    ? never
    : Places[PlaceAt<P, Places>];
