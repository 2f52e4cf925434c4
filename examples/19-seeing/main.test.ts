/** What is said and drawn of an order that waits, is packed and arrives. */
import { expect, test } from 'vitest';
import { main } from './main.ts';

test('the run is drawn, explained, and seen in time', async () => {
  const lines: string[] = [];
  const { definition, underWay, timeline } = await main((line) => lines.push(line));
  expect(lines[0]).toBe('the chart has 24 events; its states begin in "running"');
  expect(lines[1]).toContain('│  └─ paid  signal "paid", within 2d\n');
  expect(lines[2]).toBe('waiting for signal "paid" since 2 h; times out in 46 h (payment/paid)');
  expect(lines[3]).toContain('    The last attempt failed: the lamp is out of stock\n');
  expect(lines[3]).toContain('  parcels/courier: waits for parcels/lines\n');
  expect(lines[4]).toContain('│  ├─ ● lines  [█▒█] 2 completed, 1 retrying ');
  expect(lines[5]).toContain('      1                   ✓                                 ▓░█\n');
  expect(lines.slice(6)).toEqual([
    'most of the time it waited at payment/paid',
    'after event 6 it was waiting, and payment/paid waiting',
    'never reached: payment/paid/onTimeout, news/how/mail',
  ]);
  for (const svg of [definition, underWay, timeline]) expect(svg).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
});
