/**
 * How far a run has come, as a projection of its history: a fold over its events that can be
 * made again at any time and from any copy of them. Each event gives a new, frozen value; what
 * has not changed is shared with the value before, so it suits `useSyncExternalStore` and the like.
 * An event costs the same however many steps there are; reading `actors` for the first time costs as much as there are.
 */
import type { PlanNode } from '../definition.ts';
import { isStep, stepsIn } from '../core/steps.ts';
import { type AnyOrchestrator, planOf } from '../dsl/index.ts';
import { isTerminal, type RunEvent, type Status } from '../events.ts';
import { statusAfter } from './fold.ts';
import { Versions } from './versions.ts';
import { pathAbove } from '../segments.ts';

/** A step or a track in a run's progress. */
export interface ActorProgress {
  readonly status: Status;
  readonly attempt: number;
  /** What the body said of itself, from 0 to 1. */
  readonly fraction: number;
  readonly note: string | null;
}

/** How far a run has come. */
export interface Progress {
  /** As the history tells it. That nothing but waiting goes on in a run is no event: it is `running` here, and `run.status()` says `waiting`. */
  readonly status: Status;
  /** The number of the last event that is counted in. */
  readonly seq: number;
  /** Steps that have ended, skipped ones included, of all that there are: 0 to 100, and never less than before. */
  readonly percent: number;
  readonly steps: {
    readonly total: number;
    readonly completed: number;
    /** Failed or timed out. */
    readonly failed: number;
    /** Ended from outside: losers of a race, what ran when another one failed, what a cancelled run had under way. */
    readonly cancelled: number;
    readonly skipped: number;
  };
  /** Every track and step that the history speaks of, by path, in the order in which it does. */
  readonly actors: { readonly [path: string]: ActorProgress };
}

/** Folds events of one orchestrator's runs into their progress. */
export interface ProgressFold {
  readonly start: Progress;
  /** The progress after `event`; an event that is counted in already changes nothing. */
  after(progress: Progress, event: RunEvent): Progress;
}

const UNTOLD: ActorProgress = /* @__PURE__ */ Object.freeze({ status: 'pending', attempt: 0, fraction: 0, note: null });
const RUNNING: ActorProgress = /* @__PURE__ */ Object.freeze({ ...UNTOLD, status: 'running' });
const NO_ACTORS = /* @__PURE__ */ Object.freeze({});

/**
 * The fold for an orchestrator. It begins with the first event of a run: `run.history()`, or `run.events()`, which goes on from there. One
 * that begins later lacks what ended before, and `percent` is too small by that.
 *
 * @example
 * const fold = progressOf(order);
 * let progress = fold.start;
 * for await (const event of run.events()) progress = fold.after(progress, event);
 */
export function progressOf(orchestrator: AnyOrchestrator): ProgressFold {
  const { root } = planOf(orchestrator);
  const total = stepsIn(root);
  const steps = Object.freeze({ total, completed: 0, failed: 0, cancelled: 0, skipped: 0 });
  return {
    start: progress('pending', 0, total === 0 ? 100 : 0, steps, Versions.of(NO_ACTORS)),
    after: (before, event) => (event.seq <= before.seq ? before : next(before, event, root)),
  };
}

/** The actors of each value that was made here. A copy of one, from JSON perhaps, has none and is read anew. */
const actorsOf = new WeakMap<Progress, Versions<ActorProgress>>();

function progress(
  status: Status,
  seq: number,
  percent: number,
  steps: Progress['steps'],
  actors: Versions<ActorProgress>,
): Progress {
  const made: Progress = Object.freeze({
    status,
    seq,
    percent,
    steps,
    get actors() {
      return actors.all;
    },
  });
  actorsOf.set(made, actors);
  return made;
}

function next(before: Progress, event: RunEvent, root: PlanNode): Progress {
  const { type, path, seq } = event;
  const told = actorsOf.get(before) ?? Versions.of(before.actors);
  const status = statusAfter(type);
  if (type === 'children.skipped') {
    const steps = tally(before.steps, 'skipped', event.steps);
    return progress(before.status, seq, percentOf(steps), steps, begun(told, path, root));
  }
  const actors = status === null ? told : begun(told, pathAbove(path), root);
  if (path === '') return progress(status ?? before.status, seq, before.percent, before.steps, actors);
  const known = actors.get(path);
  const actor = actorAfter(known ?? UNTOLD, status, event);
  const steps = stepsAfter(before.steps, status, known, nodeAt(root, path));
  const percent = steps === before.steps ? before.percent : percentOf(steps);
  return progress(before.status, seq, percent, steps, actors.with(path, actor));
}

function actorAfter(actor: ActorProgress, status: Status | null, event: RunEvent): ActorProgress {
  const { fraction, note } = event.type === 'step.progress' ? event : actor;
  const attempt = 'attempt' in event ? event.attempt : actor.attempt;
  const next = Object.freeze({ status: status ?? actor.status, attempt, fraction, note });
  // What has not changed is the same value still: the first of what begins is one for all.
  return next.status === actor.status && attempt === actor.attempt && fraction === actor.fraction && note === actor.note
    ? actor
    : next;
}

/**
 * What something below is told of has begun. A history says so first; a fold that began later did not hear of it, and would
 * take its end for that of something that was taken over as a whole, and count what is below once more.
 */
function begun(actors: Versions<ActorProgress>, path: string, root: PlanNode): Versions<ActorProgress> {
  let known = actors;
  for (let at = path; at !== '' && known.get(at) === undefined; at = pathAbove(at))
    if (nodeAt(root, at) !== null) known = known.with(at, RUNNING);
  return known;
}

function stepsAfter(
  steps: Progress['steps'],
  status: Status | null,
  known: ActorProgress | undefined,
  node: PlanNode | null,
): Progress['steps'] {
  if (status === null || !isTerminal(status) || node === null) return steps;
  // What is undone has been counted when it completed.
  if (known !== undefined && (isTerminal(known.status) || known.status === 'compensating')) return steps;
  // What never began takes all of its steps with it when it is skipped, and they are not told one by one.
  // Nor are those of what was taken over as a whole from another run.
  if ((status === 'skipped' || status === 'completed') && known === undefined)
    return tally(steps, status, stepsIn(node));
  return isStep(node) ? tally(steps, status, 1) : steps;
}

function tally(steps: Progress['steps'], status: Status, count: number): Progress['steps'] {
  const which = status === 'completed' || status === 'skipped' || status === 'cancelled' ? status : 'failed';
  // A copy that was made by an earlier version does not count what is cancelled.
  return Object.freeze({ ...steps, [which]: (steps[which] ?? 0) + count });
}

function percentOf({ total, completed, failed, cancelled = 0, skipped }: Progress['steps']): number {
  return Math.min(100, Math.round((100 * (completed + failed + cancelled + skipped)) / Math.max(1, total)));
}

function nodeAt(root: PlanNode, path: string): PlanNode | null {
  let node: PlanNode | undefined = root;
  for (const name of path.split('/')) node = node?.repeats ? undefined : node?.childByName.get(name)?.node;
  return node ?? null;
}
