/**
 * What a run is pinned to: the structure of its definition, one line for each place in it, and
 * a hash of those lines. Names, order, dependencies and policies are in it. Bodies and mappers are not:
 * a fixed body is meant to serve the runs that wait for it, and the text of a function changes with every bundler.
 */
import type { GraphPlace, Plan } from '../definition.ts';
import { linesOf } from './plan.ts';
import { sha256 } from '../sha256.ts';

/** A definition as the store keeps it beside the runs that are pinned to it. */
export interface Structure {
  readonly hash: string;
  readonly lines: readonly string[];
}

const structures = new WeakMap<Plan, Structure>();

/** The structure of a plan, worked out once. */
export function structureOf(plan: Plan): Structure {
  const known = structures.get(plan);
  if (known !== undefined) return known;
  const lines: string[] = [];
  const todo: Spot[] = [{ node: plan.root, path: '', after: [], may: null, siblings: [] }];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const { node, path } = next;
    lines.push(lineOf(next));
    const { children } = node;
    for (let index = children.length - 1; index >= 0; index -= 1) {
      const { name, node: below, after, optional, permissive } = children[index] as GraphPlace;
      const may = optional ? 'optional' : permissive ? 'permissive' : null;
      todo.push({ node: below, path: path === '' ? name : `${path}/${name}`, after, may, siblings: children });
    }
  }
  const hash = sha256(lines.join('\n')).slice(0, 32);
  const structure = Object.freeze({ hash, lines: Object.freeze(lines) });
  structures.set(plan, structure);
  return structure;
}

/** What is gone and what has come, place by place. */
export function differences(
  before: readonly string[],
  after: readonly string[],
): { readonly gone: string[]; readonly come: string[] } {
  const [old, now] = [new Set(before), new Set(after)];
  return { gone: before.filter((line) => !now.has(line)), come: after.filter((line) => !old.has(line)) };
}

interface Spot extends Pick<GraphPlace, 'node' | 'after'> {
  readonly path: string;
  /** What its failure is to what it stands in, if that is not what failures are. */
  readonly may: 'optional' | 'permissive' | null;
  readonly siblings: readonly GraphPlace[];
}

function lineOf({ node, path, after, may, siblings }: Spot): string {
  const parts = [path === '' ? '(run)' : path, node.kind, node.called];
  if (after.length > 0) parts.push(`after ${after.map((index) => siblings[index]?.name).join(', ')}`);
  if (may !== null) parts.push(may);
  return [...parts, ...linesOf(node)].join(' | ');
}
