/** The machine of a step that sends a signal: it is over when whoever it went to has answered. */
import { awaitingIntervention, stepMemory, type TaskMemory, taskSetup } from '../task/machine.ts';
import { persistable } from '../persist.ts';
import { beforehand, ended, toBegin } from '../step-states.ts';

/** The machine of a step that sends a signal: draw it, walk it, or start it with `createActor` and an actor of your own. */
export const signalMachine = persistable('signal', (id) =>
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
          start: { target: 'running', actions: 'countAttempt' },
        },
      },
      running: {
        invoke: {
          src: 'send',
          id: 'send',
          input: ({ context }: { context: TaskMemory }) => context,
          onDone: { target: 'completed', actions: 'complete' },
          onError: beforehand.fail,
        },
        on: { cancel: { target: 'cancelled', actions: 'keepReason' } },
      },
      awaitingIntervention,
      ...ended,
    },
  }),
);
