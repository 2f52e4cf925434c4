/**
 * `track(name, …)`: steps in order, each with a name (S1).
 *
 * A builder is immutable: `.step` answers with another one and leaves this one as it was.
 * The steps are put into an array only when somebody asks for the definition.
 */
import type { Mapper, StepDefinition, TrackDefinition } from '../definition.ts';
import type { ReadPort } from '../core/declaration.ts';
import type { Duration } from '../duration.ts';
import { reasonOf, show } from '../errors/index.ts';
import type { Json } from '../json.ts';
import { readApprovalStep } from '../machines/approval/declaration.ts';
import { readAggregate } from '../machines/aggregate/declaration.ts';
import { readBranch } from '../machines/branch/declaration.ts';
import { readGate } from '../machines/gate/declaration.ts';
import { readGroup } from '../machines/group/declaration.ts';
import { readLoop } from '../machines/loop/declaration.ts';
import { readMap } from '../machines/map/declaration.ts';
import type { StepKind } from '../machines/outside.ts';
import { readKind } from '../machines/outside-read.ts';
import { NO_LIMITS } from '../limits.ts';
import type { ControlSteps } from './control.ts';
import type { InputOf, OutputOf, Schema } from '../schema.ts';
import type { PeopleSteps } from './approval.ts';
import type { LeafSteps, SleepFor, SleepUntil } from './leaf-steps.ts';
import { append, beginning, itemsOf, type Link, madeOf } from './chain.ts';
import { readEmit } from '../machines/emit/declaration.ts';
import { readRun } from '../machines/run/declaration.ts';
import { readSignal } from '../machines/signal/declaration.ts';
import { readSleep } from '../machines/sleep/declaration.ts';
import { type HookDefinition, NO_HOOKS, type TrackHook } from '../hooks.ts';
import { readHooks } from './hooks.ts';
import { type BodiesLimit, readConcurrency } from './limits.ts';
import { leaveNotes, notesOf, type Note } from './notes.ts';
import { readParallel } from '../machines/parallel/declaration.ts';
import { readSet } from '../machines/set/declaration.ts';
import { readTerminate } from '../machines/terminate/declaration.ts';
import { readWait } from '../machines/wait/declaration.ts';
import { nodeOfBody } from './plan.ts';
import { readByKind, readDuration, readOptions, readStep } from './reading.ts';
import { madeReadyBy } from './ready.ts';
import { alsoFrom, from } from './source.ts';
import type { Listens, NewName, Runnable, StepFacts } from './types.ts';
import { type Perhaps, readStepOptions, STEP_OPTIONS, type StepArguments } from './undo.ts';
import type { AnyPayload, InsteadOf, WaitOptions } from './wait.ts';

/** Steps in order. `I` is what a mapper hands to it, `O` its output, `C` the tasks that it calls. */
export interface Track<N extends string, I, O, C> extends Runnable<I, O, C> {
  readonly is: 'track';
  readonly name: N;
  readonly definition: TrackDefinition;
}

/** A track that can be given more steps. `V` is its parsed input, `Outputs` those of its steps, `P` the last one. */
export interface TrackBuilder<N extends string, I, V, Outputs, P, O, C>
  extends Track<N, I, O, C>,
    ControlSteps<N, I, V, Outputs, P, C>,
    LeafSteps<N, I, V, Outputs, P, C>,
    PeopleSteps<N, I, V, Outputs, P, C> {
  /**
   * Adds a step. The mapper makes its input of what is there by then; it can be left out
   * when `{}` is an input that the body takes. What comes last says how it is undone here, and what its failure means for the track.
   *
   * @example
   * .step('hold', reserve, ({ input }) => input, { compensate: ({ output, key }) => stock.free(output.hold, { key }) })
   */
  step<const K extends string, BI, BO, BC, const May extends boolean = false>(
    name: NewName<K, Outputs>,
    body: Runnable<BI, BO, BC>,
    ...mapper: StepArguments<StepFacts<V, Outputs, P>, NoInfer<BI>, NoInfer<BO>, May>
  ): TrackBuilder<
    N,
    I,
    V,
    Outputs & { readonly [X in K]: Perhaps<BO, May> },
    Perhaps<BO, May>,
    Perhaps<BO, May>,
    C | BC
  >;
  /**
   * Adds a step that lets time pass: `'10m'`, `'2d'`, `{ until: '2030-01-01T09:00:00Z' }`, or
   * `{ for: ({ input }) => input.pause }`, which is worked out when it begins. It outlives the process, and leaves `null` behind.
   */
  sleep<const K extends string>(
    name: NewName<K, Outputs>,
    duration: Duration | SleepUntil<StepFacts<V, Outputs, P>> | SleepFor<StepFacts<V, Outputs, P>>,
  ): TrackBuilder<N, I, V, Outputs & { readonly [X in K]: null }, null, null, C>;
  /**
   * Adds a step that waits until somebody sends the run a signal, and leaves its payload behind. A payload that the
   * schema or `where` does not take is refused to its sender, and the step waits on.
   *
   * @example
   * .wait('confirmed', { signal: 'confirm', payload: Confirm, where: ({ payload, input }) => payload.id === input.id, timeout: '1h' })
   */
  wait<const K extends string, const Name extends string, S extends Schema = AnyPayload>(
    name: NewName<K, Outputs>,
    options: WaitOptions<StepFacts<V, Outputs, P>, S, Name> & { readonly onTimeout?: 'fail' },
  ): TrackBuilder<
    N,
    I,
    V,
    Outputs & { readonly [X in K]: OutputOf<S> },
    OutputOf<S>,
    OutputOf<S>,
    C | Listens<Name, InputOf<S>>
  >;
  wait<const K extends string, const T extends Json, const Name extends string, S extends Schema = AnyPayload>(
    name: NewName<K, Outputs>,
    options: WaitOptions<StepFacts<V, Outputs, P>, S, Name> & {
      readonly timeout: Duration;
      readonly onTimeout: { readonly value: T };
    },
  ): TrackBuilder<
    N,
    I,
    V,
    Outputs & { readonly [X in K]: OutputOf<S> | T },
    OutputOf<S> | T,
    OutputOf<S> | T,
    C | Listens<Name, InputOf<S>>
  >;
  wait<const K extends string, BI, BO, BC, const Name extends string, S extends Schema = AnyPayload>(
    name: NewName<K, Outputs>,
    options: WaitOptions<StepFacts<V, Outputs, P>, S, Name> & {
      readonly timeout: Duration;
      readonly onTimeout: InsteadOf<StepFacts<V, Outputs, P>, BI, BO, BC>;
    },
  ): TrackBuilder<
    N,
    I,
    V,
    Outputs & { readonly [X in K]: OutputOf<S> | BO },
    OutputOf<S> | BO,
    OutputOf<S> | BO,
    C | BC | Listens<Name, InputOf<S>>
  >;
  /**
   * Adds a step of a kind from outside (`defineKind`). The box that runs it has to know the kind: `createSignalbox({ kinds: [door] })`.
   *
   * @example
   * .kind('front', door, { opens: 'in the morning' })
   */
  kind<const K extends string, KO, BO>(
    name: NewName<K, Outputs>,
    kind: StepKind<KO, BO>,
    options: NoInfer<KO>,
  ): TrackBuilder<N, I, V, Outputs & { readonly [X in K]: BO }, BO, BO, C>;
  /**
   * Ends the track with an output of its own making; without it, its output is that of its
   * last step. An `async` function may wait: it is run as a task (S5).
   */
  output<R>(mapper: (facts: StepFacts<V, Outputs, P>) => R): Track<N, I, Awaited<R>, C>;
}

const KEYS = ['input', 'bodies', 'deadline', 'hooks'];

/**
 * Begins a track of no steps.
 *
 * @example
 * const payment = track('payment', { input: Order })
 *   .step('hold', reserve, ({ input }) => input)
 *   .step('receipt', charge, ({ input, outputs }) => ({ hold: outputs.hold.hold, cents: input.cents }));
 */
export function track<const N extends string, I extends Schema>(
  name: N,
  options: {
    readonly input: I;
    /** How many bodies of this track may run at once in a process, in all runs together. Default: all. */
    readonly bodies?: BodiesLimit;
    /** How long it may take, from when it begins. Then what is under way in it is cancelled, and it is `timedOut` (S11). Default: as long as it likes. */
    readonly deadline?: Duration;
    /** What is called before and after it, and its steps (S31). */
    readonly hooks?: readonly TrackHook[];
  },
): TrackBuilder<N, InputOf<I>, OutputOf<I>, {}, null, null, never> {
  const notes: Note[] = [];
  const given = readOptions(options, 'options of a track', KEYS, notes, 'all');
  const bodies = readConcurrency(given.bodies, 'bodies', notes);
  const deadline = readDuration(given.deadline, 'deadline', undefined, notes);
  const hooks = readHooks(given.hooks, 'track', notes);
  const head: Head = { name, input: given.input as Schema | undefined, bodies, deadline, hooks, notes };
  return new Chain(from(track, head), beginning()) as never;
}

/**
 * A mapper that hands over the output of the step just before.
 *
 * @example
 * track('greet', { input: Name }).step('hello', greet, ({ input }) => input).step('loud', shout, pipe);
 */
export function pipe<P>(facts: { readonly previous: P }): P {
  return facts.previous;
}

// biome-ignore lint/suspicious/noExplicitAny: what it carries at compile time is said by whoever hands it out
type AnyTrack = Track<string, any, any, any>;

/** A finished track around data that is there already. */
export function trackOf(
  head: Head,
  steps: readonly StepDefinition[],
  output: unknown,
  last: Link<StepDefinition> | null = null,
): AnyTrack {
  const definition: TrackDefinition = alsoFrom(head, {
    is: 'track',
    name: head.name,
    input: head.input,
    steps,
    output: output as Mapper | undefined,
    bodies: head.bodies ?? NO_LIMITS,
    deadline: head.deadline,
    hooks: head.hooks ?? NO_HOOKS,
  });
  Object.freeze(madeOf(definition, last));
  leaveNotes(definition, head.notes);
  madeReadyBy(definition, () => nodeOfBody(definition));
  return Object.freeze({ is: 'track', name: head.name, definition });
}

interface Head {
  readonly name: string;
  readonly input: Schema | undefined;
  readonly bodies?: TrackDefinition['bodies'];
  readonly deadline?: number | undefined;
  readonly hooks?: readonly HookDefinition[];
  readonly notes: readonly Note[];
}

/** What stands behind `TrackBuilder`. The types live in the interface; this only collects. */
class Chain {
  readonly is = 'track';
  readonly name: string;
  readonly #head: Head;
  readonly #last: Link<StepDefinition>;
  #definition: TrackDefinition | undefined;

  constructor(head: Head, last: Link<StepDefinition>) {
    this.name = head.name;
    this.#head = head;
    this.#last = last;
    Object.freeze(this);
  }

  get definition(): TrackDefinition {
    this.#definition ??= this.output(undefined).definition;
    return this.#definition;
  }

  step(name: unknown, body: unknown, mapper: unknown, options: unknown): Chain {
    const notes: Note[] = [];
    const given = readOptions(options, 'options of a step', STEP_OPTIONS, notes);
    return this.#with(readStep(name, body, mapper, notes, this.step, readStepOptions(given, notes)));
  }

  sleep(name: unknown, duration: unknown): Chain {
    return this.#with(readByKind(name, this.sleep, (reader) => readSleep(name, duration, reader)));
  }

  wait(name: unknown, options: unknown): Chain {
    return this.#with(readByKind(name, this.wait, (reader) => readWait(name, options, reader)));
  }

  branch(name: unknown, options: unknown): Chain {
    return this.#with(readByKind(name, this.branch, (reader) => readBranch(name, options, reader)));
  }

  parallel(name: unknown, members: unknown, options: unknown): Chain {
    return this.#with(readByKind(name, this.parallel, (reader) => readParallel(name, members, options, reader)));
  }

  group(name: unknown, build: unknown, options: unknown): Chain {
    return this.#with(
      readByKind(name, this.group, (reader) => readGroup(name, stepsBy(name, build, reader), options, reader)),
    );
  }

  map(name: unknown, options: unknown): Chain {
    return this.#with(readByKind(name, this.map, (reader) => readMap(name, options, reader)));
  }

  loop(name: unknown, options: unknown): Chain {
    return this.#with(readByKind(name, this.loop, (reader) => readLoop(name, options, reader)));
  }

  aggregate(name: unknown, options: unknown): Chain {
    return this.#with(readByKind(name, this.aggregate, (reader) => readAggregate(name, options, reader)));
  }

  set(name: unknown, variables: unknown): Chain {
    return this.#with(readByKind(name, this.set, (reader) => readSet(name, variables, reader)));
  }

  terminate(name: unknown, options: unknown): Chain {
    return this.#with(readByKind(name, this.terminate, (reader) => readTerminate(name, options, reader)));
  }

  run(name: unknown, given: unknown, mapper: unknown): Chain {
    return this.#with(readByKind(name, this.run, (reader) => readRun(name, given, mapper, reader)));
  }

  signal(name: unknown, options: unknown): Chain {
    return this.#with(readByKind(name, this.signal, (reader) => readSignal(name, options, reader)));
  }

  emit(name: unknown, options: unknown): Chain {
    return this.#with(readByKind(name, this.emit, (reader) => readEmit(name, options, reader)));
  }

  approval(name: unknown, options: unknown): Chain {
    return this.#with(readByKind(name, this.approval, (reader) => readApprovalStep(name, options, reader)));
  }

  gate(name: unknown, options: unknown): Chain {
    return this.#with(readByKind(name, this.gate, (reader) => readGate(name, options, reader)));
  }

  kind(name: unknown, kind: unknown, options: unknown): Chain {
    return this.#with(readByKind(name, this.kind, (reader) => readKind(name, kind, options, reader)));
  }

  output(mapper: unknown): AnyTrack {
    return trackOf(this.#head, itemsOf(this.#last), mapper, this.#last);
  }

  #with(step: StepDefinition): Chain {
    return new Chain(this.#head, append(this.#last, step));
  }
}

/** The steps that a function puts into a group. What goes wrong in it is told with all the rest. */
function stepsBy(name: unknown, build: unknown, reader: ReadPort): readonly StepDefinition[] {
  const expected = 'it takes a function that is given a track and answers with it, like (t) => t.step(…)';
  if (typeof build !== 'function') {
    reader.note('bad-option', `The steps of a group cannot be ${show(build)}: ${expected}.`);
    return NO_STEPS;
  }
  try {
    const built: unknown = build(new Chain({ name: name as string, input: undefined, notes: [] }, beginning()));
    if (!(built instanceof Chain)) {
      reader.note(
        'bad-option',
        `The steps of a group cannot be ${show(built)}: ${expected}. A group has no ".output(…)".`,
      );
      return NO_STEPS;
    }
    const { definition } = built;
    for (const { code, message } of notesOf(definition)) reader.note(code, message);
    return definition.steps;
  } catch (thrown) {
    reader.note('bad-option', `The function that makes the steps of a group threw: ${reasonOf(thrown)}`);
    return NO_STEPS;
  }
}

const NO_STEPS: readonly StepDefinition[] = Object.freeze([]);
