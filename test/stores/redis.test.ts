/** The Redis store with several processes on one server: who owns what, what is kept, and what a stranger may do to it. */
import { createSignalbox, RunExists } from 'signalbox';
import { LeaseLost } from 'signalbox/errors';
import { type RedisStore, redis } from 'signalbox/redis';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { News } from '../../src/store.ts';
import {
  anyServer,
  change,
  command,
  errorOf,
  hasRedis,
  newPrefix,
  owner,
  runRow,
  step,
  until,
  WHY_NOT,
  wipe,
} from '../helpers/redis.ts';
import { flowOf } from '../helpers/two-steps.ts';

const DAY = 86_400_000;
const HOUR = 3_600_000;

describe.skipIf(!hasRedis)(`redis${WHY_NOT}`, () => {
  let server: Awaited<ReturnType<typeof anyServer>>;
  beforeAll(async () => {
    server = await anyServer();
  });
  afterAll(() => server?.dispose());

  /** A store on a prefix of its own, and others beside it. */
  async function opened(
    options: Parameters<typeof redis>[1] = {},
    by = owner(),
  ): Promise<RedisStore & { prefix: string }> {
    const prefix = options.prefix ?? newPrefix();
    const store = redis(server.url, { ...options, prefix });
    await store.open(by);
    onTestFinished(async () => {
      await store.close();
      await wipe(server.url, prefix);
    });
    return Object.assign(store, { prefix });
  }
  const run = <T>(...words: string[]): Promise<T> => command<T>(server.url, ...words);
  const keysUnder = async (prefix: string): Promise<string[]> =>
    (await run<string[]>('KEYS', `{${prefix}}:*`)).map((key) => key.slice(prefix.length + 3)).sort();

  describe('two processes whose clocks are an hour apart', () => {
    async function pair() {
      let [slow, fast] = [Date.now(), Date.now() + HOUR];
      const first = await opened(
        {},
        owner('slow', () => slow),
      );
      const second = await opened(
        { prefix: first.prefix },
        owner('fast', () => fast),
      );
      const pass = (ms: number): void => {
        slow += ms;
        fast += ms;
      };
      return { first, second, pass };
    }

    test('leave each other their runs as long as both give signs of life (I2, P231)', async () => {
      const { first, second, pass } = await pair();
      await first.commit([change('a')]);
      await second.commit([change('b')]);
      for (let round = 0; round < 4; round += 1) {
        pass(6_000);
        await first.renew();
        await second.renew();
        expect([await first.claim(10), await second.claim(10)]).toEqual([[], []]);
      }
    });

    test.each(['slow', 'fast'])(
      'take over from the dead when its lease has ended, here from the %s one (I2)',
      async (dead) => {
        const { first, second, pass } = await pair();
        const [left, heir] = dead === 'slow' ? [first, second] : [second, first];
        await left.commit([change('a')]);
        pass(9_000);
        expect(await heir.claim(10)).toEqual([]);
        pass(2_000);
        expect(await heir.claim(10)).toEqual(['a']);

        const error = (await errorOf(() => left.commit([change('b'), change('a', 1)]))) as LeaseLost;
        expect(error).toBeInstanceOf(LeaseLost);
        expect(error.fields).toEqual({ run: 'a', owner: dead === 'slow' ? 'fast' : 'slow', fence: 2 });
        expect(await left.readRun('b')).toBe(null);
        await heir.commit([change('a', 1, { fence: 2 })]);
      },
    );

    test('one that was taken for dead and begins a run is one whose runs can be claimed again (P231)', async () => {
      const { first, second, pass } = await pair();
      await first.commit([change('a')]);
      pass(11_000);
      expect([await second.claim(10), await second.claim(10)]).toEqual([['a'], []]);
      await first.commit([change('b')]);
      expect(await second.claim(10)).toEqual([]);
      pass(11_000);
      expect(await second.claim(10)).toEqual(['b']);
    });

    test('one that could give no sign itself spares the others for a lease: they may only just be coming back', async () => {
      let now = Date.now();
      const at = (name: string) => ({ ...owner(name, () => now), oneTime: true });
      const first = await opened({}, at('first'));
      const second = await opened({ prefix: first.prefix }, at('second'));
      await first.commit([change('a')]);
      now += 60_000;
      await second.renew();
      expect(await second.claim(10)).toEqual([]);
      now += 9_000;
      await second.renew();
      expect(await second.claim(10)).toEqual([]);
      now += 2_000;
      await second.renew();
      expect(await second.claim(10)).toEqual(['a']);
    });

    test.each([
      ['back', -HOUR],
      ['on', HOUR],
    ])('a process whose clock is set %s by an hour keeps its runs while it lives, and no longer', async (_, jump) => {
      const clocks = { first: Date.now(), second: Date.now() };
      const first = await opened(
        {},
        owner('first', () => clocks.first),
      );
      const second = await opened(
        { prefix: first.prefix },
        owner('second', () => clocks.second),
      );
      await first.commit([change('a')]);
      clocks.first += jump;
      await first.renew();
      expect(await second.claim(10)).toEqual([]);

      clocks.second += 20_000;
      expect(await second.claim(10)).toEqual(['a']);
    });
  });

  test('a start under a key that is taken names the run that has it, also within one commit (S17)', async () => {
    const store = await opened();
    await store.commit([change('a', 0, { row: runRow('a', { key: 'k' }) })]);
    for (const other of [store, await opened({ prefix: store.prefix }, owner('two'))]) {
      const error = await errorOf(() =>
        other.commit([change('c'), change('b', 0, { row: runRow('b', { key: 'k' }) })]),
      );
      expect(error).toBeInstanceOf(RunExists);
      expect(error.message).toContain('"a"');
    }
    const both = ['x', 'y'].map((id) => change(id, 0, { row: runRow(id, { key: 'l' }) }));
    expect(await errorOf(() => store.commit(both))).toBeInstanceOf(RunExists);
    expect((await store.readRuns({ limit: 10 })).runs.map(({ run }) => run)).toEqual(['a']);
  });

  test('a process does not hear its own news, and another that throws at them hears the next', async () => {
    const [first, news]: [RedisStore & { prefix: string }, News[]] = [await opened(), []];
    const second = await opened({ prefix: first.prefix }, owner('two'));
    await first.shared.listen((heard) => void news.push(heard));
    let told = 0;
    await second.shared.listen(() => {
      told += 1;
      throw new Error('not now');
    });
    await first.commit([change('a'), change('b')]);
    await until(() => told === 1, 'the other one hears');
    await second.commit([change('c')]);
    await until(() => news.length === 1, 'the first one hears');
    expect(news).toEqual([{ about: 'runs', runs: ['c'] }]);
    await first.commit([change('a', 1)]);
    await until(() => told === 2, 'the other one hears again');
  });

  test('what others publish under the prefix disturbs nobody', async () => {
    const store = await opened();
    const news: News[] = [];
    await store.shared.listen((heard) => void news.push(heard));
    for (const message of ['', 'hello', '{}', '[1]', 'null']) await run('PUBLISH', `{${store.prefix}}:news`, message);
    await run('PUBLISH', `{${store.prefix}}:news`, '["x","answers",[]]');
    await until(() => news.length > 0, 'it hears');
    expect(news).toEqual([{ about: 'answers' }]);
  });

  test('a command waits a day for its answer, and an answer for the one who asked; the next command takes the place of one that is gone from the list', async () => {
    const store = await opened();
    await store.commit([change('a')]);
    await store.shared.leaveCommand({ id: 'c', run: 'a', body: { n: 1 } });
    await store.shared.leaveCommand({ id: 'c', run: 'a', body: { n: 2 } });
    expect(await store.shared.readCommands(10)).toEqual([{ id: 'c', run: 'a', body: { n: 1 } }]);
    expect(await run('TTL', `{${store.prefix}}:command:c`)).toBeGreaterThan(86_000);
    await run('DEL', `{${store.prefix}}:command:c`);
    await store.shared.leaveCommand({ id: 'd', run: 'a', body: {} });
    expect(await run('ZRANGE', `{${store.prefix}}:commands`, '0', '9')).toEqual(['d']);
    await store.shared.leaveCommand({ id: 'c', run: 'a', body: {} });
    await store.shared.answerCommand('c', {});
    const seconds = await run<number>('TTL', `{${store.prefix}}:command:c`);
    expect(seconds).toBeGreaterThan(86_000);
    expect(await store.shared.takeAnswer('c')).toEqual({});
    expect(await run('EXISTS', `{${store.prefix}}:command:c`)).toBe(0);
  });

  describe('runs that have ended', () => {
    const ended = (id: string, endedAt: number) =>
      change(id, 0, {
        row: runRow(id, { status: 'completed', endedAt, key: `key of ${id}` }),
        actors: [step(id, ''), step(id, 'pay', { state: 'completed', endedAt })],
      });

    test('are kept for as long as is said, with all that belongs to them; unfinished ones stay', async () => {
      let now = 10 * DAY;
      const store = await opened(
        { keep: '7d' },
        owner('one', () => now),
      );
      await store.commit([change('unfinished'), ended('old', 2 * DAY), ended('young', 9 * DAY)]);
      expect(await store.prune()).toBe(1);
      expect([await store.readRun('old'), await store.readActors('old')]).toEqual([null, []]);
      expect((await keysUnder(store.prefix)).filter((key) => key.includes('old'))).toEqual([]);
      expect(await store.readRunByKey('order', 'key of old')).toBe(null);
      expect((await store.readRuns({ limit: 10 })).runs.map(({ run }) => run)).toEqual(['unfinished', 'young']);

      now = 17 * DAY;
      await store.commit([change('next')]);
      await until(async () => (await store.readRun('young')) === null, 'it is pruned by the way');
      expect((await store.readRun('unfinished'))?.run).toBe('unfinished');
      await store.commit([ended('young', now)]);
    });

    test('are kept for ever if nothing is said', async () => {
      const store = await opened(
        {},
        owner('one', () => 10_000 * DAY),
      );
      await store.commit([ended('old', 1)]);
      expect(await store.prune()).toBe(0);
      expect(await store.readRun('old')).not.toBe(null);
    });

    test('and are pruned leave no place that the next run takes from who reads page by page (P127)', async () => {
      const store = await opened(
        { keep: '7d' },
        owner('one', () => 10 * DAY),
      );
      await store.commit([change('first')]);
      await store.commit([ended('last', 1)]);
      const { cursor } = await store.readRuns({ limit: 2 });
      expect(await store.prune()).toBe(1);
      await store.commit([change('new')]);
      expect((await store.readRuns({ limit: 2, cursor: cursor ?? '' })).runs.map(({ run }) => run)).toEqual(['new']);
    });

    test('leave nothing at all when all of them are gone', async () => {
      const store = await opened(
        { keep: '1d' },
        owner('one', () => 10 * DAY),
      );
      const many = Array.from({ length: 250 }, (_, index) => ended(`r${index}`, 1));
      await store.commit(many);
      expect(await store.prune()).toBe(250);
      expect(await keysUnder(store.prefix)).toEqual(['format', 'lists', 'number', 'owners']);
    });
  });

  test('stores with different prefixes do not see each other', async () => {
    const [first, second] = [await opened(), await opened()];
    await first.commit([change('a')]);
    await first.close();
    expect([await second.readRun('a'), await second.claim(10)]).toEqual([null, []]);
  });

  test('a store that was closed says so, can be opened again, and remembers no fences from before (I2)', async () => {
    const store = await opened();
    await store.commit([change('a')]);
    await store.close();
    await store.close();
    for (const use of [() => store.readRun('a'), () => store.commit([change('b')]), () => store.claim(1)]) {
      expect((await errorOf(use)).message).toMatch(/not open/);
    }
    await store.open(owner('two'));
    expect(await errorOf(() => store.commit([change('a', 1)]))).toBeInstanceOf(LeaseLost);
    expect(await store.claim(10)).toEqual(['a']);
    await store.commit([change('a', 1, { fence: 2 })]);
  });

  test('a box runs on it to the end, and what it wrote is there', async () => {
    const store = redis(server.url, { prefix: newPrefix() });
    const flow = flowOf(({ input }) => input);
    await using box = await createSignalbox({ store, orchestrators: [flow] });
    const started = await box.start(flow, { input: { n: 1 } });
    expect(await started.outcome()).toMatchObject({ status: 'completed' });
    expect((await store.readRun(started.id))?.status).toBe('completed');
  });
});
