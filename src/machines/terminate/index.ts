/** A step that ends its run, as completed or as failed. */
import type { Kind } from '../../core/kind.ts';
import { momentActs } from '../moment.ts';
import { task } from '../task/index.ts';
import { terminateDeclaration } from './declaration.ts';
import { terminateMachine } from './machine.ts';

export const terminate: Kind = { ...task, ...terminateDeclaration, machine: terminateMachine, acts: momentActs };
