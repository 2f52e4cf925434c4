/** The machine of a step that tells the history something: it is over within the turn in which it begins. */
import { stepMemory, taskSetup } from '../task/machine.ts';
import { persistable } from '../persist.ts';
import { beforehand, beginsAnew, ended, toBegin } from '../step-states.ts';

/** The machine of a step that tells the history something: draw it, walk it, or start it with `createActor`. */
export const emitMachine = persistable('emit', (id) =>
  taskSetup.createMachine({
    id,
    initial: 'pending',
    context: stepMemory,
    output: ({ context }) => context.output,
    states: {
      pending: {
        invoke: toBegin,
        on: {
          ...beforehand,
          start: { target: 'completed', actions: ['countAttempt', 'emitEvent'] },
        },
      },
      awaitingIntervention: beginsAnew,
      ...ended,
    },
  }),
);
