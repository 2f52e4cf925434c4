/**
 * What a drawing says of a run, part by part: how it stands, in a few words, and for how long. Items and rounds have one mark
 * together, by counts. It follows from a snapshot, so it says no more than that does.
 */
import type { WaitingFor } from '../core/effect.ts';
import { roughly } from '../duration.ts';
import { isTerminal, type Status } from '../status.ts';
import type { ActorSnapshot, RunSnapshot } from '../views/snapshot.ts';
import type { CountedRun } from '../views/counted.ts';
import { dueIn, sayingOf } from '../views/waits.ts';
import type { Outline, Part } from './outline.ts';
import { pathAbove } from '../segments.ts';

/** How many are in which status. */
export type StatusCounts = { readonly [status in Status]?: number };

/** A part of the strip of a collection: how much of it is in which status, from 0 to 1. Items stand in it in their order. */
export interface Density {
  readonly done: number;
  readonly failed: number;
  readonly live: number;
}

/** What a run has to say of one part. */
export interface Mark {
  readonly status: Status;
  /** False for what stands in items of which there are so many that nobody has looked into them: its status says nothing. */
  readonly isKnown: boolean;
  /** In a few words: `attempt 3`, `waits for signal "paid"`. Empty for nothing beyond the status. */
  readonly note: string;
  /** How long it has taken, or has been under way, in milliseconds; null where that is not known. */
  readonly took: number | null;
  readonly attempts: number;
  /** For what stands for many: how many are in which status. */
  readonly counts: StatusCounts | null;
  /** For a collection and a loop: the strip of its items. */
  readonly strip: readonly Density[] | null;
}

/** A run upon the drawing of its definition. */
export interface Marks {
  readonly run: string;
  readonly status: Status;
  readonly startedAt: number;
  readonly endedAt: number | null;
  /** How long it has taken so far, if anybody said what time it is. */
  readonly took: number | null;
  /** Why it ended badly, and at which step; null for what fails the run itself. */
  readonly error: { readonly code: string; readonly path: string | null } | null;
  /** By the paths of parts. What has none has not begun. */
  readonly of: ReadonlyMap<string, Mark>;
}

const CELLS = 40;

/** A run as it is drawn: a snapshot, or one in which what has ended is counted. */
export type DrawnRun = RunSnapshot & Partial<Pick<CountedRun, 'ended' | 'counts'>>;

/** Everything that a run has to say of the parts of its definition. `now` is what it is by the clock; left out, nothing is said of how long something has taken that goes on. */
export function marksOf(outline: Outline, run: DrawnRun, now?: number): Marks {
  const gathered = new Map<Part, Gathered>();
  const unseen = new Set<string>();
  const at = (path: string): Gathered | undefined => {
    const part = outline.at(path);
    if (part === undefined || part === outline.root) return undefined;
    let found = gathered.get(part);
    if (found === undefined) {
      found = { part, one: null, counts: {}, places: [], known: 0, total: 0 };
      gathered.set(part, found);
    }
    return found;
  };
  for (const actors of [run.tracks, run.steps])
    for (const path in actors) {
      const actor = actors[path] as ActorSnapshot;
      add(at(path), path, actor.status, actor);
    }
  for (const [path, status] of Object.entries(run.ended ?? {})) add(at(path), path, status, null);
  for (const [path, counts] of Object.entries(run.counts ?? {})) {
    const many = at(`${path}/0`);
    if (many === undefined) continue;
    for (const [status, count] of Object.entries(counts) as [Status, number][]) tally(many, status, count);
    if (many.total > 0) for (const { path: inside } of below(many.part)) unseen.add(inside);
  }
  const marks = new Map<string, Mark>([...unseen].map((path) => [path, UNSEEN]));
  const hasCompleted = (path: string): boolean => {
    const above = pathAbove(path);
    const one = above === '' ? undefined : gathered.get(outline.at(above) as Part)?.one;
    return above !== '' && (one === undefined || one === null ? hasCompleted(above) : one.status === 'completed');
  };
  for (const each of gathered.values()) marks.set(each.part.path, markOf(each, gathered, hasCompleted, now));
  const { status, startedAt, endedAt, error } = run;
  return {
    run: run.run,
    status,
    startedAt,
    endedAt,
    took: tookOf(startedAt, endedAt, now),
    error: error === null ? null : { code: error.code, path: error.path || null },
    of: marks,
  };
}

function tookOf(startedAt: number, endedAt: number | null, now: number | undefined): number | null {
  if (endedAt !== null) return endedAt - startedAt;
  return now === undefined ? null : Math.max(0, now - startedAt);
}

/** What is known of one part. */
interface Gathered {
  readonly part: Part;
  /** The actor of a part that stands for one alone. */
  one: { readonly status: Status; readonly actor: ActorSnapshot | null } | null;
  readonly counts: { [status in Status]?: number };
  /** Of items: the statuses by number, as far as they are known one by one. */
  readonly places: Status[];
  known: number;
  total: number;
}

function add(into: Gathered | undefined, path: string, status: Status, actor: ActorSnapshot | null): void {
  if (into === undefined) return;
  if (path === into.part.path) {
    into.one = { status, actor };
    return;
  }
  tally(into, status, 1);
  const ordinal = Number(path.slice(path.lastIndexOf('/') + 1));
  if (!Number.isSafeInteger(ordinal)) return;
  into.places[ordinal] = status;
  into.known += 1;
}

function tally(into: Gathered, status: Status, count: number): void {
  into.counts[status] = (into.counts[status] ?? 0) + count;
  into.total += count;
}

/** `hasCompleted`: what is around a path. */
function markOf(
  gathered: Gathered,
  all: ReadonlyMap<Part, Gathered>,
  hasCompleted: (path: string) => boolean,
  now: number | undefined,
): Mark {
  const { part, one, counts } = gathered;
  const body = part.repeats ? part.children[0] : undefined;
  const items = body === undefined ? undefined : all.get(body);
  const strip = items === undefined ? null : stripOf(items);
  if (one === null) {
    const status = statusIn(counts, () => hasCompleted(part.path));
    return { status, isKnown: true, note: countsIn(counts), took: null, attempts: 0, counts, strip };
  }
  const { status, actor } = one;
  const many = items === undefined ? '' : countsIn(items.counts);
  if (actor === null) return { status, isKnown: true, note: many, took: null, attempts: 0, counts: null, strip };
  const { attempts, startedAt, endedAt } = actor;
  return {
    status,
    isKnown: true,
    note: many === '' ? noteOf(actor, now) : many,
    took: status === 'skipped' ? null : tookOf(startedAt, endedAt, now),
    attempts: attempts.length,
    counts: null,
    strip,
  };
}

/** What is said of a step beside its status. */
function noteOf(
  { status, waitingFor, attempts, error, compensation, withErrors }: ActorSnapshot,
  now: number | undefined,
): string {
  const tries = attempts.length;
  if (waitingFor !== null && SILENT.has(waitingFor.what)) return tries > 1 ? `attempt ${tries}` : '';
  if (waitingFor !== null) {
    const due = dueIn(waitingFor);
    const what = sayingOf(waitingFor, now).for;
    if (due === null || now === undefined || due < now) return `waits for ${what}`;
    // One unit: a card has little room.
    return `${what}, ${roughly(due - now)
      .split(' ', 2)
      .join(' ')} left`;
  }
  if (error !== null && status !== 'completed') return tries > 1 ? `${error.code}, ${tries} attempts` : error.code;
  if (compensation !== null && compensation.tries > 1) return `undone in ${compensation.tries} tries`;
  if (withErrors) return 'with errors';
  return tries > 1 ? `${tries} attempts` : '';
}

/** What goes without saying, where the status says it. */
const SILENT: ReadonlySet<WaitingFor['what']> = new Set(['children', 'body', 'start']);

/** `3 completed, 1 failed`. */
export function countsIn(counts: StatusCounts): string {
  const parts = (Object.entries(counts) as [Status, number][])
    .sort(([left], [right]) => rank(left) - rank(right))
    .map(([status, count]) => `${grouped(count)} ${WORDS[status] ?? status}`);
  return parts.join(', ');
}

/** `48,210`. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** Statuses as a reader calls them. */
export const WORDS: { readonly [status in Status]: string } = {
  pending: 'to begin',
  running: 'running',
  waiting: 'waiting',
  retrying: 'retrying',
  paused: 'paused',
  awaitingApproval: 'awaiting approval',
  awaitingIntervention: 'standing still',
  cancelling: 'being cancelled',
  compensating: 'being undone',
  completed: 'completed',
  failed: 'failed',
  timedOut: 'timed out',
  skipped: 'skipped',
  cancelled: 'cancelled',
  compensated: 'undone',
  compensationFailed: 'not undone',
};

const NOT_SEEN = 'not looked at';
const UNSEEN: Mark = {
  status: 'pending',
  isKnown: false,
  note: '',
  took: null,
  attempts: 0,
  counts: null,
  strip: null,
};

/** How it stands, in a word. */
export function wordOfMark({ status, isKnown }: Mark): string {
  return isKnown ? WORDS[status] : NOT_SEEN;
}

/** All parts that stand in another one. */
function below(part: Part): readonly Part[] {
  const found: Part[] = [...part.children];
  for (const each of found) found.push(...each.children);
  return found;
}

const ORDER = /* @__PURE__ */ Object.keys(WORDS);
/** What goes on comes last, what has completed first. */
const rank = (status: Status): number => (isTerminal(status) ? 0 : 100) + ORDER.indexOf(status);

/**
 * What stands for many is as the worst of them, and goes on as long as one does. Where a collection has completed, those that it cancelled
 * were not needed any more.
 */
function statusIn(counts: StatusCounts, hasCompleted: () => boolean): Status {
  const there = Object.keys(counts) as Status[];
  const live = there.find((status) => !isTerminal(status));
  if (live !== undefined) return there.includes('running') ? 'running' : live;
  const bad = WORST.find((status) => there.includes(status));
  if (bad !== undefined) return bad;
  const order = hasCompleted() ? (['completed', 'cancelled'] as const) : (['cancelled', 'completed'] as const);
  return [...order, 'compensated' as const].find((status) => there.includes(status)) ?? there[0] ?? 'pending';
}

const WORST = ['failed', 'timedOut', 'compensationFailed'] as const;

const DONE: ReadonlySet<Status> = new Set(['completed', 'skipped', 'compensated']);

/** Where the items are known one by one they stand in their places; otherwise what has gone wrong comes before what is done. */
function stripOf({ counts, places, known, total }: Gathered): readonly Density[] {
  const cells = Math.min(CELLS, Math.max(1, total));
  const sums = Array.from({ length: cells }, () => ({ done: 0, failed: 0, live: 0, all: 0 }));
  const put = (from: number, to: number, of: 'done' | 'failed' | 'live', all: number): void => {
    for (let cell = Math.floor((from * cells) / all); cell < cells && (cell * all) / cells < to; cell += 1) {
      const share = Math.min(to, ((cell + 1) * all) / cells) - Math.max(from, (cell * all) / cells);
      const sum = sums[cell] as (typeof sums)[number];
      sum[of] += share;
      sum.all += share;
    }
  };
  if (known === total) {
    for (const [ordinal, status] of places.entries())
      if (status !== undefined) put(ordinal, ordinal + 1, standing(status), places.length);
  } else {
    let from = 0;
    const of = { failed: 0, done: 0, live: 0 };
    for (const [status, count] of Object.entries(counts) as [Status, number][]) of[standing(status)] += count;
    for (const [which, count] of Object.entries(of) as ['done' | 'failed' | 'live', number][]) {
      put(from, from + count, which, total);
      from += count;
    }
  }
  return sums.map(({ done, failed, live, all }) => ({
    done: share(done, all),
    failed: share(failed, all),
    live: share(live, all),
  }));
}

function standing(status: Status): 'done' | 'failed' | 'live' {
  if (DONE.has(status)) return 'done';
  return isTerminal(status) ? 'failed' : 'live';
}

const share = (part: number, all: number): number => (all === 0 ? 0 : Math.round((1_000 * part) / all) / 1_000);
