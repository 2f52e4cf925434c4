/** The machine of a router: a parent some of whose children never begin. Which ones is known when it starts, and told then. */
import { choosingStart, parentSetup, stepStates } from '../parent.ts';
import { emptyMemory } from '../parent-memory.ts';
import { persistable } from '../persist.ts';

/** The machine of a branch: draw it, or walk it. */
export const branchMachine = persistable(
  parentSetup.createMachine({
    id: 'branch',
    initial: 'pending',
    context: emptyMemory,
    output: ({ context }) => context.output,
    states: {
      ...stepStates,
      pending: { ...stepStates.pending, on: { ...stepStates.pending.on, start: choosingStart } },
    },
  }),
);
