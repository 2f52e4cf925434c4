/** `sleep`: a pause of a length that is declared or was made when it began, or until an instant. Invoked by a sleep's `waiting`. */
import { type AnyActorLogic, fromPromise } from 'xstate';
import { dueAfter, systemClock } from '../clock.ts';
import type { PlanNode, SleepSpec } from '../definition.ts';
import type { Json } from '../json.ts';
import { wakeWhenDue } from './due.ts';
import type { Invoked } from '../core/effect.ts';

export interface SleepInput {
  readonly node: PlanNode | null;
  /** The input of a step that sleeps until the instant, or for the milliseconds, that it is. */
  readonly until?: Json;
  /** For one that was persisted. */
  readonly due?: number | null;
}

export const sleepLogic: AnyActorLogic = fromPromise<void, SleepInput>(
  (asked) =>
    new Promise((resolve) =>
      wakeWhenDue(asked, lengthOf(asked.input.node, asked.input.until ?? null, systemClock.now()), resolve),
    ),
);

export const sleep: Invoked = {
  waitsFor: ({ startedAt, due }) => ({ what: 'timer', since: startedAt, due: due ?? startedAt }),
  logic: sleepLogic,
  describe: ({ path, attempt, node, input, now, due }) => ({
    do: 'wake',
    path,
    attempt,
    due: due ?? dueAfter(now, lengthOf(node, input, now)),
  }),
};

/** How long, from `now` on. An instant that is past is over at once. */
function lengthOf(node: PlanNode | null, input: Json, now: number): number {
  const { ms = 0, until, for: length } = (node?.spec ?? {}) as Partial<SleepSpec>;
  if (length === 'input') return Math.max(0, Number(input));
  if (until === undefined) return ms;
  return Math.max(0, (until === 'input' ? Number(input) : until) - now);
}
