/**
 * Crash points on a place that is shared: a box that dies holds its runs until its lease is over, and then the next one
 * takes them. Some crashes of some scenarios, in the long form more of them; with `SIGNALBOX_CHAOS=1` all of all. In memory all of them
 * are played in any case (`test/crash/points.test.ts`).
 */
import type { Store } from 'signalbox';
import { crashPoints } from 'signalbox/testing';
import { expect, test } from 'vitest';
import { shared } from '../crash/places.ts';
import { compare, type Crashes, everyPass, inMemory } from '../crash/play.ts';
import { isLong } from '../helpers/form.ts';
import { endless, rerun, scenarios } from '../helpers/scenarios.ts';

const SOME = isLong
  ? [
      'diamond',
      'retries',
      'failFast',
      'continue',
      'endless',
      'signals',
      'silence',
      'children',
      'childCancelled',
      'undone',
      'undoneFamily',
      'again',
    ]
  : ['diamond', 'retries', 'endless', 'signals', 'childCancelled', 'undone', 'again'];
const PER_POINT = isLong ? 2 : 1;
const all = process.env.SIGNALBOX_CHAOS !== undefined;

/** Registers a test for each of the scenarios; `make` gives what opens stores on a new place. */
export function crashCases(make: () => () => Store): void {
  const flows = [...scenarios, endless, rerun].filter(({ name }) => all || SOME.includes(name));
  test.each(flows.map((flow) => ({ name: flow.name, flow })))(
    '$name ends as without a crash, wherever a box dies, and nothing completed is done again (I3, I6, P231)',
    async ({ flow }) => {
      const lists: Crashes[] = [];
      for (const point of crashPoints) {
        const found = await everyPass(flow, point, inMemory);
        const each = all || (isLong && flow === endless) ? 1 : Math.ceil(found.length / PER_POINT);
        lists.push(...found.filter((_, index) => index % each === 0));
      }

      const { wrong, crashed } = await compare(flow, lists, () => shared(make()));

      expect(wrong).toEqual([]);
      expect(crashed).toBeGreaterThan(0);
    },
    all ? 300_000 : 30_000,
  );
}
