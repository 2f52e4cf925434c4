/** A sleep: a step that lets time pass, and is kept as a task is. */
import { type Kind, kindOf } from '../../core/kind.ts';
import { task } from '../task/index.ts';
import { sleepMachine } from './machine.ts';

export const sleep: Kind = kindOf(task, { name: 'sleep', noun: 'step', machine: sleepMachine, leavesNothing: true });
