/** The orchestrator's machine: a graph of tracks, and a parent like any other. What waits for what stands in the plan. */
import { emptyMemory, parentSetup, parentStates } from '../parent.ts';
import { persistable } from '../persist.ts';

/** The machine of an orchestrator: draw it, walk it, or start it with `createActor`. */
export const orchestratorMachine = persistable(
  parentSetup.createMachine({
    id: 'orchestrator',
    initial: 'pending',
    context: emptyMemory,
    output: ({ context }) => context.output,
    states: parentStates,
  }),
);
