/** An order that is paid, and one that is not. */
import { expect, test } from 'vitest';
import { main } from './main.ts';

test('a payment in time is shipped; without one the stock is given back, and nothing after the wait runs', async () => {
  const lines: string[] = [];
  const { parcel, end, steps } = await main((line) => lines.push(line));

  expect(parcel).toBe('hold-17 is on its way to mia');
  expect(end).toBe('not paid in time: hold-18 is given back');
  expect(lines[0]).toBe('42 cents for order 17: refused, payload-invalid');
  expect(lines.at(-1)).toBe('900 cents for order 18: refused, run-ended');
  expect(steps['sale/payment/onTimeout/stock']?.status).toBe('completed');
  expect(steps['sale/parcel']?.status).toBe('skipped');
});
