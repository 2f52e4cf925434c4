/** A gate: a step that lets through what is good enough. */
import { type Kind, kindOf } from '../../core/kind.ts';
import { task } from '../task/index.ts';
import { gateMachine } from './machine.ts';

export const gateStep: Kind = kindOf(task, { name: 'gate', noun: 'step', machine: gateMachine, leavesNothing: true });
