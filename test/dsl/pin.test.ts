/** What a run is pinned to: which changes of a definition are another structure under the same version, and which are not. */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { compositeTrack, orchestrator, planOf, task, track } from '../../src/dsl/index.ts';
import { structureOf } from '../../src/dsl/structure.ts';
import { untyped } from './fixtures.ts';

const Any = z.any();
const retry = { maxAttempts: 3, delay: '1s', backoff: 'fixed', maxDelay: '1m' } as const;

/** One definition, with one thing in it otherwise. */
interface Shape {
  readonly name?: string;
  readonly version?: string;
  readonly onFailure?: string;
  readonly concurrency?: number;
  readonly after?: readonly string[];
  readonly retry?: object;
  readonly timeout?: string;
  readonly compensate?: unknown;
  readonly irreversible?: boolean;
  readonly undo?: object;
  readonly task?: string;
  readonly step?: string;
  readonly first?: 'one' | 'two';
  readonly track?: string;
  readonly more?: boolean;
  readonly sleep?: string;
  readonly members?: readonly string[];
  readonly run?: () => unknown;
  readonly mapper?: () => unknown;
  readonly schema?: z.ZodType;
  readonly output?: () => unknown;
  readonly cleanup?: () => void;
  readonly jitter?: number;
  readonly when?: () => boolean;
}

function hashOf(shape: Shape = {}): string {
  const { mapper = () => 1, schema = Any, run = () => 1, jitter = 0, when } = shape;
  const policies = { retry: { ...retry, ...shape.retry, jitter, when }, timeout: shape.timeout ?? '5s' };
  const more = { compensate: shape.compensate, irreversible: shape.irreversible, cleanup: shape.cleanup, run };
  const work = untyped(task)(shape.task ?? 'work', { input: schema, output: schema, ...policies, ...more });
  const rest = task('rest', { input: Any, output: Any, run: () => 1 });
  const steps = [shape.step ?? 'one', 'two'];
  if (shape.first === 'two') steps.reverse();
  let one = untyped(track('one', { input: Any }));
  for (const name of steps)
    one = one.step(name, name === 'two' ? rest : work, mapper, name === 'two' ? shape.undo : undefined);
  one = one.sleep('nap', shape.sleep ?? '1h');
  if (shape.more) one = one.step('three', rest);
  const members = shape.members ?? ['left', 'right'];
  const both = compositeTrack('both', { tracks: Object.fromEntries(members.map((name) => [name, rest])) } as never);
  const { name = 'flow', version = '1', onFailure = 'failFast', concurrency = 4 } = shape;
  let flow = untyped(orchestrator(name, untyped({ version, input: schema, onFailure, concurrency })))
    .track(shape.track ?? 'a', one)
    .track('b', both)
    .track('c', rest, { after: shape.after ?? ['b'] });
  if (shape.output !== undefined) flow = flow.output(shape.output);
  return structureOf(planOf(flow)).hash;
}

describe('the hash of a definition', () => {
  const base = hashOf();

  test.each<[string, Shape]>([
    ['the name of a task', { task: 'labour' }],
    ['the name of a step', { step: 'uno' }],
    ['the order of steps', { first: 'two' }],
    ['a step more', { more: true }],
    ['the name of a track', { track: 'z' }],
    ['a dependency more', { after: ['a', 'b'] }],
    ['another dependency', { after: ['a'] }],
    ['no dependency', { after: [] }],
    ['the failure policy', { onFailure: 'continue' }],
    ['the concurrency', { concurrency: 5 }],
    ['the number of attempts', { retry: { maxAttempts: 4 } }],
    ['the delay between attempts', { retry: { delay: '2s' } }],
    ['the growth of that delay', { retry: { backoff: 'exponential' } }],
    ['the longest delay', { retry: { maxDelay: '2m' } }],
    ['the timeout', { timeout: '6s' }],
    ['that there is a compensation', { compensate: () => 1 }],
    ['how often a compensation is tried', { compensate: { run: () => 1, retry: { maxAttempts: 2 } } }],
    ['how long a compensation may take', { compensate: { run: () => 1, timeout: '1s' } }],
    ['that a step stays (P174)', { irreversible: true }],
    ['that a step may fail', { undo: { optional: true } }],
    ['that a step fails at the end', { undo: { permissive: true } }],
    ['how a step is undone, and not its task', { undo: { compensate: () => 1 } }],
    ['that what has completed is undone', { onFailure: 'compensate' }],
    ['the length of a sleep', { sleep: '2h' }],
    ['a member of a composite track', { members: ['left', 'right', 'middle'] }],
    ['the order of the members', { members: ['right', 'left'] }],
  ])('changes with %s (P234)', (_, shape) => {
    expect(hashOf(shape)).not.toBe(base);
  });

  test('changes with each thing that is said of a compensation, and not with what it does (P234)', () => {
    const run = () => 1;
    const said = [{}, { retry: { maxAttempts: 2 } }, { retry: { maxAttempts: 2, delay: '5s' } }, { timeout: '1s' }];
    const hashes = said.map((each) => hashOf({ compensate: { run, ...each } }));

    expect(new Set(hashes).size).toBe(said.length);
    expect(hashOf({ compensate: { run: () => 2 } })).toBe(hashOf({ compensate: run }));
  });

  test.each<[string, Shape]>([
    ['a body', { run: () => 2 }],
    ['a mapper', { mapper: () => 2 }],
    ['a schema', { schema: z.string() }],
    ['an output', { output: () => 2 }],
    ['a cleanup', { cleanup: () => {} }],
    ['the jitter', { jitter: 0.5 }],
    ['`when`', { when: () => false }],
    ['another way to write a duration', { timeout: '5000ms', sleep: '60m', retry: { delay: 1_000 } }],
    ['nothing', {}],
  ])('stays with %s: what was mended is meant for the runs that wait for it (P234)', (_, shape) => {
    expect(hashOf(shape)).toBe(base);
  });

  test('changes with the strategy of members, and with what becomes of the rest of a quorum (P234)', () => {
    const strategies = ['failFast', 'waitAll', 'bestEffort', 'allowNone', 'race'];
    const quorums = [{ quorum: 1 }, { quorum: 2 }, { quorum: 1, rest: 'finish' }];
    const rest = task('rest', { input: Any, output: Any, run: () => 1 });
    const hashes = [...strategies, ...quorums].map((strategy) => {
      const one = untyped(track('one', { input: Any })).parallel('p', { a: rest, b: rest }, { strategy });
      return structureOf(planOf(untyped(orchestrator('flow', { version: '1', input: Any })).track('one', one))).hash;
    });

    expect(new Set(hashes).size).toBe(hashes.length);
  });
});
