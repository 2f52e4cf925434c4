/** Order: what a mapper is told (S1), when a track starts (S2), and how many at once. */
import { createSignalbox, orchestrator, task, track } from 'signalbox';
import { expect, test } from 'vitest';
import { z } from 'zod';
import {
  Anything,
  eventsOf,
  faultsOfHistory,
  graphOf,
  historyOf,
  N,
  settled,
  stage,
  statusesOf,
  steps,
} from '../helpers/stage.ts';

const echo = task('echo', { input: Anything, output: Anything, run: ({ input }) => input });
const add = task('add', { input: N, output: N, run: async ({ input }) => ({ n: input.n + 1 }) });

test('a mapper is told the input, the outputs so far by name, the output just before, and the run (S1, P4)', async () => {
  const told: unknown[] = [];
  const chain = track('chain', { input: N })
    .step('one', add, (facts) => {
      told.push(structuredClone({ ...facts, outputs: { ...facts.outputs } }));
      return facts.input;
    })
    .step('two', add, (facts) => {
      told.push(structuredClone({ ...facts, outputs: { ...facts.outputs } }));
      return facts.previous;
    })
    .output((facts) => {
      told.push(structuredClone({ ...facts, outputs: { ...facts.outputs } }));
      return facts.outputs.one.n * 100 + facts.outputs.two.n;
    });
  const flow = orchestrator('flow', { version: '1', input: N })
    .track('chain', chain, { input: ({ input }) => input })
    .output(({ outputs }) => outputs.chain);
  const { clock } = stage();
  await using box = await createSignalbox({ orchestrators: [flow], clock });
  const started = await box.start(flow, { id: 'r1', input: { n: 1 }, metadata: { tenant: 't' } });

  expect(await started.result()).toBe(203);

  const run = { id: 'r1', key: null, startedAt: clock.now(), metadata: { tenant: 't' }, variables: {} };
  expect(told).toStrictEqual([
    { input: { n: 1 }, outputs: {}, previous: null, run },
    { input: { n: 1 }, outputs: { one: { n: 2 } }, previous: { n: 2 }, run },
    { input: { n: 1 }, outputs: { one: { n: 2 }, two: { n: 3 } }, previous: { n: 3 }, run },
  ]);
  expect(await historyOf(started)).toEqual([
    'run.started',
    'track.started chain',
    'step.started chain/one',
    'step.completed chain/one',
    'step.started chain/two',
    'step.completed chain/two',
    'track.completed chain',
    'run.completed',
  ]);
});

test('a step without a mapper is given {}, whatever came before it (S1, P5)', async () => {
  const chain = track('chain', { input: Anything })
    .step('one', echo, () => ({ n: 1 }))
    .step('two', echo);
  const flow = orchestrator('flow', { version: '1', input: Anything }).track('chain', chain);
  await using box = await createSignalbox({ orchestrators: [flow] });
  const run = await box.start(flow, { input: { n: 7 } });

  expect(await run.result()).toStrictEqual({ chain: {} });
  expect((await run.snapshot()).steps['chain/two']?.input).toStrictEqual({});
  expect((await run.snapshot()).tracks.chain?.input).toStrictEqual({});
});

test("a track's output is its last step's (S1, P3)", async () => {
  const chain = track('chain', { input: N })
    .step('one', add, ({ input }) => input)
    .step('two', add, ({ previous }) => previous);
  const flow = orchestrator('flow', { version: '1', input: N }).track('chain', chain, { input: ({ input }) => input });
  await using box = await createSignalbox({ orchestrators: [flow] });
  expect(await (await box.start(flow, { input: { n: 0 } })).result()).toEqual({ chain: { n: 2 } });
});

test('an output that is written as an async function sees the outputs, the variables and the run (S5)', async () => {
  const made = track('made', { input: Anything })
    .set('v', { a: () => 1 })
    .step('n', add, () => ({ n: 1 }))
    .output(async ({ outputs, run }) => [outputs.n.n, run.id, run.variables]);
  const flow = orchestrator('flow', { version: '1', input: Anything })
    .track('made', made)
    .output(async ({ outputs, run }) => [outputs.made, run.id]);
  await using box = await createSignalbox({ orchestrators: [flow] });
  const run = await box.start(flow, { id: 'r', input: null });
  expect(await run.result()).toEqual([[2, 'r', { a: 1 }], 'r']);
});

test('a track of no steps completes at once with null and releases who waits for it (S1, P37)', async () => {
  const after = track('after', { input: Anything }).step('work', echo, ({ input }) => input);
  const flow = orchestrator('flow', { version: '1', input: Anything })
    .track('empty', track('empty', { input: Anything }))
    .track('after', after, { after: ['empty'], input: ({ outputs }) => ({ got: outputs.empty }) });
  await using box = await createSignalbox({ orchestrators: [flow] });
  const run = await box.start(flow, { input: null });

  expect(await run.result()).toStrictEqual({ empty: null, after: { got: null } });
  expect((await historyOf(run)).slice(0, 3)).toEqual(['run.started', 'track.started empty', 'track.completed empty']);
});

test('an orchestrator of no tracks completes with {} (S2)', async () => {
  const flow = orchestrator('flow', { version: '1', input: Anything });
  await using box = await createSignalbox({ orchestrators: [flow] });
  const run = await box.start(flow, { input: null });

  expect(await run.result()).toStrictEqual({});
  expect(await historyOf(run)).toEqual(['run.started', 'run.completed']);
});

test('a dependent starts while a slow track beside it still runs, and every track starts once (S2, P18, P19)', async () => {
  const { desk, options } = stage();
  const flow = graphOf({ fast: [], slow: [], next: ['fast'] });
  await using box = await createSignalbox({ orchestrators: [flow], ...options });
  const run = await box.start(flow, { input: null });
  desk.give('fast/work#1');
  await settled(box);

  expect(desk.begun).toEqual(['fast/work#1', 'slow/work#1', 'next/work#1']);
  expect(await statusesOf(run)).toMatchObject({ fast: 'completed', slow: 'running', next: 'running' });

  desk.give('next/work#1', 3);
  desk.give('slow/work#1', 2);
  expect(await run.result()).toEqual({ fast: null, slow: 2, next: 3 });
  const started = (await historyOf(run)).filter((line) => line.startsWith('track.started'));
  expect(started).toEqual(['track.started fast', 'track.started slow', 'track.started next']);
});

test('tracks that are ready run side by side: each of two waits until both have begun (P17)', async () => {
  let begun = 0;
  const { promise: both, resolve } = Promise.withResolvers<void>();
  const meet = task('meet', {
    input: Anything,
    output: Anything,
    run: async ({ key }) => {
      begun += 1;
      if (begun === 2) resolve();
      await both;
      return key;
    },
  });
  const one = track('one', { input: Anything }).step('meet', meet);
  const flow = orchestrator('flow', { version: '1', input: Anything }).track('left', one).track('right', one);
  await using box = await createSignalbox({ orchestrators: [flow] });
  const run = await box.start(flow, { id: 'r', input: null });

  expect(await run.result()).toEqual({ left: 'r/left/meet#1', right: 'r/right/meet#1' });
});

test.each([
  ['b', 'c', 'a'],
  ['a', 'c', 'b'],
  ['c', 'b', 'a'],
])('a track that waits for three starts once, after the last (%s, %s, %s) (P38)', async (...order) => {
  const { desk, options } = stage();
  const flow = graphOf({ join: ['a', 'b', 'c'], a: [], b: [], c: [] });
  await using box = await createSignalbox({ orchestrators: [flow], ...options });
  const run = await box.start(flow, { input: null });
  for (const name of order) {
    expect(desk.begun).not.toContain('join/work#1');
    desk.give(`${name}/work#1`);
    await settled(box);
  }
  expect(desk.begun.filter((place) => place === 'join/work#1')).toHaveLength(1);
  desk.give('join/work#1');

  expect((await run.outcome()).status).toBe('completed');
  expect(await faultsOfHistory(run)).toEqual([]);
});

test('tracks that become ready together start in declared order (S2)', async () => {
  const { desk, options } = stage();
  const flow = graphOf({ z: ['first'], m: [], a: ['first'], first: [], k: ['first'] });
  await using box = await createSignalbox({ orchestrators: [flow], ...options });
  await box.start(flow, { input: null });
  desk.give('first/work#1');
  await settled(box);

  expect(desk.begun).toEqual(['m/work#1', 'first/work#1', 'z/work#1', 'a/work#1', 'k/work#1']);
});

test("a track's mapper sees the outputs that it waits for and no others (P25)", async () => {
  const seen: unknown[] = [];
  const { desk, options } = stage();
  const flow = graphOf(
    { a: [], b: [], c: ['a'] },
    {
      inputMappings: {
        c: (facts: { outputs: object }) => {
          seen.push(facts.outputs);
          return null;
        },
      },
    },
  );
  await using box = await createSignalbox({ orchestrators: [flow], ...options });
  await box.start(flow, { input: null });
  desk.give('b/work#1', 'of b');
  desk.give('a/work#1', 'of a');
  await settled(box);

  expect(seen).toStrictEqual([{ a: 'of a' }]);
});

test('the same step may be used twice under two names, and each has a row and a key of its own (P2)', async () => {
  const { desk, options } = stage();
  const flow = orchestrator('flow', { version: '1', input: Anything }).track('chain', steps('chain', 'one', 'two'));
  await using box = await createSignalbox({ orchestrators: [flow], ...options });
  const run = await box.start(flow, { id: 'r', input: null });
  desk.give('chain/one#1', 1);
  await settled(box);
  desk.give('chain/two#1', 2);

  expect(await run.result()).toEqual({ chain: 2 });
  expect(desk.job('chain/two#1').key).toBe('r/chain/two#1');
  const { steps: rows } = await run.snapshot();
  expect(Object.entries(rows).map(([path, { output }]) => [path, output])).toEqual([
    ['chain/one', 1],
    ['chain/two', 2],
  ]);
});

test('a task that is run by itself leaves the same record as in a track (P22, P94)', async () => {
  const { clock } = stage();
  await using box = await createSignalbox({ clock });
  expect(await box.runTask(add, { n: 1 }, { id: 'alone' })).toEqual({ n: 2 });

  const run = box.run('alone');
  expect(await historyOf(run)).toEqual(['run.started', 'step.started add', 'step.completed add', 'run.completed']);
  expect((await run.outcome()).output).toEqual({ n: 2 });
  expect((await eventsOf(run)).map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
});

test('a task that is run by itself and fails is told as a step that failed (P22)', async () => {
  const broken = task('broken', {
    input: z.object({}),
    output: N,
    run: async () => {
      throw new Error('no luck');
    },
  });
  await using box = await createSignalbox({});
  await expect(box.runTask(broken, {}, { id: 'alone' })).rejects.toMatchObject({
    code: 'run-failed',
    failures: [{ code: 'task-failed', path: 'broken', attempt: 1, message: 'no luck' }],
  });
});

test('two tasks of one name that are run by themselves at the same time each run their own body (P22)', async () => {
  const called = (value: string) => task('same', { input: Anything, output: Anything, run: () => value });
  await using box = await createSignalbox({});
  expect(await Promise.all([box.runTask(called('first'), null), box.runTask(called('second'), null)])).toEqual([
    'first',
    'second',
  ]);
});
