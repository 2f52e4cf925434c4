/** The nodes of a plan. One that is used at several places is there once. */
import type { PlanNode } from './definition.ts';

/** This node and all that are below it. */
export function nodesIn(root: PlanNode): ReadonlySet<PlanNode> {
  // A set goes on to what is added to it meanwhile.
  const nodes = new Set([root]);
  for (const { children } of nodes) for (const { node } of children) nodes.add(node);
  return nodes;
}
