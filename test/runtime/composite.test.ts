/** Composite tracks (P28–P30): side by side, merged in declared order, in any depth, and how they fail. */
import { compositeTrack, createSignalbox, orchestrator, task, track } from 'signalbox';
import { describe, expect, test } from 'vitest';
import {
  Anything,
  eventsOf,
  faultsOfHistory,
  historyOf,
  never,
  settled,
  stage,
  statusesOf,
  steps,
} from '../helpers/stage.ts';

const [a, b, c] = [steps('a', 'work'), steps('b', 'work'), steps('c', 'work')];
const flowOf = (body: ReturnType<typeof compositeTrack>, onFailure: 'failFast' | 'continue' = 'failFast') =>
  orchestrator('flow', { version: '1', input: Anything, onFailure }).track('all', body as unknown as typeof a);

/** Starts a flow around `body` on a desk. */
async function begin(body: unknown, input: unknown = null) {
  const { desk, options, clock } = stage();
  const flow = flowOf(body as ReturnType<typeof compositeTrack>);
  const box = clock.follow(await createSignalbox({ orchestrators: [flow], ...options }));
  const run = await box.start(flow, { id: 'r', input });
  return { desk, box, run };
}

test('members begin together, and merge gets their outputs in declared order, not in the order of their ends (P28)', async () => {
  const merged: unknown[] = [];
  const body = compositeTrack('all', {
    tracks: { a, b, c },
    merge: (outputs, named) => {
      merged.push([[...outputs], { ...named }]);
      return outputs.join('');
    },
  });
  const { desk, box, run } = await begin(body);
  await using _ = box;
  expect(desk.begun).toEqual(['all/a/work#1', 'all/b/work#1', 'all/c/work#1']);
  for (const name of ['c', 'a', 'b']) {
    desk.give(`all/${name}/work#1`, name.toUpperCase());
    await settled(box);
  }

  expect(await run.result()).toEqual({ all: 'ABC' });
  expect(merged).toEqual([[['A', 'B', 'C'], { a: 'A', b: 'B', c: 'C' }]]);
  expect(await faultsOfHistory(run)).toEqual([]);
});

test('without a merge the output is an object by name, in declared order (P28)', async () => {
  const { desk, box, run } = await begin(compositeTrack('all', { tracks: { b, a } }));
  await using _ = box;
  desk.give('all/a/work#1', 1);
  desk.give('all/b/work#1', 2);
  const { all } = (await run.result()) as unknown as { all: object };
  expect(Object.entries(all)).toEqual([
    ['b', 2],
    ['a', 1],
  ]);
});

test('without members it completes at once with {}', async () => {
  const { box, run } = await begin(compositeTrack('all', { tracks: {} }));
  await using _ = box;
  expect(await run.result()).toEqual({ all: {} });
});

test('a task may be a member as it is, and a mapper makes the input of a member of the composite input', async () => {
  const seen: unknown[] = [];
  const look = task('look', { input: Anything, output: Anything, run: never });
  const body = compositeTrack('all', {
    input: Anything,
    tracks: {
      plain: look,
      mapped: {
        do: look,
        input: (facts) => {
          seen.push({ ...facts, outputs: { ...facts.outputs }, run: facts.run.id });
          return { half: facts.input.n / 2 };
        },
      },
    },
  });
  const { desk, options } = stage();
  const flow = orchestrator('flow', { version: '1', input: Anything }).track('all', body, {
    input: ({ input }) => input,
  });
  await using box = await createSignalbox({ orchestrators: [flow], ...options });
  await box.start(flow, { id: 'r', input: { n: 8 } });

  expect(seen).toEqual([{ input: { n: 8 }, outputs: {}, previous: null, run: 'r' }]);
  expect(desk.job('all/plain#1').input).toEqual({});
  expect(desk.job('all/mapped#1').input).toEqual({ half: 4 });
});

test('composites stand inside composites and inside tracks, three deep (P29)', async () => {
  const join = (outputs: readonly unknown[]) => `(${outputs.join('')})`;
  const deepest = compositeTrack('deepest', { tracks: { a, b }, merge: join });
  const chain = track('chain', { input: Anything })
    .step('deepest', deepest)
    .step('then', steps('then', 'work'), ({ previous }) => previous);
  const middle = compositeTrack('middle', { tracks: { chain, c }, merge: join });
  const top = compositeTrack('top', { tracks: { middle, a }, merge: join });
  const { desk, box, run } = await begin(top);
  await using _ = box;
  const at = 'all/middle/chain';
  desk.give(`all/a/work#1`, 'A');
  desk.give(`${at}/deepest/b/work#1`, 'b');
  desk.give('all/middle/c/work#1', 'c');
  desk.give(`${at}/deepest/a/work#1`, 'a');
  await settled(box);
  expect((await run.snapshot()).tracks[`${at}/deepest`]?.output).toBe('(ab)');
  desk.give(`${at}/then/work#1`, 'z');

  expect(await run.result()).toEqual({ all: '((zc)A)' });
  expect(await faultsOfHistory(run)).toEqual([]);
});

test('a thousand composites inside one another overflow nothing, nor does cancelling them (P29, S14)', async () => {
  let body: unknown = a;
  for (let depth = 0; depth < 1_000; depth += 1) body = compositeTrack('deeper', { tracks: { in: body as typeof a } });
  const done = await begin(body);
  const place = `all/${'in/'.repeat(1_000)}work#1`;
  done.desk.give(place, 'deep');
  expect((await done.run.outcome()).status).toBe('completed');
  await done.box.close();

  const stopped = await begin(body);
  await stopped.run.cancel();
  expect((await stopped.run.outcome()).status).toBe('cancelled');
  await stopped.box.close();
});

describe('merge', () => {
  test('may be async: it is then a task, told as a step of its own (P30, S5)', async () => {
    const one = track('one', { input: Anything }).step(
      'echo',
      task('echo', { input: Anything, output: Anything, run: ({ key }) => key.length }),
    );
    const body = compositeTrack('all', {
      tracks: { left: one, right: one },
      merge: async ([left, right], named) => ({ sum: left + right, named }),
    });
    const flow = orchestrator('flow', { version: '1', input: Anything }).track('all', body);
    await using box = await createSignalbox({ orchestrators: [flow] });
    const run = await box.start(flow, { id: 'r', input: null });

    const [left, right] = ['r/all/left/echo#1'.length, 'r/all/right/echo#1'.length];
    expect(await run.result()).toEqual({ all: { sum: left + right, named: { left, right } } });
    const ends = (await eventsOf(run)).filter(({ type }) => type === 'step.completed').map(({ path }) => path);
    expect(ends.slice(0, 2).sort()).toEqual(['all/left/echo', 'all/right/echo']);
    expect(ends).toHaveLength(3);
    expect((await run.outcome()).outputs).toEqual({ all: { sum: left + right, named: { left, right } } });
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('unmergeable');
      },
      { code: 'mapper-failed', path: 'all' },
    ],
    [
      'answers with a promise without being written as async',
      () => Promise.resolve(1),
      { code: 'mapper-async', path: 'all' },
    ],
    ['answers with what is not JSON', () => new Date(0), { code: 'value-not-json', path: 'all' }],
    [
      'is async and rejected',
      async () => {
        throw new Error('unmergeable');
      },
      { code: 'task-failed' },
    ],
  ])('that %s fails the composite and leaves its members completed (P30)', async (_, merge, error) => {
    const one = track('one', { input: Anything }).step(
      'echo',
      task('echo', { input: Anything, output: Anything, run: () => 1 }),
    );
    const body = compositeTrack('all', { tracks: { left: one, right: one }, merge: merge as () => unknown });
    const flow = orchestrator('flow', { version: '1', input: Anything }).track('all', body);
    await using box = await createSignalbox({ orchestrators: [flow] });
    const run = await box.start(flow, { input: null });
    const outcome = await run.outcome();

    expect(outcome.status).toBe('failed');
    expect(outcome.failures).toMatchObject([error]);
    expect(await statusesOf(run)).toMatchObject({ all: 'failed', 'all/left': 'completed', 'all/right': 'completed' });
    expect(await faultsOfHistory(run)).toEqual([]);
  });
});

describe('when a member fails', () => {
  test('the others go on to their end, and then the composite fails without merging (S12)', async () => {
    const { desk, box, run } = await begin(compositeTrack('all', { tracks: { a, b, c }, merge: never }));
    await using _ = box;
    desk.fail('all/b/work#1', new Error('b broke'));
    await settled(box);
    expect(desk.open).toEqual(['all/a/work#1', 'all/c/work#1']);
    expect(await statusesOf(run)).toMatchObject({ all: 'running', 'all/a': 'running', 'all/b': 'failed' });
    desk.give('all/c/work#1');
    desk.give('all/a/work#1');
    const outcome = await run.outcome();

    expect(outcome.error).toMatchObject({ message: 'b broke', path: 'all/b/work' });
    expect(await statusesOf(run)).toMatchObject({ all: 'failed', 'all/a': 'completed', 'all/c': 'completed' });
    expect((await historyOf(run)).slice(-2)).toEqual(['track.failed all', 'run.failed']);
    expect(await faultsOfHistory(run)).toEqual([]);
  });

  test('and another one, both are listed in declared order', async () => {
    const { desk, box, run } = await begin(compositeTrack('all', { tracks: { a, b } }));
    await using _ = box;
    desk.fail('all/b/work#1', new Error('b broke'));
    await settled(box);
    desk.fail('all/a/work#1', new Error('a broke'));
    const { failures, error } = await run.outcome();
    expect(failures.map(({ path }) => path)).toEqual(['all/a/work', 'all/b/work']);
    expect(error?.message).toBe('b broke');
  });

  test('because of its mapper, the others still run (S5)', async () => {
    const body = compositeTrack('all', { tracks: { bad: { do: a, input: never }, good: b } });
    const { desk, box, run } = await begin(body);
    await using _ = box;
    expect(desk.begun).toEqual(['all/good/work#1']);
    desk.give('all/good/work#1');
    expect((await run.outcome()).failures).toMatchObject([{ code: 'mapper-failed', path: 'all/bad' }]);
  });
});
