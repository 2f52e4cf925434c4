/** Identity and chance (I4): ids that do not collide, and a chance that is the same again after a crash. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chanceOf, randomIds, stepIdOf } from '../src/ids.ts';
import { checkId } from '../src/runtime/starts.ts';

describe('the chance of a key', () => {
  test('is from 0 up to but not including 1', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (key) => {
        const chance = chanceOf(key);
        expect(chance).toBeGreaterThanOrEqual(0);
        expect(chance).toBeLessThan(1);
      }),
    );
  });

  test('is the same in every process: delays that are kept were computed from it (I4)', () => {
    expect(['', 'order-17/payment/charge#1', 'order-17/payment/charge#2'].map(chanceOf)).toEqual([
      0.6689221884589642, 0.231750322971493, 0.1744342166930437,
    ]);
    fc.assert(
      fc.property(fc.string(), (key) => {
        const first = chanceOf(key);
        expect(chanceOf(key)).toBe(first);
      }),
    );
  });

  test('is spread evenly over the keys of one run', () => {
    const buckets = new Array<number>(20).fill(0);
    for (let step = 0; step < 20_000; step += 1) {
      const at = Math.floor(chanceOf(`order-17/lines/${step}/ship#1`) * buckets.length);
      buckets[at] = (buckets[at] ?? 0) + 1;
    }

    // A thousand are expected in each; more than five standard deviations off is no accident.
    for (const count of buckets) expect(Math.abs(count - 1_000)).toBeLessThan(160);
  });

  test('has nothing to do with that of the next attempt', () => {
    let rising = 0;
    for (let attempt = 1; attempt <= 2_000; attempt += 1) {
      if (chanceOf(`order-17/payment/charge#${attempt}`) < chanceOf(`order-17/payment/charge#${attempt + 1}`))
        rising += 1;
    }

    expect(rising).toBeGreaterThan(850);
    expect(rising).toBeLessThan(1_150);
  });
});

test('an id is 21 characters that need no escaping and that keys can be made of', () => {
  const ids = new Set(Array.from({ length: 10_000 }, () => randomIds()));

  expect(ids.size).toBe(10_000);
  for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-]{21}$/);
});

test('the id that follows from a step’s attempt can be that of a run, and each attempt of each step has its own', () => {
  const ids = [
    stepIdOf('r', 't/a', 1),
    stepIdOf('r', 't/a', 2),
    stepIdOf('r', 'u/a', 1),
    stepIdOf('s', 't/a', 1),
    stepIdOf('r'.repeat(200), `t/${'a'.repeat(200)}`, 1),
    stepIdOf(`${'r'.repeat(99)}😀`, `t/${'a'.repeat(59)}😀`, 1),
  ];
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) expect(() => checkId('id', id)).not.toThrow();
  expect(ids[0]).toMatch(/^r\.a\.[0-9a-f]{20}$/);
  expect(stepIdOf('r', 't/a', 1)).toBe(ids[0]);
});
