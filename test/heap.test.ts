/** The heap: whatever is pushed comes out with the least first. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Heap } from '../src/heap.ts';

const ascending = (left: number, right: number): number => left - right;

function drain<T>(heap: Heap<T>): T[] {
  const items: T[] = [];
  for (let item = heap.pop(); item !== undefined; item = heap.pop()) items.push(item);
  return items;
}

test('pops what was pushed, in order', () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), (items) => {
      const heap = new Heap(ascending);
      for (const item of items) heap.push(item);

      expect(heap.size).toBe(items.length);
      expect(drain(heap)).toEqual([...items].sort(ascending));
      expect(heap.size).toBe(0);
    }),
  );
});

test('agrees with a sorted list under any mixture of pushes and pops', () => {
  const step = fc.oneof(fc.integer(), fc.constant('pop' as const));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const heap = new Heap(ascending);
      let model: number[] = [];
      for (const next of steps) {
        if (next === 'pop') {
          expect(heap.pop()).toBe(model[0]);
          model = model.slice(1);
        } else {
          heap.push(next);
          model = [...model, next].sort(ascending);
        }
        expect([heap.peek(), heap.size]).toEqual([model[0], model.length]);
      }
    }),
  );
});

test('an empty one has nothing to peek at or to pop, and can be filled again', () => {
  const heap = new Heap(ascending);
  expect([heap.peek(), heap.pop(), heap.size]).toEqual([undefined, undefined, 0]);

  heap.push(7);
  expect([heap.peek(), heap.pop(), heap.pop(), heap.size]).toEqual([7, 7, undefined, 0]);
});

test('keeps the order of equals when the comparison has a second key, as timers do', () => {
  const heap = new Heap<readonly [number, number]>((left, right) => left[0] - right[0] || left[1] - right[1]);
  for (let order = 0; order < 100; order += 1) heap.push([order % 3, order]);

  const popped = drain(heap);
  expect(popped.map(([due]) => due)).toEqual([...popped.map(([due]) => due)].sort(ascending));
  for (const due of [0, 1, 2]) {
    const orders = popped.filter((item) => item[0] === due).map(([, order]) => order);
    expect(orders).toEqual([...orders].sort(ascending));
  }
});

test('compares about as often as the logarithm of the size', () => {
  let comparisons = 0;
  const heap = new Heap<number>((left, right) => {
    comparisons += 1;
    return left - right;
  });
  const size = 65_536;
  for (let item = size; item > 0; item -= 1) heap.push(item);
  expect(comparisons).toBeLessThanOrEqual(size * 16);

  comparisons = 0;
  drain(heap);
  expect(comparisons).toBeLessThanOrEqual(size * 32);
});
