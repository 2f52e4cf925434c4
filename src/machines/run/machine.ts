/**
 * The machine of a child run: a step that waits for the end of another run. A cancel reaches that run first, and the step is
 * cancelled when it has ended; one that is not waited for is none of the step's business once it has been started. It is
 * undone by a run that undoes the child.
 */
import type { RunSpec } from '../../leaves.ts';
import { awaitingIntervention, stepMemory, type TaskMemory, taskSetup } from '../task/machine.ts';
import { persistable } from '../persist.ts';
import { beforehand, ended, toBegin } from '../step-states.ts';

const isDetached = ({ context: { node } }: { context: TaskMemory }): boolean =>
  (node?.spec as RunSpec | null | undefined)?.detach === true;

/** The machine of a child run: draw it, walk it, or start it with `createActor` and actors of your own. */
export const runMachine = persistable(
  taskSetup.createMachine({
    id: 'run',
    initial: 'pending',
    context: stepMemory,
    output: ({ context }) => context.output,
    states: {
      pending: {
        invoke: toBegin,
        on: {
          ...beforehand,
          start: { target: 'waiting', actions: 'countAttempt' },
          compensate: { target: 'compensating', actions: 'recall' },
        },
      },
      waiting: {
        invoke: {
          src: 'childRun',
          id: 'childRun',
          input: ({ context }: { context: TaskMemory }) => context,
          onDone: { target: 'completed', actions: 'complete' },
          onError: [
            { guard: 'standsStill', target: 'awaitingIntervention', actions: 'keepError' },
            { target: 'failed', actions: 'keepError' },
          ],
        },
        on: {
          cancel: [
            { guard: isDetached, target: 'cancelled', actions: 'keepReason' },
            { target: 'cancelling', actions: 'keepReason' },
          ],
        },
      },
      awaitingIntervention: {
        ...awaitingIntervention,
        on: {
          ...awaitingIntervention.on,
          retry: [awaitingIntervention.on.retry[0], { target: 'waiting', actions: ['takeInput', 'countAttempt'] }],
        },
      },
      cancelling: {
        invoke: {
          src: 'endChild',
          id: 'endChild',
          input: ({ context }: { context: TaskMemory }) => context,
          onDone: 'cancelled',
          onError: 'cancelled',
        },
      },
      compensating: {
        invoke: {
          src: 'undoChild',
          id: 'undoChild',
          input: ({ context }: { context: TaskMemory }) => context,
          onDone: 'compensated',
          onError: { target: 'compensationFailed', actions: 'keepError' },
        },
        on: { cancel: { guard: 'isForced', target: 'compensationFailed', actions: 'cutShort' } },
      },
      ...ended,
      compensated: { type: 'final' },
      compensationFailed: { type: 'final' },
    },
  }),
);
