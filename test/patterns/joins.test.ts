/**
 * Control-flow patterns: joins that do not wait for all. A strategy cancels the others; a signal lets the next
 * track begin while they finish.
 */
import { orchestrator, track } from 'signalbox';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { alone, does, hours, Nothing, scene, takes, tell } from './scene.ts';

const train = takes('train', 1);
const bus = takes('bus', 2);
const taxi = takes('taxi', 3);
const book = does('book');

const asks = track('asks', { input: z.object({ hours: z.number() }) })
  .step('asked', hours, ({ input }) => input.hours)
  .step('told', tell, ({ previous }) => ({ signal: 'quoted', payload: previous }));

const first = orchestrator('trip', { version: '1', input: Nothing })
  .track('train', asks, { input: () => ({ hours: 1 }) })
  .track('bus', asks, { input: () => ({ hours: 2 }) })
  .track('next', track('next', { input: Nothing }).wait('first', { signal: 'quoted' }).step('book', book));

test('WCP-9 structured discriminator: what follows begins after the first, and the others finish', async () => {
  await using play = await scene(first);
  await play.pass(1);
  expect(await play.run().status()).toBe('running');
  expect(await play.history('next/book', 'bus')).toEqual([
    'track.started bus',
    'step.started next/book',
    'step.completed next/book',
  ]);

  expect(await play.output()).toEqual({ train: 'accepted', bus: 'refused', next: 'book' });
  expect(await play.history('bus', 'next/book')).toEqual([
    'track.started bus',
    'step.started next/book',
    'step.completed next/book',
    'track.completed bus',
  ]);
});

const fastest = track('trip', { input: Nothing })
  .parallel('quotes', { train, bus, taxi }, { strategy: 'race' })
  .step('book', book);

test('WCP-29 cancelling discriminator: what follows begins after the first, and the others are cancelled', async () => {
  await using play = await scene(alone(fastest));
  await play.pass(1);

  expect(await play.result()).toBe('book');
  expect(await play.history('t/quotes/train', 't/quotes/bus', 't/quotes/taxi', 't/quotes', 't/book')).toEqual([
    'step.started t/quotes',
    'track.started t/quotes/train',
    'track.started t/quotes/bus',
    'track.started t/quotes/taxi',
    'track.completed t/quotes/train',
    'step.cancelling t/quotes',
    'track.cancelling t/quotes/bus',
    'track.cancelling t/quotes/taxi',
    'track.cancelled t/quotes/bus',
    'track.cancelled t/quotes/taxi',
    'step.completed t/quotes',
    'step.started t/book',
    'step.completed t/book',
  ]);
});

const two = orchestrator('trip', { version: '1', input: Nothing })
  .track('train', asks, { input: () => ({ hours: 1 }) })
  .track('bus', asks, { input: () => ({ hours: 2 }) })
  .track('taxi', asks, { input: () => ({ hours: 3 }) })
  .track(
    'next',
    track('next', { input: Nothing })
      .wait('first', { signal: 'quoted' })
      .wait('second', { signal: 'quoted' })
      .step('book', book),
  );

test('WCP-30 structured partial join: what follows begins after two of three, and the third finishes', async () => {
  await using play = await scene(two);
  await play.pass(1);
  expect(await play.history('next/book')).toEqual([]);
  await play.pass(1);
  expect(await play.history('next/book', 'taxi')).toEqual([
    'track.started taxi',
    'step.started next/book',
    'step.completed next/book',
  ]);

  expect(await play.output()).toMatchObject({ taxi: 'refused', next: 'book' });
  expect((await play.history('taxi')).at(-1)).toBe('track.completed taxi');
});

const partly = track('trip', { input: Nothing })
  .parallel('quotes', { train, bus, taxi }, { strategy: { quorum: 2 } })
  .step('book', book);

test('WCP-32 cancelling partial join: what follows begins after two of three, and the third is cancelled', async () => {
  await using play = await scene(alone(partly));
  await play.pass(2);

  expect(await play.result()).toBe('book');
  expect(await play.history('t/quotes/train', 't/quotes/bus', 't/quotes/taxi', 't/quotes', 't/book')).toEqual([
    'step.started t/quotes',
    'track.started t/quotes/train',
    'track.started t/quotes/bus',
    'track.started t/quotes/taxi',
    'track.completed t/quotes/train',
    'track.completed t/quotes/bus',
    'step.cancelling t/quotes',
    'track.cancelling t/quotes/taxi',
    'track.cancelled t/quotes/taxi',
    'step.completed t/quotes',
    'step.started t/book',
    'step.completed t/book',
  ]);
});

const pairs = track('bicycles', { input: Nothing }).loop('pairs', {
  body: track('pair', { input: Nothing }).parallel('parts', {
    frame: track('frame', { input: Nothing }).wait('comes', { signal: 'frame' }),
    wheels: track('wheels', { input: Nothing }).wait('comes', { signal: 'wheels' }),
  }),
  from: [] as unknown[],
  accumulate: (all, { output }) => [...all, output],
  until: ({ index }) => index === 1,
});

test('WCP-33 generalized AND-join: signals that come several times are joined in pairs, in the order in which they came', async () => {
  await using play = await scene(alone(pairs));
  expect(await play.signal('frame', 'red')).toBe('accepted');
  expect(await play.signal('frame', 'blue')).toBe('buffered');
  expect(await play.signal('wheels', 1)).toBe('accepted');
  expect(await play.signal('wheels', 2)).toBe('accepted');

  expect(await play.output()).toMatchObject({
    accumulator: [
      { frame: 'red', wheels: 1 },
      { frame: 'blue', wheels: 2 },
    ],
  });
});

const Shops = z.object({ shops: z.array(z.number()) });

const some = orchestrator('offers', { version: '1', input: Shops })
  .track(
    'all',
    track('all', { input: Shops }).map('ask', {
      over: ({ input }) => input.shops,
      each: { do: asks, input: ({ item }) => ({ hours: item }) },
    }),
    { input: ({ input }) => input },
  )
  .track(
    'next',
    track('next', { input: Nothing })
      .loop('two', {
        body: track('one', { input: Nothing }).wait('quote', { signal: 'quoted' }),
        until: ({ index }) => index === 1,
      })
      .step('book', book),
  );

test('WCP-34 static partial join for multiple instances: what follows begins after two of many, and the rest finish', async () => {
  await using play = await scene(some, { input: { shops: [4, 1, 3, 2] } });
  await play.pass(2);
  expect(await play.history('next/book', 'all/ask/0', 'all/ask/2')).toEqual([
    'track.started all/ask/0',
    'track.started all/ask/2',
    'step.started next/book',
    'step.completed next/book',
  ]);

  expect(await play.output()).toEqual({ all: ['refused', 'accepted', 'refused', 'accepted'], next: 'book' });
});

const quickest = track('offers', { input: Shops })
  .map('ask', { over: ({ input }) => input.shops, each: hours, strategy: { quorum: 2 } })
  .step('book', book)
  .output(({ outputs }) => outputs.ask);

test('WCP-35 cancelling partial join for multiple instances: after two of many the rest is cancelled', async () => {
  await using play = await scene(alone(quickest), { input: { shops: [4, 1, 3, 2] } });
  await play.pass(2);

  expect(await play.result()).toEqual([null, 1, null, 2]);
  expect(await play.history('t/ask/0', 't/ask/1', 't/ask/2', 't/ask/3', 't/ask', 't/book')).toEqual([
    'step.started t/ask',
    'step.started t/ask/0',
    'step.started t/ask/1',
    'step.started t/ask/2',
    'step.started t/ask/3',
    'step.completed t/ask/1',
    'step.completed t/ask/3',
    'step.cancelling t/ask',
    'step.cancelling t/ask/0',
    'step.cancelling t/ask/2',
    'step.cancelled t/ask/0',
    'step.cancelled t/ask/2',
    'step.completed t/ask',
    'step.started t/book',
    'step.completed t/book',
  ]);
});

const enough = track('offers', { input: Shops })
  .parallel(
    'ask',
    {
      all: {
        do: track('all', { input: Shops }).map('ask', {
          over: ({ input }) => input.shops,
          each: { do: asks, input: ({ item }) => ({ hours: item }) },
        }),
        input: ({ input }) => input,
      },
      enough: track('enough', { input: Nothing }).loop('sum', {
        body: track('one', { input: Nothing }).wait('quote', { signal: 'quoted', payload: z.number() }),
        from: 0,
        accumulate: (sum, { output }) => sum + output,
        until: ({ accumulator }) => accumulator >= 5,
      }),
    },
    { strategy: 'race' },
  )
  .step('book', book);

test('WCP-36 dynamic partial join for multiple instances: a condition over what came in so far ends the rest', async () => {
  await using play = await scene(alone(enough), { input: { shops: [4, 1, 3, 2] } });
  await play.pass(3);

  expect(await play.result()).toBe('book');
  expect(await play.history('t/ask/all/ask/0', 't/ask/all/ask/2', 't/ask/enough', 't/ask', 't/book')).toEqual([
    'step.started t/ask',
    'track.started t/ask/enough',
    'track.started t/ask/all/ask/0',
    'track.started t/ask/all/ask/2',
    'track.completed t/ask/enough',
    'step.cancelling t/ask',
    'track.cancelling t/ask/all/ask/0',
    'track.cancelling t/ask/all/ask/2',
    'track.cancelled t/ask/all/ask/0',
    'track.cancelled t/ask/all/ask/2',
    'step.completed t/ask',
    'step.started t/book',
    'step.completed t/book',
  ]);
});

const Wish = z.object({ a: z.boolean(), b: z.boolean(), c: z.boolean() });
const left = does('left');
const right = does('right');

const optional = (name: 'a' | 'b' | 'c', body: typeof train | typeof bus | typeof taxi) =>
  track(name, { input: Wish }).branch('do', { when: [[({ input }) => input[name], body]], otherwise: null });

const local = orchestrator('local', { version: '1', input: Wish })
  .track('a', optional('a', train), { input: ({ input }) => input })
  .track('b', optional('b', bus), { input: ({ input }) => input })
  .track('c', optional('c', taxi), { input: ({ input }) => input })
  .track('left', left, { after: ['a', 'b'] })
  .track('right', right, { after: ['b', 'c'] });

test('WCP-37 local synchronizing merge: joins that overlap each wait for what was chosen of theirs', async () => {
  await using play = await scene(local, { input: { a: true, b: false, c: true } });
  await play.pass(1);
  expect((await play.history('left', 'right')).at(-1)).toBe('step.completed left');

  expect(await play.output()).toEqual({ a: 'train', b: null, c: 'taxi', left: 'left', right: 'right' });
  expect(await play.history('a', 'b', 'c', 'left', 'right')).toEqual([
    'track.started a',
    'track.started b',
    'track.started c',
    'track.completed b',
    'track.completed a',
    'step.started left',
    'step.completed left',
    'track.completed c',
    'step.started right',
    'step.completed right',
  ]);
});
