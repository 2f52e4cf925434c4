/** An aggregate: an output that is made of earlier ones. */
import type { Kind } from '../../core/kind.ts';
import { task } from '../task/index.ts';
import { aggregateDeclaration } from './declaration.ts';
import { aggregateMachine } from './machine.ts';

export const aggregate: Kind = { ...task, ...aggregateDeclaration, machine: aggregateMachine };
