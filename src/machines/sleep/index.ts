/** A sleep: a step that lets time pass, and is kept as a task is. */
import type { Kind } from '../../core/kind.ts';
import { task } from '../task/index.ts';
import { sleepDeclaration } from './declaration.ts';
import { sleepMachine } from './machine.ts';

export const sleep: Kind = { ...task, ...sleepDeclaration, machine: sleepMachine };
