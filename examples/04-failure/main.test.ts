/** What becomes of the five tracks under each policy. */
import { RunCancelled } from 'signalbox';
import { expect, test } from 'vitest';
import { main } from './main.ts';

test('failFast stops what runs and skips the rest; continue gives up only the dependents (S12, S14)', async () => {
  const { maps, cancelled } = await main(() => {});
  expect(maps).toEqual({
    strict: { root: 'completed', left: 'failed', right: 'cancelled', joined: 'skipped', after: 'skipped' },
    lenient: { root: 'completed', left: 'failed', right: 'completed', joined: 'skipped', after: 'completed' },
  });
  expect(cancelled).toBeInstanceOf(RunCancelled);
  expect((cancelled as RunCancelled).reason).toBe('nobody wants it any more');
});
