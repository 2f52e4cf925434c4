/** Values that are handed over as options: what nobody should write, and what stands at the borders of what they may. */
import { orchestrator, task, track } from '../../src/dsl/index.ts';
import { mapping } from '../../src/mapping.ts';
import { z } from 'zod';
import { called, type Made, written } from './what-came-of-it.ts';
import { untyped } from './fixtures.ts';

/** A builder, past the types. */
// biome-ignore lint/suspicious/noExplicitAny: the point is to get past the types
export type Loose = any;

/** What is made of one value, and with which values. */
export interface Part {
  /** What is tried, as the text says it. */
  readonly of: string;
  /** Where in the plan it stands, if it is not the whole of it. */
  readonly below?: string;
  readonly make: (value: Loose) => Made;
  /** What it is made of otherwise; options, without which nothing can be made, or what stands in their place. */
  readonly base?: unknown;
  /** What an option is given beside what it must have. */
  readonly options?: { readonly [option: string]: readonly unknown[] };
  /** Several options at once. */
  readonly together?: readonly object[];
  /** In the place of the options. */
  readonly instead?: readonly unknown[];
}

export const Any = z.any();
const Text = z.string();

/** A function that gives a value, and is written as what it gives. */
export const gives = (value: unknown): Loose => called(`() => ${written(value)}`, () => value);
export const one = gives(1);
export const waits = called('async () => 1', async () => 1);
const broken = called('mapping(7)', mapping(untyped(7)));
const lost = called("mapping('$.outputs.nowhere.x')", mapping('$.outputs.nowhere.x'));
const found = called("mapping('$.outputs.first.n')", mapping('$.outputs.first.n'));

export const work = called('work', task('work', { input: Any, output: Any, run: one }));
export const other = called('other', task('other', { input: Any, output: Any, run: one }));
for (const { definition } of [work, other]) called(`the task ${definition.name}`, definition);
export const child = called(
  'child',
  orchestrator('child', { version: '7', input: Any }).track('c', track('c', { input: Any }).step('s', work)),
);
export const child2 = called('child2', orchestrator('child2', { version: '8', input: Any }).track('c', work as Loose));
called('the orchestrator child', child.definition);

export const NONSENSE = [undefined, null, 0, -1, 1.5, Number.NaN, '', 'x', [], {}, true, one];
export const COUNTS = [...NONSENSE, 1, 2, Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER, 2 ** 53, '1', 1n];
export const DURATIONS = [...NONSENSE, 1, '1ms', '1h', '1.5h', '0s', '-1s', '1 h', Number.POSITIVE_INFINITY, 2 ** 53];
export const SHARES = [...NONSENSE, -0.1, 0.5, 1, 1.1, Number.POSITIVE_INFINITY, '1'];
export const FLAGS = [...NONSENSE, false, 'true'];
export const FUNCTIONS = [...NONSENSE, waits];
export const MAPPERS = [...NONSENSE, waits, broken, lost, found, gives(Promise.resolve(1))];
export const SCHEMAS = [...NONSENSE, Text];
export const STRINGS = [...NONSENSE, 'y', 'n'.repeat(200), 'n'.repeat(201)];
export const BODIES = [...NONSENSE, work, other, child, { do: work }, { do: work, input: one }];
export const USES = [
  ...BODIES,
  { do: work, input: 1 },
  { do: work, input: waits },
  { do: 1 },
  { do: work, inptu: one },
];
export const oneOf = (...words: readonly unknown[]): readonly unknown[] => [...NONSENSE, ...words];

export const RETRIES: readonly unknown[] = [
  ...NONSENSE,
  ...COUNTS.map((maxAttempts) => ({ maxAttempts })),
  ...DURATIONS.flatMap((each) => [
    { maxAttempts: 2, delay: each },
    { maxAttempts: 2, maxDelay: each },
  ]),
  ...oneOf('fixed', 'linear', 'exponential').map((backoff) => ({ maxAttempts: 2, backoff })),
  ...SHARES.map((jitter) => ({ jitter })),
  ...FUNCTIONS.map((when) => ({ when })),
  { attempts: 3 },
];
export const UNDOING: readonly unknown[] = [
  ...FUNCTIONS,
  ...FUNCTIONS.map((run) => ({ run })),
  ...DURATIONS.map((timeout) => ({ run: one, timeout })),
  ...[...NONSENSE, { maxAttempts: 2 }, { maxAttempts: 0 }, { jitter: 2 }].map((retry) => ({ run: one, retry })),
  { run: one, retries: 3 },
];
export const CACHES: readonly unknown[] = [
  ...NONSENSE,
  ...DURATIONS.map((ttl) => ({ ttl })),
  ...FUNCTIONS.flatMap((each) => [
    { ttl: 1, key: each },
    { ttl: 1, bypass: each },
  ]),
  ...oneOf('step', 'run', 'task').map((scope) => ({ ttl: 1, scope })),
  { ttl: 1, tttl: 1 },
];
export const LIMITS: readonly unknown[] = [
  ...COUNTS,
  ...COUNTS.map((limit) => ({ limit })),
  ...FUNCTIONS.map((key) => ({ limit: 1, key })),
  ...oneOf('wait', 'dropNewest', 'replaceOldest').map((whenFull) => ({ limit: 1, whenFull })),
  ...COUNTS.map((queue) => ({ limit: 1, whenFull: 'dropNewest', queue })),
  { limit: 1, queue: 1 },
  [1, { limit: 2, key: one }],
  [1, 0],
  [{ limit: 1 }, { limit: 1, kye: one }],
];
export const RATES: readonly unknown[] = [
  ...NONSENSE,
  ...COUNTS.map((limit) => ({ limit, per: '1m' })),
  ...DURATIONS.map((per) => ({ limit: 1, per })),
  ...COUNTS.map((burst) => ({ limit: 1, per: '1m', burst })),
  ...FUNCTIONS.map((key) => ({ limit: 1, per: '1m', key })),
  [{ limit: 1, per: '1s' }, { limit: 9 }],
  { limit: 1, per: '1s', brust: 2 },
];
export const BUDGETS: readonly unknown[] = [
  ...NONSENSE,
  ...COUNTS.map((limit) => ({ limit, per: '1d' })),
  ...DURATIONS.map((per) => ({ limit: 1, per })),
  ...COUNTS.map((cost) => ({ limit: 1, per: '1d', cost })),
  ...FUNCTIONS.map((key) => ({ limit: 1, per: '1d', key })),
  ...STRINGS.map((name) => ({ limit: 1, per: '1d', name })),
  [{ limit: 1, per: '1d' }, { limit: 9 }],
  { limit: 1, per: '1d', naem: 'x' },
];
export const HOOKS: readonly unknown[] = [
  ...NONSENSE,
  ...NONSENSE.map((each) => [each]),
  ...FUNCTIONS.map((each) => [{ afterStep: each }]),
  ...STRINGS.map((name) => [{ afterStep: one, name }]),
  ...DURATIONS.map((timeout) => [{ afterStep: one, timeout }]),
  ...oneOf('fail', 'ignore').map((onHookError) => [{ afterStep: one, onHookError }]),
  ...oneOf(['x'], ['']).map((path) => [{ afterStep: one, only: { path } }]),
  ...['beforeRun', 'afterRun', 'beforeTrack', 'afterTrack', 'beforeStep', 'onRetry', 'onError', 'onApproval'].flatMap(
    (hook) => [[{ [hook]: one }], [{ [hook]: one, only: { task: 'work', path: 'x' } }]],
  ),
];
/** Of what has been tried in full already. */
export const UNDONE = [undefined, null, one, { run: one, timeout: '1h', retry: { maxAttempts: 2 } }, { retry: 1 }];
export const CACHED = [undefined, null, { ttl: 0 }, { ttl: 1 }, { ttl: '1h', scope: 'task', key: one, bypass: one }];
export const HOOKED = [
  undefined,
  null,
  [null],
  [{ beforeTrack: one }],
  [{ beforeRun: one }],
  [{ onError: one, timeout: 1 }],
];
export const BODIES_LIMITS = [
  undefined,
  null,
  0,
  1,
  8,
  { limit: 0 },
  { limit: 2, key: one, whenFull: 'x' },
  { lmit: 1 },
];
export const STRATEGIES: readonly unknown[] = [
  ...oneOf('failFast', 'waitAll', 'bestEffort', 'allowNone', 'race', 'caught'),
  ...COUNTS.map((quorum) => ({ quorum })),
  ...oneOf('cancel', 'finish').map((rest) => ({ quorum: 1, rest })),
  { quorum: 3 },
];

export const first = (): Loose => track('t', { input: Any }).step('first', work);
export const flow = (body: Loose, options?: object): Loose =>
  untyped(orchestrator('o', { version: '1', input: Any })).track('t', body, options);

/** A step `x` of a track, after one that is called `first`. */
export function step(
  of: string,
  rest: Omit<Part, 'of' | 'below' | 'make'>,
  add: (t: Loose, given: Loose) => Loose,
): Part {
  return { of, below: 't/x', make: (given) => flow(add(first(), given)), ...rest };
}

export const fails = called('() => { throw … }', () => {
  throw new Error('not yet');
});
export const TWO = { a: work, b: other };
