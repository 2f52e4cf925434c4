/** A track: steps one after the other. */
import type { Kind } from '../../core/kind.ts';
import { parentKind } from '../parent-kind.ts';
import { tellParent } from '../telling.ts';
import { trackDeclaration } from './declaration.ts';
import { trackMachine } from './machine.ts';

export const track: Kind = {
  ...parentKind,
  ...trackDeclaration,
  machine: trackMachine,
  tell: tellParent('track'),
};
