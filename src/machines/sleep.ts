/**
 * The machine of a sleep: a step that lets time pass. The time at which it ends is fixed when it begins, stands in its
 * row, and survives a restart, however far away it is.
 */
import { assign, setup } from 'xstate';
import { actors } from '../actors/index.ts';
import type { ErrorRecord } from '../errors.ts';
import type { MachineInput, TaskEvent, TaskMemory } from './task.ts';

/** The machine of a sleep: draw it, walk it, or start it with `createActor`. */
export const sleepMachine = setup({
  types: { context: {} as TaskMemory, events: {} as TaskEvent, input: {} as MachineInput },
  actors: { begin: actors.begin.logic, sleep: actors.sleep.logic },
  actions: {
    keepError: assign({ error: ({ event }) => ('error' in event ? (event.error as ErrorRecord) : null) }),
    keepReason: assign({ reason: ({ event }) => ('reason' in event ? (event.reason as string | null) : null) ?? null }),
    keepOutput: assign({
      output: ({ event }) => ('output' in event && event.output !== undefined ? event.output : null),
    }),
  },
}).createMachine({
  id: 'sleep',
  initial: 'pending',
  context: ({ input }) => ({
    node: input.node ?? null,
    input: input.input,
    output: null,
    error: null,
    attempt: 0,
    reason: null,
  }),
  states: {
    pending: {
      invoke: { src: 'begin', id: 'begin', input: { start: () => ({ type: 'start' }) } },
      on: {
        start: 'waiting',
        fail: { target: 'failed', actions: 'keepError' },
        skip: { target: 'skipped', actions: 'keepOutput' },
        cancel: { target: 'cancelled', actions: 'keepReason' },
      },
    },
    waiting: {
      invoke: {
        src: 'sleep',
        id: 'sleep',
        input: ({ context }: { context: TaskMemory }) => ({ node: context.node }),
        onDone: 'completed',
      },
      on: {
        skip: { target: 'skipped', actions: 'keepOutput' },
        cancel: { target: 'cancelled', actions: 'keepReason' },
      },
    },
    completed: { type: 'final' },
    failed: { type: 'final' },
    skipped: { type: 'final' },
    cancelled: { type: 'final' },
  },
});
