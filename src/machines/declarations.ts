/** The declarations of the kinds that come with the package: what the builders, the check and the compiler ask. No machine comes along with them. */
import type { Declaration } from '../core/declaration.ts';
import type { AnyDefinition } from '../definition.ts';
import { aggregateDeclaration } from './aggregate/declaration.ts';
import { approvalDeclaration } from './approval/declaration.ts';
import { branchDeclaration } from './branch/declaration.ts';
import { compositeDeclaration } from './composite/declaration.ts';
import { gateDeclaration } from './gate/declaration.ts';
import { groupDeclaration } from './group/declaration.ts';
import { loopDeclaration } from './loop/declaration.ts';
import { mapDeclaration } from './map/declaration.ts';
import { emitDeclaration } from './emit/declaration.ts';
import { runDeclaration } from './run/declaration.ts';
import { signalDeclaration } from './signal/declaration.ts';
import { orchestratorDeclaration } from './orchestrator/declaration.ts';
import { parallelDeclaration } from './parallel/declaration.ts';
import { setDeclaration } from './set/declaration.ts';
import { sleepDeclaration } from './sleep/declaration.ts';
import { taskDeclaration } from './task/declaration.ts';
import { terminateDeclaration } from './terminate/declaration.ts';
import { trackDeclaration } from './track/declaration.ts';
import { waitDeclaration } from './wait/declaration.ts';

const declarations = {
  task: taskDeclaration,
  sleep: sleepDeclaration,
  wait: waitDeclaration,
  branch: branchDeclaration,
  parallel: parallelDeclaration,
  group: groupDeclaration,
  map: mapDeclaration,
  loop: loopDeclaration,
  aggregate: aggregateDeclaration,
  set: setDeclaration,
  terminate: terminateDeclaration,
  track: trackDeclaration,
  composite: compositeDeclaration,
  orchestrator: orchestratorDeclaration,
  run: runDeclaration,
  signal: signalDeclaration,
  emit: emitDeclaration,
  approval: approvalDeclaration,
  gate: gateDeclaration,
};

/** The declaration of a definition's kind. One from outside brings its own. */
export function declarationOf(definition: AnyDefinition): Declaration<AnyDefinition> {
  const found = definition.is === 'kind' ? definition.kind : declarations[definition.is];
  return found as Declaration<never> as Declaration<AnyDefinition>;
}
