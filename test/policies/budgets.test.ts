/**
 * What is spent of a budget, played by chance and by hand: no stretch of time has more in it than the limit (B1), what fits is
 * not refused (B2), and when there is room again. Time is a number that the test moves.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Ledger } from '../../src/policies/budgets/ledger.ts';

const PER = 100;

/** Takes what fits, as a box does; answers with why it does not. */
function take(ledger: Ledger, id: string, at: number, limit: number, cost = 1) {
  const over = ledger.overspent({ id, cost }, limit, at);
  if (over === null) {
    ledger.take({ id, at, cost });
    ledger.keep(id);
    ledger.begin(id);
  }
  return over;
}

describe('what is spent counts', () => {
  test.each<[string, number, readonly (readonly [at: number, cost: number])[], number, number, object | null]>([
    [
      'what fits',
      3,
      [
        [0, 1],
        [10, 1],
      ],
      20,
      1,
      null,
    ],
    [
      'one too many',
      2,
      [
        [0, 1],
        [10, 1],
      ],
      20,
      1,
      { spent: 2, resetsAt: 100 },
    ],
    [
      'a moment before the first falls out',
      2,
      [
        [0, 1],
        [10, 1],
      ],
      99,
      1,
      { spent: 2, resetsAt: 100 },
    ],
    [
      'when the first has fallen out',
      2,
      [
        [0, 1],
        [10, 1],
      ],
      100,
      1,
      null,
    ],
    [
      'one that needs the room of two',
      4,
      [
        [0, 1],
        [10, 1],
        [20, 2],
      ],
      30,
      2,
      { spent: 4, resetsAt: 110 },
    ],
    ['one that costs more than there is', 4, [], 0, 5, { spent: 0, resetsAt: null }],
    ['one that costs nothing, of what is spent', 2, [[0, 2]], 20, 0, null],
    ['ten tenths', 1, new Array(9).fill([0, 0.1]), 0, 0.1, null],
    ['eleven tenths', 1, new Array(10).fill([0, 0.1]), 0, 0.1, { resetsAt: 100 }],
  ])('%s', (_, limit, before, now, cost, expected) => {
    const ledger = new Ledger(PER);
    before.forEach(([at, spent], index) => void ledger.take({ id: `${index}`, at, cost: spent }));
    const found = ledger.overspent({ id: 'x', cost }, limit, now);
    if (expected === null) expect(found).toBe(null);
    else expect(found).toMatchObject(expected);
  });

  test('once: one of this process that the store has, too, and one that is made again', () => {
    const ledger = new Ledger(PER);
    take(ledger, 'a', 0, 2);
    ledger.learn([{ id: 'a', at: 0, cost: 1 }], [{ id: 'a', at: 0, cost: 1 }]);
    expect(ledger.overspent({ id: 'b', cost: 1 }, 2, 1)).toBe(null);
    expect(ledger.overspent({ id: 'a', cost: 1 }, 1, 1)).toBe(null);
    expect([ledger.has('a', 1), ledger.has('a', 100), ledger.has('b', 1)]).toEqual([true, false, false]);
  });

  test('what the store has: for good, or until it is read again', () => {
    const ledger = new Ledger(PER);
    ledger.learn([{ id: 'a', at: 0, cost: 1 }], [{ id: 'b', at: 0, cost: 1 }]);
    expect(ledger.overspent({ id: 'x', cost: 1 }, 2, 1)).toMatchObject({ spent: 2 });
    ledger.learn([], []);
    expect(ledger.overspent({ id: 'x', cost: 1 }, 2, 1)).toBe(null);
    expect(ledger.overspent({ id: 'x', cost: 2 }, 2, 1)).toMatchObject({ spent: 1 });
  });

  test('not what was taken back, nor, for whether the store has it, what is only about to be kept', () => {
    const ledger = new Ledger(PER);
    ledger.take({ id: 'a', at: 0, cost: 1 });
    expect([ledger.has('a', 1), ledger.isKept(1), ledger.isKept(100)]).toEqual([false, false, true]);
    ledger.drop('a');
    expect(ledger.overspent({ id: 'x', cost: 1 }, 1, 1)).toBe(null);
  });
});

test('of those that two processes take at once, the last of each finds that it is one too many', () => {
  const ledger = new Ledger(PER);
  ledger.take({ id: 'mine', at: 0, cost: 1 });
  ledger.take({ id: 'my last', at: 0, cost: 1 });
  ledger.learn([], [{ id: 'another’s', at: 0, cost: 1 }]);
  expect([ledger.isOver('mine', 2, 1), ledger.isOver('my last', 2, 1)]).toEqual([false, true]);
});

test('a hundred thousand entries are asked about as quickly as ten, and room is found once', () => {
  const ledger = new Ledger(PER);
  const many = Array.from({ length: 100_000 }, (_, at) => ({ id: `${at}`, at: at / 2_000, cost: 1 }));
  ledger.learn(many, []);
  const room = ledger.overspent({ id: 'x', cost: 1 }, 100_000, 60);
  const rooms = new Set<unknown>();
  for (let count = 0; count < 100_000; count += 1)
    rooms.add(ledger.overspent({ id: 'x', cost: 1 }, 100_000, 60)?.resetsAt);
  expect([...rooms]).toEqual([room?.resetsAt]);
  expect(room).toEqual({ spent: 100_000, resetsAt: PER });
  expect(ledger.overspent({ id: 'x', cost: 1 }, 100_000, PER)).toBe(null);
});

test('by chance: no stretch has more in it than the limit, what fits is not refused, and room comes when it was said', () => {
  const course = fc.record({
    limit: fc.integer({ min: 1, max: 6 }),
    asks: fc.array(fc.record({ after: fc.nat(60), cost: fc.integer({ min: 0, max: 4 }), isOthers: fc.boolean() }), {
      maxLength: 40,
    }),
  });
  fc.assert(
    fc.property(course, ({ limit, asks }) => {
      const ledger = new Ledger(PER);
      const taken: { id: string; at: number; cost: number }[] = [];
      const others: typeof taken = [];
      const within = (from: number, to: number): number =>
        taken.filter(({ at }) => at > from && at <= to).reduce((sum, { cost }) => sum + cost, 0);
      let now = 0;
      for (const [index, { after, cost, isOthers }] of asks.entries()) {
        now += after;
        const spent = within(now - PER, now);
        const entry = { id: `${index}`, at: now, cost };
        const over = isOthers ? ledger.overspent(entry, limit, now) : take(ledger, entry.id, now, limit, cost);
        expect(over === null).toBe(spent + cost <= limit);
        if (over === null) {
          taken.push(entry);
          // Another process has it, and this one reads it.
          if (isOthers) others.push(entry);
          ledger.learn([], [...others]);
          expect(within(now - PER, now)).toBeLessThanOrEqual(limit);
          continue;
        }
        expect(over.spent).toBe(spent);
        if (cost > limit) expect(over.resetsAt).toBe(null);
        else {
          const { resetsAt } = over as { resetsAt: number };
          expect(within(resetsAt - PER, now) + cost).toBeLessThanOrEqual(limit);
          expect(within(resetsAt - 1 - PER, now) + cost).toBeGreaterThan(limit);
        }
      }
    }),
  );
});
