/**
 * `compositeTrack(name, …)`: bodies side by side under one name, and one output made of
 * theirs. It can stand wherever a track can, in another composite too.
 */
import { readStrategy } from '../core/declaration.ts';
import type { CompositeDefinition, Merge, StepDefinition, Strategy } from '../definition.ts';
import type { Duration } from '../duration.ts';
import type { InputOf, OutputOf, Schema } from '../schema.ts';
import { leaveNotes, type Note } from './notes.ts';
import { nodeOfBody } from './plan.ts';
import { isOptions, readDuration, readOptions, readUseOf } from './reading.ts';
import { madeReadyBy } from './ready.ts';
import { from } from './source.ts';
import type { AnyBody, BodyCalls, BodyInput, BodyOutput, Flat, NoSchema, Runnable, StepFacts } from './types.ts';

/** What a member's mapper is told: the composite's input, the run, and the outputs of the members that it waits for (`after`). */
// Which these are is said beside it, and not known where the mapper is written.
// biome-ignore lint/suspicious/noExplicitAny: see above
export type MemberFacts<V> = StepFacts<V, { readonly [member: string]: any }, null>;

/** A body, or a body and the mapper that makes its input. Without a mapper the body gets `{}`. */
export type Member<V> = AnyBody | { readonly do: AnyBody; readonly input: (facts: MemberFacts<V>) => unknown };

type MemberBody<X> = X extends AnyBody ? X : X extends { readonly do: infer B } ? B : never;

/** What a member is held to once its body is known: the mapper must make that body's input. */
type StrictMember<V, X> = X extends AnyBody
  ? {} extends BodyInput<X>
    ? unknown
    : { readonly do: X; readonly input: (facts: MemberFacts<V>) => BodyInput<X> }
  : X extends { readonly do: infer B }
    ? { readonly do: B; readonly input: (facts: MemberFacts<V>) => BodyInput<B> }
    : unknown;

// Kept from inference (see `tracks`): a body would be taken for the whole member.
type StrictMembers<V, Ms> = { readonly [K in keyof Ms]: StrictMember<V, Ms[K]> };

/** The outputs of the members by name. */
export type MemberOutputs<Ms> = { readonly [K in keyof Ms]: BodyOutput<MemberBody<Ms[K]>> };

/** How whoever has members side by side decides. A quorum cancels the rest if nothing else is said. */
export type StrategyOption =
  | Exclude<Strategy, 'caught' | object>
  | { readonly quorum: number; readonly rest?: 'cancel' | 'finish' };

/** What a composite track is made of. */
export interface CompositeOptions<S extends Schema, Ms, R> {
  /** What it takes; without a schema, anything. */
  readonly input?: S;
  /** What runs side by side, by name, in the order in which `merge` gets the outputs. */
  readonly tracks: Ms & NoInfer<StrictMembers<OutputOf<S>, Ms>>;
  /** What the ends of the members mean for it. Default: it waits for all of them, also when one fails; then it fails. */
  readonly strategy?: StrategyOption;
  /** How many may be under way at once. Default: all. */
  readonly concurrency?: number;
  /** Members that begin only when others have ended, whose outputs their mappers are told: `{ plan: ['audit'] }`. */
  readonly after?: { readonly [K in keyof Ms]?: readonly (keyof Ms & string)[] };
  /** How long it may take, from when it begins (S11). Default: as long as it likes. */
  readonly deadline?: Duration;
  /**
   * Makes the output of the members' outputs, in declared order and by name. Without it, the
   * output is an object by name. An `async` function may wait: it is run as a task (S5).
   */
  readonly merge?: (outputs: readonly MemberOutputs<Ms>[keyof Ms][], named: MemberOutputs<Ms>) => R;
}

/** Bodies side by side. */
export interface CompositeTrack<N extends string, I, O, C> extends Runnable<I, O, C> {
  readonly is: 'composite';
  readonly name: N;
  readonly definition: CompositeDefinition;
}

const KEYS = ['input', 'tracks', 'strategy', 'concurrency', 'merge', 'after', 'deadline'];

/**
 * Declares a composite track.
 *
 * @example
 * const launch = compositeTrack('launch', {
 *   input: Product,
 *   tracks: { web, mail: { do: mail, input: ({ input }) => ({ to: input.owner }) } },
 *   merge: (outputs, { web }) => ({ parts: outputs.length, url: web.url }),
 * });
 */
export function compositeTrack<
  const N extends string,
  const Ms extends { readonly [name: string]: Member<OutputOf<S>> },
  S extends Schema = NoSchema,
  R = Flat<MemberOutputs<Ms>>,
>(
  name: N,
  options: CompositeOptions<S, Ms, R>,
): CompositeTrack<N, InputOf<S>, Awaited<R>, BodyCalls<MemberBody<Ms[keyof Ms]>>> {
  const notes: Note[] = [];
  const given = readOptions(options, 'options of a composite track', KEYS, notes, 'all');
  const { concurrency = Number.POSITIVE_INFINITY } = given;
  const definition: CompositeDefinition = from(compositeTrack, {
    is: 'composite',
    name,
    input: given.input as Schema | undefined,
    members: readMembers(given.tracks, notes),
    strategy: readStrategy(given.strategy, 'waitAll'),
    concurrency: concurrency as number,
    merge: given.merge as Merge | undefined,
    ...readAfter(given.after, notes),
    deadline: readDuration(given.deadline, 'deadline', undefined, notes),
  });
  leaveNotes(Object.freeze(definition), notes);
  madeReadyBy(definition, () => nodeOfBody(definition));
  return Object.freeze({ is: 'composite', name, definition });
}

function readAfter(given: unknown, notes: Note[]): Pick<CompositeDefinition, 'after'> {
  if (given === undefined) return {};
  const isNames = (names: unknown): boolean => Array.isArray(names) && names.every((name) => typeof name === 'string');
  if (isOptions(given) && !Array.isArray(given) && Object.values(given).every(isNames))
    return { after: given as NonNullable<CompositeDefinition['after']> };
  notes.push({
    code: 'bad-option',
    message: 'Option "after" takes, for a member, a list of those that it waits for: { plan: [\'audit\'] }.',
  });
  return {};
}

function readMembers(tracks: unknown, notes: Note[]): readonly StepDefinition[] {
  if (!isOptions(tracks) || Array.isArray(tracks)) {
    notes.push({ code: 'bad-option', message: 'Option "tracks" takes an object of bodies by name.' });
    return Object.freeze([]);
  }
  return Object.freeze(Object.entries(tracks).map(([name, member]) => readUseOf(name, member)));
}
