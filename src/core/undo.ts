/**
 * The undoing of a run (S13). Its root is told a page of what has completed, the last first, and has one step after the other
 * undone: each is an actor again at its old place, directly below the root, for what it stood in has ended. When a page is at
 * its end the next one is asked for, so however much there is to undo, no more than a page of it is in memory.
 *
 * What has been undone is not completed any more. So nothing needs to be remembered but where the page ends: after a crash it
 * is read again, and has what is left. A run that undoes another one, which has ended and stays as it is, remembers how far it is.
 */
import type { Place, PlanNode } from '../definition.ts';
import type { Act, Kinds } from './kind.ts';
import { newActor } from './actor.ts';
import type { UndoFacts } from './effect.ts';
import type { TurnPort } from './port.ts';
import { isTakenOver } from './rerun.ts';
import { addLive, type RunState, type Undoing } from './run.ts';
import { isToBeUndone } from './to-be-undone.ts';
import type { ActorRow } from '../store.ts';

export const undoActs: { readonly [action: string]: Act } = {
  undoPage(port, root, params) {
    const { rows, next } = (params as { readonly page: Omit<Undoing, 'at'> }).page;
    port.run.undoing = { rows, next, at: 0 };
    // One that was under way when the run was read back comes first.
    if (root.firstLive === null) undoNext(port);
  },
  undoNext(port) {
    undoNext(port);
  },
  cutUndo(port, root) {
    if (root.firstLive === null) port.send(root, OVER);
    else port.send(root.firstLive, { type: 'cancel', force: true });
  },
};

const OVER = Object.freeze({ type: 'undo.over' });

function undoNext(port: TurnPort): void {
  const { run } = port;
  const { root, undoing } = run;
  const { undo } = root.state.context as { readonly undo?: { readonly isCut: boolean } | null };
  if (undo?.isCut) return port.send(root, OVER);
  // The page has been asked for, and comes.
  if (undoing === null) return undefined;
  const { rows, next } = undoing;
  for (let at = undoing.at; at < rows.length; at += 1) {
    if (!revive(port, rows[at] as ActorRow)) continue;
    run.undoing = { rows, next, at: at + 1 };
    return undefined;
  }
  run.undoing = null;
  return port.send(root, next === null ? OVER : { type: 'undo.more', before: next });
}

/** Begins to undo a step, if it is one that can be undone. */
function revive(port: TurnPort, row: ActorRow): boolean {
  const { run, rules, now } = port;
  // What was taken over is undone by the run in which it completed, under its key there.
  if (isTakenOver(row)) return false;
  const place = placeAt(rules.kinds, run.plan.root, row.path);
  if (place === null || place.node.kind !== row.kind) return false;
  const { node } = place;
  if (rules.kinds.get(node.kind).undoes?.(node) !== true) return false;
  const actor = newActor(rules.kinds, rules.stepperOf(node.kind), place, node, run.root, row.path, row.input, now);
  addUndone(run, actor, row);
  const { output, attempt } = row;
  const { completedAt = row.endedAt } = (row.memory.undo ?? {}) as { readonly completedAt?: number | null };
  const { of = null } = (run.root.state.context as { readonly undo?: UndoFacts | null }).undo ?? {};
  port.send(actor, { type: 'compensate', output, attempt, completedAt, of });
  // What has been undone is still completed in that run: where to go on is remembered here. What is tried again has a row here.
  if (of !== null && row.state === 'completed' && row.endedSeq !== null)
    port.send(run.root, { type: 'undoing', before: row.endedSeq });
  return true;
}

function addUndone(
  run: RunState,
  actor: ReturnType<typeof newActor>,
  { path, startedAt, attemptedAt }: ActorRow,
): void {
  actor.startedAt = startedAt;
  actor.attemptAt = attemptedAt;
  run.actors.set(path, actor);
  addLive(run.root, actor);
}

/**
 * Is a child run to undo what it has done when it is cancelled? With its run; and in one that is undone when it fails, also while that
 * one goes on, as the loser of a race: nobody has its result, and afterwards nobody would come to it.
 */
export function undoesCancelled({ state, node }: RunState['root']): boolean {
  const { ending = null } = state.context as { readonly ending?: string | null };
  return isToBeUndone(state.context, node) || (node.undoes && ending === null);
}

/** Is it the row of a step that is being undone? */
export function isOfUndo({ memory }: ActorRow): boolean {
  return memory.undo !== undefined;
}

/** Is it the row of a step whose child run was cancelled, and could not undo all that it had done? */
export function isLeft(row: ActorRow): boolean {
  return row.state === 'compensationFailed' && !isOfUndo(row);
}

/** Is it the row of a step that somebody has tried to undo? */
export function wasTried(row: ActorRow): boolean {
  return row.path !== '' && (isOfUndo(row) || isLeft(row));
}

/** The place at a path of a plan; null if there is none. */
export function placeAt(kinds: Kinds, root: PlanNode, path: string): Place | null {
  let place: Place | null = null;
  let node = root;
  for (const name of path.split('/')) {
    place = placeIn(kinds, node, name);
    if (place === null) return null;
    node = place.node;
  }
  return place;
}

/** The place below a node that has this name. */
export function placeIn(kinds: Kinds, node: PlanNode, name: string): Place | null {
  return kinds.get(node.kind).placeNamed?.(node, name) ?? node.childByName.get(name) ?? null;
}
