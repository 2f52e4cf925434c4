/**
 * Follows one run for one viewer, as long as the viewer wants to.
 *
 * I. Nothing is read before the viewer has taken what was sent: a viewer that is slow has a late picture, and nothing piles up.
 * II. It takes a fifteenth of the time at the most: after each look, the feed rests for fourteen times as long as the look took.
 * III. It reads what anybody may read, behind the gate that blanks what is secret. Without a viewer, nothing of this is there.
 */
import { ask, askOptions } from '../checks.ts';
import { elapsedBy, systemClock } from '../clock.ts';
import type { DrawnRun } from '../charts/marks.ts';
import { InvalidOption, RunUnknown } from '../errors/index.ts';
import { endsRun, type ReadEvent } from '../events.ts';
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
/** The feed rests so many times as long as it took to look, and for a time within these bounds, in milliseconds. */
const REST = 14;
const SHORTEST = 20;
const LONGEST = 1_000;
/** How long events are read at the most, and one batch is made of what was read: the run waits meanwhile. */
const SLICE = 5;

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
  const feed = new Feed(handle, outputs, signal);
  for (let batch = await feed.next(); batch !== null; batch = await feed.next())
    if (batch.length > 0) await send(batch);
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

/** A run that is told bit by bit. */
class Feed {
  readonly #run: Inspectable;
  readonly #outputs: boolean;
  readonly #signal: AbortSignal | undefined;
  #projector: Projector | null = null;
  /** When the run that is told has begun: another one of its id is not told as if it were this one. */
  #startedAt = 0;
  #seq = 0;
  #isOver = false;
  /** There were no more events when it was looked at last. */
  #isAtEnd = false;
  #restUntil = 0;
  /** What is to be told of the last look. */
  #untold: Iterator<WireEvent | null> | null = null;
  /** Since when there have been more events than were read, or how the run stands was read meanwhile. */
  #behindSince: number | null = null;

  constructor(run: Inspectable, outputs: boolean, signal: AbortSignal | undefined) {
    this.#run = run;
    this.#outputs = outputs;
    this.#signal = signal;
  }

  /** What is new, which may be nothing; null when all was told. */
  async next(): Promise<readonly WireEvent[] | null> {
    await this.#rest();
    if (this.#isAborted) return null;
    if (this.#untold === null && this.#isAtEnd && !this.#isOver) await this.#wait();
    if (this.#isAborted || (this.#untold === null && this.#isOver)) return null;
    const began = now();
    this.#untold ??= await this.#look();
    const batch = this.#slice(this.#untold);
    this.#restUntil = now() + Math.min(LONGEST, Math.max(SHORTEST, (now() - began) * REST));
    return batch;
  }

  /** As much as a batch may have, and no more than can be made in a short time. */
  #slice(untold: Iterator<WireEvent | null>): readonly WireEvent[] {
    const batch: WireEvent[] = [];
    const end = now() + SLICE;
    while (batch.length < MOST_TOLD && now() < end) {
      const { value, done } = untold.next();
      if (done) {
        this.#untold = null;
        break;
      }
      if (value !== null) batch.push(value);
    }
    return batch;
  }

  async #look(): Promise<Iterator<WireEvent | null>> {
    if (this.#projector === null) {
      const standing = await this.#standing();
      return (this.#projector as unknown as Projector).told(standing, []);
    }
    const projector = this.#projector;
    const events: ReadEvent[] = [];
    const end = now() + SLICE;
    let read = 0;
    this.#isAtEnd = true;
    for await (const event of this.#run.history({ after: this.#seq })) {
      this.#seq = event.seq;
      if (event.path === '' && endsRun(event.type)) this.#isOver = true;
      if (projector.concerns(event.path)) events.push(event);
      read += 1;
      if (events.length < MOST_TOLD && (read % STRIDE > 0 || now() < end)) continue;
      this.#isAtEnd = false;
      break;
    }
    // Read after the events, so that whatever they are about is there. Not each time while there are many to come: it takes longer.
    if (this.#isAtEnd) this.#behindSince = null;
    else this.#behindSince ??= now();
    const isDue = this.#behindSince === null || now() - this.#behindSince >= LONGEST;
    if (isDue && this.#behindSince !== null) this.#behindSince = now();
    return projector.told(isDue ? await this.#standing() : null, events);
  }

  async #standing(): Promise<DrawnRun> {
    const { run, ...of } = await this.#run.inspected();
    this.#projector ??= new Projector(of, this.#run.id, this.#outputs);
    if (this.#startedAt === 0) this.#startedAt = run.startedAt;
    if (run.startedAt !== this.#startedAt) throw new RunUnknown({ run: this.#run.id });
    return run;
  }

  /** Until there is an event that was not read yet. */
  async #wait(): Promise<void> {
    const signal = this.#signal;
    for await (const _ of this.#run.events({ after: this.#seq, ...(signal === undefined ? {} : { signal }) })) return;
    if (this.#isAborted) return;
    // The run has ended, and its last event was told; unless this is another run by now.
    await this.#standing();
    this.#isOver = true;
  }

  async #rest(): Promise<void> {
    const left = this.#restUntil - now();
    if (left > 0) await pause(left, this.#signal);
  }

  get #isAborted(): boolean {
    return this.#signal?.aborted === true;
  }
}

/** By the machine's own clock, whatever clock the box has: what is measured is work. */
const now = (): number => elapsedBy(systemClock);

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = (): void => resolve();
  const cancel = systemClock.wakeAfter(ms, end);
  signal?.addEventListener('abort', end);
  if (signal?.aborted) end();
  await promise;
  cancel();
  signal?.removeEventListener('abort', end);
}
