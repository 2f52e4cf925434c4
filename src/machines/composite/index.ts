/** A composite track: members side by side, and one output made of theirs. */
import type { Kind } from '../../core/kind.ts';
import { parentKind } from '../parent-kind.ts';
import { tellParent } from '../telling.ts';
import { compositeDeclaration } from './declaration.ts';
import { compositeMachine } from './machine.ts';

export const composite: Kind = {
  ...parentKind,
  ...compositeDeclaration,
  machine: compositeMachine,
  tell: tellParent('track'),
};
