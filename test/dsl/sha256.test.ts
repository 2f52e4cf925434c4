/** The hash that a run is pinned to, against Node's own. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sha256 } from '../../src/sha256.ts';

const nodes = (text: string): string => createHash('sha256').update(text).digest('hex');

test('texts of every length around the size of a block have the hash that Node makes of them', () => {
  for (let length = 0; length <= 200; length += 1) expect(sha256('x'.repeat(length))).toBe(nodes('x'.repeat(length)));
});

test('any text, half surrogates included, has the hash that Node makes of it', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => sha256(text) === nodes(text)));
  expect(sha256('\ud800')).toBe(nodes('\ud800'));
});

test('a text of several megabytes has the hash that Node makes of it', () => {
  const text = 'payment/charge | task | charge | 5 attempts\n'.repeat(50_000);
  expect(sha256(text)).toBe(nodes(text));
});
