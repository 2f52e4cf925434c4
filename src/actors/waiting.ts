/**
 * Actors that only wait: somebody else sends the event that ends them. `children` stands for
 * what runs below a track or an orchestrator, `approval` and `intervention` for a person. Naming the
 * wait in the machine is what lets `explain` say why a run stands still (I7).
 */
import { fromCallback } from 'xstate';
import type { Invoked } from './effect.ts';

const nothing = fromCallback(() => undefined);

export const children: Invoked = { waitsFor: 'its children', logic: nothing, describe: () => null };
export const approval: Invoked = { waitsFor: 'a person', logic: nothing, describe: () => null };
export const intervention: Invoked = { waitsFor: 'a person', logic: nothing, describe: () => null };
