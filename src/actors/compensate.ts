/** `compensate`: the undoing of a completed step (S13). Invoked by a task's `compensating`. */
import { type AnyActorLogic, fromPromise } from 'xstate';
import type { PlanNode } from '../definition.ts';
import { isA, TerminalError, toRecord } from '../errors/index.ts';
import type { Json } from '../json.ts';
import { calledLive } from './called.ts';
import type { Invoked, UndoFacts } from '../core/effect.ts';
import { undoKeyOf } from '../core/run.ts';

export interface CompensateInput {
  readonly node: PlanNode | null;
  readonly input: Json;
  readonly output: Json;
  readonly attempt: number;
  readonly undo: { readonly tries: number } | null;
}

export const compensateLogic: AnyActorLogic = fromPromise<void, CompensateInput>(
  async ({ input: { node, input, output, attempt }, signal, self }) => {
    const body = node?.task?.compensate?.run as ((context: object) => unknown) | undefined;
    const path = calledLive(self, node);
    try {
      await body?.({ input, output, key: undoKeyOf('live', path, attempt), signal });
    } catch (thrown) {
      // An error itself would be nothing in the JSON of a machine that is persisted.
      const isFinal = isA(thrown, TerminalError) ? { retryable: false } : {};
      throw toRecord(thrown, { path, attempt, ...isFinal });
    }
  },
);

export const compensate: Invoked = {
  waitsFor: ({ attempt }) => ({ what: 'compensation', attempt }),
  logic: compensateLogic,
  describe: ({ path, attempt, node, input, output, undo }) => {
    return { do: 'compensate', path, attempt, node, input, output, tries: undo?.tries ?? 1, of: undo?.of ?? null };
  },
  abort: ({ path, state: { context } }) => {
    const { of = null } = (context.undo ?? {}) as UndoFacts;
    return { do: 'abortUndo', path, attempt: Number(context.attempt), of };
  },
};
