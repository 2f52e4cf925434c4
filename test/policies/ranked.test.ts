/** The heap whose items know their place, beside a list that is sorted each time. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Placed, Ranked } from '../../src/policies/limits/ranked.ts';

interface Item extends Placed {
  rank: number;
}

const course = fc.array(fc.tuple(fc.constantFrom('put', 'move', 'remove'), fc.nat(30), fc.nat(100)), {
  maxLength: 200,
  size: 'max',
});

test('its first one has the least rank, whatever was put in, moved and taken out', () => {
  fc.assert(
    fc.property(course, (steps) => {
      const heap = new Ranked<Item>((left, right) => left.rank < right.rank);
      const items = new Set<Item>();
      for (const [what, which, rank] of steps) {
        const item = what === 'put' ? { rank, at: -1 } : [...items][which % Math.max(1, items.size)];
        if (item === undefined) continue;
        item.rank = rank;
        if (what === 'remove') heap.remove(item);
        else heap.put(item);
        if (what === 'remove') items.delete(item);
        else items.add(item);
        expect(heap.size).toBe(items.size);
        expect(heap.peek()?.rank).toBe(items.size === 0 ? undefined : Math.min(...[...items].map((each) => each.rank)));
      }
      const order: number[] = [];
      for (let first = heap.peek(); first !== undefined; first = heap.peek()) {
        order.push(first.rank);
        heap.remove(first);
      }
      expect(order).toEqual([...order].sort((a, b) => a - b));
    }),
  );
});
