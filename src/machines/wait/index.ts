/** A wait: a step that waits for a signal, and may run another one when its time is up. */
import { type Kind, kindOf } from '../../core/kind.ts';
import type { WaitSpec } from '../../definition.ts';
import { parentKind } from '../parent-kind.ts';
import { tellStep } from '../telling.ts';
import { waitMachine } from './machine.ts';

export const wait: Kind = kindOf(parentKind, {
  name: 'wait',
  noun: 'step',
  machine: waitMachine,
  tell: tellStep,
  // So that whoever has the row, but not the definition, can say what is waited for.
  keep: (memory) => ({
    ...parentKind.keep(memory),
    signal: (memory.node?.spec as WaitSpec | undefined)?.signal ?? null,
  }),
});
