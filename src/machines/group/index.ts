/** Steps in order, as one step of a track. */
import type { Kind } from '../../core/kind.ts';
import { parentKind } from '../parent-kind.ts';
import { tellStep } from '../telling.ts';
import { groupDeclaration } from './declaration.ts';
import { groupMachine } from './machine.ts';

export const group: Kind = { ...parentKind, ...groupDeclaration, machine: groupMachine, tell: tellStep };
