/** The merges of the composite example. */
import { expect, test } from 'vitest';
import { main } from './main.ts';

test('nested composite tracks merge in declared order, the outer one in a step of its own (P28, P29, P30)', async () => {
  const lines: string[] = [];
  expect(await main((line) => lines.push(line))).toEqual({
    page: [
      { name: 'speed', points: 71 },
      { name: 'access', points: 88 },
    ],
    worst: 71,
    access: 88,
  });
  expect(lines).toContain('completed  audit/speed/phone/score');
  expect(lines).toContain('completed  audit/~merge');
});
