/** A gate: a step that lets through what is good enough. */
import type { Kind } from '../../core/kind.ts';
import { task } from '../task/index.ts';
import { gateDeclaration } from './declaration.ts';
import { gateMachine } from './machine.ts';

export const gateStep: Kind = { ...task, ...gateDeclaration, machine: gateMachine };
