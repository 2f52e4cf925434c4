/**
 * The composite track's machine: sub-tracks side by side, which it waits for, all of them, and
 * then merges. Its `node` says that a failure does not stop the others.
 */
import { emptyMemory, parentSetup, parentStates } from '../parent.ts';
import { persistable } from '../persist.ts';

/** The machine of a composite track: draw it, walk it, or start it with `createActor`. */
export const compositeMachine = persistable(
  parentSetup.createMachine({
    id: 'composite',
    initial: 'pending',
    context: emptyMemory,
    output: ({ context }) => context.output,
    states: parentStates,
  }),
);
