/** A child run: a step that starts another run, and is kept as a task is. */
import type { Kind } from '../../core/kind.ts';
import { task } from '../task/index.ts';
import { runDeclaration } from './declaration.ts';
import { runMachine } from './machine.ts';

export const childRunStep: Kind = { ...task, ...runDeclaration, machine: runMachine };
