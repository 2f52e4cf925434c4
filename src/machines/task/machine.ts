/**
 * The task machine: one step of a run, from `pending` to a state that is never left (I5).
 *
 * It decides; what a state invokes does the work, and every state that is not final invokes
 * exactly one actor, which says what the step is waiting for (I7). Draw it, walk it with
 * `xstate/graph`, or start it with `createActor(taskMachine.provide({ actors: { execute } }), …)`.
 */
import { type AnyActorRef, assign, setup } from 'xstate';
import { backoffLogic } from '../../actors/backoff.ts';
import { beginLogic } from '../../actors/begin.ts';
import { cleanupLogic } from '../../actors/cleanup.ts';
import { compensateLogic } from '../../actors/compensate.ts';
import { childRunLogic, endChildLogic, sendLogic, undoChildLogic } from '../../actors/errands.ts';
import { executeLogic } from '../../actors/execute.ts';
import { sleepLogic } from '../../actors/sleep.ts';
import { waitingLogic } from '../../actors/waiting.ts';
import type { Keeps } from '../../core/cache.ts';
import type { MachineInput } from '../../core/stepper.ts';
import { whole } from '../../core/whole.ts';
import type { PlanNode } from '../../definition.ts';
import { CompensationCut, type ErrorRecord, toRecord } from '../../errors/index.ts';
import type { Json } from '../../json.ts';
import type { Approval, Consequence } from '../../people.ts';
import { NO_RETRY } from '../../retry.ts';
import { needsDefinition } from '../live.ts';
import { persistable } from '../persist.ts';
import { beforehand, standing } from '../step-states.ts';

/**
 * What a task remembers. `node` is the definition by reference: it is never written to a row,
 * and the host puts it back when it reads one.
 */
export interface TaskMemory {
  readonly node: PlanNode | null;
  readonly input: Json;
  readonly output: Json;
  readonly error: ErrorRecord | null;
  readonly attempt: number;
  readonly reason: string | null;
  /** Set when a step that had completed is undone. */
  readonly undo: UndoMemory | null;
  /** What somebody was asked about it last. */
  readonly approval: Approval | null;
  /** What its output is kept as once somebody has looked at it. */
  readonly keeps: Keeps | null;
}

/** How far the undoing of a step has come. */
export interface UndoMemory {
  /** How often it was tried, the one under way included. */
  readonly tries: number;
  /** When the step had completed. */
  readonly completedAt: number | null;
  /** The run that it had completed in, if it is another one. */
  readonly of: string | null;
}

/** What a task's machine is told, apart from the answers of what it invokes. */
export type TaskEvent =
  | { readonly type: 'start' }
  | { readonly type: 'fail'; readonly error: ErrorRecord }
  | { readonly type: 'skip'; readonly output?: Json }
  /** To a step that stands still: it is tried again, perhaps with another input, or somebody says what it results in. */
  | { readonly type: 'retry'; readonly input?: Json }
  | { readonly type: 'resolve'; readonly output: Json }
  | { readonly type: 'cancel'; readonly reason?: string | null; readonly force?: boolean }
  /** What somebody is asked stands so by now. */
  | { readonly type: 'asked'; readonly approval: Approval }
  /** It is decided. */
  | ({
      readonly type: 'resolved';
      readonly approval?: Approval;
      readonly error?: ErrorRecord | null;
      /** Nothing is to begin in the run yet. */
      readonly held?: boolean;
    } & Consequence)
  | {
      readonly type: 'compensate';
      readonly output: Json;
      readonly attempt: number;
      readonly completedAt?: number | null;
      readonly of?: string | null;
    };

/** What an undoing fails with that somebody has cut short. */
const CUT_SHORT: ErrorRecord = /* @__PURE__ */ toRecord(/* @__PURE__ */ new CompensationCut(), { retryable: false });

/** What an action is told that every attempt has. */
interface Told {
  readonly context: TaskMemory;
  readonly event: TaskEvent;
}

/** What a step begins with. Spelt out: an object that begins as another one has no room in itself for the rest, and no copy of it has. */
export const stepMemory = (begun: Begun): TaskMemory =>
  given(begun, (node, input) => ({
    node,
    input,
    output: null,
    error: null,
    attempt: 0,
    reason: null,
    undo: null,
    approval: null,
    keeps: null,
  }));

/** What XState makes a machine's memory of. The input is missing if somebody has left it out. */
export interface Begun {
  readonly input: MachineInput | undefined;
  readonly self?: AnyActorRef;
}

/** What a machine that somebody starts by itself is given; without it, it says what it wants. */
export function given<M>({ input, self }: Begun, begin: (node: PlanNode | null, input: Json) => M): M {
  if (input === undefined) throw needsDefinition(self);
  return begin(input.node ?? null, input.input);
}

/** What the machines of single steps are made of: a task's, a sleep's, and those that have to do with other runs. */
export const taskSetup = setup({
  types: {
    context: {} as TaskMemory,
    events: {} as TaskEvent,
    input: {} as MachineInput,
    output: {} as Json,
  },
  actors: {
    begin: beginLogic,
    execute: executeLogic,
    backoff: backoffLogic,
    cleanup: cleanupLogic,
    intervention: waitingLogic,
    compensate: compensateLogic,
    approval: waitingLogic,
    sleep: sleepLogic,
    childRun: childRunLogic,
    endChild: endChildLogic,
    undoChild: undoChildLogic,
    send: sendLogic,
  },
  guards: {
    /** Somebody is to be asked before the body begins, and has not said yes. */
    asksFirst: ({ context: { node, attempt, approval } }) =>
      node?.task?.approval !== undefined &&
      attempt === 0 &&
      approval?.resolution?.decision !== 'approve' &&
      approval?.resolution?.decision !== 'edit',
    /** Somebody is to be asked about what it has left behind. */
    isReviewed: ({ context }) => context.node?.task?.review !== undefined,
    /** The body may begin, but nothing is to begin yet. */
    goesLater: ({ event }) => howOf(event) === 'go' && 'held' in event && event.held === true,
    goes: ({ event }) => howOf(event) === 'go',
    isAnswered: ({ event }) => howOf(event) === 'complete',
    isSkipped: ({ event }) => howOf(event) === 'skip',
    isLate: ({ event }) => errorOf(event)?.code === 'approval-expired',
    mayRetry: ({ context, event }) =>
      errorOf(event)?.retryable !== false && context.attempt < (context.node?.task?.retry ?? NO_RETRY).maxAttempts,
    /** It has failed for good, and somebody is to say what becomes of it. */
    standsStill: ({ context, event }) => context.node?.holds === true && !('spared' in event),
    hasNotBegun: ({ context }) => context.attempt === 0,
    tookTooLong: ({ event }) => errorOf(event)?.code === 'step-timed-out',
    isForced: ({ event }) => event.type === 'cancel' && event.force === true,
    isUndoing: ({ context }) => context.undo !== null,
    isUndoingForced: ({ context, event }) => context.undo !== null && event.type === 'cancel' && event.force === true,
    mayUndoAgain: ({ context, event }) =>
      errorOf(event)?.retryable !== false &&
      (context.undo?.tries ?? 1) < (context.node?.task?.compensate?.retry ?? NO_RETRY).maxAttempts,
  },
  actions: {
    keepOutput: assign({ output: ({ event }) => outputOf(event) }),
    keepError: assign({ error: ({ event }) => errorOf(event) }),
    /** What an earlier attempt failed with is not what the step ends with. */
    complete: assign(
      whole(({ context, event }: Told): TaskMemory => ({ ...context, output: outputOf(event), error: null })),
    ),
    /** What comes of it is kept when that has been looked at. */
    keepForReview: assign({ keeps: ({ event }) => ('keeps' in event ? (event.keeps as Keeps) : null) }),
    keepReason: assign({ reason: ({ event }) => ('reason' in event ? (event.reason as string | null) : null) ?? null }),
    /** Under a host the history is told; alone there is none. */
    emitEvent: () => {},
    takeInput: assign({
      input: ({ context, event }) =>
        'input' in event && event.input !== undefined ? (event.input as Json) : context.input,
    }),
    keepApproval: assign({
      approval: ({ context, event }) => ('approval' in event && event.approval ? event.approval : context.approval),
    }),
    countAttempt: assign(whole(({ context }: Told): TaskMemory => ({ ...context, attempt: context.attempt + 1 }))),
    recall: assign({
      output: ({ event }) => outputOf(event),
      attempt: ({ context, event }) => (event.type === 'compensate' ? event.attempt : context.attempt),
      undo: ({ event }) => {
        const { completedAt = null, of = null } = event.type === 'compensate' ? event : {};
        return { tries: 1, completedAt, of };
      },
    }),
    countTry: assign({ undo: ({ context: { undo } }) => (undo === null ? null : { ...undo, tries: undo.tries + 1 }) }),
    cutShort: assign({ error: CUT_SHORT }),
    /** What an earlier try failed with is not how it ends. */
    forgetError: assign({ error: null }),
  },
});

/** A step that has failed for good and stands still until somebody says what becomes of it (S12, S16). */
export const awaitingIntervention = {
  ...standing,
  on: {
    ...standing.on,
    retry: [
      { guard: 'hasNotBegun', target: 'pending', actions: 'takeInput' },
      { target: 'running', actions: ['takeInput', 'countAttempt'] },
    ],
  },
} as const;

/** A step that somebody is asked about: what they say, and what spares them an answer. */
export const asking = {
  asked: { actions: 'keepApproval' },
  resolved: [
    { guard: 'isAnswered', target: 'completed', actions: ['keepApproval', 'complete'] },
    { guard: 'isSkipped', target: 'skipped', actions: ['keepApproval', 'keepOutput'] },
    { guard: 'standsStill', target: 'awaitingIntervention', actions: ['keepApproval', 'keepError'] },
    { guard: 'isLate', target: 'timedOut', actions: ['keepApproval', 'keepError'] },
    { target: 'failed', actions: ['keepApproval', 'keepError'] },
  ],
  fail: [
    { guard: 'standsStill', target: 'awaitingIntervention', actions: 'keepError' },
    { target: 'failed', actions: 'keepError' },
  ],
  skip: { target: 'skipped', actions: 'keepOutput' },
  cancel: { target: 'cancelled', actions: 'keepReason' },
} as const;

/** The machine of a task: draw it, walk it, or start it with `createActor`. */
export const taskMachine = persistable('task', (id) =>
  taskSetup.createMachine({
    id,
    initial: 'pending',
    context: stepMemory,
    output: ({ context }) => context.output,
    states: {
      pending: {
        invoke: { src: 'begin', id: 'begin', input: { start: () => ({ type: 'start' }) } },
        on: {
          start: [
            { guard: 'asksFirst', target: 'awaitingApproval' },
            { target: 'running', actions: 'countAttempt' },
          ],
          ...beforehand,
          compensate: { target: 'compensating', actions: 'recall' },
        },
      },
      awaitingApproval: {
        invoke: { src: 'approval', id: 'approval' },
        on: {
          ...asking,
          resolved: [
            { guard: 'goesLater', target: 'pending', actions: ['keepApproval', 'takeInput'] },
            { guard: 'goes', target: 'running', actions: ['keepApproval', 'takeInput', 'countAttempt'] },
            ...asking.resolved,
          ],
        },
      },
      running: {
        invoke: {
          src: 'execute',
          id: 'execute',
          input: memoryOf,
          onDone: [
            { guard: 'isReviewed', target: 'awaitingApproval', actions: ['complete', 'keepForReview'] },
            { target: 'completed', actions: 'complete' },
          ],
          onError: [
            { guard: 'mayRetry', target: 'retrying', actions: 'keepError' },
            { guard: 'standsStill', target: 'awaitingIntervention', actions: 'keepError' },
            { guard: 'tookTooLong', target: 'timedOut', actions: 'keepError' },
            { target: 'failed', actions: 'keepError' },
          ],
        },
        on: { cancel: { target: 'cancelling', actions: 'keepReason' } },
      },
      retrying: {
        invoke: {
          src: 'backoff',
          id: 'backoff',
          input: memoryOf,
          onDone: [
            { guard: 'isUndoing', target: 'compensating', actions: 'countTry' },
            { target: 'running', actions: 'countAttempt' },
          ],
        },
        on: {
          cancel: [
            { guard: 'isUndoingForced', target: 'compensationFailed', actions: 'cutShort' },
            // What is being undone is brought to its end.
            { guard: 'isUndoing' },
            { target: 'cancelled', actions: 'keepReason' },
          ],
          skip: [{ guard: 'isUndoing' }, { target: 'skipped', actions: 'keepOutput' }],
        },
      },
      awaitingIntervention,
      cancelling: {
        invoke: {
          src: 'cleanup',
          id: 'cleanup',
          input: memoryOf,
          onDone: 'cancelled',
          onError: 'cancelled',
        },
        on: { cancel: { guard: 'isForced', target: 'cancelled' } },
      },
      compensating: {
        invoke: {
          src: 'compensate',
          id: 'compensate',
          input: memoryOf,
          onDone: { target: 'compensated', actions: 'forgetError' },
          onError: [
            { guard: 'mayUndoAgain', target: 'retrying', actions: 'keepError' },
            { target: 'compensationFailed', actions: 'keepError' },
          ],
        },
        on: { cancel: { guard: 'isForced', target: 'compensationFailed', actions: 'cutShort' } },
      },
      completed: { type: 'final' },
      failed: { type: 'final' },
      timedOut: { type: 'final' },
      skipped: { type: 'final' },
      cancelled: { type: 'final' },
      compensated: { type: 'final' },
      compensationFailed: { type: 'final' },
    },
  }),
);

/** What every actor that a task invokes is given. */
function memoryOf({ context }: { context: TaskMemory }): TaskMemory {
  return context;
}

/** The answers of invoked actors are not among the events that users send; these three read them. */
function outputOf(event: object): Json {
  return 'output' in event && event.output !== undefined ? (event.output as Json) : null;
}

function errorOf(event: object): ErrorRecord | null {
  return 'error' in event ? (event.error as ErrorRecord) : null;
}

/** How it goes on, of what somebody has decided. */
function howOf(event: object): Consequence['how'] | null {
  return 'how' in event ? (event.how as Consequence['how']) : null;
}
