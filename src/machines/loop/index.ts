/** A loop: the same body again and again. */
import { ordinalIn } from '../../core/children/children.ts';
import { roundAt, Rounds } from '../../core/children/rounds.ts';
import { type Kind, kindOf } from '../../core/kind.ts';
import { parentKind } from '../parent-kind.ts';
import { tellStep } from '../telling.ts';
import { loopMachine } from './machine.ts';

export const loop: Kind = kindOf(parentKind, {
  name: 'loop',
  noun: 'step',
  machine: loopMachine,
  children: (family) => new Rounds(family),
  placeNamed(node, name) {
    const ordinal = ordinalIn(name);
    return ordinal === null ? null : roundAt(node, ordinal);
  },
  tell: tellStep,
});
