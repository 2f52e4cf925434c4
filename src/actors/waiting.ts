/**
 * Actors that only wait: somebody else sends the event that ends them. `children` stands for
 * what runs below a track or an orchestrator, `approval` and `intervention` for a person. Naming the
 * wait in the machine is what lets `explain` say why a run stands still (I7).
 */
import { fromCallback } from 'xstate';
import type { Invoked } from '../core/effect.ts';

const nothing = fromCallback(() => undefined);

const person: Invoked = {
  waitsFor: ({ startedAt }) => ({ what: 'person', since: startedAt }),
  logic: nothing,
  describe: () => null,
};

export const children: Invoked = {
  waitsFor: ({ attemptedAt }) => ({ what: 'children', since: attemptedAt }),
  logic: nothing,
  describe: () => null,
};
export const approval: Invoked = person;
export const intervention: Invoked = person;
