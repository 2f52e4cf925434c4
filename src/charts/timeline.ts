/**
 * The course of a run in time: for each track and step the times in which it ran, waited or was tried again, and how long every part of
 * the definition has spent in which status. It is read off the history alone, so it is there as long as the events are.
 */
import { roughly } from '../duration.ts';
import type { RunEvent } from '../events.ts';
import { isTerminal, type Status } from '../status.ts';
import { HistoryFold, type Period, type Told } from '../views/fold.ts';
import type { Outline } from './outline.ts';
import { pathAbove } from '../segments.ts';

/** A time in which a track or a step was in one status. */
export interface Span {
  readonly status: Status;
  /** In milliseconds since 1970. */
  readonly from: number;
  /** Null as long as it goes on. */
  readonly to: number | null;
  /** The attempt that was under way; 0 for what makes none. */
  readonly attempt: number;
  /** What it came to; null as long as it goes on. */
  readonly next: Status | null;
  /** The code of the error that it ended with. */
  readonly code: string | null;
}

/** A track or a step in time. */
export interface TimelineEntry {
  readonly path: string;
  readonly noun: 'run' | 'track' | 'step';
  readonly status: Status;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly spans: readonly Span[];
}

/** Something that happened in a moment: a signal was taken, an event of the user's was told. */
export interface TimelineMoment {
  readonly path: string;
  readonly at: number;
  readonly what: string;
}

/** How long parts of the definition were in a status, all attempts, items and rounds together. */
export interface Dwell {
  /** As in a diagram: the name of the body stands where an item or a round has its number. */
  readonly path: string;
  readonly status: Status;
  /** How often. */
  readonly count: number;
  /** In milliseconds. */
  readonly total: number;
  readonly longest: number;
}

/** A run in time. */
export interface Timeline {
  readonly run: string;
  readonly status: Status;
  readonly startedAt: number;
  readonly endedAt: number | null;
  /** To when it is drawn: its end, or what time it is. */
  readonly until: number;
  /** The run itself, and its tracks and steps, each below what it is in. */
  readonly rows: readonly TimelineEntry[];
  /** How many tracks and steps there are beyond these. */
  readonly more: number;
  readonly moments: readonly TimelineMoment[];
  /** The longest in total first. */
  readonly dwell: readonly Dwell[];
}

export interface TimelineOf {
  readonly outline: Outline | null;
  readonly run: string;
  readonly now: number;
  /** How many rows at the most. */
  readonly limit: number;
}

/** The timeline of a run, of the events of its history in their order. */
export async function timelineOf(
  events: AsyncIterable<RunEvent> | Iterable<RunEvent>,
  { outline, run, now, limit }: TimelineOf,
): Promise<Timeline> {
  const spans = new Map<string, Span[]>();
  const dwell = new Map<string, Dwell>();
  const moments: TimelineMoment[] = [];
  const spent = ({ path }: Told, period: Period, to: number): void => {
    const place = placeOf(outline, path);
    const key = `${place}\n${period.status}`;
    const before = dwell.get(key);
    const ms = Math.max(0, to - period.from);
    dwell.set(key, {
      path: place,
      status: period.status,
      count: (before?.count ?? 0) + 1,
      total: (before?.total ?? 0) + ms,
      longest: Math.max(before?.longest ?? 0, ms),
    });
  };
  const course = new HistoryFold((told, period) => {
    spent(told, period, period.to ?? now);
    spans.get(told.path)?.push(spanOf(period));
  });
  let begun = 0;
  for await (const event of events) {
    const isNew = !course.told.has(event.path);
    course.take(event);
    if (isNew && course.told.has(event.path)) {
      begun += 1;
      if (begun <= limit) spans.set(event.path, []);
    }
    const what = momentIn(event);
    if (what !== null && moments.length < limit) moments.push({ path: event.path, at: event.at, what });
  }
  const root = course.told.get('');
  const endedAt = root?.endedAt ?? null;
  const until = endedAt ?? Math.max(now, course.at);
  for (const told of course.told.values()) {
    if (told.open === null) continue;
    spent(told, told.open, until);
    spans.get(told.path)?.push(spanOf(told.open));
  }
  const rows = [...spans].map(([path, all]): TimelineEntry => {
    const { noun, status, startedAt, endedAt: end } = course.told.get(path) as Told;
    return { path, noun, status, startedAt, endedAt: end, spans: all };
  });
  return {
    run,
    status: root?.status ?? 'pending',
    startedAt: root?.startedAt ?? now,
    endedAt,
    until,
    rows: nested(rows),
    more: begun - rows.length,
    moments,
    dwell: [...dwell.values()].sort((left, right) => right.total - left.total),
  };
}

function spanOf({ status, from, to, attempt, next, error }: Period): Span {
  return { status, from, to, attempt, next, code: error?.code ?? null };
}

function momentIn(event: RunEvent): string | null {
  if (event.type === 'signal.accepted' || event.type === 'signal.buffered') {
    return `signal ${JSON.stringify(event.signal)}${event.type === 'signal.buffered' ? ', kept' : ''}`;
  }
  return event.type === 'user.emitted' ? `told ${JSON.stringify(event.name)}` : null;
}

/** The part of the definition; without one, a number is taken for that of an item. */
function placeOf(outline: Outline | null, path: string): string {
  return outline?.at(path)?.path ?? path.replace(/(^|\/)\d+(?=\/|$)/g, '$1*');
}

/** Each below what it is in, and otherwise in the order in which they began. */
function nested(rows: readonly TimelineEntry[]): readonly TimelineEntry[] {
  const below = Map.groupBy(rows, ({ path }) => (path === '' ? null : pathAbove(path)));
  const known = new Set(rows.map(({ path }) => path));
  const sorted: TimelineEntry[] = [];
  // What is below something that is no row of its own comes at the end.
  const roots = rows.filter(({ path }) => path === '' || !known.has(pathAbove(path)));
  const todo = [...roots].reverse();
  for (let row = todo.pop(); row !== undefined; row = todo.pop()) {
    sorted.push(row);
    todo.push(...[...(below.get(row.path) ?? [])].reverse());
  }
  return sorted;
}

/** What a span says when a mouse rests on it. */
export function saidOf({ status, attempt, from, to, code, next }: Span, until: number): string {
  const parts = [attempt > 1 ? `${status}, attempt ${attempt}` : status, roughly((to ?? until) - from)];
  if (code !== null) parts.push(code);
  else if (next !== null && isTerminal(next)) parts.push(next);
  return parts.join(', ');
}
