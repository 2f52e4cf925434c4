/** Members side by side, as a step of a track. */
import { type Kind, kindOf } from '../../core/kind.ts';
import { parentKind } from '../parent-kind.ts';
import { tellStep } from '../telling.ts';
import { parallelMachine } from './machine.ts';

export const parallel: Kind = kindOf(parentKind, {
  name: 'parallel',
  noun: 'step',
  machine: parallelMachine,
  tell: tellStep,
});
