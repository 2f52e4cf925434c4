/**
 * Actors that only wait: somebody else sends the event that ends them. `children` stands for
 * what runs below a track or an orchestrator, `approval` and `intervention` for a person. Naming the
 * wait in the machine is what lets `explain` say why a run stands still (I7).
 */
import { type AnyActorLogic, fromCallback } from 'xstate';
import type { Invoked } from '../core/effect.ts';

/** Stands for all of them in a machine without a box. */
export const waitingLogic: AnyActorLogic = fromCallback(() => undefined);

const person: Invoked = {
  waitsFor: ({ startedAt }) => ({ what: 'person', since: startedAt }),
  logic: waitingLogic,
  describe: () => null,
};

export const children: Invoked = {
  waitsFor: ({ attemptedAt }) => ({ what: 'children', since: attemptedAt }),
  logic: waitingLogic,
  describe: () => null,
};
/** The end of the run that a step has brought about. */
export const runEnd: Invoked = {
  waitsFor: ({ startedAt }) => ({ what: 'other', of: 'runEnd', since: startedAt, due: null }),
  logic: waitingLogic,
  describe: () => null,
};
export const approval: Invoked = person;
export const intervention: Invoked = person;
