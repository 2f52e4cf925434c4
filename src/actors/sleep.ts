/** `sleep`: a pause of a declared length. Invoked by a sleep's `waiting`. */
import { type AnyActorLogic, fromPromise } from 'xstate';
import { dueAfter } from '../clock.ts';
import type { PlanNode, SleepSpec } from '../definition.ts';
import { wakeWhenDue } from './due.ts';
import type { Invoked } from '../core/effect.ts';

export interface SleepInput {
  readonly node: PlanNode | null;
  /** For one that was persisted. */
  readonly due?: number | null;
}

export const sleepLogic: AnyActorLogic = fromPromise<void, SleepInput>(
  (asked) => new Promise((resolve) => wakeWhenDue(asked, lengthOf(asked.input.node), resolve)),
);

export const sleep: Invoked = {
  waitsFor: ({ startedAt, due }) => ({ what: 'timer', since: startedAt, due: due ?? startedAt }),
  logic: sleepLogic,
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
