/**
 * The core is a function of rows. After every turn of every scenario the run is built again from its rows, and both take the
 * next message: events, rows, debts and answers are the same. And whoever takes a step leaves the run before as it was.
 */
import { describe, expect, test } from 'vitest';
import { endless, scenarios } from '../helpers/scenarios.ts';
import { held, late } from '../helpers/undoing.ts';
import { hashOf, laneOf, replayed, walk } from './walk.ts';

const WALKS = 40;
const REPLAYS = 6;

describe.each([...scenarios, endless, late, held].map((flow) => ({ name: flow.name, flow })))('$name', ({ flow }) => {
  test('goes on from its rows as it would have gone on, whatever comes in whatever order (I3, I5, I9, P109, P64)', () => {
    let [turns, needs] = [0, 0];
    for (let seed = 1; seed <= WALKS; seed += 1) {
      const walked = walk(flow, `${flow.name} ${seed}`, laneOf(seed));
      turns += walked.turns;
      needs += walked.needs;
    }
    expect(turns).toBeGreaterThanOrEqual(WALKS);
    // Of a collection that completes after its run was read back.
    if (flow.name === 'items') expect(needs).toBeGreaterThan(0);
  });

  test('comes to the same hash of rows and events when its messages are taken again (I4, P63)', () => {
    for (let seed = 1; seed <= REPLAYS; seed += 1) {
      const walked = walk(flow, `${flow.name} again ${seed}`, laneOf(seed));
      expect(replayed(flow, walked, laneOf(seed))).toBe(hashOf(walked.rows, walked.steps));
    }
  });
});
