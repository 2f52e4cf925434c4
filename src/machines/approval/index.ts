/** An approval: a step that asks somebody. */
import { type Kind, kindOf } from '../../core/kind.ts';
import { task } from '../task/index.ts';
import { approvalMachine } from './machine.ts';

export const approvalStep: Kind = kindOf(task, {
  name: 'approval',
  noun: 'step',
  machine: approvalMachine,
  leavesNothing: true,
});
