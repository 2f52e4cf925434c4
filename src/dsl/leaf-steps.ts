/**
 * The types of the steps of a track that have to do with other runs, with the history and with the calendar. How their options
 * are read is in `machines`.
 */
import type { Duration } from '../duration.ts';
import type { Instant } from '../instant.ts';
import type { JsonObject } from '../json.ts';
import type { Orchestrator } from './orchestrator.ts';
import type { TrackBuilder } from './track.ts';
import type { EndOf, MapperArguments, NewName, StepFacts, TasksOf } from './types.ts';
import type { InsteadInput } from './wait.ts';

/** An orchestrator, or a function that answers with one: one that starts itself is not there yet when its track is. */
export type ChildOrchestrator<BI, BO, BC> = Orchestrator<string, BI, BO, BC> | (() => Orchestrator<string, BI, BO, BC>);

/** What a child run is declared with, apart from its input. `F` is what a mapper in its place is told. */
export interface ChildRunOptions<F, BI, BO, BC> {
  readonly orchestrator: ChildOrchestrator<BI, BO, BC>;
  /** The child's id. Left out: one that follows from the step's key. */
  readonly id?: (facts: F) => string;
  /** Read-only facts of the child, beside those of its parent (S6). */
  readonly metadata?: JsonObject | ((facts: F) => JsonObject);
  /** How many runs below the first one of its family the child may stand. Default: 10. */
  readonly depth?: number;
}

/** A run by its id, or by the key that it was started under. */
export type SignalTarget = string | { readonly run: string } | { readonly orchestrator: string; readonly key: string };

/** What a step that sends a signal is declared with. */
export interface SignalStepOptions<F> {
  /** The name of the signal. */
  readonly signal: string;
  /** Who gets it; `'all'` are the runs that wait for it. */
  readonly to: 'all' | ((facts: F) => SignalTarget);
  /** Left out: `null`. */
  readonly payload?: (facts: F) => unknown;
  /** Fail with `signal-unheard` if no run takes it or keeps it. Default: complete with zeros. */
  readonly required?: boolean;
}

/** How many runs took a signal, keep it for a step that will wait for it, or refused it. */
export interface Deliveries {
  readonly accepted: number;
  readonly buffered: number;
  readonly refused: number;
}

/** What a step that tells the history something is declared with. */
export interface EmitOptions<F> {
  /** The name of the event: `'order.shipped'`. */
  readonly event: string;
  /** Its data. Left out: `null`. */
  readonly data?: (facts: F) => unknown;
}

/** A sleep until an instant, which is fixed when it begins. */
export interface SleepUntil<F> {
  readonly until: Instant | ((facts: F) => Instant);
}

/** A sleep of a length that is worked out when it begins. */
export interface SleepFor<F> {
  readonly for: Duration | ((facts: F) => Duration);
}

/** The steps themselves, as a track has them. */
export interface LeafSteps<N extends string, I, V, Outputs, P, C> {
  /**
   * Adds a step that starts a run of another orchestrator and waits for its end; it leaves the child's output behind. With
   * `detach` it does not wait, and leaves the child's id.
   *
   * @example
   * .run('refund', refundOrchestrator, ({ input }) => input)
   * .run('report', { orchestrator: report, detach: true, input: ({ outputs }) => outputs.refund })
   */
  run<const K extends string, BI, BO, BC>(
    name: NewName<K, Outputs>,
    orchestrator: ChildOrchestrator<BI, BO, BC>,
    ...mapper: MapperArguments<StepFacts<V, Outputs, P>, NoInfer<BI>>
  ): TrackBuilder<
    N,
    I,
    V,
    Outputs & { readonly [X in K]: BO | EndOf<BC> },
    BO | EndOf<BC>,
    BO | EndOf<BC>,
    C | TasksOf<BC>
  >;
  run<const K extends string, BI, BO, BC>(
    name: NewName<K, Outputs>,
    options: ChildRunOptions<StepFacts<V, Outputs, P>, BI, BO, BC> & { readonly detach?: false } & InsteadInput<
        MapperArguments<StepFacts<V, Outputs, P>, NoInfer<BI>>
      >,
  ): TrackBuilder<
    N,
    I,
    V,
    Outputs & { readonly [X in K]: BO | EndOf<BC> },
    BO | EndOf<BC>,
    BO | EndOf<BC>,
    C | TasksOf<BC>
  >;
  run<const K extends string, BI, BO, BC>(
    name: NewName<K, Outputs>,
    options: ChildRunOptions<StepFacts<V, Outputs, P>, BI, BO, BC> & { readonly detach: true } & InsteadInput<
        MapperArguments<StepFacts<V, Outputs, P>, NoInfer<BI>>
      >,
  ): TrackBuilder<
    N,
    I,
    V,
    Outputs & { readonly [X in K]: { readonly run: string } },
    { readonly run: string },
    { readonly run: string },
    C | TasksOf<BC>
  >;
  /**
   * Adds a step that sends a signal to other runs, and leaves behind how many took it.
   *
   * @example
   * .signal('tell', { signal: 'shipped', to: ({ input }) => input.parentRun, payload: ({ outputs }) => outputs.parcel })
   */
  signal<const K extends string>(
    name: NewName<K, Outputs>,
    options: SignalStepOptions<StepFacts<V, Outputs, P>>,
  ): TrackBuilder<N, I, V, Outputs & { readonly [X in K]: Deliveries }, Deliveries, Deliveries, C>;
  /**
   * Adds a step that tells the history something of yours, as an event `user.emitted`; it leaves `null` behind.
   *
   * @example
   * .emit('told', { event: 'order.shipped', data: ({ outputs }) => outputs.parcel })
   */
  emit<const K extends string>(
    name: NewName<K, Outputs>,
    options: EmitOptions<StepFacts<V, Outputs, P>>,
  ): TrackBuilder<N, I, V, Outputs & { readonly [X in K]: null }, null, null, C>;
}
