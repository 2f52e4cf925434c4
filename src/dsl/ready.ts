/**
 * How a definition is made ready to run, left beside it by its builder. So whoever only runs machines needs neither the check
 * nor the compiler: they come with the builders.
 */
import type { PlanNode } from '../definition.ts';
import { InvalidOption } from '../errors/index.ts';

const makers = new WeakMap<object, () => PlanNode>();

/** Says how the node of `definition` is made. It is asked for no earlier than it is needed. */
export function madeReadyBy(definition: object, make: () => PlanNode): void {
  makers.set(definition, make);
}

/** The node that a machine runs for `definition`. */
export function nodeOf(definition: object): PlanNode {
  const make = makers.get(definition);
  if (make !== undefined) return make();
  const expected = 'a task, a track, a composite track or an orchestrator, made by the functions of this package';
  throw new InvalidOption({ option: 'definition', value: definition, expected });
}
