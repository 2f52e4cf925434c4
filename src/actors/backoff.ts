/** `backoff`: the pause between two attempts (S10). Invoked by a task's `retrying`. */
import { type AnyActorLogic, fromPromise } from 'xstate';
import { dueAfter } from '../clock.ts';
import type { PlanNode } from '../definition.ts';
import type { ErrorRecord } from '../errors/index.ts';
import { chanceOf } from '../ids.ts';
import { NO_RETRY, retryDelay } from '../retry.ts';
import { calledLive } from './called.ts';
import { wakeWhenDue } from './due.ts';
import type { Invoked, UndoFacts } from '../core/effect.ts';

export interface BackoffInput {
  readonly node: PlanNode | null;
  readonly attempt: number;
  readonly error: ErrorRecord | null;
  /** Of a step that is undone. */
  readonly undo?: UndoFacts | null;
  /** For one that was persisted. */
  readonly due?: number | null;
}

/** The pause after a failed attempt. What the body asked for with `RetryAfter`, or else what the policy says. */
export function delayOf({ node, attempt, error, undo }: BackoffInput, key: string): number {
  if (error?.retryAfter !== undefined) return error.retryAfter;
  const [policy, tries] = undo ? [node?.task?.compensate?.retry, undo.tries ?? 1] : [node?.task?.retry, attempt];
  return retryDelay(policy ?? NO_RETRY, tries, chanceOf(key));
}

export const backoffLogic: AnyActorLogic = fromPromise<void, BackoffInput>(
  (asked) =>
    new Promise((resolve) => {
      const { input } = asked;
      wakeWhenDue(asked, delayOf(input, `${calledLive(asked.self, input.node)}#${input.attempt}`), resolve);
    }),
);

export const backoff: Invoked = {
  waitsFor: ({ attempt, attemptedAt, startedAt, due, memory }, earlier) => {
    const { tries } = (memory.undo ?? {}) as UndoFacts;
    const since = earlier.at(-1)?.endedAt ?? attemptedAt;
    return { what: 'retry', since, due: due ?? startedAt, attempt: (tries ?? attempt) + 1 };
  },
  logic: backoffLogic,
  describe: (invoker) => ({
    do: 'wake',
    path: invoker.path,
    attempt: invoker.attempt,
    due: invoker.due ?? dueAfter(invoker.now, delayOf(invoker, `${invoker.run}/${invoker.path}#${invoker.attempt}`)),
  }),
};
