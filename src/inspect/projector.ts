/**
 * A run as a viewer sees it: from how it stands and from its events to what goes over the wire. Pure, and one for each viewer, since it
 * remembers what this one was told.
 *
 * I. An actor is told before anything about it, and its parent before it.
 * II. No value of the user's is told unless it was asked for: no input, no output, no message of an error, no data of an event.
 * III. What is remembered does not grow with the number of items: the first ones of a collection are actors, the others are counted.
 */
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
  #below = 0;

  constructor(of: Projected, run: string, outputs: boolean) {
    this.#of = of;
    this.#run = run;
    this.#outputs = outputs;
  }

  /** What is to be told of a run that stands like this, at that time: new actors, the events, and snapshots that have changed. */
  told(run: DrawnRun | null, events: readonly ReadEvent[]): WireEvent[] {
    const actors: WireEvent[] = [];
    const snapshots: WireEvent[] = [];
    const last = events.at(-1);
    const by = { type: last?.type ?? 'run.started' };
    if (run !== null) {
      const at = last?.at ?? run.endedAt ?? run.startedAt;
      this.#take('', run.status, this.#ofRun(run), run.startedAt, at, by, actors, snapshots);
      const counts = this.#countsIn(run);
      for (const each of standingOf(run)) {
        const { path, status, actor } = each;
        if (!this.concerns(path)) continue;
        const snapshot = this.#ofActor(each, counts.get(path) ?? null);
        this.#take(path, status, snapshot, actor?.startedAt ?? at, at, by, actors, snapshots);
      }
    }
    const told = events.flatMap((event) => this.#happening(event));
    const isThere = (path: string): boolean =>
      run === null || Object.hasOwn(run.steps, path) || Object.hasOwn(run.tracks, path);
    const ended = this.#endedIn(events, isThere);
    return [...actors, ...told, ...snapshots, ...ended];
  }

  /** Is this an actor of its own for this viewer, or will it be? */
  concerns(path: string): boolean {
    if (path === '' || this.#known.has(path)) return true;
    const { at } = this.#of.outline;
    const part = at(path);
    // What a definition has no part for is not drawn either: it is too deep.
    if (part === undefined) return false;
    const above = parentOf(path);
    if (!this.concerns(above)) return false;
    if (part.path === path) return true;
    if (at(above)?.repeats && Number(path.slice(above.length + 1)) >= MOST_ITEMS) return false;
    return this.#below < MOST_BELOW;
  }

  #take(
    path: string,
    status: Status,
    { snapshot, values }: Told,
    startedAt: number,
    at: number,
    event: { readonly type: string },
    actors: WireEvent[],
    snapshots: WireEvent[],
  ): void {
    const said = JSON.stringify(snapshot);
    const known = this.#known.get(path);
    const whole = { ...snapshot, ...values, context: { ...snapshot.context, ...values?.context } };
    if (known === undefined) {
      if (this.#of.outline.at(path)?.path !== path) this.#below += 1;
      this.#known.set(path, { snapshot: said, status });
      actors.push(this.#actor(path, whole, startedAt));
    }
    if (known?.snapshot === said) return;
    if (known !== undefined) Object.assign(known, { snapshot: said, status });
    snapshots.push({ type: '@xstate.snapshot', ...wireBase(this.#run, path, at), event, snapshot: whole });
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
      parentId: path === '' ? undefined : sessionOf(this.#run, parentOf(path)),
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
        const above = parentOf(path);
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
  #happening(event: ReadEvent): WireHappening[] {
    const { seq, at, type, path } = event;
    if (!this.#known.has(path)) return [];
    const isOfParent = type.endsWith('.started') && path !== '';
    return [
      {
        type: '@xstate.event',
        ...wireBase(this.#run, path, at, `${this.#run}#${seq}`),
        event: this.#outputs ? { ...event } : plain(event),
        sourceId: isOfParent ? sessionOf(this.#run, parentOf(path)) : undefined,
      },
    ];
  }

  /** What a run that is counted has no rows of any more: that an item has ended is read off its event. */
  #endedIn(events: readonly ReadEvent[], isThere: (path: string) => boolean): WireEvent[] {
    const ended: WireEvent[] = [];
    for (const { type, path, at, ...more } of events) {
      const known = this.#known.get(path);
      const status = statusAfter(type);
      const part = this.#of.outline.at(path);
      if (known === undefined || status === null || !isTerminal(status) || known.status === status) continue;
      if (path === '' || part?.path === path || isThere(path)) continue;
      const error = 'error' in more ? (more.error as ErrorRecord) : null;
      const { snapshot } = this.#snapshot(status, status, {}, { error });
      Object.assign(known, { snapshot: JSON.stringify(snapshot), status });
      ended.push({ type: '@xstate.snapshot', ...wireBase(this.#run, path, at), event: { type }, snapshot });
    }
    return ended;
  }
}

type Values = Partial<Pick<ActorSnapshot, 'input' | 'output' | 'error'>>;

interface Told {
  readonly snapshot: WireSnapshot;
  /** What is told beside it if it was asked for. */
  readonly values: (Partial<WireSnapshot> & { readonly context: object }) | null;
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

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}
