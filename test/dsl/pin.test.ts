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

  /** Of each kind: steps of which each has another thing said of it, and what is handed over for a step's body changes nothing. */
  const rest = task('rest', { input: Any, output: Any, run: () => 1 });
  const more = task('more', { input: Any, output: Any, run: () => 1 });
  const one = (name: string) => track(name, { input: Any }).step('s', rest);
  const child = (version = '1') => orchestrator('child', { version, input: Any }).track('t', one('t'));
  const loop = { body: rest, until: () => true, maxIterations: 5 };
  const map = { over: () => [1], each: rest };
  const on = { on: () => 'a', routes: { a: rest, b: more } };
  const when = { when: [[() => true, rest] as const, [() => false, more] as const] };
  const wait = { signal: 'go', timeout: '1h' };
  const ask = { ask: 'Well?', expires: '1h', assignees: { users: ['mia', 'max'] } };
  const gate = { values: () => ({ a: 1 }), criteria: { a: { min: 1 } } };
  const kinds: { readonly [kind: string]: readonly object[] } = {
    loop: [
      ...[loop, { ...loop, body: more }, { ...loop, maxIterations: 6 }, { ...loop, onLimit: 'stop' }],
      ...[
        { ...loop, from: 1 },
        { ...loop, from: 2 },
        { ...loop, keepLast: 1 },
        { ...loop, keepLast: 2 },
      ],
    ],
    map: [
      ...[map, { ...map, each: more }, { ...map, concurrency: 2 }, { ...map, concurrency: 3 }, { ...map, batch: 2 }],
      ...[
        { ...map, batch: 3 },
        { ...map, collect: false },
        { ...map, filter: () => true },
        { ...map, strategy: 'race' },
      ],
    ],
    branch: [
      ...[on, { ...on, routes: { a: rest } }, { ...on, routes: { a: more, b: rest } }, { ...on, otherwise: rest }],
      ...[when, { ...when, all: true }, { ...when, otherwise: null }, { ...when, otherwise: rest }],
    ],
    wait: [
      ...[{ signal: 'go' }, { signal: 'come' }, wait, { ...wait, timeout: '2h' }, { ...wait, onTimeout: { value: 1 } }],
      ...[
        { ...wait, onTimeout: { value: 2 } },
        { ...wait, onTimeout: { do: rest } },
      ],
      { ...wait, onTimeout: { do: more } },
    ],
    sleep: [{ for: '1h' }, { for: '2h' }, { until: '2030-01-01T00:00:00Z' }, { until: '2030-01-01T00:00:01Z' }],
    run: [
      ...[child(), child('2'), { orchestrator: child(), depth: 4 }, { orchestrator: child(), depth: 5 }],
      { orchestrator: child(), detach: true },
    ],
    signal: [
      ...[
        { signal: 'go', to: () => 'r' },
        { signal: 'come', to: () => 'r' },
      ],
      { signal: 'go', to: () => 'r', required: true },
    ],
    emit: [{ event: 'a' }, { event: 'b' }],
    set: [{ a: 1 }, { b: 1 }, { a: 1, b: 1 }],
    terminate: [{ as: 'failed' }, { as: 'completed' }],
    approval: [
      ...[{ ask: 'Well?' }, ask, { ...ask, expires: '2h' }, { ...ask, decisions: ['approve', 'reject', 'edit'] }],
      ...[
        { ...ask, assignees: { users: ['mia'] } },
        { ...ask, excluded: { users: ['ben'] } },
        { ...ask, quorum: { approvals: 2 } },
        { ...ask, onExpiry: 'reject' },
      ],
      ...[
        { ...ask, remind: ['10m'] },
        { ...ask, remind: ['20m'] },
        { ...ask, onReject: 'complete' },
        { ...ask, override: { roles: ['ceo'] } },
      ],
      ...[
        { ...ask, substitutes: { mia: ['ann'] } },
        { ...ask, onDefer: 'move' },
      ],
    ],
    gate: [
      ...[gate, { ...gate, criteria: { a: { min: 2 } } }, { ...gate, criteria: { a: { max: 1 } } }],
      ...[
        { ...gate, criteria: { b: { min: 1 } } },
        { ...gate, threshold: 50 },
        { ...gate, review: { ask: 'Well?', expires: '1h' } },
      ],
    ],
    parallel: [
      ...[{ a: rest, b: rest }, { a: rest, b: more }, { a: rest }, { b: rest, a: rest }],
      ...[
        [{ a: rest, b: rest }, { concurrency: 1 }],
        [{ a: rest, b: rest }, { concurrency: 2 }],
      ],
    ],
  };

  test.each(Object.entries(kinds))('changes with each thing that is said of a step of kind %s (P234)', (kind, all) => {
    const hashes = all.map((said) => {
      const steps = untyped(track('one', { input: Any }))[kind]('it', ...(Array.isArray(said) ? said : [said]));
      return structureOf(planOf(untyped(orchestrator('flow', { version: '1', input: Any })).track('one', steps))).hash;
    });
    for (const [at, hash] of hashes.entries()) expect([at, hashes.indexOf(hash)]).toEqual([at, at]);
  });
});
