/** The builders of steps that have others in them, and of those that ask somebody: rows of `every-fault.test.ts`. */
import { track } from '../../src/dsl/index.ts';
import { ASKED, ASKED_TOGETHER } from './asked-options.ts';
import * as give from './option-values.ts';
import { Any, fails, gives, type Loose, NONSENSE, one, other, type Part, step, TWO, work } from './option-values.ts';
import { called } from './what-came-of-it.ts';

const CHOOSING: readonly Part[] = [
  step(
    'branch by predicates',
    {
      base: { when: [[one, work]] },
      instead: NONSENSE,
      options: {
        when: [
          ...NONSENSE,
          ...NONSENSE.map((each) => [each]),
          ...give.MAPPERS.map((when) => [[when, work]]),
          ...give.MAPPERS.map((when) => [
            [when, work],
            [one, other],
          ]),
          ...give.USES.map((use) => [[one, use]]),
          [[one, work, one]],
          [
            [one, work],
            [one, work],
            [one, other],
            [one, { do: work, input: one }],
          ],
        ],
        otherwise: give.USES,
        all: give.FLAGS,
        on: [one],
        routes: [{ a: work }],
      },
      together: [
        { when: undefined },
        { when: [], otherwise: work },
        { when: [[undefined, work]], otherwise: work },
        {
          when: [
            [one, work],
            [undefined, other],
          ],
          otherwise: work,
        },
        {
          when: [
            [undefined, work],
            [one, other],
          ],
          otherwise: null,
        },
        { whne: 1 },
      ],
    },
    (t, given) => t.branch('x', given),
  ),
  step(
    'branch by a key',
    {
      base: { on: one, routes: { a: work } },
      options: {
        on: give.MAPPERS,
        routes: [...NONSENSE, ...give.USES.map((a) => ({ a })), TWO, { otherwise: work }, { '': work }],
        otherwise: [undefined, null, other],
        all: give.FLAGS,
      },
      together: [{ routes: { otherwise: work }, otherwise: other }, { when: [[one, work]] }],
    },
    (t, given) => t.branch('x', given),
  ),
  step('parallel, its members', { instead: [...NONSENSE, ...give.USES.map((a) => ({ a })), TWO] }, (t, given) =>
    t.parallel('x', given),
  ),
  step(
    'parallel',
    { base: {}, instead: NONSENSE, options: { strategy: give.STRATEGIES, concurrency: give.COUNTS } },
    (t, given) => t.parallel('x', TWO, given),
  ),
  step(
    'group, its steps',
    {
      instead: [
        ...NONSENSE,
        fails,
        called('(t) => t', (t: Loose) => t),
        called('(t) => t.output(…)', (t: Loose) => t.step('s', work).output(one)),
        called('(t) => t.step().step()', (t: Loose) => t.step('a', work).step('b', other)),
        called('(t) => t with the same name twice', (t: Loose) => t.step('a', work).step('a', other)),
        called('(t) => t with what is wrong in it', (t: Loose) => t.step('a', undefined).sleep('b', 'x')),
      ],
    },
    (t, given) => t.group('x', given),
  ),
  step('group', { base: {}, instead: NONSENSE, options: { onError: give.USES } }, (t, given) =>
    t.group('x', (inner: Loose) => inner.step('a', work).step('b', other), given),
  ),
  step(
    'map',
    {
      base: { over: gives([1]), each: work },
      instead: NONSENSE,
      options: {
        over: [...give.MAPPERS, [1, 2], { a: 1 }, '1..3', '3..1', '1..', [1n], [new Date(0)], new Map(), new Set([1])],
        each: give.USES,
        filter: give.MAPPERS,
        mode: give.oneOf('parallel', 'sequential'),
        strategy: give.STRATEGIES,
        concurrency: give.COUNTS,
        batch: give.COUNTS,
        collect: give.FLAGS,
      },
      together: [
        ...[undefined, null, 0, 1, 2, 64, Number.POSITIVE_INFINITY].map((concurrency) => ({
          mode: 'sequential',
          concurrency,
        })),
        { batch: 2, collect: false, filter: one },
      ],
    },
    (t, given) => t.map('x', given),
  ),
  step(
    'loop',
    {
      base: { body: work, until: one },
      instead: NONSENSE,
      options: {
        body: give.USES,
        while: give.MAPPERS,
        until: give.MAPPERS,
        maxIterations: [...give.COUNTS, 1_000],
        onLimit: give.oneOf('fail', 'stop'),
        accumulate: give.MAPPERS,
        from: [...NONSENSE, false, { a: [1] }, 1n],
        keepLast: give.COUNTS,
      },
      together: [
        { until: undefined },
        { until: undefined, while: one },
        { until: undefined, onLimit: 'stop' },
        { unitl: one },
      ],
    },
    (t, given) => t.loop('x', given),
  ),
];

const CRITERIA: readonly unknown[] = [
  ...NONSENSE,
  ...NONSENSE.map((n) => ({ n })),
  ...[...NONSENSE, Number.POSITIVE_INFINITY, '1'].flatMap((each) => [
    { n: { min: each } },
    { n: { max: each } },
    { n: { equals: each } },
  ]),
  ...give.FLAGS.map((required) => ({ n: { min: 1, required } })),
  { n: { min: 2, max: 1 } },
  { n: { min: '2', max: 1 } },
  { n: { min: 2, max: '1' } },
  { n: { min: 1, max: 1 } },
  { n: { min: 1, minn: 1 } },
  {
    'first.n': { min: 1 },
    'first.deep.n': { min: 9 },
    'first.n.x': { min: 1 },
    'first.no': { min: 1 },
    'first.none.x': { min: 1 },
  },
  { 'nowhere.n': { min: 1 } },
];
const odd = (): object => ({
  n: Number.NaN,
  m: Number.POSITIVE_INFINITY,
  t: 'x',
  b: true,
  z: null,
  o: {},
  f: one,
  p: Promise.reject(7),
});
const ODD = Object.fromEntries([...'nmtbzofp'].map((metric) => [metric, { min: 1 }]));
const measured = called('() => values of all sorts', odd);

const ASKING: readonly Part[] = [
  step(
    'approval',
    { base: { ask: 'Well?' }, instead: NONSENSE, options: ASKED, together: [...ASKED_TOGETHER, { aks: 'Well?' }] },
    (t, given) => t.approval('x', given),
  ),
  step(
    'gate',
    {
      base: { criteria: { n: { min: 1 } }, values: gives({ n: 1 }) },
      instead: NONSENSE,
      options: {
        criteria: CRITERIA,
        values: [...give.MAPPERS, gives(undefined), gives({}), gives({ n: 'x' }), gives(Promise.resolve({ n: 1 }))],
        threshold: [...give.SHARES, 80, 100, 100.1],
        steps: [...NONSENSE, [1], ['first'], ['first', 'nowhere']],
        min: [...NONSENSE, { n: 3 }, { m: 2 }, { m: '2' }],
        review: [...NONSENSE, { ask: 'Well?' }, { ask: 1 }, { value: Any }, { decisions: ['retry'] }, { aks: 'Well?' }],
        override: [...NONSENSE, { roles: ['r'] }, { roles: 'r' }, { roles: [''] }, { users: ['a'] }],
        action: [undefined, null, 1, 'x', { do: work, input: one }, track('a', { input: Any }).step('s', work)],
      },
      together: [
        { criteria: undefined },
        { criteria: undefined, steps: ['first'] },
        { criteria: undefined, values: undefined, steps: ['first'], min: { n: 1, 'deep.n': 1, no: 1 } },
        { criteria: undefined, values: undefined, min: { 'first.n': 1 } },
        { criteria: undefined, values: undefined, min: { 'firts.n': 1 } },
        { values: undefined },
        { criteria: ODD, values: measured },
        { critera: {} },
      ],
    },
    (t, given) => t.gate('x', given),
  ),
];

export const PARENTS: readonly Part[] = [...CHOOSING, ...ASKING];
