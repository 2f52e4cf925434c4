/**
 * The steps of a track that are no bodies: routers, members side by side, groups, collections, loops, and those that take no
 * time. Types alone; how their options are read is in `machines/<kind>/declaration.ts`.
 *
 * Wherever a body is wanted, it is one, or `{ do: body, input: mapper }`; without a mapper it gets `{}`, and the body of a
 * collection the item.
 */
import type { FailedStep } from '../definition.ts';
import type { Json } from '../json.ts';
import type { InputOf, OutputOf, Schema } from '../schema.ts';
import type { StrategyOption } from './composite.ts';
import type { TrackBuilder } from './track.ts';
import type { AnyBody, BodyCalls, BodyInput, BodyOutput, Carried, Ends, Flat, NewName, StepFacts } from './types.ts';

/** A body, or a body and the mapper that makes its input. `F` is what the mapper is told. */
export type BodyUse<F> = AnyBody | { readonly do: AnyBody; readonly input: (facts: F) => unknown };

/** A use of which nothing more is known. */
type AnyUse = AnyBody | { readonly do: AnyBody };

type BodyOf<X> = X extends AnyBody ? X : X extends { readonly do: infer B } ? B : never;
type UseOutput<X> = BodyOutput<BodyOf<X>>;
type UseCalls<X> = BodyCalls<BodyOf<X>>;

/** What a use is held to once its body is known: without a mapper the body must take what is given to it. */
type StrictUse<F, X, Given> = X extends AnyBody
  ? [Given] extends [BodyInput<X>]
    ? unknown
    : InputMissing<X['name']>
  : X extends { readonly do: infer B }
    ? { readonly do: B; readonly input: (facts: F) => BodyInput<B> }
    : unknown;

/** Nothing has this property: the compiler says its name, which is what is wrong. */
type InputMissing<N extends string> = {
  readonly [X in `${N} takes something else than it is given here: say { do: body, input: mapper }`]: never;
};

type StrictUses<F, Xs> = { readonly [K in keyof Xs]: StrictUse<F, Xs[K], {}> };

/** A route of a branch: when it is taken, and what is done then. */
export type RouteOf<F> = readonly [when: (facts: F) => boolean, body: BodyUse<F>];

type StrictRoutes<F, Rs> = {
  readonly [K in keyof Rs]: Rs[K] extends readonly [infer W, infer X] ? readonly [W, StrictUse<F, X, {}>] : unknown;
};

/** What is done at a key, by the key. */
type RoutesByKey<F> = { readonly [route: string]: BodyUse<F> };

/** The bodies of all routes. What is not given is inferred as all that it could be, `undefined` included. */
type RouteOfAny<Rs, Ks> =
  | ([undefined] extends [Rs] ? never : Rs extends readonly (readonly [unknown, infer X])[] ? X : never)
  | ([undefined] extends [Ks] ? never : Ks[keyof Ks]);

/** By predicates, or by a key. One signature for both: of several, the compiler explains a mistake by the last one. */
type BranchOptions<F, Rs, Ks, X, All extends boolean> =
  | {
      readonly when: Rs & NoInfer<StrictRoutes<F, Rs>>;
      readonly otherwise?: X & NoInfer<StrictUse<F, X, {}>>;
      readonly all?: All;
      readonly on?: never;
      readonly routes?: never;
    }
  | {
      readonly on: (facts: F) => string | number | boolean;
      readonly routes: Ks & NoInfer<StrictUses<F, Ks>>;
      readonly otherwise?: X & NoInfer<StrictUse<F, X, {}>>;
      readonly when?: never;
      readonly all?: never;
    };

type BranchOutput<O, All> = All extends true ? { readonly [route: string]: O | undefined } : O;

/** What is left behind where no route fits. One that is not given is inferred as all that it could be, `undefined` included. */
// A default for it would be taken for its type before a mapper in it is looked at.
type Otherwise<X> = [undefined] extends [X] ? never : X extends null ? null : UseOutput<X>;
type OtherwiseCalls<X> = [undefined] extends [X] ? never : X extends null ? never : UseCalls<X>;

/** An item of what a collection goes over. */
export type ItemOf<L> = L extends readonly (infer T)[]
  ? T
  : L extends string
    ? number
    : L extends object
      ? { readonly key: string; readonly value: L[keyof L] }
      : never;

/** What the mapper and the filter of a collection are told. */
export type ItemFactsOf<F, L> = F & {
  readonly item: ItemOf<L>;
  /** Its number among those that the filter has left. */
  readonly index: number;
  /** Its number in the list. */
  readonly sourceIndex: number;
};

/** How many items a collection had, where their outputs are not kept. */
export interface ItemCounts {
  readonly expanded: number;
  readonly filtered: number;
  readonly completed: number;
  readonly failed: number;
}

/** An item, or a member, that has not completed leaves `null` behind under a strategy that goes on without it. */
type Settled<S, O> = S extends 'failFast' | 'waitAll' | undefined ? O : O | null;

type MembersOutput<S, Ms> = Flat<{ readonly [K in keyof Ms]: Settled<S, UseOutput<Ms[K]>> }>;

/** What the mapper and the predicates of a loop are told. `previous` is what the round before has left behind. */
export type RoundFactsOf<F, A, O> = Omit<F, 'previous'> & {
  /** From 0. */
  readonly index: number;
  readonly accumulator: A;
  /** Null in the first round. */
  readonly previous: O | null;
};

/** The body of a loop by a name of its own: what its mapper is told of the round before depends on it. */
type RoundBody<F, B extends AnyBody, A> =
  | (B & NoInfer<StrictUse<RoundFactsOf<F, A, BodyOutput<B>>, B, {}>>)
  | {
      readonly do: B;
      readonly input: (facts: RoundFactsOf<F, A, BodyOutput<NoInfer<B>>>) => BodyInput<NoInfer<B>>;
    };

/** The same at the end of a round. */
type EndOfRound<F, A, O> = RoundFactsOf<F, A, O> & { readonly output: O };

/** What a loop leaves behind. `W` is its `while`: one of which nothing is said has a first round. */
export interface LoopOutput<O, A, W = object> {
  /** Of the last round; null if there was none. */
  readonly last: unknown extends W ? O : O | null;
  readonly accumulator: A;
  readonly iterations: number;
}

// biome-ignore lint/suspicious/noExplicitAny: a position to infer from
type Anything = any;

type OutputOfTrack<T> = T extends { readonly '~types'?: Carried<Anything, infer O, Anything> } ? O : never;
type CallsOfTrack<T> = T extends { readonly '~types'?: Carried<Anything, Anything, infer C> } ? C : never;

/** Values, or mappers that make them, by the name of the variable. */
type VariablesOf<F> = { readonly [variable: string]: Json | ((facts: F) => Json) };
type ValuesOf<Vs> = { readonly [K in keyof Vs]: Vs[K] extends (facts: never) => infer R ? R : Vs[K] };

/** The builder with one more step, which leaves `X` behind. */
type With<N extends string, I, V, Outputs, K extends string, X, C> = TrackBuilder<
  N,
  I,
  V,
  Outputs & { readonly [Name in K]: X },
  X,
  X,
  C
>;

/** What a track can be given beside bodies, waits and sleeps. */
export interface ControlSteps<N extends string, I, V, Outputs, P, C> {
  /**
   * Adds a router: the first route whose predicate is true is taken, with `all: true` every one. Its output is that of what was
   * taken. Asked once, and never again after a crash. No route that fits is an error; `otherwise` says what else is to be
   * done, `null` that it is nothing.
   *
   * @example
   * .branch('risk', { when: [[({ outputs }) => outputs.score.value > 80, high]], otherwise: low })
   */
  branch<
    const K extends string,
    const Rs extends readonly RouteOf<StepFacts<V, Outputs, P>>[] | undefined,
    const Ks extends RoutesByKey<StepFacts<V, Outputs, P>> | undefined,
    const X extends BodyUse<StepFacts<V, Outputs, P>> | null | undefined,
    const All extends boolean = false,
  >(
    name: NewName<K, Outputs>,
    options: BranchOptions<StepFacts<V, Outputs, P>, Rs, Ks, X, All>,
  ): With<
    N,
    I,
    V,
    Outputs,
    K,
    BranchOutput<UseOutput<RouteOfAny<Rs, Ks>> | Otherwise<X>, All>,
    C | UseCalls<RouteOfAny<Rs, Ks>> | OtherwiseCalls<X>
  >;
  /**
   * Adds members side by side, each of which is told what a step in this place would be. The output is theirs by name. The
   * strategy says what their ends mean; without one, the first failure ends it.
   *
   * @example
   * .parallel('notify', { mail, sms, push }, { strategy: 'bestEffort', concurrency: 2 })
   */
  parallel<
    const K extends string,
    const Ms extends { readonly [member: string]: BodyUse<StepFacts<V, Outputs, P>> },
    const S extends StrategyOption | undefined = undefined,
  >(
    name: NewName<K, Outputs>,
    members: Ms & NoInfer<StrictUses<StepFacts<V, Outputs, P>, Ms>>,
    options?: { readonly strategy?: S; readonly concurrency?: number },
  ): With<N, I, V, Outputs, K, MembersOutput<S, Ms>, C | UseCalls<Ms[keyof Ms]>>;
  /**
   * Adds steps in order as one step. They see what this track has had before, and each other. Its output is that of the last
   * one; if one fails, the rest is skipped, and `onError`, if there is one, makes up for it.
   *
   * @example
   * .group('pack', (t) => t.step('box', box).step('label', label), { onError: { do: unpack, input: ({ error }) => error } })
   */
  group<
    const K extends string,
    T extends AnyBody,
    const X extends BodyUse<StepFacts<V, Outputs, P> & { readonly error: FailedStep }> | undefined,
  >(
    name: NewName<K, Outputs>,
    steps: (t: TrackBuilder<K, V, V, Outputs, P, null, never>) => T,
    options?: {
      readonly onError?: X & NoInfer<StrictUse<StepFacts<V, Outputs, P> & { readonly error: FailedStep }, X, {}>>;
    },
  ): With<N, I, V, Outputs, K, OutputOfTrack<T> | Otherwise<X>, C | CallsOfTrack<T> | OtherwiseCalls<X>>;
  /**
   * Adds a collection: a body for each item of a list, of an object (as `{ key, value }`) or of a range ('1..10'). So many are
   * under way at once (64, if nothing is said). The output is a list in the order of the items, with `collect: false` their
   * counts. `over` and `filter` are asked again after a crash, and must give the same.
   *
   * @example
   * .map('lines', { over: ({ input }) => input.lines, each: shipLine, filter: ({ item }) => item.qty > 0, concurrency: 8 })
   */
  map<
    const K extends string,
    L,
    const X extends AnyUse,
    const S extends StrategyOption | undefined = undefined,
    const Collect extends boolean = true,
  >(
    name: NewName<K, Outputs>,
    options: {
      readonly over: L | ((facts: StepFacts<V, Outputs, P>) => L);
      readonly each: X &
        BodyUse<ItemFactsOf<StepFacts<V, Outputs, P>, L>> &
        NoInfer<StrictUse<ItemFactsOf<StepFacts<V, Outputs, P>, L>, X, ItemOf<L>>>;
      readonly filter?: (facts: ItemFactsOf<StepFacts<V, Outputs, P>, NoInfer<L>>) => boolean;
      /** `'sequential'`: one after the other. */
      readonly mode?: 'parallel' | 'sequential';
      readonly strategy?: S;
      readonly concurrency?: number;
      /** So many begin together, and the next ones when all of these have ended. */
      readonly batch?: number;
      readonly collect?: Collect;
    },
  ): With<N, I, V, Outputs, K, Collect extends false ? ItemCounts : Settled<S, UseOutput<X>>[], C | UseCalls<X>>;
  /**
   * Adds a loop: a body again and again, `while` a predicate is true (asked before each round) or `until` one is (asked after
   * each). What `accumulate` makes is kept with every round: after a crash it goes on in the round it was in. More rounds than
   * `maxIterations` (1,000) are an error, or the end with `onLimit: 'stop'`.
   *
   * @example
   * .loop('poll', { body: check, until: ({ output }) => output.ready, maxIterations: 50 })
   */
  loop<const K extends string, B extends AnyBody, A = null, W = unknown>(
    name: NewName<K, Outputs>,
    options: {
      readonly body: RoundBody<StepFacts<V, Outputs, P>, B, A>;
      readonly from?: A;
      readonly accumulate?: (
        accumulator: A,
        facts: EndOfRound<StepFacts<V, Outputs, P>, A, BodyOutput<NoInfer<B>>>,
      ) => NoInfer<A>;
      readonly while?: (facts: RoundFactsOf<StepFacts<V, Outputs, P>, A, BodyOutput<NoInfer<B>>>) => boolean;
      readonly until?: (facts: EndOfRound<StepFacts<V, Outputs, P>, A, BodyOutput<NoInfer<B>>>) => boolean;
      readonly maxIterations?: number;
      readonly onLimit?: 'fail' | 'stop';
      /** Older rounds leave no rows; the history has them still. */
      readonly keepLast?: number;
    } & { readonly while?: W },
  ): With<N, I, V, Outputs, K, LoopOutput<BodyOutput<B>, A, W>, C | BodyCalls<B>>;
  /**
   * Adds a step without a body: its mapper makes its output, which the schema has to take. An output that it reads and that
   * is not there is an error that names it.
   *
   * @example
   * .aggregate('total', { output: Total, of: ({ outputs }) => ({ cents: sum(outputs.lines) }) })
   */
  aggregate<const K extends string, S extends Schema>(
    name: NewName<K, Outputs>,
    options: { readonly output: S; readonly of: (facts: StepFacts<V, Outputs, P>) => InputOf<S> },
  ): With<N, I, V, Outputs, K, OutputOf<S>, C>;
  /**
   * Adds a step that puts values into the variables of the run, which every mapper finds in `run.variables`.
   *
   * @example
   * .set('remember', { customer: ({ outputs }) => outputs.found.id })
   */
  set<const K extends string, const Vs extends VariablesOf<StepFacts<V, Outputs, P>>>(
    name: NewName<K, Outputs>,
    variables: Vs,
  ): With<N, I, V, Outputs, K, ValuesOf<Vs>, C>;
  /**
   * Adds a step that ends the run at once, whatever else is under way: as completed with this output, or as failed for this reason.
   *
   * @example
   * .branch('sold out', { when: [[({ outputs }) => outputs.stock.left === 0, refuse]], otherwise: null })
   * .terminate('enough', { output: ({ input }) => ({ order: input.id, shipped: false }) })
   */
  terminate<const K extends string, R extends Json = null>(
    name: NewName<K, Outputs>,
    options?: { readonly as?: 'completed'; readonly output?: (facts: StepFacts<V, Outputs, P>) => R },
  ): With<N, I, V, Outputs, K, never, C | Ends<R>>;
  terminate<const K extends string>(
    name: NewName<K, Outputs>,
    options: {
      readonly as: 'failed';
      readonly reason?: string | ((facts: StepFacts<V, Outputs, P>) => string);
    },
  ): With<N, I, V, Outputs, K, never, C>;
}
