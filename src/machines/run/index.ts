/** A child run: a step that starts another run, and is kept as a task is. What is not waited for is not undone either. */
import { type Kind, kindOf } from '../../core/kind.ts';
import type { RunSpec } from '../../leaves.ts';
import { task } from '../task/index.ts';
import { runMachine } from './machine.ts';

export const childRunStep: Kind = kindOf(task, {
  name: 'run',
  noun: 'step',
  machine: runMachine,
  isRun: true,
  undoes: ({ spec }) => !(spec as RunSpec).detach,
});
