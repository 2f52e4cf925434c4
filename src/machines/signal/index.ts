/** A step that sends a signal, and is kept as a task is. */
import { type Kind, kindOf } from '../../core/kind.ts';
import { task } from '../task/index.ts';
import { signalMachine } from './machine.ts';

export const signalStep: Kind = kindOf(task, { name: 'signal', noun: 'step', machine: signalMachine });
