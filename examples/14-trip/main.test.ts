import { expect, test } from 'vitest';
import { books, main } from './main.ts';

test('what was booked is given back, when the trip fails and when somebody asks for it (P70)', async () => {
  const lines: string[] = [];
  const { status, compensation, later } = await main((line) => lines.push(line));

  expect(status).toBe('compensated');
  expect(compensation).toEqual({ undone: ['flight/book', 'hotel/book'], failed: [], kept: ['rest/letter'] });
  expect(later.status).toBe('compensated');
  expect([...books]).toEqual([]);
  expect(lines).toEqual([
    'Rome: car in Rome, booked: flight to Rome, hotel in Rome, car in Rome',
    'Oslo: compensated, because of rest/car: no car left in Oslo',
    'given back: flight/book, hotel/book; stays: rest/letter',
    'Rome, a week later: compensated, booked: nothing',
  ]);
});
