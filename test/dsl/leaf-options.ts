/** The builders of steps without children, every option that they have, and what these are given: rows of `every-fault.test.ts`. */
import { track } from '../../src/dsl/index.ts';
import * as give from './option-values.ts';
import {
  Any,
  child,
  child2,
  fails,
  gives,
  type Loose,
  NONSENSE,
  one,
  type Part,
  step,
  waits,
  work,
} from './option-values.ts';
import { called } from './what-came-of-it.ts';

const outputs = (name: string, read: (outputs: Loose) => unknown): Loose =>
  called(`({ outputs }) => ${name}`, (facts: Loose) => read(facts.outputs));
const INSTANTS = ['2030-01-01T09:00:00Z', '2030-01-01', 1_893_456_000_000, new Date(0), new Date(Number.NaN)];
for (const date of INSTANTS.slice(3)) called(`a Date of ${Number(date)}`, date);

export const LEAVES: readonly Part[] = [
  step('sleep', { base: '1h', instead: [...give.DURATIONS, ...INSTANTS] }, (t, given) => t.sleep('x', given)),
  step(
    'sleep, its end',
    {
      base: { until: one },
      options: {
        until: [...NONSENSE, ...INSTANTS, waits, ...INSTANTS.map(gives), gives('x'), gives(Promise.resolve(1))],
      },
      together: [{ for: 1 }, { until: 'x', for: one }, { until: undefined, untill: 1 }, { fro: 1 }],
    },
    (t, given) => t.sleep('x', given),
  ),
  step(
    'sleep, its length',
    {
      base: { for: one },
      options: { for: [...give.DURATIONS, waits, gives('1h'), gives('x'), gives(Promise.resolve(1))] },
    },
    (t, given) => t.sleep('x', given),
  ),
  step(
    'wait',
    {
      base: { signal: 's' },
      instead: NONSENSE,
      options: {
        signal: give.STRINGS,
        payload: give.SCHEMAS,
        where: give.MAPPERS,
        timeout: give.DURATIONS,
        onTimeout: [...NONSENSE, 'fail', { value: 1 }],
      },
      together: [
        ...[...NONSENSE, 'fail', waits].map((onTimeout) => ({ timeout: '1h', onTimeout })),
        ...[...NONSENSE, waits, 1n].map((value) => ({ timeout: '1h', onTimeout: { value } })),
        ...give.BODIES.map((body) => ({ timeout: '1h', onTimeout: { do: body } })),
        ...give.MAPPERS.map((input) => ({ timeout: '1h', onTimeout: { do: work, input } })),
        { timeout: '1h', onTimeout: { value: 1, do: work } },
        { timeout: '1h', onTimeout: { do: work, inptu: one } },
        { onTimeout: { do: work } },
        { sginal: 's' },
      ],
    },
    (t, given) => t.wait('x', given),
  ),
  step(
    'emit',
    { base: { event: 'e' }, instead: NONSENSE, options: { event: give.STRINGS, data: give.MAPPERS } },
    (t, given) => t.emit('x', given),
  ),
  step(
    'signal',
    {
      base: { signal: 's', to: 'all' },
      instead: NONSENSE,
      options: {
        signal: give.STRINGS,
        to: [
          ...give.MAPPERS,
          'all',
          ...['', 'run-7', null, {}, { run: 'r' }, { run: '' }, { run: 7 }].map(gives),
          ...[{ orchestrator: 'o' }, { key: 'k' }, { orchestrator: 'o', key: 'k' }, { orchestrator: '', key: 'k' }].map(
            gives,
          ),
          gives({ orchestrator: 'o', key: 7 }),
        ],
        payload: give.MAPPERS,
        required: give.FLAGS,
      },
    },
    (t, given) => t.signal('x', given),
  ),
  step(
    'run',
    { base: child, instead: [...NONSENSE, gives(undefined), gives(child), fails, track('x', { input: Any })] },
    (t, given) => t.run('x', given),
  ),
  step('run, its mapper beside it', { base: undefined, instead: give.MAPPERS }, (t, given) => t.run('x', child, given)),
  step('run, its mapper beside options', { instead: NONSENSE }, (t, given) =>
    t.run('x', { orchestrator: child }, given),
  ),
  step(
    'run',
    {
      base: { orchestrator: child },
      options: {
        orchestrator: [...NONSENSE, child2, child2.definition, gives(child2), fails, work],
        input: give.MAPPERS,
        id: give.MAPPERS,
        metadata: [...give.MAPPERS, { a: 1 }, { a: one }, { a: new Date(0) }, 1n],
        detach: give.FLAGS,
        depth: [...give.COUNTS, 10, 11],
      },
    },
    (t, given) => t.run('x', given),
  ),
  step(
    'set',
    {
      instead: [
        ...NONSENSE,
        ...give.MAPPERS.map((a) => ({ a })),
        ...['', 'a/b', '__proto__', 'n'.repeat(201)].map((name) => Object.fromEntries([[name, 1]])),
        { a: 1, b: { c: [2] } },
        { a: 1n },
        { a: gives(1n), b: 2 },
      ],
    },
    (t, given) => t.set('x', given),
  ),
  step(
    'terminate',
    {
      base: {},
      instead: NONSENSE,
      options: { as: give.oneOf('completed', 'failed'), output: give.MAPPERS, reason: give.MAPPERS },
      together: [
        ...[
          ...give.MAPPERS,
          gives('why'),
          gives(undefined),
          gives({ a: 1 }),
          gives('n'.repeat(3_000)),
          'n'.repeat(3_000),
        ].map((reason) => ({ as: 'failed', reason })),
        ...give.MAPPERS.map((output) => ({ as: 'completed', output })),
        { as: 'failed', output: one },
        { as: 'completed', reason: 'x' },
        { as: 'x', reason: 'x', output: one },
      ],
    },
    (t, given) => t.terminate('x', given),
  ),
  step(
    'aggregate',
    {
      base: { output: Any, of: one },
      instead: NONSENSE,
      options: {
        output: give.SCHEMAS,
        of: [
          ...give.MAPPERS,
          outputs('outputs.first', (all) => all.first),
          outputs('outputs.nowhere', (all) => all.nowhere),
          outputs('outputs[symbol] === undefined', (all) => all[Symbol.iterator] === undefined),
          outputs('JSON.parse(JSON.stringify(outputs))', (all) => JSON.parse(JSON.stringify(all))),
          outputs('typeof outputs.then', (all) => typeof all.then),
        ],
      },
    },
    (t, given) => t.aggregate('x', given),
  ),
];
