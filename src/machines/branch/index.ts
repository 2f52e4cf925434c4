/** A router: of several routes those are taken that fit. */
import { Routes } from '../../core/children/routes.ts';
import { type Kind, kindOf } from '../../core/kind.ts';
import { parentKind } from '../parent-kind.ts';
import { tellStep } from '../telling.ts';
import { branchMachine } from './machine.ts';

export const branch: Kind = kindOf(parentKind, {
  name: 'branch',
  noun: 'step',
  machine: branchMachine,
  children: (family) => new Routes(family),
  tell: tellStep,
});
