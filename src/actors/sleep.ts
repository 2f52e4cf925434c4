/** `sleep`: a pause of a declared length. Invoked by a sleep's `waiting`. */
import { fromPromise } from 'xstate';
import { dueAfter, wakeAfterAny } from '../clock.ts';
import type { PlanNode, SleepSpec } from '../definition.ts';
import type { Invoked } from './effect.ts';

export interface SleepInput {
  readonly node: PlanNode | null;
}

export const sleep: Invoked = {
  waitsFor: 'a timer',
  logic: fromPromise<void, SleepInput>(
    ({ input: { node }, signal }) =>
      new Promise((resolve) => {
        const stop = wakeAfterAny(lengthOf(node), resolve);
        signal.addEventListener('abort', stop, { once: true });
      }),
  ),
  describe: ({ path, attempt, node, now, due }) => ({
    do: 'wake',
    path,
    attempt,
    due: due ?? dueAfter(now, lengthOf(node)),
  }),
};

function lengthOf(node: PlanNode | null): number {
  return (node?.spec as SleepSpec | null | undefined)?.ms ?? 0;
}
