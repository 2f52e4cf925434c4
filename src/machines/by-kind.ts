/**
 * What a machine without a box needs of each kind that comes with the package: its machine, and how it has children. Its folder says
 * what else there is to a kind.
 */
import { ordinalIn, type Children, type Family } from '../core/children/children.ts';
import { itemAt, Items } from '../core/children/items.ts';
import { roundAt, Rounds } from '../core/children/rounds.ts';
import { Routes } from '../core/children/routes.ts';
import { Graph } from '../core/children/graph.ts';
import type { AnyStateMachine } from 'xstate';
import type { Place, PlanNode } from '../definition.ts';
import { aggregateMachine } from './aggregate/machine.ts';
import { approvalMachine } from './approval/machine.ts';
import { branchMachine } from './branch/machine.ts';
import { compositeMachine } from './composite/machine.ts';
import { emitMachine } from './emit/machine.ts';
import { gateMachine } from './gate/machine.ts';
import { groupMachine } from './group/machine.ts';
import { loopMachine } from './loop/machine.ts';
import { mapMachine } from './map/machine.ts';
import { runMachine } from './run/machine.ts';
import { signalMachine } from './signal/machine.ts';
import { orchestratorMachine } from './orchestrator/machine.ts';
import { parallelMachine } from './parallel/machine.ts';
import { setMachine } from './set/machine.ts';
import { sleepMachine } from './sleep/machine.ts';
import { taskMachine } from './task/machine.ts';
import { terminateMachine } from './terminate/machine.ts';
import { trackMachine } from './track/machine.ts';
import { waitMachine } from './wait/machine.ts';

const machines: { readonly [kind: string]: AnyStateMachine } = {
  task: taskMachine,
  sleep: sleepMachine,
  wait: waitMachine,
  branch: branchMachine,
  parallel: parallelMachine,
  group: groupMachine,
  map: mapMachine,
  loop: loopMachine,
  aggregate: aggregateMachine,
  set: setMachine,
  terminate: terminateMachine,
  track: trackMachine,
  composite: compositeMachine,
  orchestrator: orchestratorMachine,
  run: runMachine,
  signal: signalMachine,
  emit: emitMachine,
  approval: approvalMachine,
  gate: gateMachine,
};

/** How a parent has children, and the places of those that are items or rounds; whoever is not in here has a graph of them. */
const families: { readonly [kind: string]: Way } = {
  branch: { children: (family) => new Routes(family) },
  map: { children: (family) => new Items(family), placeAt: itemAt },
  loop: { children: (family) => new Rounds(family), placeAt: roundAt },
};

interface Way {
  readonly children: (family: Family) => Children;
  readonly placeAt?: (node: PlanNode, ordinal: number) => Place;
}

function childrenBelow(family: Family): Children {
  return families[family.node.kind]?.children(family) ?? new Graph(family);
}

function placeBelow(node: PlanNode, name: string): Place | undefined {
  const { placeAt } = families[node.kind] ?? {};
  const ordinal = placeAt === undefined ? null : ordinalIn(name);
  return ordinal === null ? node.childByName.get(name) : placeAt?.(node, ordinal);
}

/** Handed to the live form of parents, which machines import, and which therefore cannot import machines. */
export const bareKinds = { machines, childrenBelow, placeBelow } as const;
