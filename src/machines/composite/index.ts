/** A composite track: members side by side, and one output made of theirs. */
import { type Kind, kindOf } from '../../core/kind.ts';
import { parentKind } from '../parent-kind.ts';
import { tellParent } from '../telling.ts';
import { compositeMachine } from './machine.ts';

export const composite: Kind = kindOf(parentKind, {
  name: 'composite',
  noun: 'track',
  machine: compositeMachine,
  tell: tellParent('track'),
});
