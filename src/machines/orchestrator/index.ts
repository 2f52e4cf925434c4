/** An orchestrator: a graph of tracks, and the root of every run. */
import type { Kind } from '../../core/kind.ts';
import { parentKind } from '../parent-kind.ts';
import { tellParent } from '../telling.ts';
import { orchestratorDeclaration } from './declaration.ts';
import { orchestratorMachine } from './machine.ts';

export const orchestrator: Kind = {
  ...parentKind,
  ...orchestratorDeclaration,
  machine: orchestratorMachine,
  tell: tellParent('run'),
};
