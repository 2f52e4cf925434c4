/** A track: steps one after the other. */
import { type Kind, kindOf } from '../../core/kind.ts';
import { parentKind } from '../parent-kind.ts';
import { tellParent } from '../telling.ts';
import { trackMachine } from './machine.ts';

export const track: Kind = kindOf(parentKind, {
  name: 'track',
  noun: 'track',
  machine: trackMachine,
  tell: tellParent('track'),
});
