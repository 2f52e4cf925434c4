/** The rounds of the loop that asks, to the second. */
import { expect, test } from 'vitest';
import { main } from './main.ts';

test('asks until the job is done, twice as long between the rounds each time, and keeps what it was told', async () => {
  const lines: string[] = [];

  expect(await main((line) => lines.push(line))).toEqual({ rounds: 3, told: [34, 68, 100] });
  expect(lines).toEqual(['30 s: 34 %', '90 s: 68 %', '210 s: 100 %', 'done after 3 rounds: 34, 68, 100']);
});
