/**
 * The orchestrator's machine: a graph of tracks, and a parent like any other. What waits for what stands in the plan. It also
 * has what belongs to the run as a whole: its variables, its end by the word of one of its steps, and the undoing of what it did.
 */
import { endsByCancelling, parentStates, startNext, stopAll, stops } from '../parent.ts';
import { emptyMemory } from '../parent-memory.ts';
import { persistable } from '../persist.ts';
import { compensating, runSetup } from './undo.ts';

/** The machine of an orchestrator: draw it, walk it, or start it with `createActor`. */
export const orchestratorMachine = persistable('orchestrator', (id) =>
  runSetup.createMachine({
    id,
    initial: 'pending',
    context: emptyMemory,
    output: ({ context }) => context.output,
    states: {
      ...parentStates,
      pending: {
        ...parentStates.pending,
        on: { ...parentStates.pending.on, undo: { target: 'compensating', actions: 'beginUndo' } },
      },
      running: {
        ...parentStates.running,
        on: {
          ...parentStates.running.on,
          'child.settled': [...endsByCancelling, { actions: ['countSettled', ...startNext] }],
          cancel: { ...stops.cancel, actions: ['askUndo', ...stops.cancel.actions] },
          set: { actions: 'keepVariables' },
          pause: { actions: 'keepPaused' },
          resume: { actions: 'keepPaused' },
          terminate: [
            { guard: 'endsWell', target: 'cancelling', actions: ['keepWord', 'endCompleted', ...stopAll] },
            { target: 'cancelling', actions: ['keepWord', 'endFailed', ...stopAll] },
          ],
        },
      },
      cancelling: {
        ...parentStates.cancelling,
        always: [
          { guard: 'isUndone', target: 'compensating', actions: 'beginUndo' },
          ...parentStates.cancelling.always,
        ],
        on: {
          ...parentStates.cancelling.on,
          cancel: [{ guard: 'isForced', actions: ['keepReason', 'askUndo', 'forceChildren'] }, { actions: 'askUndo' }],
        },
      },
      compensating,
      compensated: { type: 'final' },
    },
  }),
);
