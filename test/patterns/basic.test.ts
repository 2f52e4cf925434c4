/** Control-flow patterns: the basic ones, choices and how their routes come together, loops, and how a run ends. */
import { orchestrator, task, track } from 'signalbox';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { alone, does, Nothing, scene, takes } from './scene.ts';

const pick = does('pick');
const pack = takes('pack', 2);
const bill = takes('bill', 1);
const ship = does('ship');

const sequence = track('order', { input: Nothing }).step('pick', pick).step('pack', pack).step('ship', ship);

test('WCP-1 sequence: a step starts when the one before it has completed', async () => {
  await using play = await scene(alone(sequence));

  expect(await play.output()).toBe('ship');
  expect(await play.history('t/pick', 't/pack', 't/ship')).toEqual([
    'step.started t/pick',
    'step.completed t/pick',
    'track.started t/pack',
    'track.completed t/pack',
    'step.started t/ship',
    'step.completed t/ship',
  ]);
});

const order = orchestrator('order', { version: '1', input: Nothing })
  .track('pick', pick)
  .track('pack', pack, { after: ['pick'] })
  .track('bill', bill, { after: ['pick'] })
  .track('ship', ship, { after: ['pack', 'bill'] });

test('WCP-2 parallel split: what waits for the same track starts together', async () => {
  await using play = await scene(order);

  expect((await play.history('pick', 'pack', 'bill')).slice(-3)).toEqual([
    'step.completed pick',
    'track.started pack',
    'track.started bill',
  ]);
});

test('WCP-3 synchronization: a track starts once, when the last of those it waits for has ended', async () => {
  await using play = await scene(order);
  await play.pass(1);
  expect((await play.history()).at(-1)).toBe('track.completed bill');

  expect(await play.output()).toEqual({ pick: 'pick', pack: 'pack', bill: 'bill', ship: 'ship' });
  expect((await play.history('pack', 'bill', 'ship')).slice(2)).toEqual([
    'track.completed bill',
    'track.completed pack',
    'step.started ship',
    'step.completed ship',
  ]);
});

const Parcel = z.object({ grams: z.number() });
const letter = does('letter');
const box = does('box');
const pallet = does('pallet');

const chosen = track('parcel', { input: Parcel })
  .branch('as', {
    when: [
      [({ input }) => input.grams < 500, letter],
      [({ input }) => input.grams < 20_000, box],
    ],
    otherwise: pallet,
  })
  .step('ship', ship);

test.each([
  [100, 'letter', ['box', 'otherwise']],
  [1_000, 'box', ['letter', 'otherwise']],
  [90_000, 'otherwise', ['letter', 'box']],
])('WCP-4 exclusive choice: of %i grams the route is %s, and no other', async (grams, taken, others) => {
  await using play = await scene(alone(chosen), { input: { grams } });
  await play.output();

  const history = await play.history();
  expect(history.filter((line) => line.startsWith('step.started t/as/'))).toEqual([`step.started t/as/${taken}`]);
  expect(history.filter((line) => line.includes('skipped'))).toEqual(others.map((name) => `step.skipped t/as/${name}`));
});

test('WCP-5 simple merge: what follows a branch starts once, whichever route was taken', async () => {
  for (const grams of [100, 1_000, 90_000]) {
    await using play = await scene(alone(chosen), { input: { grams } });

    expect(await play.output()).toBe('ship');
    expect(await play.history('t/as', 't/ship')).toEqual([
      'step.started t/as',
      'step.completed t/as',
      'step.started t/ship',
      'step.completed t/ship',
    ]);
  }
});

const Claim = z.object({ hurt: z.boolean(), damage: z.boolean() });
const doctor = takes('doctor', 3);
const garage = takes('garage', 1);
const pay = does('pay');

const several = track('claim', { input: Claim })
  .branch('asks', {
    all: true,
    when: [
      [({ input }) => input.hurt, doctor],
      [({ input }) => input.damage, garage],
    ],
    otherwise: null,
  })
  .step('pay', pay);

test('WCP-6 multi-choice: every route that fits is taken, and they run side by side', async () => {
  await using both = await scene(alone(several), { input: { hurt: true, damage: true } });
  await using one = await scene(alone(several), { input: { hurt: false, damage: true } });

  expect(await both.history('t/asks/doctor', 't/asks/garage')).toEqual([
    'track.started t/asks/doctor',
    'track.started t/asks/garage',
  ]);
  expect(await one.history('t/asks/doctor', 't/asks/garage')).toEqual([
    'track.skipped t/asks/doctor',
    'track.started t/asks/garage',
  ]);
});

test('WCP-7 structured synchronizing merge: what follows waits for the routes that were taken, and for no others', async () => {
  await using both = await scene(alone(several), { input: { hurt: true, damage: true } });
  await using none = await scene(alone(several), { input: { hurt: false, damage: false } });
  await both.pass(1);
  expect((await both.history()).at(-1)).toBe('track.completed t/asks/garage');

  expect(await both.output()).toBe('pay');
  expect(await both.history('t/asks/doctor', 't/pay')).toEqual([
    'track.started t/asks/doctor',
    'track.completed t/asks/doctor',
    'step.started t/pay',
    'step.completed t/pay',
  ]);
  expect(await none.output()).toBe('pay');
});

const At = z.object({ next: z.string() });
const draft = task('draft', { input: Nothing, output: At, run: () => ({ next: 'review' }) });
const review = task('review', {
  input: z.object({ round: z.number() }),
  output: At,
  run: ({ input }) => ({ next: ['draft', 'layout', 'end'][Math.floor(input.round / 2)] ?? 'end' }),
});
const layout = task('layout', { input: Nothing, output: At, run: () => ({ next: 'review' }) });

const cycles = track('paper', { input: Nothing }).loop('rounds', {
  body: {
    do: track('round', { input: z.object({ at: z.string(), round: z.number() }) }).branch('do', {
      on: ({ input }) => input.at,
      routes: { draft, review: { do: review, input: ({ input }) => ({ round: input.round }) }, layout },
    }),
    input: ({ accumulator, index }) => ({ at: accumulator, round: index }),
  },
  from: 'draft',
  accumulate: (_, { output }) => output.next,
  until: ({ accumulator }) => accumulator === 'end',
});

test('WCP-10 arbitrary cycles: a loop goes from any place to any other, one at a time', async () => {
  await using play = await scene(alone(cycles));

  expect(await play.output()).toEqual({ last: { next: 'end' }, accumulator: 'end', iterations: 6 });
  const started = (await play.history()).filter((line) => /^step.started .*do\/\w+$/.test(line));
  expect(started.map((line) => line.slice(line.lastIndexOf('/') + 1))).toEqual([
    'draft',
    'review',
    'draft',
    'review',
    'layout',
    'review',
  ]);
});

const ends = orchestrator('ends', { version: '1', input: Nothing }).track('pack', pack).track('bill', bill);

test('WCP-11 implicit termination: a run completes when nothing is left to do, and no step says so', async () => {
  await using play = await scene(ends);
  await play.pass(1);

  expect(await play.run().status()).toBe('waiting');
  expect(await play.output()).toEqual({ pack: 'pack', bill: 'bill' });
  expect((await play.history('bill', 'pack')).concat((await play.history()).slice(-1))).toEqual([
    'track.started pack',
    'track.started bill',
    'track.completed bill',
    'track.completed pack',
    'run.completed',
  ]);
});

const double = task('double', { input: z.number(), output: z.number(), run: ({ input }) => input * 2 });

const repeats = track('grow', { input: Nothing })
  .loop('never', { body: { do: double, input: () => 1 }, while: ({ index }) => index < 0 })
  .loop('grow', { body: { do: double, input: ({ previous }) => previous ?? 1 }, until: ({ output }) => output > 5 });

test('WCP-21 structured loop: a body is repeated while a condition holds before a round, or until one holds after it', async () => {
  await using play = await scene(alone(repeats));

  expect(await play.output()).toEqual({ last: 8, accumulator: null, iterations: 3 });
  expect((await play.history()).filter((line) => line.startsWith('step.started t/'))).toEqual([
    'step.started t/never',
    'step.started t/grow',
    'step.started t/grow/0',
    'step.started t/grow/1',
    'step.started t/grow/2',
  ]);
});

const Whole = z.object({ n: z.number() });
const factorialOf = task('factorialOf', { input: Whole, output: z.number() });

const factorial = orchestrator('factorial', { version: '1', input: Whole })
  .track(
    'f',
    track('f', { input: Whole })
      .branch('less', {
        when: [[({ input }) => input.n > 1, { do: factorialOf, input: ({ input }) => ({ n: input.n - 1 }) }]],
        otherwise: null,
      })
      .output(({ input, outputs }) => input.n * (outputs.less ?? 1)),
    { input: ({ input }) => input },
  )
  .output(({ outputs }) => outputs.f);

test('WCP-22 recursion: a body starts a run of the orchestrator that it belongs to', async () => {
  await using play = await scene(factorial, {
    input: { n: 4 },
    tasks: (box) => ({
      factorialOf: async ({ input, key }: { input: { n: number }; key: string }) =>
        (await box().start(factorial as never, { key: key.replaceAll(/[/#]/g, '.'), input } as never)).result(),
    }),
  });

  expect(await play.output()).toBe(24);
  const { runs } = await play.box().runs({ orchestrator: 'factorial' });
  expect(runs.map(({ status }) => status)).toEqual(Array(4).fill('completed'));
  expect(await play.history('f/less', 'f/less/factorialOf', 'f')).toEqual([
    'track.started f',
    'step.started f/less',
    'step.started f/less/factorialOf',
    'step.completed f/less/factorialOf',
    'step.completed f/less',
    'track.completed f',
  ]);
});

const search = orchestrator('search', { version: '1', input: Nothing })
  .track('look', pack)
  .track(
    'found',
    track('found', { input: Nothing })
      .sleep('time', '1h')
      .terminate('stop', { output: () => 'found' }),
  );

test('WCP-43 explicit termination: one step ends the run, whatever else is under way', async () => {
  await using play = await scene(search);
  await play.pass(1);

  expect(await play.result()).toBe('found');
  expect((await play.history()).slice(-5)).toEqual([
    'step.cancelled look/time',
    'step.completed found/stop',
    'track.cancelled look',
    'track.cancelled found',
    'run.completed',
  ]);
});
