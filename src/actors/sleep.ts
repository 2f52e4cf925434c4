/** `sleep`: a pause of a declared length. Invoked by a sleep's `waiting`. */
import { fromPromise } from 'xstate';
import { MAX_DELAY, systemClock } from '../clock.ts';
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
        const stop = systemClock.wakeAfter(Math.min(lengthOf(node), MAX_DELAY), resolve);
        signal.addEventListener('abort', stop, { once: true });
      }),
  ),
  describe: ({ path, attempt, node, now, due }) => ({ do: 'wake', path, attempt, due: due ?? now + lengthOf(node) }),
};

function lengthOf(node: PlanNode | null): number {
  return (node?.spec as SleepSpec | null | undefined)?.ms ?? 0;
}
