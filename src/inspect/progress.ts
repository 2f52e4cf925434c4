/**
 * How far a run has come, as a projection of its history: a fold over its events that can be
 * made again at any time and from any copy of them. Each event gives a new, frozen value; what
 * has not changed is shared with the value before, so it suits `useSyncExternalStore` and the like.
 */
import { produce } from 'immer';
import type { PlanNode } from '../definition.ts';
import { isStep, stepsIn } from '../machines/steps.ts';
import { type AnyOrchestrator, planOf } from '../dsl/index.ts';
import { isTerminal, type RunEvent, type Status } from '../events.ts';

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

type Draft = { -readonly [K in keyof Progress]: Progress[K] } & {
  steps: { total: number; completed: number; failed: number; skipped: number };
  actors: { [path: string]: { status: Status; attempt: number; fraction: number; note: string | null } };
};

const UNTOLD: ActorProgress = { status: 'pending', attempt: 0, fraction: 0, note: null };

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
  return {
    start: Object.freeze({
      status: 'pending',
      seq: 0,
      percent: total === 0 ? 100 : 0,
      steps: Object.freeze({ total, completed: 0, failed: 0, skipped: 0 }),
      actors: Object.freeze({}),
    }),
    after: (progress, event) =>
      event.seq <= progress.seq ? progress : produce(progress, (draft) => count(draft as Draft, event, root)),
  };
}

function count(draft: Draft, event: RunEvent, root: PlanNode): void {
  draft.seq = event.seq;
  const status = statusAfter(event.type);
  if (event.type === 'children.skipped') return tally(draft, 'skipped', event.steps);
  if (event.path === '') {
    if (status !== null) draft.status = status;
    return;
  }
  const known = draft.actors[event.path];
  const actor = { ...(known ?? UNTOLD) };
  if (status !== null) actor.status = status;
  if ('attempt' in event) actor.attempt = event.attempt;
  if (event.type === 'step.progress') Object.assign(actor, { fraction: event.fraction, note: event.note });
  draft.actors[event.path] = actor;
  if (status === null || !isTerminal(status)) return;

  const node = nodeAt(root, event.path);
  if (node === null) return;
  // What never began takes all of its steps with it when it is skipped, and they are not told one by one.
  if (status === 'skipped' && known === undefined) tally(draft, status, stepsIn(node));
  else if (isStep(node)) tally(draft, status, 1);
}

function tally(draft: Draft, status: Status, count: number): void {
  const { steps } = draft;
  if (status === 'completed') steps.completed += count;
  else if (status === 'skipped') steps.skipped += count;
  else steps.failed += count;
  draft.percent = Math.round((100 * (steps.completed + steps.failed + steps.skipped)) / Math.max(1, steps.total));
}

/** The status that an event leaves behind, or null if it only tells something on the way. */
function statusAfter(type: RunEvent['type']): Status | null {
  const happened = type.slice(type.indexOf('.') + 1);
  if (happened === 'progress' || type.startsWith('signal.') || type === 'children.skipped') return null;
  return happened === 'started' || happened === 'resumed' ? 'running' : (happened as Status);
}

function nodeAt(root: PlanNode, path: string): PlanNode | null {
  let node: PlanNode | undefined = root;
  for (const name of path.split('/')) node = node?.childByName.get(name);
  return node ?? null;
}
