/** The order of several parcels: children that are waited for, one that signals back, and a cancel that reaches them. */
import { expect, test } from 'vitest';
import { main } from './main.ts';

test('an order waits for its parcels, hears of its invoice, and takes its parcels along when it is cancelled', async () => {
  const lines: string[] = [];
  await main((line) => lines.push(line));
  expect(lines).toEqual([
    'first/parcel: waiting',
    'second/parcel: waiting',
    'order-17 waits for a run',
    '["17: 3 kg, for acme","17: 5 kg, for acme"]',
    'order.billed: "invoice of 17"',
    'first/parcel: cancelled, the customer changed their mind',
    'second/parcel: cancelled, the customer changed their mind',
  ]);
});
