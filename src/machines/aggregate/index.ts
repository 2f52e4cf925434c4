/** An aggregate: an output that is made of earlier ones. */
import { type Kind, kindOf } from '../../core/kind.ts';
import { task } from '../task/index.ts';
import { aggregateMachine } from './machine.ts';

export const aggregate: Kind = kindOf(task, {
  name: 'aggregate',
  noun: 'step',
  machine: aggregateMachine,
  leavesNothing: true,
});
