/**
 * A run as an actor of XState: to be invoked, spawned, persisted and restored like any other.
 *
 * The actor holds the run's id and nothing else of it: the run goes on in its box whether or not an actor is attached. The id is chosen
 * with the initial snapshot, and a start under one id starts once (S17). So whoever persists the actor, at whatever moment, and restores
 * it, gets the same run, and gets it once.
 */
import type { ActorLogic, ActorScope, ActorSystem, EventObject, Snapshot } from 'xstate';
import { ask, askOptions, isObject } from '../checks.ts';
import type { AnyOrchestrator, RunInput, RunOutput, SignalsOf } from '../dsl/index.ts';
import { InvalidOption } from '../errors/index.ts';
import { randomIds } from '../ids.ts';
import type { JsonObject } from '../json.ts';
import { type Progress, type ProgressFold, progressOf } from '../views/progress.ts';
import { errorFrom, type KeptError, keepError } from './kept-error.ts';
import {
  Commands,
  isClosed,
  isCommand,
  type RunCommand,
  type RunEmitted,
  type RunPort,
  type StartsPort,
} from './port.ts';

// biome-ignore lint/suspicious/noExplicitAny: as in XState, where the type of any system has no name to be imported by
type AnySystem = ActorSystem<any>;

/** What an embedded run is started with. */
export interface RunActorInput<Input> {
  readonly input: Input;
  /** The run's id. Left out, it gets one of its own. */
  readonly id?: string;
  readonly metadata?: JsonObject;
}

/** What can be seen of a run from its actor. */
export interface RunActorContext {
  /** The run's id. */
  readonly run: string;
  readonly progress: Progress;
  /** The actor follows the run. Not before the start is committed, and not any more once the box is closed. */
  readonly attached: boolean;
}

/** A snapshot of an embedded run. Persisted, it has the run's id, and what the run came to once it has ended. */
export type RunActorSnapshot<Output, Input = unknown> = Snapshot<Output> & {
  readonly context: RunActorContext;
  /** What is to be started, until that is committed. */
  readonly begin: Omit<RunActorInput<Input>, 'id'> | null;
};

/** How a run is embedded. */
export interface EmbeddingOptions {
  /**
   * What becomes of the run when its actor is stopped: it goes on without one (`'detach'`, the default), or it is cancelled. An
   * application that stops its actors when it shuts down cancels their runs with the latter.
   */
  readonly onStop?: 'detach' | 'cancel';
}

/** The logic of an embedded run, as `fromOrchestrator` makes it. */
export type RunLogic<O extends AnyOrchestrator> = ActorLogic<
  RunActorSnapshot<RunOutput<O>, RunInput<O>>,
  RunCommand<SignalsOf<O>>,
  RunActorInput<RunInput<O>>,
  AnySystem,
  RunEmitted
>;

/** What the actor tells itself. */
type Told =
  | { readonly type: 'signalbox.attached'; readonly progress: Progress }
  | { readonly type: 'signalbox.detached' }
  | { readonly type: 'signalbox.moved'; readonly progress: Progress }
  | { readonly type: 'signalbox.completed'; readonly output: unknown }
  | { readonly type: 'signalbox.failed'; readonly error: unknown };

// Everything below is untyped in the orchestrator, which only the caller knows.
type Standing = RunActorSnapshot<unknown>;
type Scope = ActorScope<Standing, EventObject, AnySystem, RunEmitted>;

interface Persisted {
  readonly status: Standing['status'];
  readonly output: unknown;
  readonly error: KeptError | undefined;
  readonly context: { readonly run: string; readonly ended?: Omit<Progress, 'actors'> };
  readonly begin: Standing['begin'];
}

/**
 * An actor logic that starts a run of an orchestrator and follows it to its end: the actor is done with the run's output, or fails with
 * `RunFailed` or `RunCancelled`. Stopped, it leaves the run to itself; restored, it finds it again.
 *
 * @example
 * const machine = setup({ actors: { order: fromOrchestrator(box, order) } }).createMachine({ … });
 * const actor = createActor(fromOrchestrator(box, order), { input: { id: 'order-17', input: { cents: 4200 } } }).start();
 * actor.send({ type: 'signal', name: 'paid' });
 */
export function fromOrchestrator<O extends AnyOrchestrator>(
  box: StartsPort<NoInfer<O>>,
  orchestrator: O,
  options: EmbeddingOptions = {},
): RunLogic<O> {
  askOptions('fromOrchestrator', options, ['onStop']);
  const { onStop = 'detach' } = options;
  ask('onStop', onStop, `'detach' or 'cancel'`, (value) => value === 'detach' || value === 'cancel');
  const fold = progressOf(orchestrator);
  const attachments = new WeakMap<object, Attachment>();

  return {
    getInitialSnapshot(_: Scope, given: Partial<RunActorInput<unknown>> | undefined): Standing {
      // What is not there is refused with the start, as all else that is wrong with it.
      const { id = randomIds(), input, metadata, ...unknown } = given ?? {};
      return standing(id, fold.start, { input, ...(metadata === undefined ? {} : { metadata }), ...unknown });
    },

    start({ status, context, begin }: Standing, scope: Scope): void {
      if (status !== 'active') return;
      const open = async (): Promise<RunPort> => {
        if (begin !== null) {
          const options = { id: context.run, ...(begin as { input: RunInput<O> }) };
          askOptions('input', options, ['input', 'id', 'metadata']);
          await box.start(orchestrator, options);
        }
        return box.run(context.run);
      };
      attachments.set(scope.self, new Attachment(open(), begin === null, fold, scope));
    },

    transition(before: Standing, event: EventObject, { self }: Scope): Standing {
      if (before.status !== 'active') return before;
      if (isCommand(event)) attachments.get(self)?.commands.send(event);
      if (event.type !== 'xstate.stop') return after(before, event as Told);
      attachments.get(self)?.stop(onStop === 'cancel');
      return { ...before, status: 'stopped', output: undefined, error: undefined };
    },

    getPersistedSnapshot({ status, output, error, context, begin }: Standing): Snapshot<unknown> {
      const { actors, ...ended } = context.progress;
      const persisted: Persisted = {
        status,
        output,
        error: status === 'error' ? keepError(error, orchestrator.name) : undefined,
        context: { run: context.run, ...(status === 'active' ? {} : { ended }) },
        begin: status === 'active' ? begin : null,
      };
      return persisted as unknown as Snapshot<unknown>;
    },

    restoreSnapshot(persisted: unknown): Standing {
      if (!isPersisted(persisted)) {
        const expected = 'a snapshot that getPersistedSnapshot() of such an actor has made';
        const error = new InvalidOption({ option: 'snapshot', value: persisted, expected });
        return { ...standing('', fold.start, null), status: 'error', output: undefined, error };
      }
      const { status, output, error, context, begin } = persisted;
      const progress = context.ended === undefined ? fold.start : { ...context.ended, actors: {} };
      const ended = { status, output, error: error === undefined ? undefined : errorFrom(error) };
      return { ...standing(context.run, progress, begin), ...ended } as Standing;
    },
  } as unknown as RunLogic<O>;
}

function standing(run: string, progress: Progress, begin: Standing['begin']): Standing {
  const context = { run, progress, attached: false };
  return { status: 'active', output: undefined, error: undefined, context, begin };
}

function isPersisted(value: unknown): value is Persisted {
  return isObject(value) && 'context' in value && isObject(value.context) && 'run' in value.context;
}

function after(before: Standing, event: Told): Standing {
  const { context } = before;
  switch (event.type) {
    case 'signalbox.attached':
      return { ...before, begin: null, context: { ...context, progress: event.progress, attached: true } };
    case 'signalbox.detached':
      return { ...before, context: { ...context, attached: false } };
    case 'signalbox.moved':
      return { ...before, context: { ...context, progress: event.progress } };
    case 'signalbox.completed':
      return { ...before, status: 'done', output: event.output, error: undefined };
    case 'signalbox.failed':
      return { ...before, status: 'error', output: undefined, error: event.error };
    default:
      // Events that are sent to every actor, and what somebody has misspelt, which the types refuse.
      event satisfies never;
      return before;
  }
}

/** A started actor, and the run that it follows. */
class Attachment {
  readonly commands: Commands;
  readonly #run: Promise<RunPort>;
  readonly #fold: ProgressFold;
  readonly #scope: Scope;
  readonly #stopped = new AbortController();

  constructor(run: Promise<RunPort>, restored: boolean, fold: ProgressFold, scope: Scope) {
    this.#run = run;
    this.#fold = fold;
    this.#scope = scope;
    this.commands = new Commands(run, (emitted) => scope.emit(emitted));
    void this.#follow(restored);
  }

  stop(cancel: boolean): void {
    this.#stopped.abort();
    // Behind what was sent before. A box that is closed by now cancels nothing, and there is nobody to be told.
    if (cancel) this.commands.send({ type: 'cancel', reason: 'its actor was stopped' });
  }

  /** Tells the actor how the run stands, until one of the two ends. Never rejects. */
  async #follow(restored: boolean): Promise<void> {
    try {
      const run = await this.#run;
      const { signal } = this.#stopped;
      let progress = this.#fold.start;
      // What a restored actor has missed is one step for it, however long it was.
      if (restored) for await (const event of run.history()) progress = this.#fold.after(progress, event);
      this.#tell({ type: 'signalbox.attached', progress });
      for await (const event of run.events({ after: progress.seq, signal })) {
        if (signal.aborted) return;
        progress = this.#fold.after(progress, event);
        this.#tell({ type: 'signalbox.moved', progress });
        this.#scope.emit(event);
      }
      // Without a run that has ended this would wait for its end, with nobody to tell.
      if (!signal.aborted) this.#tell({ type: 'signalbox.completed', output: await run.result() });
    } catch (error) {
      // A box that closes is no end of a run: the actor can be persisted still, and be restored beside the next box.
      this.#tell(isClosed(error) ? { type: 'signalbox.detached' } : { type: 'signalbox.failed', error });
    }
  }

  #tell(told: Told): void {
    const { self } = this.#scope;
    if (!this.#stopped.signal.aborted && self.getSnapshot().status === 'active') self.send(told);
  }
}
