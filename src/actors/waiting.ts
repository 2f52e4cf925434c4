/**
 * Actors that only wait: somebody else sends the event that ends them, or a deadline has passed. `children` stands for
 * what runs below a track or an orchestrator, `intervention` for a person. Naming the
 * wait in the machine is what lets `explain` say why a run stands still (I7).
 */
import { type AnyActorLogic, fromCallback } from 'xstate';
import { dueAfter } from '../clock.ts';
import type { PlanNode } from '../definition.ts';
import { fromMs } from '../duration.ts';
import { DeadlinePassed, type ErrorRecord, toRecord } from '../errors/index.ts';
import type { Invoked } from '../core/effect.ts';

/** Stands for all of them, also in a machine without a box, whose run sends what ends them. */
export const waitingLogic: AnyActorLogic = fromCallback(() => undefined);

function lateFor({ noun, deadline }: PlanNode, path: string): ErrorRecord {
  const what = noun === 'run' ? 'run' : 'track';
  const text = deadline === null ? null : fromMs(deadline);
  return toRecord(new DeadlinePassed({ what, deadline, text }), { path, retryable: false });
}

const person: Invoked = {
  waitsFor: ({ startedAt }) => ({ what: 'person', since: startedAt }),
  logic: waitingLogic,
  describe: () => null,
};

export const children: Invoked = {
  waitsFor: ({ attemptedAt, due }) => ({ what: 'children', since: attemptedAt, due }),
  logic: waitingLogic,
  /** A deadline is a timer of the parent's own. One that is set already is what is left of it, or of the parent's. */
  describe({ path, attempt, node: { deadline }, now, due }) {
    const limit = due ?? (deadline === null ? null : dueAfter(now, deadline));
    return limit === null ? null : { do: 'wake', path, attempt, due: limit };
  },
  late: ({ node, path }) => lateFor(node, path),
};
/** What is being cancelled has no deadline any more. */
export const stopping: Invoked = {
  waitsFor: ({ attemptedAt }) => ({ what: 'children', since: attemptedAt, due: null }),
  logic: waitingLogic,
  describe: () => null,
};
/** The end of the run that a step has brought about. */
export const runEnd: Invoked = {
  waitsFor: ({ startedAt }) => ({ what: 'other', of: 'runEnd', since: startedAt, due: null }),
  logic: waitingLogic,
  describe: () => null,
};
export const intervention: Invoked = person;
