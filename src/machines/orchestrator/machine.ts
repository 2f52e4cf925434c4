/**
 * The orchestrator's machine: a graph of tracks. Beside what every parent has, it can stand
 * still for a person after a failure (`awaitingIntervention`).
 */
import { emptyMemory, parentSetup, parentStates } from '../parent.ts';
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
        on: { ...parentStates.running.on, intervene: { target: 'awaitingIntervention' } },
      },
      awaitingIntervention: {
        invoke: { src: 'intervention', id: 'intervention' },
        on: {
          resume: { target: 'running' },
          cancel: parentStates.running.on.cancel,
          timeout: parentStates.running.on.timeout,
        },
      },
    },
  }),
);
