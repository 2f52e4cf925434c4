/** A step that puts values into the variables of its run. */
import { type Kind, kindOf } from '../../core/kind.ts';
import { momentActs } from '../moment.ts';
import { task } from '../task/index.ts';
import { setMachine } from './machine.ts';

export const set: Kind = kindOf(task, {
  name: 'set',
  noun: 'step',
  machine: setMachine,
  leavesNothing: true,
  acts: momentActs,
  sets: ({ spec }) => (spec as { readonly variables: readonly string[] }).variables,
});
