/**
 * The types of the plain-data forms: how a registry of tasks and a list of names give a
 * track its output, and which mappings an orchestrator's document must have.
 *
 * What a mapper in a list returns is checked strictly. What it reads is checked as far as
 * the registry knows: which of the tasks have run by then is the reader's business.
 */
import type { Duration } from '../duration.ts';
import type { Hook, TrackHook } from '../hooks.ts';
import type { FailedStep, FailurePolicy } from '../definition.ts';
import type { Json } from '../json.ts';
import type { MappingData } from '../mapping.ts';
import type { OutputOf, Schema } from '../schema.ts';
import type { StrategyOption } from './composite.ts';
import type { ItemCounts, ItemFactsOf, LoopOutput, RoundFactsOf } from './control.ts';
import type { BodiesLimit } from './limits.ts';
import type { WaitOptions } from './wait.ts';
import type { DocumentLeaf, IsLeaf, LeafCalls, LeafOutput, StrictLeaf } from './leaf-documents.ts';
import type { CompensationOption, Perhaps, StepOptions } from './undo.ts';
import type { AnyBody, BodyCalls, BodyInput, BodyOutput, Ends, StepFacts } from './types.ts';

// biome-ignore lint/suspicious/noExplicitAny: outputs under names that no registry knows, and what happened to come before
type Anything = any;

/** Tasks (or tracks) by the names that documents use for them. */
export type TaskRegistry = { readonly [name: string]: AnyBody };

/** What a task takes: what a mapper has to hand to it. */
export type TaskInput<T extends AnyBody> = BodyInput<T>;

/** What a task gives: what later mappers read. */
export type TaskOutput<T extends AnyBody> = BodyOutput<T>;

/** What a mapper in a track's document is told. A task's output stands under its name unless its step has another. */
export type DocumentFacts<V, R> = StepFacts<V, DocumentOutputs<R>, Anything>;

type DocumentOutputs<R> = { readonly [K in keyof R]: BodyOutput<R[K]> } & { readonly [name: string]: Anything };

/** A body, or its name in the registry. */
type Reference<R> = (keyof R & string) | AnyBody;

/** A body or its name, perhaps with a mapper. */
type DocumentUse<F, R> =
  | Reference<R>
  | { readonly do: Reference<R>; readonly input: ((facts: F) => unknown) | MappingData };

type Predicate<F> = (facts: F) => boolean;

/**
 * A step that is no body: its word is the method of a builder, and its value what that is given. What mappers read in it is
 * known as far as the registry goes; what a body in it is handed is checked when it is called.
 */
export type DocumentControl<V, R, F = DocumentFacts<V, R>> =
  | {
      readonly name: string;
      readonly wait: WaitOptions<F, Schema> & {
        readonly onTimeout?: 'fail' | { readonly value: Json } | DocumentUse<F, R>;
      };
    }
  | {
      readonly name: string;
      readonly branch:
        | {
            readonly when: readonly (readonly [Predicate<F>, DocumentUse<F, R>])[];
            readonly otherwise?: DocumentUse<F, R> | null;
            readonly all?: boolean;
          }
        | {
            readonly on: (facts: F) => string | number | boolean;
            readonly routes: { readonly [route: string]: DocumentUse<F, R> };
            readonly otherwise?: DocumentUse<F, R> | null;
          };
    }
  | {
      readonly name: string;
      readonly parallel: { readonly [member: string]: DocumentUse<F, R> };
      readonly strategy?: StrategyOption;
      readonly concurrency?: number;
    }
  | {
      readonly name: string;
      readonly group: readonly (Reference<R> | object)[];
      readonly onError?: DocumentUse<F & { readonly error: FailedStep }, R>;
    }
  | {
      readonly name: string;
      readonly map: {
        readonly over: ((facts: F) => unknown) | object | string;
        readonly each: DocumentUse<ItemFactsOf<F, Anything>, R>;
        readonly filter?: Predicate<ItemFactsOf<F, Anything>>;
        readonly mode?: 'parallel' | 'sequential';
        readonly strategy?: StrategyOption;
        readonly concurrency?: number;
        readonly batch?: number;
        readonly collect?: boolean;
      };
    }
  | {
      readonly name: string;
      readonly loop: {
        readonly body: DocumentUse<RoundFactsOf<F, Anything, Anything>, R>;
        readonly while?: Predicate<RoundFactsOf<F, Anything, Anything>>;
        readonly until?: Predicate<RoundFactsOf<F, Anything, Anything> & { readonly output: Anything }>;
        readonly from?: Json;
        readonly accumulate?: (
          accumulator: Anything,
          facts: RoundFactsOf<F, Anything, Anything> & { readonly output: Anything },
        ) => Json;
        readonly maxIterations?: number;
        readonly onLimit?: 'fail' | 'stop';
        readonly keepLast?: number;
      };
    }
  | { readonly name: string; readonly aggregate: { readonly output: Schema; readonly of: (facts: F) => unknown } }
  | { readonly name: string; readonly set: { readonly [variable: string]: Json | ((facts: F) => Json) } }
  | {
      readonly name: string;
      readonly terminate: {
        readonly as?: 'completed' | 'failed';
        readonly output?: (facts: F) => Json;
        readonly reason?: string | ((facts: F) => string);
      };
    }
  | { readonly name: string; readonly kind: object; readonly options: object };

type UseBodyOf<R, X> = X extends { readonly do: infer B } ? Referred<R, B> : Referred<R, X>;
type UseOutputOf<R, X> = BodyOutput<UseBodyOf<R, X>>;

/** The bodies that an entry which is no body uses. */
type ControlBodies<R, X> = X extends { readonly branch: { readonly when: readonly (readonly [unknown, infer U])[] } }
  ? UseBodyOf<R, U> | OtherBody<R, X['branch']>
  : X extends { readonly branch: { readonly routes: infer Us } }
    ? UseBodyOf<R, Us[keyof Us]> | OtherBody<R, X['branch']>
    : X extends { readonly parallel: infer Us }
      ? UseBodyOf<R, Us[keyof Us]>
      : X extends { readonly map: { readonly each: infer U } } | { readonly loop: { readonly body: infer U } }
        ? UseBodyOf<R, U>
        : X extends { readonly group: infer Ts extends readonly unknown[] }
          ? EntryBodies<R, Ts[number]> | OtherBody<R, X>
          : X extends { readonly wait: { readonly onTimeout: infer U } }
            ? UseBodyOf<R, U>
            : never;

type OtherBody<R, X> = X extends { readonly otherwise: infer U } | { readonly onError: infer U }
  ? UseBodyOf<R, U>
  : never;
type OtherOutput<R, X> = X extends { readonly otherwise: infer U } | { readonly onError: infer U }
  ? U extends null
    ? null
    : UseOutputOf<R, U>
  : never;

/** What such an entry leaves behind. */
type ControlOutput<R, X> = X extends { readonly wait: { readonly payload: infer S extends Schema } }
  ? OutputOf<S>
  : X extends { readonly branch: { readonly all: true } }
    ? { readonly [route: string]: Anything }
    : X extends { readonly branch: { readonly when: readonly (readonly [unknown, infer U])[] } }
      ? UseOutputOf<R, U> | OtherOutput<R, X['branch']>
      : X extends { readonly branch: { readonly routes: infer Us } }
        ? UseOutputOf<R, Us[keyof Us]> | OtherOutput<R, X['branch']>
        : X extends { readonly parallel: infer Us }
          ? { readonly [K in keyof Us]: UseOutputOf<R, Us[K]> }
          : X extends { readonly group: infer Ts extends readonly unknown[] }
            ? LastOutput<R, Ts> | OtherOutput<R, X>
            : X extends { readonly map: { readonly collect: false } }
              ? ItemCounts
              : X extends { readonly map: { readonly each: infer U } }
                ? readonly UseOutputOf<R, U>[]
                : X extends { readonly loop: { readonly body: infer U } }
                  ? LoopOutput<UseOutputOf<R, U>, Anything, 'while' extends keyof X['loop'] ? object : unknown>
                  : X extends { readonly aggregate: { readonly output: infer S extends Schema } }
                    ? OutputOf<S>
                    : Anything;

/** An entry that is no body has one of these. */
type Word = 'wait' | 'branch' | 'parallel' | 'group' | 'map' | 'loop' | 'aggregate' | 'set' | 'terminate' | 'kind';

type IsControl<X> = X extends AnyBody | string ? false : Extract<keyof X, Word> extends never ? false : true;

type EntryOutput<R, X> = X extends unknown
  ? IsLeaf<X> extends true
    ? LeafOutput<X>
    : IsControl<X> extends true
      ? ControlOutput<R, X>
      : Perhaps<
          BodyOutput<StepBody<R, X>>,
          X extends { readonly optional: true } | { readonly permissive: true } ? true : false
        >
  : never;
type EntryBodies<R, X> = IsControl<X> extends true ? ControlBodies<R, X> : StepBody<R, X>;

/** A step of a track's document: a body or its name, alone or with a name of its own and a mapper; or a step that is no body. */
export type DocumentStep<V, R> =
  | Reference<R>
  | DocumentControl<V, R>
  | {
      readonly task: Reference<R>;
      /** Default: the name of the task. */
      readonly name?: string;
      readonly input?: ((facts: DocumentFacts<V, R>) => unknown) | MappingData;
      readonly compensate?: CompensationOption<Anything, Anything>;
      readonly irreversible?: boolean;
      readonly optional?: boolean;
      readonly permissive?: boolean;
    }
  | DocumentLeaf<DocumentFacts<V, R>>;

type Referred<R, X> = X extends AnyBody ? X : X extends keyof R ? R[X] : never;
type StepBody<R, X> = X extends { readonly task: infer T } ? Referred<R, T> : Referred<R, X>;
type StepName<X> = X extends string
  ? X
  : X extends { readonly name: infer N extends string }
    ? N
    : X extends { readonly task: infer T }
      ? StepName<T>
      : never;

/** What a step is held to once its body is known: the mapper must make that body's input. */
type StrictStep<V, R, X> =
  IsLeaf<X> extends true
    ? StrictLeaf<X, DocumentFacts<V, R>>
    : IsControl<X> extends true
      ? unknown
      : StrictBody<V, R, X>;

type StrictBody<V, R, X> = X extends { readonly task: infer T }
  ? StrictMapper<V, R, T, BodyInput<Referred<R, T>>>
  : {} extends BodyInput<Referred<R, X>>
    ? unknown
    : StrictMapper<V, R, X, BodyInput<Referred<R, X>>>;

// Kept from inference (see `tasks`): a body would be taken for the whole step.
type StrictSteps<V, R, Ts> = { readonly [K in keyof Ts]: StrictStep<V, R, Ts[K]> };

type StrictMapper<V, R, T, I> = {} extends I
  ? { readonly task: T; readonly input?: ((facts: DocumentFacts<V, R>) => I) | MappingData } & StrictUndo<R, T, I>
  : { readonly task: T; readonly input: ((facts: DocumentFacts<V, R>) => I) | MappingData } & StrictUndo<R, T, I>;

type StrictUndo<R, T, I> = { readonly name?: string } & StepOptions<I, BodyOutput<Referred<R, T>>>;

type Outputs<R, Ts extends readonly unknown[]> = {
  readonly [X in Ts[number] as StepName<X>]: EntryOutput<R, X>;
};

/** The output of the last step; `null` without one (S1). */
export type LastOutput<R, Ts extends readonly unknown[]> = Ts extends readonly []
  ? null
  : Ts extends readonly [...unknown[], infer X]
    ? EntryOutput<R, X>
    : EntryOutput<R, Ts[number]> | null;

/** The outputs with which entries end the run. */
type EntryEnds<X> = X extends { readonly terminate: infer T }
  ? T extends { readonly as: 'failed' }
    ? never
    : Ends<T extends { readonly output: (...facts: never) => infer O } ? O : null>
  : X extends { readonly group: infer Ts extends readonly unknown[] }
    ? EntryEnds<Ts[number]>
    : never;

/** The tasks that a document calls, and with what it may end the run. */
export type DocumentCalls<R, Ts extends readonly unknown[]> =
  | BodyCalls<EntryBodies<R, Ts[number]>>
  | LeafCalls<Ts[number]>
  | EntryEnds<Exclude<Ts[number], AnyBody>>;

/** A track as plain data. */
export interface TrackDocument<N extends string, S extends Schema, R, Ts extends readonly unknown[], O> {
  readonly name: N;
  /** What it takes; without a schema, anything. */
  readonly input?: S;
  /** How long it may take, from when it begins. Default: as long as it likes. */
  readonly deadline?: Duration;
  /** How many bodies of this track may run at once in a process, in all runs together. Default: all. */
  readonly bodies?: BodiesLimit;
  /** What is called before and after it, and its steps (S31). */
  readonly hooks?: readonly TrackHook[];
  /** What the names in `tasks` stand for. */
  readonly registry?: R;
  /** The steps, in order. */
  readonly tasks: Ts & NoInfer<StrictSteps<OutputOf<S>, R, Ts>>;
  /** Makes the track's output; without it, it is the last step's. */
  readonly output?: (facts: StepFacts<OutputOf<S>, Outputs<R, Ts>, LastOutput<R, Ts>>) => O;
}

/** The tracks of an orchestrator's document: by name, or in a list where each has its own. */
export type DocumentTracks = { readonly [name: string]: AnyBody } | readonly AnyBody[];

/** The tracks by name, whichever way they were given. */
export type TracksByName<Ts> = Ts extends readonly AnyBody[] ? { readonly [X in Ts[number] as X['name']]: X } : Ts;

/** The outputs of the tracks by name. */
export type TrackOutputs<Ts> = { readonly [K in keyof Ts]: BodyOutput<Ts[K]> };

/** Which tracks each track waits for. */
export type Dependencies<Ts> = { readonly [K in keyof Ts]?: readonly (keyof Ts & string)[] };

// A key of `D` that is no track must not pass as an extra property.
type StrictDependencies<D, Ts> = Dependencies<Ts> & { readonly [K in Exclude<keyof D, keyof Ts>]: never };

type DependenciesOf<D, K> = K extends keyof D ? (D[K] extends readonly (infer N)[] ? N : never) : never;

type Mapping<V, Ts, D, K extends keyof Ts> =
  | ((facts: StepFacts<V, Pick<TrackOutputs<Ts>, DependenciesOf<D, K> & keyof Ts>, null>) => BodyInput<Ts[K]>)
  | MappingData;

type Demanding<Ts> = { [K in keyof Ts]: {} extends BodyInput<Ts[K]> ? never : K }[keyof Ts];

type Mappings<V, Ts, D> = { readonly [K in Demanding<Ts>]: Mapping<V, Ts, D, K> } & {
  readonly [K in Exclude<keyof Ts, Demanding<Ts>>]?: Mapping<V, Ts, D, K>;
};

/** The part of the document that makes the tracks' inputs; required as soon as one of them needs more than `{}`. */
export type MappingsOption<V, Ts, D> = [Demanding<Ts>] extends [never]
  ? { readonly inputMappings?: Mappings<V, Ts, D> }
  : { readonly inputMappings: Mappings<V, Ts, D> };

/** An orchestrator as plain data, apart from its `inputMappings`. */
export interface OrchestratorDocument<N extends string, S extends Schema, Ts, D, O> {
  readonly name: N;
  /** A run is pinned to it. */
  readonly version: string;
  /** What a run is started with. */
  readonly input: S;
  readonly tracks: Ts;
  /** Which tracks each track waits for, those declared after it included. */
  readonly dependencies?: D & StrictDependencies<D, TracksByName<Ts>>;
  /** What the failure of a track does (S12). Default `'failFast'`. */
  readonly onFailure?: FailurePolicy;
  /** How many tracks may be live at once. Default: all that are ready. */
  readonly concurrency?: number;
  /** How long a run may take. Default: as long as it likes. */
  readonly deadline?: Duration;
  /** How many bodies of all its runs may run at once in a process. Default: all. */
  readonly bodies?: BodiesLimit;
  /** What is called before and after its runs, their tracks and steps (S31). */
  readonly hooks?: readonly Hook[];
  /** Makes the result of a run; without it, the result is all outputs by name. */
  readonly output?: (facts: StepFacts<OutputOf<S>, TrackOutputs<TracksByName<Ts>>, null>) => O;
}
