/**
 * What a run has others do: `childRun` starts a run and waits for its end, `endChild` cancels it and waits for that, `undoChild`
 * has it undone, `send` sends a signal, `pull` reads what of a run has completed. The host does them after the commit; each may be done again, for what it does follows from the step's key.
 */
import { type AnyActorLogic, fromPromise } from 'xstate';
import type { Effect, Invoked, Invoker, UndoFacts } from '../core/effect.ts';
import { childOf, undoOf } from '../core/child.ts';
import { toRecord } from '../errors/index.ts';
import { waitingLogic } from './waiting.ts';

const alone = (what: string): AnyActorLogic =>
  fromPromise<never>(() => {
    const error = new Error(`A machine without a box cannot ${what}. Provide the actor.`);
    return Promise.reject(toRecord(error));
  });

const effectOf = <D extends 'childRun' | 'send'>(wanted: D) => {
  return ({ path, attempt, node, input }: Invoker): Effect => ({ do: wanted, path, attempt, node, input }) as Effect;
};

export const childRunLogic = alone('start a child run');
export const endChildLogic = alone('cancel a child run');
export const undoChildLogic = alone('undo a child run');
export const sendLogic = alone('send a signal to a run');

export const childRun: Invoked = {
  waitsFor: (row) => ({ what: 'run', run: childOf(row), since: row.startedAt }),
  logic: childRunLogic,
  describe: /* @__PURE__ */ effectOf('childRun'),
  isHeldWith: ({ spec }) => (spec as { readonly detach?: boolean } | null)?.detach !== true,
  abort: ({ path, state }) => ({ do: 'abort', path, attempt: Number(state.context.attempt) }),
};

export const endChild: Invoked = {
  waitsFor: (row) => ({ what: 'run', run: childOf(row), since: row.startedAt }),
  logic: endChildLogic,
  describe: ({ path, attempt, node, input, reason }) => ({ do: 'endChild', path, attempt, node, input, reason }),
};

export const undoChild: Invoked = {
  waitsFor: (row) => {
    const { of } = (row.memory.undo ?? {}) as UndoFacts;
    return { what: 'run', run: undoOf(childOf({ ...row, run: of ?? row.run })), since: row.startedAt };
  },
  logic: undoChildLogic,
  describe: ({ path, attempt, node, input, undo }) => {
    return { do: 'undoChild', path, attempt, node, input, of: undo?.of ?? null };
  },
  abort: ({ path, state }) => ({ do: 'abort', path, attempt: Number(state.context.attempt) }),
};

export const pull: Invoked = {
  waitsFor: ({ attemptedAt }) => ({ what: 'children', since: attemptedAt, due: null }),
  logic: waitingLogic,
  describe: ({ path, attempt, node, input, undo }) => {
    return { do: 'pull', path, attempt, node, input, before: undo?.before ?? null, of: undo?.of ?? null };
  },
};

export const sendSignal: Invoked = {
  waitsFor: ({ attemptedAt }) => ({ what: 'delivery', since: attemptedAt }),
  logic: sendLogic,
  describe: /* @__PURE__ */ effectOf('send'),
  abort: ({ path, state }) => ({ do: 'abort', path, attempt: Number(state.context.attempt) }),
};
