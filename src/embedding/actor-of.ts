/**
 * A run, or one track or step of it, to be looked at as an actor of XState: for `useSelector` and whatever else takes an `ActorRef`.
 *
 * The run is followed only while somebody has subscribed. Nothing here starts, stops or fails a run: what it came to stands in the context.
 */
import {
  type ActorLogic,
  type ActorRef,
  type ActorScope,
  type ActorSystem,
  createActor,
  type EventObject,
  type Snapshot,
  type Subscription,
} from 'xstate';
import { InvalidOption } from '../errors/index.ts';
import { isTerminal, type Status } from '../status.ts';
import type { ActorSnapshot, RunSnapshot } from '../views/snapshot.ts';
import {
  Commands,
  isClosed,
  isCommand,
  type RunCommand,
  type RunEmitted,
  type RunPort,
  type RunsPort,
} from './port.ts';

/** What can be seen of a run, or of one track or step of it, from outside. */
export interface SeenContext<Seen extends RunSnapshot | ActorSnapshot = RunSnapshot | ActorSnapshot> {
  /** The run's id. */
  readonly run: string;
  /** The track or step that is looked at; empty for the run itself. */
  readonly path: string;
  /** Null as long as nothing was read of the run; `pending` for what has not begun. */
  readonly status: Status | null;
  /** As the store has it: with what it waits for, its attempts, its output. Null as long as there is nothing. */
  readonly seen: Seen | null;
  /** Why nothing more is read, if that is not the run's end: there is no such run, say. */
  readonly error: unknown;
}

/** A snapshot of a run that is looked at: `done` once the run has ended, well or not, with the output if there is one. */
export type SeenSnapshot<Seen extends RunSnapshot | ActorSnapshot = RunSnapshot | ActorSnapshot> = Snapshot<unknown> & {
  readonly context: SeenContext<Seen>;
};

/** A live view of a run, or of one track or step of it, as `actorOf` makes it. */
export type SeenRef<Seen extends RunSnapshot | ActorSnapshot> = ActorRef<SeenSnapshot<Seen>, RunCommand, RunEmitted>;

type Told =
  | { readonly type: 'signalbox.seen'; readonly run: RunSnapshot; readonly isOver: boolean }
  | { readonly type: 'signalbox.unseen'; readonly error: unknown };

// biome-ignore lint/suspicious/noExplicitAny: as in XState, where the type of any system has no name to be imported by
type AnySystem = ActorSystem<any>;
type Scope = ActorScope<SeenSnapshot, EventObject, AnySystem, RunEmitted>;
type ViewLogic = ActorLogic<SeenSnapshot, EventObject, unknown, AnySystem, RunEmitted>;

/**
 * An `ActorRef` of a run that is there, or of a track or step of it by its path. It is read when somebody subscribes, and followed as long
 * as somebody does. It takes signals and commands for the run, and emits the run's events as they come.
 *
 * @example
 * const charge = actorOf(box, 'order-17', 'payment/charge');
 * const status = useSelector(charge, ({ context }) => context.status);
 */
export function actorOf(box: RunsPort, run: string): SeenRef<RunSnapshot>;
export function actorOf(box: RunsPort, run: string, path: string): SeenRef<ActorSnapshot>;
export function actorOf(box: RunsPort, run: string, path = ''): SeenRef<never> {
  if (typeof path !== 'string') {
    throw new InvalidOption({
      option: 'path',
      value: path,
      expected: 'the path of a track or a step, like payment/charge',
    });
  }
  const view = new View(box.run(run), run, path);
  const actor = createActor(view.logic).start();
  // Who subscribes or listens is counted, and `select` subscribes, too.
  const subscribe = actor.subscribe.bind(actor) as (...observer: unknown[]) => Subscription;
  const on = actor.on.bind(actor) as (...listener: unknown[]) => Subscription;
  return Object.assign(actor, {
    subscribe: (...observer: unknown[]) => view.followedBy(subscribe(...observer)),
    on: (...listener: unknown[]) => view.followedBy(on(...listener)),
  }) as never;
}

/** Looks at a run for one actor, as long as somebody wants to know. */
class View {
  readonly logic: ViewLogic;
  readonly #run: RunPort;
  readonly #commands: Commands;
  #scope: Scope | null = null;
  /** How many have subscribed. */
  #count = 0;
  #following: AbortController | null = null;
  /** The last event that was read. */
  #seq = 0;
  /** Something has happened since the run was read. */
  #isStale = false;
  #isReading = false;
  /** The last event of the run was read. */
  #isOver = false;

  constructor(port: RunPort, run: string, path: string) {
    this.#run = port;
    this.#commands = new Commands(Promise.resolve(port), (emitted) => this.#scope?.emit(emitted));
    const context = { run, path, status: null, seen: null, error: null };
    this.logic = {
      getInitialSnapshot: () => ({ status: 'active', output: undefined, error: undefined, context }),
      getPersistedSnapshot: (snapshot) => snapshot,
      start: (_, scope) => {
        this.#scope = scope;
      },
      transition: (before, event) => {
        if (isCommand(event)) this.#commands.send(event);
        if (event.type !== 'xstate.stop') return after(before, event as Told);
        this.#following?.abort();
        return { ...before, status: 'stopped', output: undefined, error: undefined };
      },
    };
  }

  followedBy(subscription: Subscription): Subscription {
    this.#count += 1;
    if (this.#count === 1) this.#begin();
    let isOver = false;
    const unsubscribe = (): void => {
      if (isOver) return;
      isOver = true;
      subscription.unsubscribe();
      this.#count -= 1;
      if (this.#count === 0) this.#following?.abort();
    };
    return { unsubscribe };
  }

  #begin(): void {
    if (!this.#isActive) return;
    this.#following = new AbortController();
    void this.#follow(this.#following.signal);
  }

  /** Never rejects. */
  async #follow(signal: AbortSignal): Promise<void> {
    try {
      // What has happened before is seen at once.
      for await (const { seq } of this.#run.history({ after: this.#seq })) {
        if (signal.aborted) return;
        this.#seq = seq;
      }
      void this.#read();
      for await (const event of this.#run.events({ after: this.#seq, signal })) {
        if (signal.aborted) return;
        this.#seq = event.seq;
        this.#scope?.emit(event);
        void this.#read();
      }
      if (signal.aborted) return;
      // Not before: an actor that is done emits nothing any more, and the last events may be on their way when the run is read.
      this.#isOver = true;
      void this.#read();
    } catch (error) {
      if (!signal.aborted) this.#fail(error);
    }
  }

  /** Reads the run, once for all that happens while it is read. Never rejects. */
  async #read(): Promise<void> {
    this.#isStale = true;
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      while (this.#isStale) {
        this.#isStale = false;
        const isOver = this.#isOver;
        this.#tell({ type: 'signalbox.seen', run: await this.#run.snapshot(), isOver });
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isReading = false;
    }
  }

  #fail(error: unknown): void {
    // A box that closes leaves what was seen last.
    if (!isClosed(error)) this.#tell({ type: 'signalbox.unseen', error });
  }

  get #isActive(): boolean {
    return this.#scope?.self.getSnapshot().status === 'active';
  }

  #tell(told: Told): void {
    if (this.#isActive) this.#scope?.self.send(told);
  }
}

function after(before: SeenSnapshot, event: Told): SeenSnapshot {
  if (event.type === 'signalbox.unseen') return { ...before, context: { ...before.context, error: event.error } };
  if (event.type !== 'signalbox.seen') return before;
  const { run, isOver } = event;
  const { path } = before.context;
  const seen = path === '' ? run : (entryOf(run.tracks, path) ?? entryOf(run.steps, path));
  // What has no entry in a run that is over never began.
  const status = seen?.status ?? (isTerminal(run.status) ? 'skipped' : 'pending');
  const context = { ...before.context, status, seen, error: null };
  return isOver
    ? { status: 'done', output: seen?.output ?? null, error: undefined, context }
    : { status: 'active', output: undefined, error: undefined, context };
}

function entryOf(actors: RunSnapshot['steps'], path: string): ActorSnapshot | null {
  return Object.hasOwn(actors, path) ? (actors[path] ?? null) : null;
}
