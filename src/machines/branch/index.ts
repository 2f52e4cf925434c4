/** A router: of several routes those are taken that fit. */
import { Routes } from '../../core/children/routes.ts';
import type { Kind } from '../../core/kind.ts';
import { parentKind } from '../parent-kind.ts';
import { tellStep } from '../telling.ts';
import { branchDeclaration } from './declaration.ts';
import { branchMachine } from './machine.ts';

export const branch: Kind = {
  ...parentKind,
  ...branchDeclaration,
  machine: branchMachine,
  children: (family) => new Routes(family),
  tell: tellStep,
};
