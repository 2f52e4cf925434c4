/**
 * Machines of steps that take no time: what the step is for has been made by its mapper when it begins, and is its output. Some
 * of them have a word for their run on the way.
 */
import { type AnyEventObject, assign, setup } from 'xstate';
import { beginLogic } from '../actors/begin.ts';
import { waitingLogic } from '../actors/waiting.ts';
import type { Act } from '../core/kind.ts';
import type { MachineInput } from '../core/stepper.ts';
import type { ErrorRecord } from '../errors/index.ts';
import type { Json } from '../json.ts';
import { persistable } from './persist.ts';
import { beforehand, beginsAnew, ended, toBegin } from './step-states.ts';
import { stepMemory, type TaskEvent, type TaskMemory } from './task/machine.ts';

export const momentSetup = setup({
  types: {
    context: {} as TaskMemory,
    events: {} as TaskEvent,
    input: {} as MachineInput,
    output: {} as Json,
  },
  actors: { begin: beginLogic, runEnd: waitingLogic, intervention: waitingLogic },
  guards: {
    standsStill: ({ context, event }) => context.node?.holds === true && !('spared' in event),
  },
  actions: {
    /** Tells the run's own machine something: a wish, done in the turn. */
    tellRun: (_args, _params: { readonly event: AnyEventObject }) => {},
    /** What its mapper has made. */
    give: assign({ output: ({ context }) => context.input }),
    takeInput: assign({ input: ({ context, event }) => inputIn(event, context) }),
    complete: assign({ output: ({ event }) => outputIn(event), error: null }),
    keepOutput: assign({ output: ({ event }) => outputIn(event) }),
    keepError: assign({ error: ({ event }) => ('error' in event ? event.error : null) }),
    keepReason: assign({ reason: ({ event }) => ('reason' in event ? (event.reason ?? null) : null) }),
  },
});

function inputIn(event: TaskEvent, { input }: TaskMemory): Json {
  return event.type === 'retry' && event.input !== undefined ? event.input : input;
}

function outputIn(event: object): Json {
  return (event as { readonly output?: Json }).output ?? null;
}

/** The machine of a step that is over as soon as it has begun. `told` is the event that the run is told, made of the step's output. */
export const momentMachine = (id: string, told?: (output: Json) => AnyEventObject) =>
  persistable(id, () =>
    momentSetup.createMachine({
      id,
      initial: 'pending',
      context: stepMemory,
      output: ({ context }) => context.output,
      states: {
        pending: {
          invoke: toBegin,
          on: {
            ...beforehand,
            start: {
              target: 'completed',
              actions:
                told === undefined
                  ? ['give']
                  : ['give', { type: 'tellRun', params: ({ context }) => ({ event: told(context.input) }) }],
            },
          },
        },
        awaitingIntervention: beginsAnew,
        ...ended,
      },
    }),
  );

/** What such machines wish. */
export const momentActs: { readonly [action: string]: Act } = {
  tellRun(port, { path }, params) {
    const { event } = params as { readonly event: AnyEventObject & { readonly error?: ErrorRecord | null } };
    // An error is told with the place of the step that it comes from.
    port.send(port.run.root, event.error ? { ...event, error: { ...event.error, path } } : event);
  },
};
