/** What the Redis store writes: whatever ids and values there are, what does not fit, and what docs/redis.md says of it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Store } from 'signalbox';
import { CommitConflict, RowUnreadable } from 'signalbox/errors';
import { type RedisStore, redis } from 'signalbox/redis';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
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
  WHY_NOT,
  wipe,
} from '../helpers/redis.ts';
import { ROOT } from '../helpers/sources.ts';

describe.skipIf(!hasRedis)(`what redis writes${WHY_NOT}`, () => {
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
        expect((await store.readChildren(id, [''])).map(({ path }) => path)).toEqual(ids.slice(1));
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
      expect((await store.readChildren('a', ['3'])).map(({ path }) => path)).toEqual(
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

    test('and too large for one command, twice at once, does not get mixed up with the other (I3)', async () => {
      const store = await opened();
      const large = (id: string) => id.repeat(6_000_000);
      const commit = (...ids: readonly string[]) =>
        store.commit(ids.map((id) => change(id, 0, { actors: [step(id, '', { input: large(id) })] })));

      await Promise.all([commit('a', 'b', 'c'), commit('d', 'e', 'f')]);

      for (const id of ['a', 'b', 'c', 'd', 'e', 'f']) expect((await store.readActors(id))[0]?.input).toBe(large(id));
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
          'a record',
          'records',
          (key) => ['HSET', key('records:a'), 'approval:1', '{"id":"1","keys":{}}'],
          (store) => store.readRecord('a', 'approval', '1'),
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
        records: [{ run: id, type: 'approval', id: '1', version: 1, body: null, keys: {} }],
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

  describe('docs/redis.md', () => {
    const page = (): string => readFileSync(join(ROOT, 'docs/redis.md'), 'utf8');

    test('lists every key that a store writes, and no others', async () => {
      const store = await opened();
      const error = { code: 'x', name: 'E', message: 'm' };
      const attempts = [{ run: 'order-17', path: 'pay', attempt: 1, error, startedAt: 0, endedAt: 1 }];
      const signal = { run: 'order-17', id: 's', name: 'n', payload: 1, sentAt: 1, answer: 'buffered', takenBy: null };
      const failed = step('order-17', 'failed', { state: 'failed', endedAt: 1 });
      const more = {
        actors: [
          step('order-17', ''),
          step('order-17', 'pay'),
          failed,
          step('order-17', 'done', { state: 'completed', endedAt: 1 }),
        ],
        attempts,
        signals: [signal as never],
        records: [{ run: 'order-17', type: 'approval', id: '1', version: 1, body: null, keys: { state: 'open' } }],
      };
      await store.saveDefinitions([{ orchestrator: 'order', version: '1', hash: 'h', lines: [] }]);
      await store.commit([
        change('order-17', 0, {
          row: runRow('order-17', { key: 'k', metadata: { tenant: 'acme' }, parent: { run: 'p', path: '' } }),
          ...more,
        }),
        change('done', 0, { row: runRow('done', { status: 'completed', endedAt: 1 }) }),
      ]);
      await store.shared.leaveCommand({ id: 'c', run: 'order-17', body: {} });
      const other = await opened({ prefix: store.prefix }, owner('two'));
      await other.commit([change('other')]);
      await other.close();
      // What nobody knows is put aside; what is let go of afterwards is nobody's.
      await store.claim(1, []);
      const third = await opened({ prefix: store.prefix }, owner('three'));
      await third.commit([change('third'), change('fourth')]);
      await third.close();
      expect(await store.claim(1)).toHaveLength(1);

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
