/**
 * The machine of a sleep: a step that lets time pass. The time at which it ends is fixed when it begins, stands in its
 * row, and survives a restart, however far away it is.
 */
import { stepMemory, type TaskMemory, taskSetup } from '../task/machine.ts';
import { persistable } from '../persist.ts';
import { beforehand, beginsAnew, ended, toBegin } from '../step-states.ts';

/** The machine of a sleep: draw it, walk it, or start it with `createActor`. */
export const sleepMachine = persistable('sleep', (id) =>
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
          start: 'waiting',
        },
      },
      waiting: {
        invoke: {
          src: 'sleep',
          id: 'sleep',
          input: ({ context }: { context: TaskMemory }) => ({ node: context.node, until: context.input }),
          onDone: 'completed',
        },
        on: {
          skip: { target: 'skipped', actions: 'keepOutput' },
          cancel: { target: 'cancelled', actions: 'keepReason' },
        },
      },
      awaitingIntervention: beginsAnew,
      ...ended,
    },
  }),
);
