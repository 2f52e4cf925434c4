/**
 * `cleanup`: what a task tidies up after it was cancelled in the middle (S14). Invoked by a
 * task's `cancelling`; the body's signal has been aborted by then. A cleanup that fails, or
 * outlives its own timeout, doesn't keep the step from being cancelled.
 */
import { type AnyActorLogic, fromPromise } from 'xstate';
import type { PlanNode } from '../definition.ts';
import type { Json } from '../json.ts';
import { calledLive } from './called.ts';
import type { Invoked } from '../core/effect.ts';

export interface CleanupInput {
  readonly node: PlanNode | null;
  readonly input: Json;
  readonly attempt: number;
  readonly reason: string | null;
}

export const cleanupLogic: AnyActorLogic = fromPromise<void, CleanupInput>(
  async ({ input: { node, input, attempt, reason }, signal, self }) => {
    const body = node?.task?.cleanup as ((context: object) => unknown) | undefined;
    await body?.({ input, key: `live/${calledLive(self, node)}#${attempt}`, reason: reason ?? '', signal });
  },
);

export const cleanup: Invoked = {
  waitsFor: ({ attempt }) => ({ what: 'cleanup', attempt }),
  logic: cleanupLogic,
  describe: ({ path, attempt, node, input, reason }) => ({
    do: 'cleanup',
    path,
    attempt,
    node,
    input,
    reason: reason ?? '',
  }),
};
