/** A step that sends a signal, and is kept as a task is. */
import type { Kind } from '../../core/kind.ts';
import { task } from '../task/index.ts';
import { signalDeclaration } from './declaration.ts';
import { signalMachine } from './machine.ts';

export const signalStep: Kind = { ...task, ...signalDeclaration, machine: signalMachine };
