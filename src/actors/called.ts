/** What a step is called that runs without a host, where nothing has a path. */
import type { AnyActorRef } from 'xstate';
import type { PlanNode } from '../definition.ts';

/** The name that its parent has for it; that of its definition, if it was started by itself. `self` is what its machine has invoked. */
export function calledLive({ _parent: machine }: AnyActorRef, node: PlanNode | null): string {
  return (machine?._parent === undefined ? node?.called : machine.id) ?? 'step';
}
