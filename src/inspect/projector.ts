/**
 * A run as a viewer sees it: from how it stands and from its events to what goes over the wire. Pure, and one for each viewer, since it
 * remembers what this one was told.
 *
 * I. An actor is told before anything about it, and its parent before it.
 * II. No value of the user's is told unless it was asked for: no input, no output, no message of an error, no data of an event.
 * III. What is remembered does not grow with the number of items: the first ones of a collection are actors, the others are counted.
 */
import { produce } from 'immer';
import { standingIn } from '../charts/standing.ts';
import { type DrawnRun, marksOf, type StatusCounts } from '../charts/marks.ts';
import { chartOf } from '../charts/chart.ts';
import type { Outline, Part } from '../charts/outline.ts';
import type { ErrorRecord } from '../errors/index.ts';
import type { ReadEvent } from '../events.ts';
import { isTerminal, type Status } from '../status.ts';
import { statusAfter } from '../views/fold.ts';
import type { ActorSnapshot } from '../views/snapshot.ts';
import { sessionOf, type WireActor, type WireEvent, type WireHappening, type WireSnapshot, wireBase } from './wire.ts';
import { pathAbove } from '../segments.ts';

/** What the projector has to know of a run's definition. */
export interface Projected {
  readonly outline: Outline;
  /** The machine of a kind; null for one that is not known. */
  machineOf(kind: string): { readonly config: unknown } | null;
}

/** So many items, or rounds, of a collection are actors of their own. */
export const MOST_ITEMS = 100;
/** So many actors below collections, all together. */
const MOST_BELOW = 2_000;

/** An actor that a viewer knows. */
interface Known {
  /** What it was last told of it, to tell only what has changed. */
  snapshot: string;
  status: Status;
}

/** One actor of the run as it stands. */
interface Standing {
  readonly path: string;
  readonly status: Status;
  /** Null where only the status is known. */
  readonly actor: ActorSnapshot | null;
}

export class Projector {
  readonly #of: Projected;
  readonly #run: string;
  /** Inputs, outputs and whole errors are told, too. */
  readonly #outputs: boolean;
  readonly #known = new Map<string, Known>();
  /** The first actor that was told with a definition, by kind. */
  readonly #definitions = new Map<string, string>();
  /** The last event of each actor that says how it stands, since it was last told how all of them stand. */
  readonly #unsaid = new Map<string, ReadEvent>();
  #below = 0;

  constructor(of: Projected, run: string, outputs: boolean) {
    this.#of = of;
    this.#run = run;
    this.#outputs = outputs;
  }

  /**
   * What is to be told of events, and of a run that stands like this after them: new actors, the events, then snapshots that have changed.
   * Without the run, snapshots are left for another time, and an actor is new with its first event; so is one that a counted run has no
   * row of. A null that comes out is a place to stop at.
   */
  *told(run: DrawnRun | null, events: readonly ReadEvent[]): Generator<WireEvent | null, void, undefined> {
    const snapshots: WireEvent[] = [];
    if (run !== null) yield* this.#standing(run, events.at(-1), snapshots);
    for (const [index, event] of events.entries()) {
      yield* this.#introduced(event);
      if (this.#known.has(event.path)) yield this.#happening(event);
      else if (index % STRIDE === 0) yield null;
      this.#remember(event);
    }
    if (run === null) return;
    yield* snapshots;
    yield* this.#endedSince(run);
  }

  *#standing(
    run: DrawnRun,
    last: ReadEvent | undefined,
    snapshots: WireEvent[],
  ): Generator<WireEvent | null, void, undefined> {
    const at = last?.at ?? run.endedAt ?? run.startedAt;
    const by = { type: last?.type ?? 'run.started' };
    yield this.#take('', run.status, this.#ofRun(run), run.startedAt, at, by, snapshots);
    const counts = this.#countsIn(run);
    for (const [index, each] of standingOf(run).entries()) {
      if (index % STRIDE === STRIDE - 1) yield null;
      const { path, status, actor } = each;
      if (!this.concerns(path)) continue;
      const snapshot = this.#ofActor(each, counts.get(path) ?? null);
      yield this.#take(path, status, snapshot, actor?.startedAt ?? at, at, by, snapshots);
    }
  }

  /** Is this an actor of its own for this viewer, or will it be? */
  concerns(path: string): boolean {
    if (path === '' || this.#known.has(path)) return true;
    const { at } = this.#of.outline;
    const part = at(path);
    // What a definition has no part for is not drawn either: it is too deep.
    if (part === undefined) return false;
    const above = pathAbove(path);
    if (!this.concerns(above)) return false;
    if (part.path === path) return true;
    if (at(above)?.repeats && Number(path.slice(above.length + 1)) >= MOST_ITEMS) return false;
    return this.#below < MOST_BELOW;
  }

  /** The actor, if it is new; what has changed is put to the snapshots. */
  #take(
    path: string,
    status: Status,
    { snapshot, values }: Told,
    startedAt: number,
    at: number,
    event: { readonly type: string },
    snapshots: WireEvent[],
  ): WireActor | null {
    const said = JSON.stringify(snapshot);
    const known = this.#known.get(path);
    if (known?.snapshot === said) return null;
    this.#known.set(path, { snapshot: said, status });
    const whole = values === null ? snapshot : withValues(snapshot, values);
    snapshots.push({ type: '@xstate.snapshot', ...wireBase(this.#run, path, at), event, snapshot: whole });
    return known === undefined ? this.#met(path, whole, startedAt) : null;
  }

  #met(path: string, snapshot: WireSnapshot, startedAt: number): WireActor {
    if (this.#of.outline.at(path)?.path !== path) this.#below += 1;
    return this.#actor(path, snapshot, startedAt);
  }

  #actor(path: string, snapshot: WireSnapshot, startedAt: number): WireActor {
    const { outline, machineOf } = this.#of;
    const part = path === '' ? outline.root : (outline.at(path) as Part);
    const session = sessionOf(this.#run, path);
    const first = this.#definitions.get(part.kind);
    const isFirst = path === '' || first === undefined;
    if (path !== '' && first === undefined) this.#definitions.set(part.kind, session);
    const config = (): unknown =>
      path === '' ? chartOf(outline).config : (machineOf(part.kind)?.config ?? { id: part.kind });
    return {
      type: '@xstate.actor',
      ...wireBase(this.#run, path, startedAt),
      name: path === '' ? outline.name : path.slice(path.lastIndexOf('/') + 1),
      parentId: path === '' ? undefined : sessionOf(this.#run, pathAbove(path)),
      definition: isFirst ? JSON.stringify(config()) : undefined,
      ...(isFirst ? {} : { definitionOf: first as string }),
      snapshot,
    };
  }

  #ofRun(run: DrawnRun): Told {
    const { outline } = this.#of;
    const { status, input, output, error } = run;
    const value = standingIn(outline, marksOf(outline, run));
    return this.#snapshot(status, value, { status }, { input, output, error });
  }

  #ofActor({ status, actor }: Standing, counts: StatusCounts | null): Told {
    const { attempts, waitingFor, due } = actor ?? { attempts: [], waitingFor: null, due: null };
    const context = {
      ...(attempts.length > 0 ? { attempt: attempts.length } : {}),
      ...(waitingFor === null ? {} : { waitsFor: waitingFor.what }),
      ...(due === null ? {} : { due }),
      ...(counts === null ? {} : { counts }),
    };
    return this.#snapshot(status, status, context, actor);
  }

  /** By the path of a collection: how many of its items are in which status. */
  #countsIn({ tracks, steps, counts = {} }: DrawnRun): ReadonlyMap<string, StatusCounts> {
    const found = new Map<string, { [status in Status]?: number }>(Object.entries(counts));
    for (const actors of [tracks, steps])
      for (const [path, { status }] of Object.entries(actors)) {
        const above = pathAbove(path);
        if (Object.hasOwn(counts, above) || !this.#of.outline.at(above)?.repeats) continue;
        const sum = found.get(above) ?? {};
        sum[status] = (sum[status] ?? 0) + 1;
        found.set(above, sum);
      }
    return found;
  }

  #snapshot(status: Status, value: unknown, context: object, values: Values | null): Told {
    const { input = null, output = null, error = null } = values ?? {};
    const snapshot: WireSnapshot = {
      status: STATUS[status] ?? 'active',
      value,
      context: { ...context },
      ...(error === null || !isTerminal(status) ? {} : { error: { code: error.code } }),
    };
    if (!this.#outputs || values === null) return { snapshot, values: null };
    const over = isTerminal(status);
    return {
      snapshot,
      values: {
        context: { input, ...(output === null ? {} : { output }), ...(error === null ? {} : { error }) },
        ...(over ? { output } : {}),
        ...(over && error !== null ? { error } : {}),
      },
    };
  }

  /** An event goes to the actor that it happened to. Those of items that are only counted are left out. */
  #happening(event: ReadEvent): WireHappening {
    const { seq, at, type, path } = event;
    const isOfParent = type.endsWith('.started') && path !== '';
    return {
      type: '@xstate.event',
      ...wireBase(this.#run, path, at, `${this.#run}#${seq}`),
      event: this.#outputs ? { ...event } : plain(event),
      sourceId: isOfParent ? sessionOf(this.#run, pathAbove(path)) : undefined,
    };
  }

  /** The actor that an event is about, if it is new, and those around it. How it stands is told as far as the event says it. */
  *#introduced(event: ReadEvent, status = statusAfter(event.type)): Generator<WireActor, void, undefined> {
    const { path, at } = event;
    if (this.#known.has(path) || !this.concerns(path)) return;
    // What was skipped or taken over may not have been told of the one around it.
    yield* this.#introduced({ ...event, path: pathAbove(path) }, 'running');
    const { snapshot } = this.#ofEvent(event, status ?? 'pending');
    // Nothing is said of it that would be the same: it is told as it stands whatever that is.
    this.#known.set(path, { snapshot: '', status: status ?? 'pending' });
    yield this.#met(path, snapshot, at);
  }

  /** Of each actor, the last of its events that says how it stands. */
  #remember(event: ReadEvent): void {
    const { path } = event;
    if (path !== '' && this.#known.has(path) && statusAfter(event.type) !== null) this.#unsaid.set(path, event);
  }

  /** What a run that is counted has no rows of any more: that an item has ended is read off its event. */
  *#endedSince({ steps, tracks }: DrawnRun): Generator<WireEvent, void, undefined> {
    for (const [path, event] of this.#unsaid) {
      const status = statusAfter(event.type) as Status;
      const known = this.#known.get(path) as Known;
      const isSaid = known.status === status && known.snapshot !== '';
      if (isSaid || !isTerminal(status) || this.#of.outline.at(path)?.path === path) continue;
      if (Object.hasOwn(steps, path) || Object.hasOwn(tracks, path)) continue;
      const snapshots: WireEvent[] = [];
      this.#take(path, status, this.#ofEvent(event, status), event.at, event.at, { type: event.type }, snapshots);
      yield* snapshots;
    }
    this.#unsaid.clear();
  }

  #ofEvent(event: ReadEvent, status: Status): Told {
    const error = 'error' in event ? (event.error as ErrorRecord | null) : null;
    return { snapshot: this.#snapshot(status, status, {}, { error }).snapshot, values: null };
  }
}

/** So much is looked at between two places to stop at. */
const STRIDE = 256;

type Values = Partial<Pick<ActorSnapshot, 'input' | 'output' | 'error'>>;

interface Told {
  readonly snapshot: WireSnapshot;
  /** What is told beside it if it was asked for. */
  readonly values: (Partial<WireSnapshot> & { readonly context: object }) | null;
}

/** A snapshot with what was asked for beside it. The one without is what the next one is compared to, and stays as it is. */
function withValues(snapshot: WireSnapshot, { context, ...values }: NonNullable<Told['values']>): WireSnapshot {
  return produce(snapshot, (draft) => {
    Object.assign(draft, values);
    Object.assign(draft.context, context);
  });
}

/** How XState calls it. What is not in here goes on. */
const STATUS: { readonly [status in Status]?: WireSnapshot['status'] } = {
  completed: 'done',
  skipped: 'done',
  compensated: 'done',
  failed: 'error',
  timedOut: 'error',
  compensationFailed: 'error',
  cancelled: 'stopped',
};

/** Fields of events that have no value of the user's in them. */
const PLAIN: readonly string[] = [
  ...['run', 'seq', 'at', 'type', 'path', 'orchestrator', 'version', 'of', 'from', 'taken'],
  ...['attempt', 'fraction', 'delay', 'due', 'count', 'steps', 'signal', 'approval', 'revision', 'hook', 'on'],
];

function plain(event: ReadEvent): WireHappening['event'] {
  const kept = Object.entries(event).flatMap(([field, value]) => {
    if (field === 'error') return [[field, { code: (value as ErrorRecord | null)?.code }]];
    return PLAIN.includes(field) ? [[field, value]] : [];
  });
  return Object.fromEntries(kept) as WireHappening['event'];
}

/** Every actor of which a status is known, parents first. */
function standingOf({ tracks, steps, ended = {} }: DrawnRun): readonly Standing[] {
  const levels: Standing[][] = [];
  const add = (each: Standing): void => {
    const level = each.path.split('/').length;
    levels[level] ??= [];
    levels[level].push(each);
  };
  for (const actors of [tracks, steps])
    for (const [path, actor] of Object.entries(actors)) add({ path, status: actor.status, actor });
  for (const [path, status] of Object.entries(ended)) add({ path, status, actor: null });
  return levels.flat();
}
