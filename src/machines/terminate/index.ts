/** A step that ends its run, as completed or as failed. */
import { type Kind, kindOf } from '../../core/kind.ts';
import { momentActs } from '../moment.ts';
import { task } from '../task/index.ts';
import { terminateMachine } from './machine.ts';

export const terminate: Kind = kindOf(task, {
  name: 'terminate',
  noun: 'step',
  machine: terminateMachine,
  leavesNothing: true,
  acts: momentActs,
});
