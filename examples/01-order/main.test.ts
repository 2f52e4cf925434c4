/** The order example comes to its result, and its bank was asked twice. */
import { expect, test } from 'vitest';
import { main } from './main.ts';

test('the order is charged at the second attempt and shipped once payment and review are done (S2, S10)', async () => {
  const lines: string[] = [];
  const result = await main((line) => lines.push(line));

  expect(result).toEqual({
    receipt: '4200 cents, order-17/payment/receipt#2',
    parcel: 'parcel for 17, asked for under the key order-17/delivery/parcel#1',
    risk: 0.1,
  });
  expect(lines.filter((line) => line.includes('step.retrying'))).toEqual([
    expect.stringContaining('payment/receipt  the bank is busy; again in 200 ms'),
  ]);
  expect(lines.findIndex((line) => line.includes('track.started    delivery'))).toBeGreaterThan(
    lines.findIndex((line) => line.includes('track.completed  payment')),
  );
  expect(lines.at(-2)).toMatch(/^100 % {2}run\.completed/);
});
