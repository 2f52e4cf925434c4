/**
 * The machine of a schedule: it waits for its next time, or is paused, until it is over or cancelled. Everything that may
 * change its mind (a time that has come, a word, the end of a run) is first asked for the time of the turn, by the wish `look`; what it
 * then decides is `decide`, and what it wants is the wish `carryOut`. Its runs are its children.
 */
import { assign, setup } from 'xstate';
import { beginLogic } from '../../actors/begin.ts';
import { waitingLogic } from '../../actors/waiting.ts';
import type { MachineInput } from '../../core/stepper.ts';
import type { PlanNode } from '../../definition.ts';
import type { ErrorRecord } from '../../errors/index.ts';
import type { Json } from '../../json.ts';
import { type Cause, type Decision, decide, type Standing, type Word } from '../../schedules/standing.ts';
import type { ScheduleSpec } from '../../schedules/spec.ts';
import { beforehand, ended, toBegin } from '../step-states.ts';
import { type Begun, given } from '../task/machine.ts';

/** What a schedule remembers. Its input is what it was declared as; its output is where it stands. */
export interface ScheduleMemory {
  readonly node: PlanNode | null;
  readonly input: Json;
  readonly output: Standing | null;
  readonly error: ErrorRecord | null;
  readonly reason: string | null;
  /** It makes none; a timer asks for the number. */
  readonly attempt: number;
  /** Runs under way; counted again when it is read back. */
  readonly live: number;
  /** What it has just decided. */
  readonly decision: Decision | null;
}

type ScheduleEvent =
  | { readonly type: 'start' }
  | { readonly type: 'fail'; readonly error: ErrorRecord }
  | { readonly type: 'skip'; readonly output?: Json }
  | { readonly type: 'cancel'; readonly reason?: string | null }
  | { readonly type: 'child.settled'; readonly status: string; readonly error: ErrorRecord | null }
  | { readonly type: 'signal'; readonly payload: Word }
  /** The time of the turn, for something that has happened in it. */
  | { readonly type: 'now'; readonly now: number; readonly cause: Cause };

const begin = (begun: Begun): ScheduleMemory =>
  given(begun, (node, input) => ({
    node,
    input,
    output: null,
    error: null,
    reason: null,
    attempt: 0,
    live: 0,
    decision: null,
  }));

/** Why the machine wants to know the time. */
const look = {
  type: 'look',
  params: ({ event }: { event: ScheduleEvent }): Cause => {
    if (event.type === 'start') return { is: 'begun' };
    if (event.type === 'signal') return { is: 'word', word: event.payload };
    if (event.type !== 'child.settled') return DUE;
    const { status, error } = event;
    return { is: 'ended', status, code: error?.code ?? null, message: error?.message ?? null };
  },
} as const;
const DUE: Cause = { is: 'due' };
const due = [{ type: 'look', params: DUE }, 'forget'] as const;

/** XState takes a transition that changes nothing for none. */
const looks = { actions: [look, 'forget'] } as const;
const now = { target: 'waiting', reenter: true, actions: ['decide', 'carryOut'] } as const;
const cancel = { target: 'cancelling', actions: ['keepReason', 'cancelRuns'] } as const;

export const scheduleMachine = setup({
  types: { context: {} as ScheduleMemory, events: {} as ScheduleEvent, input: {} as MachineInput, output: {} as Json },
  actors: { begin: beginLogic, tick: waitingLogic, pause: waitingLogic, children: waitingLogic },
  guards: {
    isOver: ({ context }) => context.decision?.isOver === true,
    isPaused: ({ context }) => context.output !== null && context.output.paused !== null,
    noneLeft: ({ context }) => context.live === 0,
  },
  actions: {
    /** Wishes: under a host they are done in the turn; a schedule is nothing without one. */
    look: (_, _cause: Cause) => {},
    carryOut: () => {},
    cancelRuns: () => {},
    decide: assign(({ context, event }) => {
      if (event.type !== 'now') return {};
      const decision = decide(context.input as ScheduleSpec, context.output, context.live, event.now, event.cause);
      const over = event.cause.is === 'ended' ? 1 : 0;
      return { decision, output: decision.standing, live: context.live - over + decision.fire.length };
    }),
    forget: assign({ decision: null }),
    countEnded: assign({ live: ({ context }) => context.live - 1 }),
    keepOutput: assign({ output: ({ context }) => context.output }),
    keepError: assign({ error: ({ event }) => (event.type === 'fail' ? event.error : null) }),
    keepReason: assign({ reason: ({ event }) => (event.type === 'cancel' ? (event.reason ?? null) : null) }),
  },
}).createMachine({
  id: 'schedule',
  initial: 'pending',
  context: begin as never,
  output: ({ context }) => context.output,
  states: {
    pending: { invoke: toBegin, on: { ...beforehand, fail: beforehand.fail[1], start: looks, now } },
    waiting: {
      invoke: { src: 'tick', id: 'tick', onDone: { actions: due } },
      always: [
        { guard: 'isPaused', target: 'paused' },
        { guard: 'isOver', target: 'completed' },
      ],
      on: { signal: looks, 'child.settled': looks, now, cancel },
    },
    paused: {
      invoke: { src: 'pause', id: 'pause' },
      on: { signal: looks, 'child.settled': looks, now, cancel },
    },
    cancelling: {
      invoke: { src: 'children', id: 'children' },
      always: { guard: 'noneLeft', target: 'cancelled' },
      on: { 'child.settled': { actions: 'countEnded' } },
    },
    ...ended,
  },
});
