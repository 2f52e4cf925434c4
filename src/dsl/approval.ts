/** The types of what people decide: `.approval(name, …)` of a track, `approval` and `review` of a task. How options are read is in `machines/approval`. */
import type { RunFacts } from '../definition.ts';
import type { Duration } from '../duration.ts';
import type { Criteria, Judgement, Miss } from '../gates.ts';
import type { Json } from '../json.ts';
import type { DecisionName, OnExpiry } from '../people.ts';
import type { InputOf, OutputOf, Schema } from '../schema.ts';
import type { AnyPayload, InsteadOf } from './wait.ts';
import type { AnyDecision, Asks, Comes, DecisionsOption, UsualDecisions } from './decisions.ts';
import type { TrackBuilder } from './track.ts';
import type { NewName, StepFacts } from './types.ts';

/** People by name, and by role. */
export interface PeopleOption {
  readonly users?: readonly string[];
  readonly roles?: readonly string[];
}

/** Who is asked, what they are shown, and what becomes of it. `F` is what mappers are told, `P` what can be proposed, `D` what can be decided. */
export interface AskOptions<F, P = unknown, D extends DecisionsOption = DecisionsOption> {
  /** The question. */
  readonly ask: string | ((facts: F) => string);
  /** What is shown beside it. */
  readonly show?: (facts: F) => unknown;
  /** What is approved, and can be edited. Of a task: its input, or what it has left behind. */
  readonly propose?: (facts: F) => P;
  /** Default: `['approve', 'reject']`. */
  readonly decisions?: D;
  /** Who may decide. Default: anybody. */
  readonly assignees?: PeopleOption | ((facts: F) => PeopleOption);
  /** Who may not. */
  readonly excluded?:
    | {
        /** Whoever has started the run: `metadata.initiator`. */
        readonly initiator?: boolean;
        /** Whoever has decided at an earlier step of this name, or in it; `track/step` names one of an earlier track. */
        readonly decidersOf?: string | readonly string[];
        readonly users?: readonly string[];
      }
    | ((facts: F) => readonly string[]);
  /** Short for `excluded: { initiator: true }`. */
  readonly fourEyes?: boolean;
  /** How many have to approve. Default: 1. */
  readonly quorum?:
    | number
    | {
        readonly approvals: number;
        /** How many votes there can be, where that is not the number of users. */
        readonly of?: number;
        /** One who rejects is enough. Default: true. */
        readonly veto?: boolean;
        readonly weights?: { readonly [user: string]: number };
      };
  /** How long it may take. Default: as long as it likes. */
  readonly expires?: Duration;
  /** What happens then. Default: `'fail'`. */
  readonly onExpiry?: OnExpiry;
  /** Who is asked when others have not decided in time, or have handed it on. */
  readonly escalate?: PeopleOption;
  /** How long after it was opened those who are asked are reminded. */
  readonly remind?: Duration | readonly Duration[];
  /** How long one who claims it has it for themselves. Default: `'15m'`. */
  readonly claim?: Duration;
  /** A comment is needed for whatever is decided. Default: for rejecting, aborting and overriding. */
  readonly reasons?: boolean;
  /** Whoever edits what is proposed has approved it (default), or asks all to look at it again. */
  readonly onEdit?: 'approve' | 'ask';
  /** What is put off (`defer`) expires when it was to anyway (`keep`, default), or so much later (`move`). */
  readonly onDefer?: 'keep' | 'move';
  /** Roles that may decide over everybody's head. */
  readonly override?: { readonly roles: readonly string[] };
  /** Who may decide on whose behalf. */
  readonly substitutes?: { readonly [user: string]: readonly string[] };
}

/** What an approval of its own is declared with. */
export interface ApprovalOptions<F, S extends Schema, D extends DecisionsOption = DecisionsOption>
  extends AskOptions<F, InputOf<S>, D> {
  /** What is proposed has to be, and whatever an edit, a replacement or a response makes of it. */
  readonly value?: S;
  /** A rejection fails the step (default), or is what it leaves behind. */
  readonly onReject?: 'fail' | 'complete';
}

/** What an approval leaves behind. `V` is what was approved. */
export interface Decided<V = Json> {
  readonly decision: DecisionName;
  /** Null if nobody decided in time, and that was taken for a decision. */
  readonly by: string | null;
  readonly comment: string | null;
  /** What was proposed, as it was edited; or what was put in its place. Null for what was rejected. */
  readonly value: V;
  /** What came with the decision. */
  readonly form: Json;
  /** All who had a part in it, and those in whose name they had it. */
  readonly deciders: readonly string[];
}

/** What the mappers of a task's `approval` are told. */
export interface TaskAsked<I> {
  readonly input: I;
  readonly run: RunFacts;
}

/** What the mappers of a task's `review` are told. */
export interface TaskReviewed<I, O> extends TaskAsked<I> {
  readonly output: O;
}

/** The steps that ask people, as a track has them. */
export interface PeopleSteps<N extends string, I, V, Outputs, P, C> {
  /**
   * Adds a step that asks somebody, and waits until it is decided: through `box.decide`. It leaves the decision behind.
   *
   * @example
   * .approval('manager', { ask: ({ input }) => `Ship order ${input.id}?`, assignees: { roles: ['manager'] }, expires: '2d', onExpiry: 'reject' })
   */
  approval<const K extends string, S extends Schema = AnyPayload, const D extends DecisionsOption = UsualDecisions>(
    name: NewName<K, Outputs>,
    options: ApprovalOptions<StepFacts<V, Outputs, P>, S, D>,
  ): TrackBuilder<
    N,
    I,
    V,
    Outputs & { readonly [X in K]: Decided<OutputOf<S>> },
    Decided<OutputOf<S>>,
    Decided<OutputOf<S>>,
    C | Asks<K, Comes<D, InputOf<S>>>
  >;
  /**
   * Adds a step that lets through what is good enough: it goes on if the criteria are met, asks somebody if they nearly are, and stands still
   * with all that is missed if a required one is not. Values come from `values`, or the names of criteria are paths into earlier outputs.
   *
   * @example
   * .gate('quality', { criteria: { coverage: { min: 80, required: true }, speed: { min: 8.5 } }, values: ({ outputs }) => outputs.tests })
   * .gate('checkpoint', { steps: ['unit', 'lint'], min: { coverage: 80 } })
   */
  gate<const K extends string, BI, BO, BC>(
    name: NewName<K, Outputs>,
    options: GateOptions<StepFacts<V, Outputs, P>> & {
      readonly action: InsteadOf<StepFacts<V, Outputs, P>, BI, BO, BC>;
    },
  ): TrackBuilder<
    N,
    I,
    V,
    Outputs & { readonly [X in K]: Passed & { readonly action: BO } },
    Passed & { readonly action: BO },
    Passed & { readonly action: BO },
    C | BC | Asks<'judge', AnyDecision>
  >;
  gate<const K extends string>(
    name: NewName<K, Outputs>,
    options: GateOptions<StepFacts<V, Outputs, P>> & { readonly action?: undefined },
  ): TrackBuilder<N, I, V, Outputs & { readonly [X in K]: Passed }, Passed, Passed, C | Asks<K, AnyDecision>>;
}

/** What the mappers of a gate's review are told. */
export type Judged<F> = F & { readonly judgement: Judgement };

/** What a gate is declared with. */
export interface GateOptions<F> {
  /** What each value has to be, by name. */
  readonly criteria?: Criteria;
  /** Makes the values. Left out: the names of criteria are paths into the outputs of earlier steps, like `tests.coverage`. */
  readonly values?: (facts: F) => { readonly [metric: string]: unknown };
  /** How much of the criteria has to be met, in percent. Default: 80. */
  readonly threshold?: number;
  /** Steps that have to have completed; values are looked for in their outputs. */
  readonly steps?: readonly string[];
  /** Short for required criteria: `{ coverage: 80 }`. */
  readonly min?: { readonly [metric: string]: number };
  /** Who looks at what is not quite good enough, and how. */
  readonly review?: Partial<AskOptions<Judged<F>>>;
  /** Who may let through what is not good enough. Default: anybody, with a reason. */
  readonly override?: { readonly roles: readonly string[] };
}

/** What a gate leaves behind. */
export interface Passed {
  readonly decision: 'APPROVE';
  readonly score: number;
  readonly missed: readonly Miss[];
  /** Who let it pass; null if nobody had to. */
  readonly by: string | null;
  readonly comment: string | null;
}
