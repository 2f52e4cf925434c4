/**
 * The machine of a wait: a step that stands still until its signal comes, or its time is up. What has come is
 * looked at by whoever delivers it (`weigh` in `mapping.ts`): a payload that does not fit is refused to its sender,
 * and the machine never hears of it.
 *
 * What is run instead when the time is up is a child, so a wait is a parent with one child or none.
 */
import { assign } from 'xstate';
import type { WaitSpec } from '../../definition.ts';
import { ends, nodeIn, parentSetup, parentStates, startNext, stepStates, stops } from '../parent.ts';
import { emptyMemory, type ParentMemory } from '../parent-memory.ts';
import { persistable } from '../persist.ts';

const specOf = ({ node }: ParentMemory): WaitSpec | null => (node === null ? null : (node.spec as WaitSpec | null));

/** The machine of a wait: draw it, walk it, or start it with `createActor`. */
export const waitMachine = persistable('wait', (id) => {
  const { pending, awaitingIntervention } = stepStates();
  return parentSetup.createMachine({
    id,
    initial: 'pending',
    context: emptyMemory,
    output: ({ context }) => context.output,
    states: {
      pending: { ...pending, on: { ...pending.on, start: { target: 'waiting', actions: 'countReady' } } },
      waiting: {
        invoke: {
          src: 'signal',
          id: 'signal',
          input: nodeIn,
          onError: [
            { guard: ({ context }) => specOf(context)?.onTimeout === 'step', target: 'running' },
            {
              guard: ({ context }) => specOf(context)?.onTimeout === 'value',
              target: 'completed',
              actions: assign({ output: ({ context }) => specOf(context)?.value ?? null }),
            },
            { guard: 'standsStill', target: 'awaitingIntervention', actions: 'keepError' },
            { target: 'timedOut', actions: 'keepError' },
          ],
        },
        on: {
          signal: {
            target: 'completed',
            actions: [assign({ output: ({ event }) => event.payload }), 'skipRest'],
          },
          skip: { target: 'skipped', actions: ['keepOutput', 'skipRest'] },
          cancel: { target: 'cancelled', actions: ['keepReason', 'skipRest'] },
        },
      },
      running: {
        entry: startNext,
        invoke: {
          src: 'children',
          id: 'children',
          input: nodeIn,
        },
        on: { 'child.settled': ends, ...stops, signal: { actions: 'passSignal' } },
      },
      cancelling: parentStates.cancelling,
      awaitingIntervention,
      completed: { type: 'final' },
      failed: { type: 'final' },
      timedOut: { type: 'final' },
      skipped: { type: 'final' },
      cancelled: { type: 'final' },
    },
  });
});
