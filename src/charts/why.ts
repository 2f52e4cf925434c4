/**
 * Why a part of a run has not begun (P229): what it waits for by its definition, and by how the run stands. Every reason that holds is
 * told, the nearest one first.
 */
import type { WaitingFor } from '../core/effect.ts';
import { isTerminal, type Status } from '../status.ts';
import type { ActorSnapshot } from '../views/snapshot.ts';
import type { Outline, Part } from './outline.ts';

/** A reason why something has not begun. */
export type Hindrance =
  /** These have to end first. */
  | { readonly why: 'after'; readonly paths: readonly string[] }
  /** What it stands in has not begun. */
  | { readonly why: 'parent'; readonly path: string }
  /** The run is paused. */
  | { readonly why: 'paused' }
  /** These steps stand still, and nothing begins until somebody has decided about them. */
  | { readonly why: 'held'; readonly paths: readonly string[] }
  /** As many as may be are under way in what it stands in. */
  | { readonly why: 'full'; readonly path: string; readonly limit: number }
  /** It is a route, and another one was taken. */
  | { readonly why: 'route'; readonly path: string }
  /** It begins only if the time of the step that it belongs to is up. */
  | { readonly why: 'late'; readonly path: string; readonly due: number | null }
  /** It begins only if something before it fails. */
  | { readonly why: 'failure'; readonly path: string }
  /** Its number may not come: nobody knows yet how many there are. */
  | { readonly why: 'number'; readonly path: string }
  /** The run ends, or has ended. */
  | { readonly why: 'ending'; readonly status: Status }
  /** Nothing is in its way: its turn is about to come. */
  | { readonly why: 'turn' };

/** How the run stands, for the question. */
export interface Stand {
  readonly outline: Outline;
  readonly status: Status;
  /** The status of what has begun, by path. */
  statusAt(path: string): Status | undefined;
  /** What is under way, by path. */
  readonly live: ReadonlyMap<string, ActorSnapshot>;
  /** Steps that stand still. */
  readonly held: readonly string[];
  /** How many children of it are under way. */
  liveBelow(path: string): number;
}

/** Why what has this path has not begun. */
export function whyNot(stand: Stand, path: string): readonly Hindrance[] {
  const { status, held } = stand;
  if (isTerminal(status) || ENDING.has(status)) return [{ why: 'ending', status }];
  const reasons = reasonsFor(stand, path);
  if (status === 'paused') reasons.push({ why: 'paused' });
  if (held.length > 0) reasons.push({ why: 'held', paths: held });
  return reasons.length === 0 ? [{ why: 'turn' }] : reasons;
}

const ENDING: ReadonlySet<Status> = new Set(['cancelling', 'compensating']);

function reasonsFor(stand: Stand, path: string): Hindrance[] {
  const { outline, statusAt, live } = stand;
  const cut = path.lastIndexOf('/');
  const above = path.slice(0, Math.max(0, cut));
  const parent = outline.at(above);
  const part = outline.at(path);
  if (parent === undefined || part === undefined) return [];
  if (above !== '' && statusAt(above) === undefined)
    return [{ why: 'parent', path: above }, ...reasonsFor(stand, above)];
  const at = (ordinal: number): string => join(above, (parent.children[ordinal] as Part).name);
  const open = part.after.map(at).filter((each) => !isOver(statusAt(each)));
  const reasons: Hindrance[] = open.length === 0 ? [] : [{ why: 'after', paths: open }];
  const isCatcher = parent.catches && parent.children.at(-1) === part;
  if (isCatcher) reasons.push({ why: 'failure', path: above });
  if (parent.shape === 'late')
    reasons.push({ why: 'late', path: above, due: dueOfWait(live.get(above)?.waitingFor ?? null) });
  if (parent.shape === 'choice') reasons.push({ why: 'route', path: above });
  if (parent.repeats) reasons.push({ why: 'number', path: above });
  if (reasons.length === 0 && stand.liveBelow(above) >= parent.concurrency)
    reasons.push({ why: 'full', path: above, limit: parent.concurrency });
  return reasons;
}

function dueOfWait(waits: WaitingFor | null): number | null {
  return waits !== null && 'due' in waits ? waits.due : null;
}

function isOver(status: Status | undefined): boolean {
  return status !== undefined && isTerminal(status);
}

function join(above: string, name: string): string {
  return above === '' ? name : `${above}/${name}`;
}

const SAYINGS: { readonly [W in Hindrance['why']]: (reason: Extract<Hindrance, { readonly why: W }>) => string } = {
  after: ({ paths }) => `waits for ${listed(paths)}`,
  parent: ({ path }) => `${path}, which it is in, has not begun`,
  paused: () => 'the run is paused',
  held: ({ paths }) =>
    `${listed(paths)} ${paths.length === 1 ? 'stands' : 'stand'} still, and nothing begins meanwhile`,
  full: ({ path, limit }) =>
    `${limit} at once are allowed in ${path === '' ? 'the run' : path}, and as many are under way`,
  route: ({ path }) => `${path} has not taken this route`,
  late: ({ path }) => `begins only when the time of ${path} is up`,
  failure: ({ path }) => `begins only if a step of ${path} fails`,
  number: ({ path }) => `${path} has not come to it, and perhaps never does`,
  ending: ({ status }) =>
    isTerminal(status) ? 'never began: the run has ended' : `will not begin: the run is ${status}`,
  turn: () => 'its turn is about to come',
};

/** A reason, in words. */
export function reasonIn(reason: Hindrance): string {
  return (SAYINGS[reason.why] as (reason: Hindrance) => string)(reason);
}

const MOST_LISTED = 5;

/** `a`, `a and b`, `a, b and c`, `a, b, c, d, e and 3 more`. */
export function listed(names: readonly string[]): string {
  const shown =
    names.length > MOST_LISTED + 1 ? [...names.slice(0, MOST_LISTED), `${names.length - MOST_LISTED} more`] : names;
  return shown.length < 2 ? (shown[0] ?? '') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}
