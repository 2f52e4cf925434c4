/**
 * How far a run has come, as a projection of its history: a fold over its events that can be
 * made again at any time and from any copy of them. Each event gives a new, frozen value; what
 * has not changed is shared with the value before, so it suits `useSyncExternalStore` and the like.
 * An event costs the same however many steps there are; reading `actors` for the first time costs as much as there are.
 */
import { produce } from 'immer';
import type { PlanNode } from '../definition.ts';
import { isStep, stepsIn } from '../core/steps.ts';
import { type AnyOrchestrator, planOf } from '../dsl/index.ts';
import { isTerminal, type RunEvent, type Status } from '../events.ts';
import { statusAfter } from './fold.ts';
import { Versions } from './versions.ts';

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
  readonly status: Status;
  /** The number of the last event that is counted in. */
  readonly seq: number;
  /** Steps that have ended, skipped ones included, of all that there are: 0 to 100, and never less than before. */
  readonly percent: number;
  readonly steps: {
    readonly total: number;
    readonly completed: number;
    readonly failed: number;
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
const NO_ACTORS = /* @__PURE__ */ Object.freeze({});

/**
 * The fold for an orchestrator.
 *
 * @example
 * const fold = progressOf(order);
 * let progress = fold.start;
 * for await (const event of run.events()) progress = fold.after(progress, event);
 */
export function progressOf(orchestrator: AnyOrchestrator): ProgressFold {
  const { root } = planOf(orchestrator);
  const total = stepsIn(root);
  const steps = Object.freeze({ total, completed: 0, failed: 0, skipped: 0 });
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
  const actors = actorsOf.get(before) ?? Versions.of(before.actors);
  const status = statusAfter(type);
  if (type === 'children.skipped') {
    const steps = tally(before.steps, 'skipped', event.steps);
    return progress(before.status, seq, percentOf(steps), steps, actors);
  }
  if (path === '') return progress(status ?? before.status, seq, before.percent, before.steps, actors);
  const known = actors.get(path);
  const actor = produce(known ?? UNTOLD, (draft) => {
    if (status !== null) draft.status = status;
    if ('attempt' in event) draft.attempt = event.attempt;
    if (type === 'step.progress') Object.assign(draft, { fraction: event.fraction, note: event.note });
  });
  const steps = stepsAfter(before.steps, status, known, nodeAt(root, path));
  const percent = steps === before.steps ? before.percent : percentOf(steps);
  return progress(before.status, seq, percent, steps, actors.with(path, actor));
}

function stepsAfter(
  steps: Progress['steps'],
  status: Status | null,
  known: ActorProgress | undefined,
  node: PlanNode | null,
): Progress['steps'] {
  if (status === null || !isTerminal(status) || node === null) return steps;
  // What never began takes all of its steps with it when it is skipped, and they are not told one by one.
  // Nor are those of what was taken over as a whole from another run.
  if ((status === 'skipped' || status === 'completed') && known === undefined)
    return tally(steps, status, stepsIn(node));
  return isStep(node) ? tally(steps, status, 1) : steps;
}

function tally(steps: Progress['steps'], status: Status, count: number): Progress['steps'] {
  const which = status === 'completed' || status === 'skipped' ? status : 'failed';
  return produce(steps, (draft) => {
    draft[which] += count;
  });
}

function percentOf({ total, completed, failed, skipped }: Progress['steps']): number {
  return Math.round((100 * (completed + failed + skipped)) / Math.max(1, total));
}

function nodeAt(root: PlanNode, path: string): PlanNode | null {
  let node: PlanNode | undefined = root;
  for (const name of path.split('/')) node = node?.repeats ? undefined : node?.childByName.get(name)?.node;
  return node ?? null;
}
