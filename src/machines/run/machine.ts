/**
 * The machine of a child run: a step that waits for the end of another run. A cancel reaches that run first, and the step is
 * cancelled when it has ended; one that is not waited for is none of the step's business once it has been started. It is
 * undone by a run that undoes the child.
 *
 * A cancel may come too late: a child that had completed stays in effect, so its step has completed, and is undone as any other.
 * One that was to undo what it had done, and could not, leaves a step that could not be undone.
 */
import { assign } from 'xstate';
import type { ErrorRecord } from '../../errors/index.ts';
import type { Json } from '../../json.ts';
import type { RunSpec } from '../../leaves.ts';
import { awaitingIntervention, stepMemory, type TaskMemory, taskSetup } from '../task/machine.ts';
import { persistable } from '../persist.ts';
import { beforehand, ended, toBegin } from '../step-states.ts';

const isDetached = ({ context: { node } }: { context: TaskMemory }): boolean =>
  (node?.spec as RunSpec | null | undefined)?.detach === true;

/** What a step is told whose child had completed before the cancel reached it; null for every other end. */
const lateIn = (event: object): { readonly output: Json } | null =>
  ((event as { readonly output?: unknown }).output as { readonly late?: { readonly output: Json } } | null | undefined)
    ?.late ?? null;

const childSetup = taskSetup.extend({
  guards: {
    isTooLate: ({ event }) => lateIn(event) !== null,
    isLeft: ({ event }) => (event as { readonly error?: ErrorRecord }).error?.code === 'child-failed',
  },
  actions: {
    completeLate: assign({ output: ({ event }) => lateIn(event)?.output ?? null, error: null, reason: null }),
  },
});

/** The machine of a child run: draw it, walk it, or start it with `createActor` and actors of your own. */
export const runMachine = persistable('run', (id) =>
  childSetup.createMachine({
    id,
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
          onDone: [{ guard: 'isTooLate', target: 'completed', actions: 'completeLate' }, { target: 'cancelled' }],
          onError: [{ guard: 'isLeft', target: 'compensationFailed', actions: 'keepError' }, { target: 'cancelled' }],
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
