/** How many commits a store is given at once (I3): never more than it takes, and one alone after one has failed, however much waits. */
import { createSignalbox } from 'signalbox';
import { StoreUnusable } from 'signalbox/errors';
import { expect, test } from 'vitest';
import { graphOf, settled, stage } from '../helpers/stage.ts';
import { held, wrapped } from '../helpers/stores.ts';

const flow = graphOf({ a: [] });

/** A box on a store that takes so many commits at once, which the test lets land or fail. */
async function opened(commitsAtOnce: number) {
  const { store: slow, waiting } = held();
  const sizes: number[] = [];
  const failing = new Set<number>();
  const store = wrapped(
    {
      commitsAtOnce,
      async commit(changes) {
        const number = sizes.push(changes.length);
        await slow.commit(failing.has(number) ? [] : changes);
        if (failing.has(number)) throw new StoreUnusable({ store: 'memory', reason: 'it was away.' });
      },
    },
    slow,
  );
  const { clock, options } = stage();
  const box = clock.follow(await createSignalbox({ orchestrators: [flow], ...options, store }));
  const start = async (count: number): Promise<void> => {
    for (let at = 0; at < count; at += 1) box.start(flow, { input: null }).catch(() => {});
    await settled();
  };
  /** Of what is under way, which is the oldest: it lands or fails. */
  const land = async (at = 0): Promise<void> => {
    waiting.splice(at, 1)[0]?.();
    await settled();
  };
  const end = async (): Promise<void> => {
    while (waiting.length > 0) await land();
    await box.close();
  };
  return { box, sizes, failing, start, land, end };
}

/** A run that has ended elsewhere. */
async function exported() {
  const { desk, options } = stage();
  await using box = await createSignalbox({ orchestrators: [flow], ...options });
  const run = await box.start(flow, { id: 'from-elsewhere', input: null });
  desk.give('a/work#1');
  await run.outcome();
  return await run.export();
}

test('a store that takes one commit at a time is given one, though enough for another waits', async () => {
  const { sizes, start, land, end } = await opened(1);
  await start(300);
  await start(300);
  await start(300);
  expect(sizes).toEqual([300]);
  await land();
  expect(sizes).toHaveLength(2);
  await end();
});

test('one that takes two is not given a third', async () => {
  const { sizes, start, end } = await opened(2);
  await start(300);
  await start(300);
  await start(300);
  expect(sizes).toEqual([300, 300]);
  await end();
});

test('after one that failed the next is not begun beside another, though there is room', async () => {
  const { sizes, failing, start, land, end } = await opened(2);
  await start(300);
  await start(300);
  expect(sizes).toEqual([300, 300]);
  failing.add(1);
  await land();
  const before = sizes.length;
  await start(600);
  expect(sizes).toHaveLength(before);
  await end();
});

test('runs of the commit under way count for nothing in the next one, which is as large without them or waits (I2)', async () => {
  const { box, sizes, start, land, end } = await opened(2);
  for (let at = 0; at < 300; at += 1) void box.start(flow, { id: `r${at}`, input: null });
  await settled();
  await land();
  for (let at = 0; at < 128; at += 1) void box.run(`r${at}`).pause();
  await settled();
  for (let at = 0; at < 100; at += 1) void box.run(`r${at}`).resume();
  await settled();
  expect(sizes).toEqual([300, 128]);
  await start(100);
  expect(sizes).toEqual([300, 128]);
  await start(28);
  expect(sizes).toEqual([300, 128, 128]);
  await end();
});

test('an import is one of them: it waits until there is room, and what came meanwhile is committed after it (P228)', async () => {
  const document = await exported();
  const { box, sizes, start, land, end } = await opened(1);
  await start(2);
  const importing = box.import(document);
  await settled();
  expect(sizes).toEqual([2]);
  await land();
  expect(sizes).toEqual([2, 1]);
  await start(3);
  expect(sizes).toEqual([2, 1]);
  await land();
  expect((await importing).id).toBe('from-elsewhere');
  expect(sizes).toEqual([2, 1, 3]);
  await end();
});
