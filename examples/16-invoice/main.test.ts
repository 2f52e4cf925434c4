/** Four eyes, a correction that has to be approved anew, and an end for want of a decision. */
import { expect, test } from 'vitest';
import { main } from './main.ts';

test('two who have not entered it release what was shown to them, and it is paid once', async () => {
  const lines: string[] = [];
  await main((line) => lines.push(line));
  expect(lines).toEqual([
    'mia: refused, excluded',
    'tom: recorded',
    'eve: recorded',
    'tom: refused, subject-changed',
    'paid 4000 for 17, once, under 17/payment/pay#1',
    'tom: resolved',
    'completed, after 5 words on record',
    'reminded: mia,tom,eve',
    'failed: approval-expired',
  ]);
});
