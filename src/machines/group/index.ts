/** Steps in order, as one step of a track. */
import { type Kind, kindOf } from '../../core/kind.ts';
import { parentKind } from '../parent-kind.ts';
import { tellStep } from '../telling.ts';
import { groupMachine } from './machine.ts';

export const group: Kind = kindOf(parentKind, { name: 'group', noun: 'step', machine: groupMachine, tell: tellStep });
