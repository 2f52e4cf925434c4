/**
 * What a track, a composite track and an orchestrator have in common: children, and counters of
 * them. A parent knows how many of its children are ready, live and settled, and how many
 * failed; which they are, and what they answered, is rows, and stands in `core/children`. So a
 * parent's memory stays as small with 100,000 children as with one (I9).
 *
 * Every event about children carries what has changed for the counters (`ready`, `skipped`)
 * and, once nothing is left to do, the parent's own `finish`. The actions `startNext`, `skipRest`,
 * and `cancelChildren` are wishes: the engine does them in the same turn, under a host and also when the machine
 * is started with `createActor` (`live.ts`). So none of them does anything here.
 */
import { assign, setup } from 'xstate';
import { waitingLogic } from '../actors/waiting.ts';
import type { ErrorRecord } from '../errors/index.ts';
import type { ReadEvent } from '../events.ts';
import type { Json } from '../json.ts';
import type { MachineInput } from '../core/stepper.ts';
import { type Counts, verdict } from '../core/verdict.ts';
import { whole } from '../core/whole.ts';
import { bears, type Borne, isBad, type Skipped, TOLD_BY_NAME } from '../core/children/children.ts';
import { persistable } from './persist.ts';
import { beforehand, standing } from './step-states.ts';
import { emptyMemory, type ParentEvent, type ParentMemory } from './parent-memory.ts';

const unnamed = (count: number): number => (count > TOLD_BY_NAME ? count : 0);

export const parentSetup = setup({
  types: {
    context: {} as ParentMemory,
    events: {} as ParentEvent,
    input: {} as MachineInput,
    output: {} as Json,
    emitted: {} as ReadEvent,
  },
  actors: {
    begin: waitingLogic,
    children: waitingLogic,
    stopping: waitingLogic,
    pull: waitingLogic,
    signal: waitingLogic,
    intervention: waitingLogic,
  },
  guards: {
    finishesWell: ({ event }) => endsWith('output', event),
    /** All has finished, and something has failed on the way. */
    finishesBearing: ({ context, event }) =>
      endsWith('output', event) && borneAfter(context, event) !== null && bears(context.node?.strategy ?? 'failFast'),
    endsWell: ({ event }) => event.type === 'terminate' && event.error === null,
    finishesBadly: ({ event }) => endsWith('error', event),
    /** It has failed before any of its children began, and somebody is to say what becomes of it. */
    standsStill: ({ context, event }) => isStanding(context, event),
    standsStillAtStart: ({ context, event }) => endsWith('error', event) && isStanding(context, event),
    /** It has not ended well. */
    isLost: ({ context, event }) => isLost(context, event),
    isLostWithSome: ({ context, event }) => hasMore(context, event) && isLost(context, event),
    isWonWithSome: ({ context, event }) => endsWith('output', event) && hasMore(context, event),
    isSpoiltWithSome: ({ context, event }) => endsWith('error', event) && hasMore(context, event),
    noneLeft: ({ context }) => context.live === 0,
    isForced: ({ event }) => event.type === 'cancel' && event.force === true,
    noneLeftAndLate: ({ context }) => context.live === 0 && context.ending === 'timedOut',
    noneLeftAndWon: ({ context }) => context.live === 0 && context.ending === 'completed',
    noneLeftAndCancelled: ({ context }) => context.live === 0 && context.ending === 'cancelled',
  },
  actions: {
    /** Starts as many ready children as the node's concurrency allows. The count is in `params`. */
    startNext: (_args, _params: { readonly count: number }) => {},
    skipRest: () => {},
    /** Tells of those that never begin. */
    skipGiven: (_args, _params: { readonly given: Skipped | null }) => {},
    cancelChildren: (_args, _params: { readonly reason: string | null; readonly decider?: string | null }) => {},
    /** As it is told, without waiting for what children still tidy up. */
    forceChildren: () => {},
    /** A page of completed steps has come; the next of them is to be undone; the one that is being undone is cut short. */
    undoPage: () => {},
    undoNext: () => {},
    cutUndo: () => {},
    passSignal: () => {},
    countReady: assign(whole(({ context, event }: Told) => (event.type === 'start' ? begun(context, event) : context))),
    /** Routes that are not taken are over before any other begins. */
    countGiven: assign({
      settled: ({ context, event }) => context.settled + countGiven(event),
      skipped: ({ context, event }) => context.skipped + unnamed(countGiven(event)),
    }),
    countSettled: assign(
      whole(({ context, event }: Told) => (event.type === 'child.settled' ? settledIn(context, event) : context)),
    ),
    countStarted: assign(
      whole(({ context }: Told): ParentMemory => {
        const count = room(context);
        return count === 0 ? context : { ...context, live: context.live + count, ready: context.ready - count };
      }),
    ),
    countRest: assign({
      skipped: ({ context: { total, settled, live, skipped } }) => skipped + unnamed(total - settled - live),
    }),
    keepFinish: assign({
      output: ({ event }) =>
        'finished' in event && event.finished !== null && 'output' in event.finished ? event.finished.output : null,
      // What has failed one of the children has not failed a parent that ends well.
      error: ({ context, event }) => {
        if (!('finished' in event) || event.finished === null) return context.error;
        return 'error' in event.finished ? event.finished.error : null;
      },
    }),
    keepBorne: assign({ error: ({ context }) => context.borne?.error ?? null }),
    forgetError: assign({ error: null }),
    /** Read back from its rows it has counted children that could begin, and a round before the first. */
    startOver: assign({ error: null, ready: 0, settled: 0 }),
    keepOutput: assign({
      output: ({ event }) => ('output' in event && event.output !== undefined ? event.output : null),
    }),
    keepError: assign({
      error: ({ context, event }) => ('error' in event && event.error !== null ? event.error : context.error),
    }),
    /** That the time is over is why it ends, whatever has failed before. */
    keepLate: assign({
      error: ({ context, event }) => ('error' in event ? (event.error as ErrorRecord) : context.error),
    }),
    keepWord: assign({
      output: ({ event }) => (event.type === 'terminate' ? event.output : null),
      error: ({ event }) => (event.type === 'terminate' ? event.error : null),
    }),
    keepVariables: assign({
      variables: ({ context, event }) =>
        event.type === 'set' ? Object.freeze({ ...context.variables, ...event.values }) : context.variables,
    }),
    keepReason: assign({ reason: ({ event }) => ('reason' in event ? (event.reason ?? null) : null) }),
    endCompleted: assign({ ending: 'completed' as const }),
    endFailed: assign({ ending: 'failed' as const }),
    endCancelled: assign({ ending: 'cancelled' as const }),
    endTimedOut: assign({ ending: 'timedOut' as const }),
  },
});

function keptAfter({ kept }: ParentMemory, event: ParentEvent): Json {
  return 'kept' in event && event.kept !== undefined ? event.kept : kept;
}

/** What an action that counts children is told. */
interface Told {
  readonly context: ParentMemory;
  readonly event: ParentEvent;
}

/** The counts when it begins: of none, for one that runs a child later. In a run that takes over from another, some have ended already. */
function begun(memory: ParentMemory, event: Extract<ParentEvent, { readonly type: 'start' }>): ParentMemory {
  const { ready = 0, total = memory.total, over } = event;
  return {
    ...memory,
    ready: memory.ready + ready,
    total,
    settled: memory.settled + (over?.settled ?? 0),
    completed: memory.completed + (over?.completed ?? 0),
    withErrors: over?.withErrors ?? memory.withErrors,
    variables: over?.variables ?? memory.variables,
    kept: keptAfter(memory, event),
  };
}

/** The counts, and all else that is remembered of children, when one has ended. */
function settledIn(memory: ParentMemory, event: Settled): ParentMemory {
  const { settled, completed, failed } = countsAfter(memory, event);
  return {
    ...memory,
    ready: memory.ready + event.ready,
    live: memory.live - 1,
    settled,
    withErrors: memory.withErrors || event.withErrors === true,
    borne: borneAfter(memory, event),
    completed,
    skipped: memory.skipped + unnamed(event.skipped),
    kept: keptAfter(memory, event),
    failed,
    // What failed an earlier attempt of a child that was then cancelled is no failure of the parent, nor is what could not be undone of it.
    error: memory.error ?? failureIn(event),
  };
}

function isStanding({ node }: ParentMemory, event: object): boolean {
  return node?.holds === true && !('spared' in event);
}

/** What is borne in it after a child has ended. */
function borneAfter({ borne }: ParentMemory, event: ParentEvent): Borne | null {
  if (event.type !== 'child.settled' || event.isBorne !== true || event.error === null) return borne;
  return { error: borne?.error ?? event.error, count: (borne?.count ?? 0) + 1 };
}

function countGiven(event: ParentEvent): number {
  return event.type === 'start' ? (event.given?.count ?? 0) : 0;
}

/** Has the parent's own `output` or `merge` been made, or has it failed? */
function endsWith(what: 'output' | 'error', event: ParentEvent): boolean {
  return 'finished' in event && event.finished !== null && what in event.finished;
}

/** The counts after a child has ended. */
function countsAfter({ total, settled, completed, failed }: ParentMemory, event: Settled): Counts {
  return {
    total,
    settled: settled + 1 + event.skipped,
    completed: completed + (event.status === 'completed' ? 1 : 0),
    failed: failed + (isBad(event.status) ? 1 : 0),
  };
}

type Settled = Extract<ParentEvent, { readonly type: 'child.settled' }>;

function failureIn({ status, error }: Settled): ErrorRecord | null {
  return status === 'failed' || status === 'timedOut' ? error : null;
}

function isLost(memory: ParentMemory, event: ParentEvent): boolean {
  if (event.type !== 'child.settled') return false;
  return verdict(memory.node?.strategy ?? 'failFast', countsAfter(memory, event)) === 'lost';
}

/** Are there others, under way or to come, when a child has ended? */
function hasMore({ total, settled }: ParentMemory, event: ParentEvent): boolean {
  return event.type === 'child.settled' && settled + 1 + event.skipped < total;
}

/** How many ready children may start now. */
export function room({ node, ready, live }: Pick<ParentMemory, 'node' | 'ready' | 'live'>): number {
  return Math.max(0, Math.min(ready, (node?.concurrency ?? Number.POSITIVE_INFINITY) - live));
}

export const startNext = [
  { type: 'startNext', params: ({ context }: { context: ParentMemory }) => ({ count: room(context) }) },
  'countStarted',
] as const;
/** Those who have lost are told who has decided it. Where somebody has cancelled it, what had failed before is not why. */
const cancelChildren = {
  type: 'cancelChildren',
  params: ({ context: { ending, reason, error }, event }: { context: ParentMemory; event: object }) => {
    if (ending === 'completed') return { reason: null, decider: (event as Partial<Settled>).name ?? null };
    return { reason: ending === 'cancelled' ? reason : (error?.message ?? null) };
  },
} as const;
export const stopAll = ['countRest', 'skipRest', cancelChildren] as const;

/** How a child's end can be the parent's. */
const decided = [
  { guard: 'isLostWithSome', target: 'cancelling', actions: ['countSettled', 'endFailed', ...stopAll] },
  { guard: 'isWonWithSome', target: 'cancelling', actions: ['countSettled', 'keepFinish', 'endCompleted', ...stopAll] },
  { guard: 'isSpoiltWithSome', target: 'cancelling', actions: ['countSettled', 'keepFinish', 'endFailed', ...stopAll] },
  { guard: 'finishesWell', target: 'completed', actions: ['countSettled', 'keepFinish'] },
] as const;
export const ends = [
  { guard: 'finishesBearing', target: 'failed', actions: ['countSettled', 'keepFinish', 'keepBorne'] },
  ...decided,
  { guard: 'finishesBadly', target: 'failed', actions: ['countSettled', 'keepFinish'] },
  { guard: 'isLost', target: 'failed', actions: 'countSettled' },
] as const;
/** Of a parent with more to do after a bad end: it comes by way of `cancelling`, also when nothing is left to cancel. */
export const endsByCancelling = [
  { guard: 'finishesBearing', target: 'cancelling', actions: ['countSettled', 'keepBorne', 'endFailed'] },
  ...decided,
  { guard: 'finishesBadly', target: 'cancelling', actions: ['countSettled', 'keepFinish', 'endFailed'] },
  { guard: 'isLost', target: 'cancelling', actions: ['countSettled', 'endFailed'] },
] as const;
export const stops = {
  cancel: { target: 'cancelling', actions: ['keepReason', 'endCancelled', ...stopAll] },
} as const;

/** What is invoked for a parent has to do with what it is by its definition. */
export const nodeIn = ({ context }: { readonly context: ParentMemory }) => ({ node: context.node });

/** The states that every parent has. */
export const parentStates = {
  pending: {
    invoke: { src: 'begin', id: 'begin' },
    on: {
      start: [
        { guard: 'finishesWell', target: 'completed', actions: 'keepFinish' },
        { guard: 'finishesBadly', target: 'failed', actions: 'keepFinish' },
        { target: 'running', actions: 'countReady' },
      ],
      fail: { target: 'failed', actions: 'keepError' },
      skip: { target: 'skipped', actions: 'keepOutput' },
      cancel: { target: 'cancelled', actions: 'keepReason' },
    },
  },
  running: {
    entry: startNext,
    invoke: {
      src: 'children',
      id: 'children',
      input: nodeIn,
      onError: { target: 'cancelling', actions: ['keepLate', 'endTimedOut', ...stopAll] },
    },
    on: {
      'child.settled': [...ends, { actions: ['countSettled', ...startNext] }],
      ...stops,
      signal: { actions: 'passSignal' },
    },
  },
  cancelling: {
    invoke: { src: 'stopping', id: 'stopping' },
    always: [
      { guard: 'noneLeftAndCancelled', target: 'cancelled' },
      { guard: 'noneLeftAndWon', target: 'completed', actions: 'forgetError' },
      { guard: 'noneLeftAndLate', target: 'timedOut' },
      { guard: 'noneLeft', target: 'failed' },
    ],
    on: {
      'child.settled': { actions: 'countSettled' },
      cancel: { guard: 'isForced', actions: ['keepReason', 'forceChildren'] },
    },
  },
  completed: { type: 'final' },
  failed: { type: 'final' },
  timedOut: { type: 'final' },
  skipped: { type: 'final' },
  cancelled: { type: 'final' },
} as const;

/** Those that a step has besides: what fails it before any of its children has begun may stand still. A call, which bundlers leave out. */
export function stepStates() {
  return {
    ...parentStates,
    pending: {
      ...parentStates.pending,
      on: {
        ...parentStates.pending.on,
        start: [
          parentStates.pending.on.start[0],
          { guard: 'standsStillAtStart', target: 'awaitingIntervention', actions: 'keepFinish' },
          ...parentStates.pending.on.start.slice(1),
        ],
        fail: beforehand.fail,
      },
    },
    awaitingIntervention: {
      ...standing,
      on: {
        ...standing.on,
        retry: { target: 'pending', actions: 'startOver' },
        resolve: { target: 'completed', actions: ['keepOutput', 'forgetError'] },
      },
    },
  } as const;
}

/** The machine of a track, which is a parent like any other. */
export const parentMachine = (id: string) => machineOf(id, () => parentStates);

/** The machine of a step that is one. */
export const stepParentMachine = (id: string) => machineOf(id, stepStates as unknown as () => typeof parentStates);

const machineOf = (id: string, states: () => typeof parentStates) =>
  persistable(id, () =>
    parentSetup.createMachine({
      id,
      initial: 'pending',
      context: emptyMemory,
      output: ({ context }) => context.output,
      states: states(),
    }),
  );
