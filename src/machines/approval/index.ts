/** An approval: a step that asks somebody. */
import type { Kind } from '../../core/kind.ts';
import { task } from '../task/index.ts';
import { approvalDeclaration } from './declaration.ts';
import { approvalMachine } from './machine.ts';

export const approvalStep: Kind = { ...task, ...approvalDeclaration, machine: approvalMachine };
