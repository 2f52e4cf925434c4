/**
 * The track's machine: steps one after the other. To the machine it is a parent like any
 * other; that each step follows the one before it stands in the plan.
 */
import { emptyMemory, parentSetup, parentStates } from '../parent.ts';
import { persistable } from '../persist.ts';

/** The machine of a track: draw it, walk it, or start it with `createActor`. */
export const trackMachine = persistable(
  parentSetup.createMachine({
    id: 'track',
    initial: 'pending',
    context: emptyMemory,
    output: ({ context }) => context.output,
    states: parentStates,
  }),
);
