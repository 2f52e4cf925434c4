/** A collection: the same body for each item of a list. */
import { endedIn, hasManyItems, itemAt, Items } from '../../core/children/items.ts';
import { ordinalIn } from '../../core/children/children.ts';
import { type Kind, kindOf } from '../../core/kind.ts';
import type { ParentMemory } from '../parent-memory.ts';
import { parentKind } from '../parent-kind.ts';
import { tellStep } from '../telling.ts';
import { mapMachine } from './machine.ts';

export const map: Kind = kindOf(parentKind, {
  name: 'map',
  noun: 'step',
  machine: mapMachine,
  children: (family) => new Items(family),
  placeNamed(node, name) {
    const ordinal = ordinalIn(name);
    return ordinal === null ? null : itemAt(node, ordinal);
  },
  isCounted: (_, memory) => hasManyItems((memory as unknown as ParentMemory).kept),
  endedIn: (memory) => endedIn((memory as unknown as ParentMemory).kept),
  tell: tellStep,
});
