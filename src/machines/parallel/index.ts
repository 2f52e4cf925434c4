/** Members side by side, as a step of a track. */
import type { Kind } from '../../core/kind.ts';
import { parentKind } from '../parent-kind.ts';
import { tellStep } from '../telling.ts';
import { parallelDeclaration } from './declaration.ts';
import { parallelMachine } from './machine.ts';

export const parallel: Kind = { ...parentKind, ...parallelDeclaration, machine: parallelMachine, tell: tellStep };
