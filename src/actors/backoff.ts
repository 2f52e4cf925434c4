/** `backoff`: the pause between two attempts (S10). Invoked by a task's `retrying`. */
import { type AnyActorLogic, fromPromise } from 'xstate';
import { dueAfter } from '../clock.ts';
import type { PlanNode } from '../definition.ts';
import type { ErrorRecord } from '../errors/index.ts';
import { chanceOf } from '../ids.ts';
import { NO_RETRY, retryDelay } from '../retry.ts';
import { calledLive } from './called.ts';
import { wakeWhenDue } from './due.ts';
import type { Invoked } from '../core/effect.ts';

export interface BackoffInput {
  readonly node: PlanNode | null;
  readonly attempt: number;
  readonly error: ErrorRecord | null;
  /** For one that was persisted. */
  readonly due?: number | null;
}

/** What the body asked for with `RetryAfter`, or else what the policy says. */
function delayOf({ node, attempt, error }: BackoffInput, key: string): number {
  return error?.retryAfter ?? retryDelay(node?.task?.retry ?? NO_RETRY, attempt, chanceOf(key));
}

export const backoffLogic: AnyActorLogic = fromPromise<void, BackoffInput>(
  (asked) =>
    new Promise((resolve) => {
      const { input } = asked;
      wakeWhenDue(asked, delayOf(input, `${calledLive(asked.self, input.node)}#${input.attempt}`), resolve);
    }),
);

export const backoff: Invoked = {
  waitsFor: ({ attempt, attemptedAt, startedAt, due }, earlier) => ({
    what: 'retry',
    since: earlier.at(-1)?.endedAt ?? attemptedAt,
    due: due ?? startedAt,
    attempt: attempt + 1,
  }),
  logic: backoffLogic,
  describe: (invoker) => ({
    do: 'wake',
    path: invoker.path,
    attempt: invoker.attempt,
    due: invoker.due ?? dueAfter(invoker.now, delayOf(invoker, `${invoker.run}/${invoker.path}#${invoker.attempt}`)),
  }),
};
