/** How many steps a place of a plan has: a task, a sleep, a wait, and whatever is below a track. */
import type { PlanNode } from '../definition.ts';

const counted = new WeakMap<PlanNode, number>();

/** A task, a sleep, a wait; what a wait runs for itself is one more. */
export function isStep({ noun }: PlanNode): boolean {
  return noun === 'step';
}

/** How many steps there are below a node, itself included if it is one. */
export function stepsIn(node: PlanNode): number {
  const known = counted.get(node);
  if (known !== undefined) return known;
  // From a list, not by recursion: definitions may nest as deep as they like.
  let steps = 0;
  const todo = [node];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    if (isStep(next)) steps += 1;
    if (!next.repeats) for (const child of next.children) todo.push(child.node);
  }
  counted.set(node, steps);
  return steps;
}
