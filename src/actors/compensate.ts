/** `compensate`: the undoing of a completed step (I8). Invoked by a task's `compensating`. */
import { type AnyActorLogic, fromPromise } from 'xstate';
import type { PlanNode } from '../definition.ts';
import type { Json } from '../json.ts';
import { calledLive } from './called.ts';
import type { Invoked } from '../core/effect.ts';

export interface CompensateInput {
  readonly node: PlanNode | null;
  readonly input: Json;
  readonly output: Json;
  readonly attempt: number;
}

export const compensateLogic: AnyActorLogic = fromPromise<void, CompensateInput>(
  async ({ input: { node, input, output, attempt }, signal, self }) => {
    const body = node?.task?.compensate as ((context: object) => unknown) | undefined;
    await body?.({ input, output, key: `live/${calledLive(self, node)}#${attempt}`, signal });
  },
);

export const compensate: Invoked = {
  waitsFor: ({ attempt }) => ({ what: 'compensation', attempt }),
  logic: compensateLogic,
  describe: ({ path, attempt, node, input, output }) => ({ do: 'compensate', path, attempt, node, input, output }),
};
