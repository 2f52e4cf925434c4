/** The application: a box in this page, and a machine of XState of which a run is one of the actors. */
import { createSignalbox, fromOrchestrator, RunCancelled, RunFailed, type RunInput, type RunOutput } from 'signalbox';
import { assign, setup } from 'xstate';
import { order } from './order.ts';

export const box = await createSignalbox({ orchestrators: [order] });

type Order = RunInput<typeof order>;

interface Shop {
  readonly order: Order;
  /** How many orders there were; the last one has the id `order-…`. */
  readonly orders: number;
  readonly delivered: RunOutput<typeof order> | null;
  readonly error: string | null;
}

export const runOf = ({ orders }: Shop): string => `order-${orders}`;

const isOfRun = (error: unknown) => error instanceof RunFailed || error instanceof RunCancelled;
const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

export const shop = setup({
  types: {
    context: {} as Shop,
    events: {} as { type: 'order'; order: Order } | { type: 'again' },
  },
  actors: { order: fromOrchestrator(box, order) },
}).createMachine({
  context: { order: { customer: 'Ada', lines: [] }, orders: 0, delivered: null, error: null },
  initial: 'choosing',
  states: {
    choosing: {
      on: {
        order: {
          target: 'ordering',
          actions: assign(({ context, event }) => ({
            order: event.order,
            orders: context.orders + 1,
            delivered: null,
            error: null,
          })),
        },
      },
    },
    ordering: {
      invoke: {
        id: 'order',
        src: 'order',
        input: ({ context }) => ({ id: runOf(context), input: context.order }),
        onDone: { target: 'delivered', actions: assign({ delivered: ({ event }) => event.output }) },
        onError: [
          {
            guard: ({ event }) => isOfRun(event.error),
            target: 'undelivered',
            actions: assign({ error: ({ event }) => messageOf(event.error) }),
          },
          { target: 'refused', actions: assign({ error: ({ event }) => messageOf(event.error) }) },
        ],
      },
    },
    delivered: { on: { again: 'choosing' } },
    /** The run failed, or was cancelled. */
    undelivered: { on: { again: 'choosing' } },
    /** There is no run: it could not be started. */
    refused: { on: { again: 'choosing' } },
  },
});
