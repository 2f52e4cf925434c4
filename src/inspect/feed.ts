/**
 * Follows one run for one viewer, as long as the viewer wants to.
 *
 * I. Nothing is read before the viewer has taken what was sent: a viewer that is slow has a late picture, and nothing piles up.
 * II. It takes a small share of the time, in short pieces (`pace.ts`). While there are more events than it can read, it tells of actors and
 *   events only; how each actor stands follows when it has caught up, the last state of each and none before that.
 * III. It reads what anybody may read, behind the gate that blanks what is secret. Without a viewer, nothing of this is there.
 */
import { ask, askOptions } from '../checks.ts';
import { type Clock, systemClock } from '../clock.ts';
import type { DrawnRun } from '../charts/marks.ts';
import { InvalidOption, RunUnknown } from '../errors/index.ts';
import { endsRun, type ReadEvent } from '../events.ts';
import { Pace } from './pace.ts';
import { type Projected, Projector } from './projector.ts';
import type { WireEvent } from './wire.ts';

/** A run, as far as it is looked at. `box.run(id)` is one. */
export interface InspectedRun {
  readonly id: string;
  history(options: { readonly after?: number }): AsyncIterable<ReadEvent>;
  events(options: { readonly after?: number; readonly signal?: AbortSignal }): AsyncIterable<ReadEvent>;
}

/** A box with runs to inspect. What `createSignalbox` makes is one. */
export interface InspectedBox {
  run(id: string): InspectedRun;
}

/** How a run is inspected: one of `send` and `adapter` takes what there is to see. */
export interface InspectOptions {
  /** Takes a batch, which is never empty. Nothing more is read before what it answers with has resolved. */
  readonly send?: (batch: readonly WireEvent[]) => unknown;
  /** An adapter of `@statelyai/inspect`: `createWebSocketInspector({ url }).adapter`. It cannot say when it has sent something. */
  readonly adapter?: { send(event: never): void };
  /** Inputs, outputs, whole errors and data of events are sent, too. What the box redacts is redacted here as well. */
  readonly outputs?: boolean;
  /** Ends it. */
  readonly signal?: AbortSignal;
}

/** What a handle of ours has beside that. */
export interface Inspectable extends InspectedRun {
  diagram(): Promise<string>;
  status(): Promise<string>;
  inspected(): Promise<Projected & { readonly run: DrawnRun }>;
}

/** So many events are in a batch at the most. */
const MOST_TOLD = 500;
/** So many events are read between two looks at the clock: as many as are asked of a store at once. */
const STRIDE = 500;

/**
 * Sends what there is to see of a run in the words of `@statelyai/inspect`: first every actor as it stands, then events and
 * snapshots. Resolves when all of the run was told, or when `signal` is aborted; rejects with `RunUnknown` if there is no such run any
 * more, and with `BoxClosed`.
 *
 * @example
 * const inspector = createWebSocketInspector({ url: 'ws://localhost:8080' });
 * await inspectRun(box, 'order-17', { adapter: inspector.adapter });
 */
export async function inspectRun(
  box: InspectedBox,
  run: string | { readonly id: string },
  options: InspectOptions,
): Promise<void> {
  askOptions('inspectRun', options, ['send', 'adapter', 'outputs', 'signal']);
  const { outputs = false, signal } = options;
  ask('outputs', outputs, 'true or false', (value) => typeof value === 'boolean');
  ask('signal', signal, 'an AbortSignal', (value) => value instanceof AbortSignal);
  const send = sinkOf(options);
  const handle = handleOf(box, typeof run === 'string' ? run : run?.id);
  await follow(handle, send, outputs, signal);
}

/** A handle on a run of a box of ours, or why there is none. */
export function handleOf(box: InspectedBox, run: string): Inspectable {
  if (typeof box?.run !== 'function')
    throw new InvalidOption({ option: 'box', value: box, expected: 'what createSignalbox has made' });
  const handle = box.run(run) as Inspectable;
  if (typeof handle?.inspected === 'function') return handle;
  throw new InvalidOption({ option: 'box', value: box, expected: 'what createSignalbox has made' });
}

function sinkOf({ send, adapter }: InspectOptions): (batch: readonly WireEvent[]) => unknown {
  ask('send', send, 'a function that takes a list of events', (value) => typeof value === 'function');
  ask('adapter', adapter, 'an adapter of @statelyai/inspect', (value) => {
    return typeof (value as typeof adapter)?.send === 'function';
  });
  if (send !== undefined && adapter === undefined) return send;
  if (adapter === undefined || send !== undefined)
    throw new InvalidOption({ option: 'send', value: send, expected: 'a function, or else an adapter as "adapter"' });
  return (batch) => {
    for (const event of batch) adapter.send(event as never);
  };
}

/**
 * Tells a run until there is nothing more to tell. `clock` is the machine's own, whatever clock the box has: what is measured is work.
 */
export async function follow(
  run: Inspectable,
  send: (batch: readonly WireEvent[]) => unknown,
  outputs: boolean,
  signal: AbortSignal | undefined,
  clock: Clock = systemClock,
): Promise<void> {
  const pace = new Pace(clock);
  const feed = new Feed(run, outputs, signal, pace);
  for (let batch = await feed.next(); batch !== null; batch = await feed.next()) {
    if (batch.length === 0) continue;
    const began = pace.now;
    const sent = send(batch);
    // What is waited for after that is no work of this process.
    pace.tookSending(began);
    await sent;
  }
}

/** A run that is told bit by bit. */
class Feed {
  readonly #run: Inspectable;
  readonly #outputs: boolean;
  readonly #signal: AbortSignal | undefined;
  readonly #pace: Pace;
  #projector: Projector | null = null;
  /** When the run that is told has begun: another one of its id is not told as if it were this one. */
  #startedAt = 0;
  #seq = 0;
  #isOver = false;
  /** There were no more events when it was looked at last. */
  #isAtEnd = false;
  /** Events were told since it was last read how the run stands. */
  #isStale = true;
  /** What is still to be told of the last look, and whether that is how the run stands. */
  #untold: Iterator<WireEvent | null> | null = null;
  #isOfStanding = false;

  constructor(run: Inspectable, outputs: boolean, signal: AbortSignal | undefined, pace: Pace) {
    this.#run = run;
    this.#outputs = outputs;
    this.#signal = signal;
    this.#pace = pace;
  }

  /** What is new, which may be nothing; null when all was told. */
  async next(): Promise<readonly WireEvent[] | null> {
    if (this.#isIdle && !this.#isOver && !this.#isAborted) await this.#wait();
    await this.#pace.rest(this.#untold === null && this.#isAtEnd, this.#signal);
    if (this.#isAborted || (this.#isIdle && this.#isOver)) return null;
    if (this.#untold === null) this.#untold = await this.#look();
    return this.#slice(this.#untold);
  }

  /** As much as a batch may have, and no more than can be made in a short time. */
  #slice(untold: Iterator<WireEvent | null>): readonly WireEvent[] {
    const began = this.#pace.now;
    const end = this.#pace.endOfSlice;
    const batch: WireEvent[] = [];
    const isOfStanding = this.#isOfStanding;
    do {
      const { value, done } = untold.next();
      if (done) {
        this.#untold = null;
        this.#isOfStanding = false;
        break;
      }
      if (value !== null) batch.push(value);
    } while (batch.length < MOST_TOLD && this.#pace.now < end);
    if (isOfStanding) this.#pace.tookStanding(began, false);
    else this.#pace.tookEvents(began);
    return batch;
  }

  async #look(): Promise<Iterator<WireEvent | null>> {
    if (this.#projector === null) {
      const standing = await this.#standing();
      return (this.#projector as unknown as Projector).told(standing, []);
    }
    const projector = this.#projector;
    const events: ReadEvent[] = [];
    const began = this.#pace.now;
    const end = this.#pace.endOfSlice;
    let read = 0;
    this.#isAtEnd = true;
    for await (const event of this.#run.history({ after: this.#seq })) {
      this.#seq = event.seq;
      if (event.path === '' && endsRun(event.type)) this.#isOver = true;
      if (projector.concerns(event.path)) events.push(event);
      read += 1;
      if (events.length < MOST_TOLD && (read % STRIDE > 0 || this.#pace.now < end)) continue;
      this.#isAtEnd = false;
      break;
    }
    if (read > 0) this.#isStale = true;
    this.#pace.tookEvents(began);
    // Read after the events, so that whatever they are about is there. Not each time while there are many to come: it takes longer.
    const isDue = this.#isStale && this.#pace.isStandingDue(this.#isAtEnd);
    return projector.told(isDue ? await this.#standing() : null, events);
  }

  async #standing(): Promise<DrawnRun> {
    const began = this.#pace.now;
    const { run, ...of } = await this.#run.inspected();
    if (this.#startedAt === 0) this.#startedAt = run.startedAt;
    if (run.startedAt !== this.#startedAt) throw new RunUnknown({ run: this.#run.id });
    this.#isStale = this.#projector === null;
    this.#projector ??= new Projector(of, this.#run.id, this.#outputs);
    this.#pace.tookStanding(began, true);
    this.#isOfStanding = true;
    return run;
  }

  /** Until there is an event that was not read yet. */
  async #wait(): Promise<void> {
    const signal = this.#signal;
    for await (const _ of this.#run.events({ after: this.#seq, ...(signal === undefined ? {} : { signal }) }))
      return this.#pace.woke();
    if (this.#isAborted) return;
    // The run has ended, and its last event was told; unless this is another run by now.
    await this.#standing();
    this.#isOver = true;
  }

  /** Everything was told that was there when it was looked at last. */
  get #isIdle(): boolean {
    return this.#untold === null && this.#isAtEnd && !this.#isStale;
  }

  get #isAborted(): boolean {
    return this.#signal?.aborted === true;
  }
}
