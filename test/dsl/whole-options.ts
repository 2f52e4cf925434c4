/** The builders of tasks, tracks and orchestrators, and of the steps that use a body: rows of `every-fault.test.ts`. */
import { compositeTrack, orchestrator, program, task, track } from '../../src/dsl/index.ts';
import { WHERE } from './asked-options.ts';
import { untyped } from './fixtures.ts';
import * as give from './option-values.ts';
import {
  Any,
  first,
  flow,
  gives,
  type Loose,
  NONSENSE,
  one,
  other,
  type Part,
  step,
  TWO,
  waits,
  work,
} from './option-values.ts';
import { called, type Made } from './what-came-of-it.ts';

/** Somebody is asked at every sort of place; `at` one of them stands who may not have decided at `name`. */
function askedEverywhere([at, name]: readonly [at: string, name: string]): Made {
  const asks = (here: string) => ({ ask: here, ...(here === at ? { excluded: { decidersOf: name } } : {}) });
  const asked = (called: string, here = called) =>
    untyped(track)(called, { input: Any }).approval(`${called}-ask`, asks(here));
  const main = untyped(track)('t', { input: Any })
    .approval('early', asks('in a track'))
    .group('g', (t: Loose) => t.approval('g1', asks('first in a group')).approval('g2', asks('in a group')), {
      onError: asked('rescue', 'in an onError'),
    })
    .parallel('p', { left: asked('left', 'beside'), right: asked('right') })
    .approval('late', asks('at the end'));
  const pair = compositeTrack('c', {
    tracks: { a: asked('a', 'first member'), b: asked('b', 'second member') },
    after: { b: ['a'] },
  } as Loose);
  return untyped(orchestrator)('o', { version: '1', input: Any, approval: asks('before all') })
    .track('before', asked('before', 'first track'))
    .track('beside', asked('beside', 'track beside'))
    .track('t', main, { after: ['before'] })
    .track('c', pair, { after: ['t'] });
}
const PLACES = [
  ...['in a track', 'first in a group', 'in a group', 'in an onError', 'beside', 'at the end'],
  ...['first member', 'second member', 'before all', 'first track', 'track beside'],
];
const ASKED_THERE = ['x', 'early', 'g', 'before', 'a', 't/late'];

export const WHOLE: readonly Part[] = [
  {
    of: 'task',
    make: (given) => task('mine', given),
    base: { input: Any, output: Any },
    instead: NONSENSE,
    options: {
      input: give.SCHEMAS,
      output: give.SCHEMAS,
      run: give.FUNCTIONS,
      compensate: give.UNDOING,
      irreversible: give.FLAGS,
      cleanup: give.FUNCTIONS,
      cleanupTimeout: give.DURATIONS,
      retry: give.RETRIES,
      timeout: give.DURATIONS,
      totalTimeout: give.DURATIONS,
      heartbeat: give.DURATIONS,
      concurrency: give.LIMITS,
      rate: give.RATES,
      budget: give.BUDGETS,
      priority: [...give.COUNTS, waits],
      approval: NONSENSE,
      review: NONSENSE,
      hooks: give.HOOKS,
      cache: give.CACHES,
    },
    together: [
      ...[1, 2, 3].flatMap((each) => [
        { timeout: each, totalTimeout: 2 },
        { timeout: 2, heartbeat: each },
        { heartbeat: each, totalTimeout: 2 },
      ]),
      { irreversible: true, compensate: one },
      { review: { ask: 'Well?' }, compensate: one },
      { cache: { ttl: 1 }, compensate: one },
      { concurrency: 1, rate: { limit: 2, per: 3 } },
      { naem: 'x' },
    ],
  },
  ...['approval', 'review'].map(
    (option): Part => ({
      of: `the ${option} of a task`,
      make: (given) => task('mine', untyped({ input: Any, output: Any, [option]: given })),
      base: { ask: 'Well?' },
      options: WHERE,
      together: [{ aks: 'Well?' }, { expires: '1h', quorum: 2 }],
    }),
  ),
  {
    of: 'the approval of an orchestrator',
    below: '~approval',
    make: (given) => untyped(orchestrator)('o', { version: '1', input: Any, approval: given }).track('t', work),
    base: { ask: 'Well?' },
    options: WHERE,
    together: [{ aks: 'Well?' }, { excluded: { decidersOf: 't' } }],
  },
  {
    of: 'decidersOf, by where it is said',
    below: 'none',
    make: askedEverywhere,
    base: ['at the end', 'early'],
    instead: PLACES.flatMap((at) => ASKED_THERE.map((name) => [at, name])),
  },
  {
    of: 'the gate of a phase',
    below: 'build',
    make: (gate) =>
      untyped(program)('p', {
        version: '1',
        input: Any,
        phases: { build: { tasks: { made: { do: work, input: one } }, gate } },
      }),
    base: { criteria: { 'made.n': { min: 1 } } },
    instead: NONSENSE,
    options: {
      values: give.MAPPERS,
      steps: [['made'], ['nowhere']],
      min: [{ 'made.n': 2 }, { 'nowhere.n': 2 }],
      action: [other],
    },
  },
  {
    of: 'a second task',
    below: 't',
    make: (second) => flow(first().step('second', second)),
    base: other,
    instead: [work, called('another that is called "work"', task('work', { input: Any, output: Any }))],
  },
  {
    of: 'a second step, its name',
    below: 'none',
    make: (name) => flow(first().step(name, other)),
    base: 'x',
    instead: [...NONSENSE, 'first', 'a/b', 'constructor', 'n'.repeat(200), 'n'.repeat(201)],
  },
  step('step, its body', { instead: [...give.BODIES, 'x'] }, (t, given) => t.step('x', given)),
  step('step, its mapper', { instead: give.MAPPERS }, (t, given) => t.step('x', work, given)),
  step(
    'step',
    {
      base: {},
      instead: NONSENSE,
      options: {
        compensate: give.UNDONE,
        irreversible: give.FLAGS,
        optional: give.FLAGS,
        permissive: give.FLAGS,
        cache: give.CACHED,
      },
      together: [
        { optional: true, permissive: true },
        { cache: { ttl: 1 }, compensate: one },
        { compensate: one, irreversible: true },
        { optinal: true },
      ],
    },
    (t, given) => t.step('x', work, undefined, given),
  ),
  {
    of: 'track',
    below: 't',
    make: (given) => flow(untyped(track)('t', given).step('s', work)),
    base: { input: Any },
    instead: NONSENSE,
    options: { input: give.SCHEMAS, bodies: give.BODIES_LIMITS, deadline: give.DURATIONS, hooks: give.HOOKED },
    together: [{ inptu: Any }],
  },
  {
    of: 'track, its output',
    below: 't',
    make: (given) => flow(first().output(given)),
    instead: [...give.MAPPERS, gives(null), called('({ previous }) => previous', ({ previous }: Loose) => previous)],
  },
  { of: 'track without a step', below: 't', make: () => flow(track('t', { input: Any })), instead: ['nothing'] },
  {
    of: 'composite track',
    below: 't',
    make: (given) => flow(untyped(compositeTrack)('c', given)),
    base: { tracks: TWO },
    instead: NONSENSE,
    options: {
      input: give.SCHEMAS,
      tracks: [...NONSENSE, ...give.USES.map((a) => ({ a })), { a: work }],
      strategy: give.STRATEGIES,
      concurrency: give.COUNTS,
      merge: [
        ...give.FUNCTIONS,
        called('(ordered, named) => …', (ordered: unknown, named: unknown) => [ordered, named]),
      ],
      after: [
        ...NONSENSE,
        { a: 'b' },
        { a: ['b'] },
        { a: [] },
        { a: ['a'] },
        { a: ['c'] },
        { c: ['a'] },
        { a: [1] },
        { a: ['b'], b: ['a'] },
      ],
      deadline: give.DURATIONS,
    },
    together: [
      ...['failFast', 'waitAll', 'bestEffort', 'race', 'x', { quorum: 2 }].map((strategy) => ({
        merge: waits,
        strategy,
      })),
      { tracks: { a: work, b: { do: other, input: gives(1) }, c: work }, after: { c: ['b', 'a'], b: ['a'] } },
      { tracks: {}, merge: waits },
      { tracks: { constructor: work, b: other }, after: {} },
      { tracks: { constructor: work, b: other }, after: { b: ['constructor'] }, merge: waits },
      { track: {} },
    ],
  },
  {
    of: 'orchestrator',
    make: (given) => untyped(orchestrator)('o', given).track('a', work).track('b', other),
    base: { version: '1', input: Any },
    instead: NONSENSE,
    options: {
      version: give.STRINGS,
      input: give.SCHEMAS,
      onFailure: give.oneOf('failFast', 'continue', 'compensate', 'pause'),
      deadline: give.DURATIONS,
      debounce: give.DURATIONS,
      concurrency: give.COUNTS,
      bodies: give.BODIES_LIMITS,
      approval: NONSENSE,
      hooks: give.HOOKED,
    },
    together: [{ onFailur: 'pause' }],
  },
  {
    of: 'orchestrator, a track of it',
    make: (given) =>
      untyped(orchestrator)('o', { version: '1', input: Any })
        .track('a', work)
        .track('b', other)
        .track('c', work, given),
    base: {},
    instead: NONSENSE,
    options: {
      after: [...NONSENSE, ['a'], ['b', 'a'], ['a', 'a'], ['c'], ['d'], [1]],
      input: give.MAPPERS,
    },
    together: [{ atfer: ['a'] }],
  },
  {
    of: 'orchestrator, its output',
    make: (given) =>
      untyped(flow(work, { input: one }))
        .track('u', other, { after: ['t'] })
        .output(given),
    instead: give.MAPPERS,
  },
  {
    of: 'orchestrator with an approval, its output',
    make: (given) =>
      untyped(orchestrator)('o', { version: '1', input: Any, approval: { ask: 'Well?' } })
        .track('t', work)
        .track('u', other, { after: ['t'] })
        .output(given),
    instead: [undefined, one, waits],
  },
];
