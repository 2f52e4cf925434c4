/** A loop: the same body again and again. */
import { ordinalIn } from '../../core/children/children.ts';
import { roundAt, Rounds } from '../../core/children/rounds.ts';
import type { Kind } from '../../core/kind.ts';
import { parentKind } from '../parent-kind.ts';
import { tellStep } from '../telling.ts';
import { loopDeclaration } from './declaration.ts';
import { loopMachine } from './machine.ts';

export const loop: Kind = {
  ...parentKind,
  ...loopDeclaration,
  machine: loopMachine,
  children: (family) => new Rounds(family),
  placeNamed(node, name) {
    const ordinal = ordinalIn(name);
    return ordinal === null ? null : roundAt(node, ordinal);
  },
  tell: tellStep,
};
