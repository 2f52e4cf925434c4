/** What a gate thinks of values: every way in which two criteria can be met and missed, and every value that is none (P214, P215). */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Criterion, GateDecision } from '../../src/gates.ts';
import { judge, sayMissed } from '../../src/policies/gates.ts';

describe('a criterion', () => {
  test.each<[Criterion, number, string | null, number | null]>([
    [{ min: 80 }, 80, null, null],
    [{ min: 80 }, 79.9, 'below', 0.1],
    [{ min: 8.5 }, 8.4, 'below', 0.1],
    [{ max: 200 }, 200, null, null],
    [{ max: 200 }, 200.5, 'above', 0.5],
    [{ equals: 0 }, 0, null, null],
    [{ equals: 0 }, -0, null, null],
    [{ equals: 0 }, 3, 'different', 3],
    [{ min: 1, max: 3 }, 2, null, null],
    [{ min: 1, max: 3 }, 4, 'above', 1],
    [{ min: -5 }, -4, null, null],
    [{ min: Number.MAX_VALUE }, -Number.MAX_VALUE, 'below', Number.MAX_VALUE],
  ])('%j of %j', (criterion, value, reason, gap) => {
    const { missed } = judge({ it: criterion }, { it: value });
    expect(missed.map((miss) => [miss.reason, miss.gap])).toEqual(reason === null ? [] : [[reason, gap]]);
  });

  test.each<[unknown, string, unknown]>([
    [undefined, 'missing', null],
    [null, 'not-a-number', null],
    ['91', 'not-a-number', '91'],
    [true, 'not-a-number', true],
    [[91], 'not-a-number', 'an object'],
    [10n, 'not-a-number', 'a bigint'],
    [() => 91, 'not-a-number', 'a function'],
    [Number.NaN, 'not-finite', 'NaN'],
    [Number.POSITIVE_INFINITY, 'not-finite', 'Infinity'],
    ['x'.repeat(200), 'not-a-number', `${'x'.repeat(100)}…`],
  ])('is missed by %o, with a reason of its own', (value, reason, found) => {
    expect(judge({ it: { min: 80 } }, { it: value }).missed).toEqual([
      { metric: 'it', required: false, reason, wanted: 'at least 80', found, gap: null },
    ]);
  });

  test('is missed by what objects inherit', () => {
    const { missed } = judge({ toString: { min: 1 }, __proto__: null as never, constructor: { min: 1 } }, {});
    expect(missed.map(({ reason }) => reason)).toEqual(['missing', 'missing']);
  });
});

describe('the decision', () => {
  /** Two criteria, each required or not, each met or not: all sixteen, and what follows. */
  const cases: [boolean, boolean, boolean, boolean, GateDecision, number][] = [];
  for (const [firstRequired, secondRequired] of [
    [false, false],
    [false, true],
    [true, false],
    [true, true],
  ] as const)
    for (const [first, second] of [
      [false, false],
      [false, true],
      [true, false],
      [true, true],
    ] as const) {
      const isClosed = (firstRequired && !first) || (secondRequired && !second);
      const score = (Number(first) + Number(second)) * 50;
      cases.push([
        firstRequired,
        secondRequired,
        first,
        second,
        isClosed ? 'REJECT' : score === 100 ? 'APPROVE' : 'REVIEW',
        score,
      ]);
    }

  test.each(cases)(
    'required %j and %j, met %j and %j',
    (firstRequired, secondRequired, first, second, decision, score) => {
      const criteria = { a: { min: 1, required: firstRequired }, b: { min: 1, required: secondRequired } };
      expect(judge(criteria, { a: first ? 1 : 0, b: second ? 1 : 0 })).toMatchObject({
        decision,
        score,
        passed: score / 50,
        total: 2,
      });
    },
  );

  test.each<[number, number, GateDecision]>([
    [4, 80, 'APPROVE'],
    [4, 80.1, 'REVIEW'],
    [3, 60, 'APPROVE'],
    [0, 0, 'APPROVE'],
    [5, 100, 'APPROVE'],
    [4, 100, 'REVIEW'],
  ])('with %j of five met and a threshold of %j is %s', (met, threshold, decision) => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    const criteria = Object.fromEntries(names.map((name) => [name, { min: 1 }]));
    const values = Object.fromEntries(names.map((name, index) => [name, index < met ? 1 : 0]));
    expect(judge(criteria, values, { threshold }).decision).toBe(decision);
  });

  test('of no criteria is a mistake', () => {
    expect(() => judge({}, { a: 1 })).toThrow('at least one');
  });

  test('depends on nothing but criteria and values, and throws for no values whatever', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.anything()), fc.double(), (values, min) => {
        const criteria = {
          a: { min, required: true },
          ...Object.fromEntries(Object.keys(values).map((name) => [name, { min: 0 }])),
        };
        const once = judge(criteria, values);
        expect(judge(criteria, values)).toEqual(once);
        expect(once.passed + once.missed.length).toBe(once.total);
        expect(once.decision === 'REJECT').toBe(once.missed.some(({ required }) => required));
      }),
    );
  });
});

test('all that is missed is said, the required first, with how far it is away', () => {
  const judgement = judge(
    { speed: { min: 8.5 }, coverage: { min: 80, required: true }, size: { max: 10 } },
    { speed: 7, coverage: 71 },
  );
  expect(sayMissed(judgement)).toBe(
    'coverage is 71 and has to be at least 80, 9 away (required); speed is 7 and has to be at least 8.5, 1.5 away; size is null and has to be at most 10',
  );
});
