/** A task: one body, input to output, with its retries and its limits. */
import { actors } from '../../actors/index.ts';
import type { Kind } from '../../core/kind.ts';
import { tellStep } from '../telling.ts';
import { keepStep } from '../step-states.ts';
import { taskMachine } from './machine.ts';

export const task: Kind = {
  name: 'task',
  noun: 'step',
  machine: taskMachine,
  actors,
  tell: tellStep,
  keep: keepStep,
  changed: () => true,
  undoes: ({ task: definition }) => definition?.compensate !== undefined,
};
