/**
 * The orchestrator's machine: a graph of tracks, and a parent like any other. What waits for what stands in the plan. It also
 * has what belongs to the run as a whole: its variables, and its end by the word of one of its steps.
 */
import { emptyMemory, parentSetup, parentStates, stopAll } from '../parent.ts';
import { persistable } from '../persist.ts';

/** The machine of an orchestrator: draw it, walk it, or start it with `createActor`. */
export const orchestratorMachine = persistable(
  parentSetup.createMachine({
    id: 'orchestrator',
    initial: 'pending',
    context: emptyMemory,
    output: ({ context }) => context.output,
    states: {
      ...parentStates,
      running: {
        ...parentStates.running,
        on: {
          ...parentStates.running.on,
          set: { actions: 'keepVariables' },
          terminate: [
            { guard: 'endsWell', target: 'cancelling', actions: ['keepWord', 'endCompleted', ...stopAll] },
            { target: 'cancelling', actions: ['keepWord', 'endFailed', ...stopAll] },
          ],
        },
      },
    },
  }),
);
