/** What a box waits for, and what it tells later: a commit that landed although nobody heard so, a store that takes its time to close (I3). */
import { createSignalbox, memory, orchestrator, type Store, StoreUnusable, track } from 'signalbox';
import { settled } from 'signalbox/testing';
import { expect, test } from 'vitest';
import { Anything, stage, statusesOf, work } from '../helpers/stage.ts';
import { mishapAt } from '../helpers/stores.ts';

test('of a commit of more than a page of events that landed unheard, listeners hear all, each once and in order (I3)', async () => {
  const many = orchestrator('many', { version: '1', input: Anything }).track(
    't',
    track('t', { input: Anything }).map('all', { over: () => '1..600', each: work, concurrency: 600 }),
  );
  const { clock, options } = stage();
  const store = mishapAt(1, 'unheard', true);
  await using box = clock.follow(await createSignalbox({ orchestrators: [many], ...options, store }));
  const heard: number[] = [];
  box.on('*', ({ seq }) => void heard.push(seq));
  const starting = box.start(many, { id: 'r', input: null }).catch(() => {});
  await settled(box);
  await clock.advance('1m');
  await starting;
  expect(heard.length).toBeGreaterThan(600);
  expect(heard).toEqual(heard.map((_, at) => at + 1));
});

test('a box is closed when its store is, and not before; what the store says of that is told', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const box = await createSignalbox({ store: { ...memory(), close: () => promise } as unknown as Store });
  let isClosed = false;
  const closing = box.close().then(() => {
    isClosed = true;
  });
  await settled();
  expect(isClosed).toBe(false);
  resolve();
  await closing;
  const store = { ...memory(), close: () => Promise.reject(new Error('the disk is gone')) } as unknown as Store;
  await expect((await createSignalbox({ store })).close()).rejects.toThrow('the disk is gone');
});

test('who waits for the end of a run whose start the store refuses is told, and waits no longer (I3, I7)', async () => {
  const refused = new StoreUnusable({ store: 'picky', reason: 'it is full', isLasting: true });
  const { promise, reject } = Promise.withResolvers<void>();
  const one = orchestrator('one', { version: '1', input: Anything }).track(
    't',
    track('t', { input: Anything }).step('s', work),
  );
  const { clock, options } = stage();
  const store = { ...memory(), commit: () => promise } as Store;
  const box = clock.follow(await createSignalbox({ orchestrators: [one], ...options, store }));
  const starting = box.start(one, { id: 'r', input: null }).catch((error) => error.code);
  await settled();
  const waiting = box
    .run('r')
    .result()
    .catch((error) => error.code);
  await settled();
  reject(refused);
  expect(await Promise.all([starting, waiting])).toEqual(['commit-refused', 'run-unknown']);
  await box.close();
});

test('a signal that landed unheard is taken once, however long the store takes to say that it has it (I3, S17)', async () => {
  const twice = orchestrator('twice', { version: '1', input: Anything }).track(
    't',
    track('t', { input: Anything }).wait('one', { signal: 'go' }).wait('two', { signal: 'go' }),
  );
  const { clock, options } = stage();
  const inner = mishapAt(2, 'unheard', true);
  const slow = async <T>(answer: T): Promise<T> => {
    for (let round = 0; round < 20; round += 1) await new Promise<void>((resolve) => setImmediate(resolve));
    return answer;
  };
  const store: Store = {
    ...inner,
    readSignal: async (...asked) => slow(await inner.readSignal(...asked)),
    readRecord: async (...asked) => slow(await inner.readRecord(...asked)),
  };
  await using box = clock.follow(await createSignalbox({ orchestrators: [twice], ...options, store }));
  const run = await box.start(twice, { id: 'r', input: null });
  await settled(box);
  let answer: object | null = null;
  void run.signal('go', 1, { id: 'once' }).then((given) => {
    answer = given;
  });
  for (let round = 0; round < 500 && answer === null; round += 1) await slow(clock.advance('1s'));
  expect(answer).toEqual({ answer: 'accepted', step: 't/one' });
  expect(await statusesOf(run)).toMatchObject({ 't/one': 'completed', 't/two': 'waiting' });
});
