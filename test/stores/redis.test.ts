/** The Redis store with several processes on one server: who owns what, what is kept, and what a stranger may do to it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommitConflict, createSignalbox, LeaseLost, RowUnreadable, RunExists, type Store } from 'signalbox';
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
import { ROOT } from '../helpers/sources.ts';
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
      const { first, second, pass } = await pair();
      await first.commit([change('a')]);
      pass(60_000);
      await second.renew();
      expect(await second.claim(10)).toEqual([]);
      pass(9_000);
      await second.renew();
      expect(await second.claim(10)).toEqual([]);
      pass(2_000);
      await second.renew();
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

  test('an answer waits a day for the one who asked, a command for as long as it takes', async () => {
    const store = await opened();
    await store.commit([change('a')]);
    await store.shared.leaveCommand({ id: 'c', run: 'a', body: { n: 1 } });
    await store.shared.leaveCommand({ id: 'c', run: 'a', body: { n: 2 } });
    expect(await store.shared.readCommands(10)).toEqual([{ id: 'c', run: 'a', body: { n: 1 } }]);
    expect(await run('TTL', `{${store.prefix}}:command:c`)).toBe(-1);
    await store.shared.answerCommand('c', {});
    const seconds = await run<number>('TTL', `{${store.prefix}}:command:c`);
    expect(seconds).toBeGreaterThan(86_000);
    expect(await store.shared.takeAnswer('c')).toEqual({});
    expect(await run('EXISTS', `{${store.prefix}}:command:c`)).toBe(0);
  });

  describe('ids of any characters', () => {
    const ids = [
      '',
      ':',
      'a',
      'a:b',
      'a%3Ab',
      'a%',
      '%25',
      '\u0000',
      'ä€😀',
      '\ud800',
      '\udfff',
      '\ud800\ud800',
      '{}',
      '*',
      ' \n',
    ];

    test('are different runs, with steps, keys, signals and commands of their own (P88)', async () => {
      const store = await opened({}, owner('own:er%\ud800'));
      await store.commit(
        ids.map((id) =>
          change(id, 0, {
            row: runRow(id, { key: id, orchestrator: 'o:\ud800' }),
            actors: [step(id, ''), ...ids.slice(1).map((path) => step(id, path, { parent: '' }))],
            signals: ids.map((other) => ({
              ...{ run: id, id: other, name: id, payload: null, sentAt: 1 },
              ...{ answer: 'buffered' as const, takenBy: null },
            })),
          }),
        ),
      );
      for (const id of ids) {
        expect((await store.readRun(id))?.run).toBe(id);
        expect((await store.readRunByKey('o:\ud800', id))?.run).toBe(id);
        expect((await store.readChildren(id, '')).map(({ path }) => path)).toEqual(ids.slice(1));
        expect((await store.readOpen(id))?.signals.map((signal) => signal.id)).toEqual(ids);
        expect(await store.readSignal(id, id)).toMatchObject({ id, name: id });
        await store.shared.leaveCommand({ id, run: id, body: { id } });
      }
      expect((await store.shared.readCommands(100)).map((found) => [found.id, found.run])).toEqual(
        ids.map((id) => [id, id]),
      );
      expect((await store.readRuns({ limit: 100, orchestrator: 'o:\ud800', status: 'running' })).runs).toHaveLength(
        ids.length,
      );
      expect((await store.readOpen('a'))?.owner).toBe('own:er%\ud800');
      await store.close();
      const next = await opened({ prefix: store.prefix }, owner('two'));
      expect([...(await next.claim(100))].sort()).toEqual([...ids].sort());
    });
  });

  describe('a batch that is large', () => {
    test('lands whole, and its steps in their order: ten thousand steps in one commit (I3, I9)', async () => {
      const store = await opened();
      const paths = Array.from({ length: 10_000 }, (_, index) => `${index % 7}/${index}`);
      await store.commit([change('a', 0, { actors: [step('a', ''), ...paths.map((path) => step('a', path))] })]);
      expect((await store.readOpen('a'))?.open.map(({ path }) => path)).toEqual(['', ...paths]);
      expect((await store.readChildren('a', '3')).map(({ path }) => path)).toEqual(
        paths.filter((path) => path[0] === '3'),
      );
      const done = paths.map((path) => step('a', path, { state: 'completed', endedAt: 1 }));
      await store.commit([change('a', 1, { actors: done })]);
      expect((await store.readOpen('a'))?.open.map(({ path }) => path)).toEqual(['']);
      expect((await store.readActors('a')).map(({ path }) => path)).toEqual(['', ...paths]);
    });

    test('and too large for one command is staged, committed at once or not at all, and leaves nothing behind (I3)', async () => {
      const store = await opened();
      const large = 'x'.repeat(6_000_000);
      const changes = ['a', 'b', 'c'].map((id) => change(id, 0, { actors: [step(id, '', { input: large })] }));
      await store.commit([change('c')]);
      expect(await errorOf(() => store.commit(changes))).toBeInstanceOf(CommitConflict);
      expect([await store.readRun('a'), await store.readRun('b')]).toEqual([null, null]);
      await store.commit(changes.slice(0, 2).concat(change('d', 0, { actors: [step('d', '', { input: large })] })));
      for (const id of ['a', 'b', 'd']) expect((await store.readActors(id))[0]?.input).toBe(large);
      expect((await keysUnder(store.prefix)).filter((key) => key.startsWith('staged'))).toEqual([]);
    });
  });

  describe('a row that does not fit is an error that names it, and the others are read', () => {
    const broken: readonly [string, string, (key: (name: string) => string) => string[], (store: Store) => unknown][] =
      [
        ['a run', 'runs', (key) => ['HSET', key('run:a'), 'state', '{"status":"odd"}'], (store) => store.readRun('a')],
        ['half a run', 'runs', (key) => ['HDEL', key('run:a'), 'start'], (store) => store.readOpen('a')],
        ['a step', 'steps', (key) => ['HSET', key('steps:a'), '1', '{"path":"pay"'], (store) => store.readOpen('a')],
        ['a step that is gone', 'steps', (key) => ['HDEL', key('steps:a'), '1'], (store) => store.readOpen('a')],
        ['a step of a list', 'steps', (key) => ['HSET', key('steps:a'), '1', '[]'], (store) => store.readActors('a')],
        ['an attempt', 'attempts', (key) => ['LSET', key('attempts:a'), '0', '7'], (store) => store.readAttempts('a')],
        [
          'a signal',
          'signals',
          (key) => ['HSET', key('signals:a'), 's', '{"id":"s"}'],
          (store) => store.readSignal('a', 's'),
        ],
        [
          'an event',
          'events',
          (key) => ['LSET', key('events:a'), '0', '{"type":"nothing"}'],
          (store) => store.readEvents('a', { after: 0, limit: 9 }),
        ],
        [
          'a definition',
          'definitions',
          (key) => ['HSET', key('definitions'), '["order","1","h"]', '"x"'],
          (store) => store.readDefinition('order', '1', 'h'),
        ],
      ];
    test.each(broken)('%s', async (_, table, breaking, reading) => {
      const store = await opened();
      const error = { code: 'x', name: 'E', message: 'm' };
      const attempt = { path: 'pay', attempt: 1, error, startedAt: 0, endedAt: 1 };
      const signal = { id: 's', name: 'n', payload: 1, sentAt: 1, answer: 'buffered', takenBy: null } as const;
      await store.saveDefinitions([{ orchestrator: 'order', version: '1', hash: 'h', lines: [] }]);
      const rows = (id: string) => ({
        actors: [step(id, ''), step(id, 'pay')],
        attempts: [{ run: id, ...attempt }],
        signals: [{ run: id, ...signal }],
      });
      await store.commit([change('a', 0, rows('a')), change('b', 0, rows('b'))]);
      await reading(store);

      await run(...breaking((name) => `{${store.prefix}}:${name}`));

      const thrown = (await errorOf(() => reading(store))) as RowUnreadable;
      expect(thrown).toBeInstanceOf(RowUnreadable);
      expect(thrown.fields).toMatchObject({ store: store.name, table });
      expect(thrown.fields.row).toMatch(table === 'definitions' ? /^order/ : /^a/);
      expect((await store.readOpen('b'))?.open).toHaveLength(2);
    });
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

  describe('docs/redis.md', () => {
    const page = (): string => readFileSync(join(ROOT, 'docs/redis.md'), 'utf8');

    test('lists every key that a store writes, and no others', async () => {
      const store = await opened();
      const error = { code: 'x', name: 'E', message: 'm' };
      const attempts = [{ run: 'order-17', path: 'pay', attempt: 1, error, startedAt: 0, endedAt: 1 }];
      const signal = { run: 'order-17', id: 's', name: 'n', payload: 1, sentAt: 1, answer: 'buffered', takenBy: null };
      const more = { actors: [step('order-17', ''), step('order-17', 'pay')], attempts, signals: [signal as never] };
      await store.saveDefinitions([{ orchestrator: 'order', version: '1', hash: 'h', lines: [] }]);
      await store.commit([
        change('order-17', 0, { row: runRow('order-17', { key: 'k' }), ...more }),
        change('done', 0, { row: runRow('done', { status: 'completed', endedAt: 1 }) }),
      ]);
      await store.shared.leaveCommand({ id: 'c', run: 'order-17', body: {} });
      const other = await opened({ prefix: store.prefix }, owner('two'));
      await other.commit([change('other')]);
      await other.close();

      const documented = [...page().matchAll(/^\| `\{signalbox\}:([\w:<>]+)` \|/gm)].map(([, key]) => key as string);
      const known = (key: string): string => {
        const [name, ...rest] = key.split(':');
        return rest.length === 0 ? (name as string) : `${name}:…`;
      };
      const found = new Set((await keysUnder(store.prefix)).map(known));
      expect([...new Set(documented.map(known))].sort()).toEqual([...found].sort());
    });

    test('has commands that can be pasted', async () => {
      const store = await opened();
      await store.commit([change('order-17', 0, { actors: [step('order-17', 'payment/charge')] })]);
      const lines = [...page().matchAll(/```sh\n(.*?)```/gs)].flatMap(([, text]) =>
        (text as string).trim().split('\n'),
      );
      const commands = lines.filter((line) => line.startsWith('redis-cli '));
      expect(commands.length).toBeGreaterThan(5);
      for (const line of commands) {
        const words = (line.split(' | ')[0] as string).slice('redis-cli '.length).matchAll(/'([^']*)'|(\S+)/g);
        const given = [...words].map(([, quoted, plain]) => (quoted ?? plain) as string);
        if (given[0] === 'SUBSCRIBE' || given[0] === 'CONFIG' || given[0] === '--scan') continue;
        await run(...given.map((word) => word.replaceAll('{signalbox}', `{${store.prefix}}`)));
      }
    });
  });
});
