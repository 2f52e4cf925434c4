/** Two boxes on a real Postgres, of which one goes. */
import { expect, test } from 'vitest';
import { main } from './main.ts';

test('what one process began another finishes, and nothing is done twice (I6)', async () => {
  const lines: string[] = [];
  const result = await main((line) => lines.push(line));
  expect(result).toEqual({ monthly: { page: '2026-10: 42' } });
  expect(lines.slice(0, 2)).toEqual(['one collects 2026-10', 'one is gone']);
  // The step after the wait begins while the sender is being told.
  expect(lines.slice(2).sort()).toEqual(['the approval was accepted', 'two publishes what mia approved']);
}, 60_000);
