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
  // From a list, not by recursion: definitions may nest as deep as they like. Each node is counted once, however often it is used.
  const todo = [node];
  for (let next = todo.at(-1); next !== undefined; next = todo.at(-1)) {
    const below = next.repeats ? [] : next.children;
    const unknown = below.filter((child) => !counted.has(child.node));
    if (unknown.length === 0) {
      counted.set(
        next,
        below.reduce((sum, child) => sum + (counted.get(child.node) as number), isStep(next) ? 1 : 0),
      );
      todo.pop();
    }
    for (const child of unknown) todo.push(child.node);
  }
  return counted.get(node) as number;
}
