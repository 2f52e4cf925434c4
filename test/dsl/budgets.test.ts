/** Budgets where they are declared (S38): what is made of them, and what is refused, each with its option and the value. */
import { describe, expect, test } from 'vitest';
import { defineTrack, orchestrator, planOf, task, track } from '../../src/dsl/index.ts';
import { structureOf } from '../../src/dsl/structure.ts';
import { faultList, faultText, Nothing, Order } from './fixtures.ts';

const body = { input: Order, output: Nothing, run: () => ({}) };
const of = (options: object) => task('draw', { ...body, ...options } as typeof body).definition;
const key = () => 'k';
const cost = () => 2;

describe('what is made of', () => {
  test.each<[object, object[]]>([
    [{}, []],
    [{ budget: { limit: 10, per: '1d' } }, [{ limit: 10, per: 86_400_000, key: undefined, cost: 1, name: undefined }]],
    [
      { budget: { limit: 0.5, per: 1, key, cost, name: 'images' } },
      [{ limit: 0.5, per: 1, key, cost, name: 'images' }],
    ],
    [
      {
        budget: [
          { limit: 1, per: '1h', cost: 0 },
          { limit: 9, per: '1d' },
        ],
      },
      [{ cost: 0 }, { limit: 9 }],
    ],
  ])('%j', (options, budgets) => {
    expect(of(options).budgets).toMatchObject(budgets);
  });

  test('a document has the budgets of its tasks', () => {
    const draw = task('draw', { ...body, budget: { limit: 10, per: '1d' } });
    const document = defineTrack({
      name: 't',
      input: Order,
      registry: { draw },
      tasks: [{ task: 'draw', input: ({ input }) => input }],
    });
    const [step] = document.definition.is === 'track' ? document.definition.steps : [];
    expect(step?.body).toMatchObject({ budgets: [{ limit: 10, per: 86_400_000 }] });
  });
});

describe('what is refused:', () => {
  test.each<[unknown, string]>([
    [10, 'The option "budget" cannot be 10: give an object.'],
    [null, 'The option "budget" cannot be null: give an object.'],
    [{}, '"budget.limit" cannot be undefined: it takes a number above 0'],
    [{ limit: 0, per: '1d' }, '"budget.limit" cannot be 0'],
    [{ limit: -1, per: '1d' }, '"budget.limit" cannot be -1'],
    [{ limit: Number.NaN, per: '1d' }, '"budget.limit" cannot be NaN'],
    [{ limit: Number.POSITIVE_INFINITY, per: '1d' }, '"budget.limit" cannot be Infinity'],
    [{ limit: '10', per: '1d' }, '"budget.limit" cannot be "10"'],
    [{ limit: 10 }, `"budget.per" cannot be undefined: it takes a duration above 0, like '1d'`],
    [{ limit: 10, per: 'day' }, '"budget.per" cannot be "day"'],
    [{ limit: 10, per: 0 }, '"budget.per" cannot be 0'],
    [{ limit: 10, per: -1 }, '"budget.per" cannot be -1'],
    [{ limit: 10, per: '1d', key: 'customer' }, '"budget.key" cannot be "customer": it takes a function.'],
    [{ limit: 10, per: '1d', cost: -1 }, '"budget.cost" cannot be -1: it takes a number from 0, or a function'],
    [{ limit: 10, per: '1d', cost: Number.NaN }, '"budget.cost" cannot be NaN'],
    [{ limit: 10, per: '1d', cost: 'cheap' }, '"budget.cost" cannot be "cheap"'],
    [{ limit: 10, per: '1d', name: '' }, '"budget.name" cannot be ""'],
    [{ limit: 10, per: '1d', name: 7 }, '"budget.name" cannot be 7'],
    [{ limit: 10, per: '1d', burst: 2 }, 'cannot have "burst"'],
    [
      [
        { limit: 10, per: '1d' },
        { limit: 10, every: '1d' },
      ],
      'The option "budget" (number 2) cannot have "every"',
    ],
  ])('%j', (budget, message) => {
    const definition = of({ budget });
    expect(new Set(faultList({ definition }).map((line) => line.split(' ')[1]))).toEqual(new Set(['draw']));
    expect(faultText({ definition })).toContain(message);
  });
});

test('a run is not pinned to budgets: they may be others in the next process', () => {
  const hashOf = (options: object) => {
    const draw = task('draw', { ...body, input: Nothing, ...options } as never);
    const flow = orchestrator('flow', { version: '1', input: Nothing }).track(
      't',
      track('t', { input: Nothing }).step('s', draw as never),
    );
    return structureOf(planOf(flow)).hash;
  };
  expect(hashOf({ budget: { limit: 10, per: '1d' } })).toBe(hashOf({}));
});
