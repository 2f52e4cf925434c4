/** A step that puts values into the variables of its run. */
import type { Kind } from '../../core/kind.ts';
import { momentActs } from '../moment.ts';
import { task } from '../task/index.ts';
import { setDeclaration } from './declaration.ts';
import { setMachine } from './machine.ts';

export const set: Kind = { ...task, ...setDeclaration, machine: setMachine, acts: momentActs };
