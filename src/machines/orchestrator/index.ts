/** An orchestrator: a graph of tracks, and the root of every run. */
import type { Kind } from '../../core/kind.ts';
import type { ParentMemory } from '../parent.ts';
import { parentKind } from '../parent-kind.ts';
import { tellParent } from '../telling.ts';
import { orchestratorDeclaration } from './declaration.ts';
import { orchestratorMachine } from './machine.ts';

export const orchestrator: Kind = {
  ...parentKind,
  ...orchestratorDeclaration,
  machine: orchestratorMachine,
  keep(memory) {
    const { variables } = memory as unknown as ParentMemory;
    const kept = parentKind.keep(memory);
    return Object.keys(variables).length === 0 ? kept : { ...kept, variables };
  },
  changed: (before, after) => before.context.variables !== after.context.variables || parentKind.changed(before, after),
  tell: tellParent('run'),
};
