/**
 * The types of programs: what the phases are declared with, and what is known of a run from that: its output by phase and task, the
 * signals and bodies of its tasks, and where somebody is asked. How phases are read is in `program.ts`.
 */
import type { RunFacts } from '../definition.ts';
import type { Duration } from '../duration.ts';
import type { MappingData } from '../mapping.ts';
import type { InputOf, OutputOf, Schema } from '../schema.ts';
import type { ApprovalOptions, AskOptions, Decided, GateOptions, Passed } from './approval.ts';
import type { AnyDecision, Asks, AsksOf, Comes, DecisionsOption, UsualDecisions } from './decisions.ts';
import type { Orchestrator, OrchestratorOptions } from './orchestrator.ts';
import type { AnyBody, BodyCalls, BodyInput, BodyOutput, TasksOf } from './types.ts';
import type { AnyPayload } from './wait.ts';

/** What a mapper of a program is told: the input, what earlier phases and the tasks that it waits for have left behind, and the run. */
export interface ProgramFacts<V> {
  readonly input: V;
  // Which phases and tasks there are is said beside it, and not known where the mapper is written.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  readonly phases: { readonly [phase: string]: any };
  // biome-ignore lint/suspicious/noExplicitAny: see above
  readonly tasks: { readonly [task: string]: any };
  readonly run: RunFacts;
}

/** What is to be remembered of a task: decisions, patterns, learnings. */
export interface Notes {
  readonly decisions?: readonly string[];
  readonly patterns?: readonly string[];
  readonly learnings?: readonly string[];
}

/** A task of a phase. */
export interface ProgramTask<V> {
  readonly do: AnyBody;
  /** Left out: `{}`. */
  readonly input?: ((facts: ProgramFacts<V>) => unknown) | MappingData;
  /** Tasks of the phase that it waits for; earlier phases, and tasks of theirs, are over anyway. */
  readonly after?: readonly string[];
  /** False: the phase can do without it. */
  readonly required?: boolean;
  /** What is to be remembered of it, made of its output. */
  // biome-ignore lint/suspicious/noExplicitAny: the body is not known here
  readonly notes?: (facts: { readonly input: any; readonly output: any }) => Notes;
}

/** A phase of a program. */
export interface ProgramPhase<V> {
  readonly tasks: { readonly [task: string]: AnyBody | ProgramTask<V> };
  /** How long it may take. */
  readonly within?: Duration;
  /** What comes of a phase that takes longer: it is over (`fail`, default), or its state says so (`note`). */
  readonly onOverrun?: 'fail' | 'note';
  /** It begins in its turn, and nothing waits for its end. */
  readonly background?: boolean;
  /** Its values are looked for in the outputs of the tasks, by path; or made by `values`, which is told them by name. */
  // biome-ignore lint/suspicious/noExplicitAny: see above
  readonly gate?: GateOptions<{ readonly tasks: any; readonly input: V }> & { readonly action?: AnyBody };
  /** Somebody is asked before it is over. */
  // biome-ignore lint/suspicious/noExplicitAny: see above
  readonly approval?: ApprovalOptions<{ readonly tasks: any; readonly input: V }, Schema>;
}

/** Phases by name, in their order. */
export interface ProgramPhases<V> {
  readonly [phase: string]: ProgramPhase<V>;
}

/**
 * What is wrong with phases, once they are known: a task that waits for what there is not, or is given what its body does not take. What an
 * earlier phase is, and which tasks a mapper is told, depends on an order that types do not have: that is checked when the program is made.
 */
export type CheckPhases<Ps> =
  IsKnown<Ps> extends true
    ? {
        readonly [F in keyof Ps]: Ps[F] extends { readonly tasks: infer Ts }
          ? {
              readonly tasks: {
                readonly [K in keyof Ts]: CheckInput<Ts[K], K> &
                  CheckAfter<Ts[K], Exclude<keyof Ts, K> | NamesIn<Omit<Ps, F>>>;
              };
            }
          : unknown;
      }
    : unknown;

/** The phases, and their tasks. */
type NamesIn<Ps> =
  | keyof Ps
  | { [F in keyof Ps]: Ps[F] extends { readonly tasks: infer Ts } ? keyof Ts : never }[keyof Ps];

type CheckAfter<T, Names> = T extends { readonly after: readonly (infer A)[] }
  ? string extends A
    ? unknown
    : [A] extends [Names]
      ? unknown
      : { readonly after: readonly (Names & string)[] }
  : unknown;

/** As far as its mapper is a function of which the answer is known. Left out: `{}`. */
type CheckInput<T, K> = T extends { readonly do: infer B extends AnyBody }
  ? T extends { readonly input: infer M }
    ? M extends (facts: never) => infer R
      ? [R] extends [BodyInput<B>]
        ? unknown
        : WrongInput<K>
      : unknown
    : 'input' extends keyof T
      ? unknown
      : [{}] extends [BodyInput<B>]
        ? unknown
        : WrongInput<K>
  : T extends AnyBody
    ? [{}] extends [BodyInput<T>]
      ? unknown
      : WrongInput<K>
    : unknown;

/** Nothing has this property: the compiler says its name, which is what is wrong. */
type WrongInput<K> = {
  readonly [X in `"${K & string}" takes something else than it is given here: say { do, input }`]: never;
};

/** What a program is made of. */
export interface ProgramOptions<I extends Schema, Ps extends ProgramPhases<OutputOf<I>> = ProgramPhases<OutputOf<I>>>
  extends Pick<OrchestratorOptions<I>, 'version' | 'input' | 'onFailure' | 'deadline'> {
  /** In this order. */
  readonly phases: Ps;
  /** Somebody is asked before the first phase begins. */
  readonly approval?: AskOptions<{ readonly input: OutputOf<I>; readonly run: RunFacts }>;
}

/** Phases in order. Its output is what the tasks have left behind, by phase and by task. Where nothing is known of `Ps`, anything is taken. */
export type Program<N extends string, I, Ps = Anything, A = unknown> = Orchestrator<
  N,
  I,
  IsKnown<Ps> extends true ? ProgramOutput<Ps> : AnyOutput,
  IsKnown<Ps> extends true ? ProgramCalls<Ps> | AsksOf<A, I, I, never, '~approval'> : Anything
>;

// biome-ignore lint/suspicious/noExplicitAny: of phases that are put together when the program runs, nothing is known
type Anything = any;

type AnyOutput = { readonly [phase: string]: { readonly [task: string]: unknown } };

/** The names of the phases are known: it is no record of any phases, and it is not what a cast has left. */
type IsKnown<Ps> = 0 extends 1 & Ps ? false : [Ps] extends [never] ? false : string extends keyof Ps ? false : true;

/** What each phase leaves behind. One in the background: the id of the run that it is. */
export type ProgramOutput<Ps> = {
  readonly [F in keyof Ps]: Ps[F] extends { readonly background: true } ? { readonly run: string } : PhaseOutput<Ps[F]>;
};

/** What the tasks leave behind by name, and the gate and the approval beside them. */
type PhaseOutput<F> = F extends { readonly tasks: infer Ts }
  ? {
      readonly [K in keyof Ts | Extract<keyof F, 'gate' | 'approval'>]: K extends Extract<keyof F, 'gate' | 'approval'>
        ? StepOutput<F, K>
        : K extends keyof Ts
          ? TaskOutput<Ts[K]>
          : never;
    }
  : never;

type StepOutput<F, K extends 'gate' | 'approval'> = K extends 'gate'
  ? F extends { readonly gate: { readonly action: infer B } }
    ? Passed & { readonly action: BodyOutput<BodyIn<B>> }
    : Passed
  : F extends { readonly approval: infer A }
    ? Decided<OutputOf<ValueIn<A>>>
    : Decided;

/** `null` for one that the phase can do without, and did. */
type TaskOutput<T> =
  | BodyOutput<BodyIn<T>>
  | (T extends { readonly required: infer R } ? (false extends R ? null : never) : never);

type BodyIn<T> = T extends { readonly do: infer B } ? B : T;

type ValueIn<A> = A extends { readonly value: infer S extends Schema } ? S : AnyPayload;

/** What the phases call, and where they ask. A phase in the background is another run, which asks for itself. */
type ProgramCalls<Ps> = {
  [F in keyof Ps & string]: Ps[F] extends { readonly background: true }
    ? TasksOf<PhaseCalls<Ps[F], F>>
    : PhaseCalls<Ps[F], F>;
}[keyof Ps & string];

type PhaseCalls<F, At extends string> =
  | (F extends { readonly tasks: infer Ts }
      ? { [K in keyof Ts & string]: Placed<BodyIn<Ts[K]>, `${At}/work/${K}${Inside<Ts[K]>}`> }[keyof Ts & string]
      : never)
  | (F extends { readonly gate?: infer G } ? GateCalls<G, `${At}/gate`> : never)
  | (F extends { readonly approval?: infer A } ? ApprovalCalls<A, `${At}/approval`> : never);

/** A task with notes is a step of a track, and one that can be done without is that, too. */
type Inside<T> =
  `${T extends { readonly required: false } ? '/do' : ''}${T extends { readonly notes: unknown } ? '/do' : ''}`;

/** What a body calls. What it asks goes by its whole path: elsewhere in the program, something else is asked under that name. */
type Placed<B, At extends string> = AtPlace<
  BodyCalls<B>,
  At,
  B extends { readonly is: 'task' } ? At : `${At}/${string}`
>;
type AtPlace<C, At extends string, Own extends string> =
  C extends Asks<infer N, infer P> ? Asks<string extends N ? Own : `${At}/${N}` | `${At}/${string}/${N}`, P> : C;

type GateCalls<G, At extends string> = unknown extends G
  ? never
  : G extends { readonly action: infer B }
    ? Placed<BodyIn<B>, `${At}/action`> | Asks<`${At}/judge`, AnyDecision>
    : G extends object
      ? Asks<At, AnyDecision>
      : never;

type ApprovalCalls<A, At extends string> = unknown extends A
  ? never
  : A extends object
    ? Asks<At, Comes<DecisionsIn<A>, InputOf<ValueIn<A>>>>
    : never;

/** Of an approval that is put together when the program runs: any of them. */
type DecisionsIn<A> = A extends { readonly decisions: infer D }
  ? D
  : 'decisions' extends keyof A
    ? DecisionsOption
    : UsualDecisions;
