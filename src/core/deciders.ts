/**
 * Who has decided what in a run, for approvals that exclude those people (`excluded.decidersOf`). It is read from approvals, which the
 * engine alone writes, and never from an output, which a body can make as it likes. In memory it stands in the run, under the path of
 * each step; it is derived from the records of the approvals, and read from them when a run is read back. Runs whose plan excludes
 * nobody in this way have none of it.
 */
import type { PlanNode } from '../definition.ts';
import type { Json } from '../json.ts';
import { type Approval, type ApprovalSpec, type AskingSpec, decidersIn } from '../people.ts';
import type { RecordRow } from '../store.ts';
import { type Actor, pathUnder, type RunState } from './run.ts';
import { nodesIn } from '../plan-nodes.ts';

/** By the path of the step. */
export type Deciders = Map<string, readonly string[]>;

/** The record of who had decided a step that a run has taken over from another one; its id is the path. */
export const DECIDERS = 'deciders';

const looking = new WeakMap<PlanNode, boolean>();

/** Does an approval in it exclude the deciders of another one? */
export function looksAtDeciders(root: PlanNode): boolean {
  let looks = looking.get(root);
  if (looks === undefined) {
    looks = [...nodesIn(root)].some((node) => specsOf(node).some(({ excluded }) => namesIn(excluded).length > 0));
    looking.set(root, looks);
  }
  return looks;
}

function specsOf({ task, spec }: PlanNode): readonly ApprovalSpec[] {
  const { approval, standing } = (spec ?? {}) as Partial<AskingSpec>;
  return [approval, standing, task?.approval, task?.review].filter((each) => each !== undefined);
}

function namesIn(excluded: ApprovalSpec['excluded']): readonly string[] {
  return typeof excluded === 'function' ? NOBODY : excluded.decidersOf;
}

const NOBODY: readonly string[] = Object.freeze([]);

/** What remembers it. */
interface Remembers {
  decided: Deciders | null;
}

/** Remembers who has decided an approval, beside those who have decided others at the same step. */
export function keepDeciders(run: Pick<RunState, 'plan' | 'decided'>, approval: Approval): void {
  if (looksAtDeciders(run.plan.root)) add(run, approval.path, decidersIn(approval));
}

function add(run: Remembers, path: string, who: readonly string[]): void {
  if (who.length === 0) return;
  run.decided ??= new Map();
  run.decided.set(path, [...new Set([...(run.decided.get(path) ?? NOBODY), ...who])]);
}

/** Remembers what the records of a run say. */
export function recallDeciders(run: Remembers, records: readonly Pick<RecordRow, 'type' | 'id' | 'body'>[]): void {
  for (const { type, id, body } of records) {
    const { path, who } = type === DECIDERS ? { path: id, who: body as readonly string[] } : partIn(body);
    add(run, path, who);
  }
}

function partIn(body: Json): { readonly path: string; readonly who: readonly string[] } {
  const approval = body as unknown as Approval;
  return { path: approval.path, who: decidersIn(approval) };
}

/**
 * Who has decided at a step, or in it, that an approval names: the nearest name around the step that asks, and from there the names
 * below it. The check has seen that this comes before; null if there is no such name, as where a part of a definition runs by itself.
 */
export function decidersNamed({ decided }: RunState, actor: Actor, named: string): readonly string[] | null {
  const [first] = named.split('/') as [string];
  for (let at = actor.parent; at !== null; at = at.parent) {
    if (at.node.repeats || !at.node.childByName.has(first)) continue;
    const path = pathUnder(at.path, named);
    return [...(decided ?? [])].flatMap(([place, who]) => (isAtOrBelow(place, path) ? who : NOBODY));
  }
  return null;
}

export function isAtOrBelow(path: string, above: string): boolean {
  return path === above || path.startsWith(`${above}/`);
}
