/** The machine of a step that tells the history something: it is over within the turn in which it begins. */
import { stepMemory, taskSetup } from '../task/machine.ts';
import { persistable } from '../persist.ts';

/** The machine of a step that tells the history something: draw it, walk it, or start it with `createActor`. */
export const emitMachine = persistable(
  taskSetup.createMachine({
    id: 'emit',
    initial: 'pending',
    context: stepMemory,
    output: ({ context }) => context.output,
    states: {
      pending: {
        invoke: { src: 'begin', id: 'begin', input: { start: () => ({ type: 'start' }) } },
        on: {
          start: { target: 'completed', actions: ['countAttempt', 'emitEvent'] },
          fail: { target: 'failed', actions: 'keepError' },
          skip: { target: 'skipped', actions: 'keepOutput' },
          cancel: { target: 'cancelled', actions: 'keepReason' },
        },
      },
      completed: { type: 'final' },
      failed: { type: 'final' },
      skipped: { type: 'final' },
      cancelled: { type: 'final' },
    },
  }),
);
