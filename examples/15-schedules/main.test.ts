/** The nights of the schedule, the one without half past two among them, and those that are made up for. */
import { expect, test } from 'vitest';
import { main } from './main.ts';

test('each night has one report, in whichever process', async () => {
  const lines: string[] = [];
  await main((line) => lines.push(line));
  expect(lines).toEqual([
    'to come: nightly.2026-03-28T01:30:00Z',
    'to come: nightly.2026-03-29T01:00:00Z',
    'to come: nightly.2026-03-30T00:30:00Z',
    'report of the north: nightly.2026-03-28T01:30:00Z',
    'the process is away',
    'report of the north: nightly.2026-03-29T01:00:00Z',
    'report of the north: nightly.2026-03-30T00:30:00Z',
    '3 reports; the next is nightly.2026-03-31T00:30:00Z',
    'report of the north: nightly.by-hand.for-the-board',
    'paused, with 4 reports',
  ]);
});
