/**
 * `orchestrator(name, …)`: tracks, and which of them wait for which (S2).
 *
 * The builder lets a track depend only on those declared before it, and its mapper read
 * only what it depends on; what TypeScript did not see, the check finds (S3).
 */
import type { Duration } from '../duration.ts';
import type { FailurePolicy, Mapper, OrchestratorDefinition, RunFacts, TrackUse } from '../definition.ts';
import type { AskOptions } from './approval.ts';
import { readAsked } from './asked.ts';
import type { AsksOf } from './decisions.ts';
import type { InputOf, OutputOf, Schema } from '../schema.ts';
import { append, beginning, itemsOf, type Link, madeOf } from './chain.ts';
import type { Hook } from '../hooks.ts';
import { readHooks } from './hooks.ts';
import { type BodiesLimit, readConcurrency } from './limits.ts';
import { leaveNotes, type Note } from './notes.ts';
import { planOf } from './plan.ts';
import { readBody, readDuration, readOptions } from './reading.ts';
import { madeReadyBy } from './ready.ts';
import { alsoFrom, type Builder, from } from './source.ts';
import type { Carried, Flat, NewName, Runnable, StepFacts } from './types.ts';

/** A graph of tracks. `I` is what a run is started with, `O` its result, `C` the tasks that it calls. */
export interface Orchestrator<N extends string, I, O, C> {
  readonly is: 'orchestrator';
  readonly name: N;
  readonly definition: OrchestratorDefinition;
  readonly '~types'?: Carried<I, O, C>;
}

/** An orchestrator of which nothing more is known. */
// What takes any orchestrator infers the rest from the one that it is given.
// biome-ignore lint/suspicious/noExplicitAny: see above
export type AnyOrchestrator = Orchestrator<string, any, any, any>;

/** What an orchestrator is made of, apart from its tracks. */
export interface OrchestratorOptions<I extends Schema> {
  /** A run is pinned to it. */
  readonly version: string;
  /** What a run is started with. */
  readonly input: I;
  /** What the failure of a track does: stop the others, or only what depends on it (S12). Default `'failFast'`. */
  readonly onFailure?: FailurePolicy;
  /** How long a run may take: `'7d'`. Then what is under way is cancelled, and it is `timedOut` (S11). Default: as long as it likes. */
  readonly deadline?: Duration;
  /** Starts of one key (`box.start(…, { debounce: key })`) that follow each other sooner than this are one start, after it (S30). */
  readonly debounce?: Duration;
  /** How many tracks may be live at once. Default: all that are ready. */
  readonly concurrency?: number;
  /** How many bodies of all its runs may run at once in a process: `8`, `{ limit: 2, key: ({ run }) => … }`. Default: all. */
  readonly bodies?: BodiesLimit;
  /** Somebody is asked before the first track begins, and decides whether any does. */
  readonly approval?: AskOptions<{ readonly input: OutputOf<I>; readonly run: RunFacts }>;
  /** What is called before and after its runs, their tracks and steps (S31), after the hooks of the box. */
  readonly hooks?: readonly Hook[];
}

/** What the mapper of a track sees: of the other tracks, only those it depends on. */
export type TrackFacts<V, Tracks, After extends readonly (keyof Tracks)[]> = StepFacts<
  V,
  Pick<Tracks, After[number]>,
  null
>;

/** The last argument of `.track`, which can be left out when `{}` is an input that the body takes. */
export type TrackArguments<V, Tracks, After extends readonly (keyof Tracks)[], I> = {} extends I
  ? [options?: { readonly after?: After; readonly input?: (facts: TrackFacts<V, Tracks, After>) => I }]
  : [options: { readonly after?: After; readonly input: (facts: TrackFacts<V, Tracks, After>) => I }];

/** An orchestrator that can be given more tracks. */
export interface OrchestratorBuilder<N extends string, I, V, Tracks, C> extends Orchestrator<N, I, Flat<Tracks>, C> {
  /** Adds a track that starts when the last of those in `after` has ended. */
  track<const K extends string, BI, BO, BC, const After extends readonly (keyof Tracks & string)[] = readonly []>(
    name: NewName<K, Tracks>,
    body: Runnable<BI, BO, BC>,
    ...options: TrackArguments<V, Tracks, After, NoInfer<BI>>
  ): OrchestratorBuilder<N, I, V, Tracks & { readonly [X in K]: BO }, C | BC>;
  /**
   * Ends the orchestrator with a result of its own making; without it, the result is all
   * outputs by name. An `async` function may wait: it is run as a task (S5).
   */
  output<R>(mapper: (facts: StepFacts<V, Tracks, null>) => R): Orchestrator<N, I, Awaited<R>, C>;
}

/** The keys that the check knows; `defineOrchestrator` has more of them. */
export const ORCHESTRATOR_KEYS = [
  'version',
  'input',
  'onFailure',
  'deadline',
  'debounce',
  'concurrency',
  'bodies',
  'approval',
  'hooks',
];
const USE_KEYS = ['after', 'input'];
const NOTHING: readonly string[] = Object.freeze([]);

/**
 * Begins an orchestrator of no tracks.
 *
 * @example
 * const order = orchestrator('order', { version: '1', input: Order })
 *   .track('payment', payment, { input: ({ input }) => input })
 *   .track('delivery', delivery, { after: ['payment'], input: ({ input }) => input })
 *   .output(({ outputs }) => ({ receipt: outputs.payment.receipt, parcel: outputs.delivery.parcel }));
 */
export function orchestrator<const N extends string, I extends Schema, A>(
  name: N,
  options: OrchestratorOptions<I> & { readonly approval?: A },
): OrchestratorBuilder<N, InputOf<I>, OutputOf<I>, {}, AsksOf<A, InputOf<I>, InputOf<I>, never, '~approval'>> {
  const notes: Note[] = [];
  const given = readOptions(options, 'options of an orchestrator', ORCHESTRATOR_KEYS, notes, 'all');
  return new Chain(from(orchestrator, { name, given, notes }), beginning()) as never;
}

interface Head {
  readonly name: string;
  readonly given: { readonly [key: string]: unknown };
  readonly notes: readonly Note[];
}

/** A finished orchestrator around data that is there already. */
export function orchestratorOf(
  head: Head,
  tracks: readonly TrackUse[],
  output: unknown,
  last: Link<TrackUse> | null = null,
): AnyOrchestrator {
  const { name, given } = head;
  const { onFailure = 'failFast', concurrency = Number.POSITIVE_INFINITY } = given;
  const notes = [...head.notes];
  const definition: OrchestratorDefinition = alsoFrom(head, {
    is: 'orchestrator',
    name,
    version: given.version as string,
    input: given.input as Schema,
    onFailure: onFailure as FailurePolicy,
    concurrency: concurrency as number,
    tracks,
    output: output as Mapper | undefined,
    bodies: readConcurrency(given.bodies, 'bodies', notes),
    hooks: readHooks(given.hooks, 'orchestrator', notes),
    deadline: readDuration(given.deadline, 'deadline', undefined, notes),
    ...readAsked('approval', given.approval, 'an orchestrator', notes),
    ...(given.debounce === undefined ? {} : { debounce: readDuration(given.debounce, 'debounce', undefined, notes) }),
  });
  Object.freeze(madeOf(definition, last));
  leaveNotes(definition, notes);
  madeReadyBy(definition, () => planOf(definition).root);
  return Object.freeze({ is: 'orchestrator', name, definition });
}

/** A frozen use of a body in an orchestrator, with its notes beside it. */
export function readUse(
  name: string,
  body: unknown,
  after: unknown,
  input: unknown,
  notes: Note[],
  builder?: Builder,
): TrackUse {
  const use = { name, body: readBody(body, notes), input: input as Mapper | undefined, after: readAfter(after, notes) };
  leaveNotes(use, notes);
  return Object.freeze(builder === undefined ? use : from(builder, use));
}

function readAfter(after: unknown, notes: Note[]): readonly string[] {
  if (after === undefined) return NOTHING;
  if (Array.isArray(after)) return after.length === 0 ? NOTHING : Object.freeze([...after]);
  notes.push({ code: 'bad-option', message: `Dependencies are given as a list of names of tracks, like ['payment'].` });
  return NOTHING;
}

/** What stands behind `OrchestratorBuilder`. The types live in the interface; this only collects. */
class Chain {
  readonly is = 'orchestrator';
  readonly name: string;
  readonly #head: Head;
  readonly #last: Link<TrackUse>;
  #definition: OrchestratorDefinition | undefined;

  constructor(head: Head, last: Link<TrackUse>) {
    this.name = head.name;
    this.#head = head;
    this.#last = last;
    Object.freeze(this);
  }

  get definition(): OrchestratorDefinition {
    this.#definition ??= this.output(undefined).definition;
    return this.#definition;
  }

  track(name: string, body: unknown, options: unknown): Chain {
    const notes: Note[] = [];
    const given = readOptions(options, 'options of a track in an orchestrator', USE_KEYS, notes);
    const use = readUse(name, body, given.after, given.input, notes, this.track);
    return new Chain(this.#head, append(this.#last, use));
  }

  output(mapper: unknown): AnyOrchestrator {
    return orchestratorOf(this.#head, itemsOf(this.#last), mapper, this.#last);
  }
}
