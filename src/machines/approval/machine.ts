/** The machine of an approval: a step that asks somebody, and is over when it is decided (S20–S29). Whoever runs it decides who may say what. */
import { asking, stepMemory, taskSetup } from '../task/machine.ts';
import { persistable } from '../persist.ts';
import { beforehand, ended, standing, toBegin } from '../step-states.ts';

/** The machine of an approval: draw it, walk it, or start it with `createActor` and send it `{ type: 'resolved', how: 'complete', output }`. */
export const approvalMachine = persistable('approval', (id) =>
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
          start: { target: 'awaitingApproval', actions: 'countAttempt' },
        },
      },
      awaitingApproval: { invoke: { src: 'approval', id: 'approval' }, on: asking },
      awaitingIntervention: {
        ...standing,
        on: {
          // What comes out of it is for people to decide: nobody says it in their place, by `resolve`.
          skip: standing.on.skip,
          cancel: standing.on.cancel,
          retry: { target: 'awaitingApproval', actions: ['takeInput', 'countAttempt'] },
        },
      },
      ...ended,
      timedOut: { type: 'final' },
    },
  }),
);
