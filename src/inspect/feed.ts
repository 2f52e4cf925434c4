/**
 * Follows one run for one viewer, as long as the viewer wants to.
 *
 * I. Nothing is read before the viewer has taken what was sent: a viewer that is slow has a late picture, and nothing piles up.
 * II. A run is slowed down by a tenth at the most: after each look, the feed rests for nine times as long as the look took.
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

/** So many events are in a batch at the most, and so many are read for it. */
const MOST_TOLD = 500;
const MOST_READ = 5_000;
/** The feed rests so many times as long as it took to look, and for a time within these bounds, in milliseconds. */
const REST = 9;
const SHORTEST = 20;
const LONGEST = 1_000;

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

  constructor(run: Inspectable, outputs: boolean, signal: AbortSignal | undefined) {
    this.#run = run;
    this.#outputs = outputs;
    this.#signal = signal;
  }

  /** What is new, which may be nothing; null when all was told. */
  async next(): Promise<readonly WireEvent[] | null> {
    await this.#rest();
    if (this.#isAtEnd && !this.#isOver && !this.#isAborted) await this.#wait();
    if (this.#isOver || this.#isAborted) return null;
    const began = now();
    const batch = await this.#look();
    const took = now() - began;
    this.#restUntil = now() + Math.min(LONGEST, Math.max(SHORTEST, took * REST));
    return batch;
  }

  async #look(): Promise<readonly WireEvent[]> {
    let standing = this.#projector === null ? await this.#standing() : null;
    const projector = this.#projector as unknown as Projector;
    const first = standing === null ? [] : projector.told(standing, []);
    const events: ReadEvent[] = [];
    let read = 0;
    this.#isAtEnd = true;
    for await (const event of this.#run.history({ after: this.#seq })) {
      this.#seq = event.seq;
      if (event.path === '' && endsRun(event.type)) this.#isOver = true;
      if (projector.concerns(event.path)) events.push(event);
      read += 1;
      if (read < MOST_READ && events.length < MOST_TOLD) continue;
      this.#isAtEnd = false;
      break;
    }
    // Read after the events, so that whatever they are about is there.
    standing = read === 0 ? null : await this.#standing();
    return [...first, ...projector.told(standing, events)];
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
    if (left > 0 && !this.#isOver) await pause(left, this.#signal);
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
