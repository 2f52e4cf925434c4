/** The Redis store and its server: what the server refuses, and what happens when the server is killed, hangs, is full, or comes back. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { StoreUnusable } from 'signalbox';
import { type RedisStore, redis } from 'signalbox/redis';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { News } from '../../src/store.ts';
import { proxyOf } from '../helpers/proxy.ts';
import {
  canStart,
  change,
  command,
  errorOf,
  newPrefix,
  owner,
  type Server,
  startServer,
  step,
  until,
  WHY_NOT_OWN,
} from '../helpers/redis.ts';
import { ROOT } from '../helpers/sources.ts';

const SECRET = 'p%s&w/r:d';
const encoded = encodeURIComponent(SECRET);

/** All that an error shows, also to who looks into it. */
const allOf = (error: unknown): string => inspect(error, { depth: 10, showHidden: true });

async function opened(url: string, prefix = newPrefix(), name = 'one'): Promise<RedisStore> {
  const store = redis(url, { prefix });
  await store.open(owner(name));
  onTestFinished(() => store.close());
  return store;
}

/** Can this run be read? */
async function reads(store: RedisStore, run: string): Promise<boolean> {
  try {
    return (await store.readRun(run)) !== null;
  } catch {
    return false;
  }
}

/** Commits runs until it is told to stop or a commit fails, and answers which were acknowledged. */
async function commitOn(
  store: RedisStore,
  from: number,
  goesOn: () => boolean,
): Promise<{ acked: number; error: unknown }> {
  for (let acked = from; ; acked += 1) {
    if (!goesOn()) return { acked, error: null };
    try {
      await store.commit([change(`r${acked}`)]);
    } catch (error) {
      return { acked, error };
    }
  }
}

describe.skipIf(!canStart)(`a server of its own${WHY_NOT_OWN}`, () => {
  let server: Server;
  beforeAll(async () => {
    server = await startServer('--appendfsync', 'always', '--requirepass', SECRET, '--enable-debug-command', 'yes');
  });
  afterAll(() => server?.dispose());
  const url = (): string => `redis://:${encoded}@127.0.0.1:${server.port}`;
  const run = <T>(...words: string[]): Promise<T> => command<T>(url(), ...words);

  describe('refuses, and the store says why:', () => {
    test.each([
      [
        'a wrong password',
        () => `redis://:wrong%2Fsecret@127.0.0.1:${server.port}`,
        /refuses the user or the password/,
      ],
      ['no password', () => server.url, /asks for a password, and the URL has none/],
      ['a database that there is not', () => `${url()}/99`, /DB index is out of range/],
    ])('%s', async (_, address, reason) => {
      const error = await errorOf(() => redis(address()).open(owner()));
      expect(error).toBeInstanceOf(StoreUnusable);
      expect(error.message).toMatch(reason);
      expect(allOf(error)).not.toMatch(/wrong.{1,3}secret/);
    });

    test.each([
      [
        'an eviction policy',
        ['CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru'],
        ['CONFIG', 'SET', 'maxmemory-policy', 'noeviction'],
        /allkeys-lru.*noeviction/,
      ],
      [
        'to be anything but a replica',
        ['REPLICAOF', '127.0.0.1', '1'],
        ['REPLICAOF', 'NO', 'ONE'],
        /replica of 127\.0\.0\.1:1/,
      ],
    ])('%s; and once that is mended the same store opens', async (_, spoil, mend, reason) => {
      const store = redis(url(), { prefix: newPrefix() });
      await run(...spoil);
      const error = await errorOf(() => store.open(owner()));
      await run(...mend);
      expect(error).toBeInstanceOf(StoreUnusable);
      expect(error.message).toMatch(reason);
      await store.open(owner());
      await store.close();
    });

    test('a place of a newer signalbox, and one of another program', async () => {
      const [newer, other] = [newPrefix(), newPrefix()];
      await run('SET', `{${newer}}:format`, '99');
      expect((await errorOf(() => opened(url(), newer))).message).toMatch(/newer signalbox \(format 99/);
      await run('RPUSH', `{${other}}:format`, 'mine');
      expect((await errorOf(() => opened(url(), other))).message).toMatch(/holds something else.*prefix of its own/);
    });

    test('INFO to a user, who goes on without', async () => {
      await run('ACL', 'SETUSER', 'clerk', 'on', '>clerk', '~*', '&*', '+@all', '-info', '-config');
      const store = await opened(`redis://clerk:clerk@127.0.0.1:${server.port}`);
      await store.commit([change('a')]);
      expect((await store.readRun('a'))?.run).toBe('a');
    });

    test('nothing to a user whose rights are those that docs/redis.md lists', async () => {
      const prefix = newPrefix('rights');
      const rights = '+@read +@write +@scripting +@pubsub +@connection +time +info'.split(' ');
      await run('ACL', 'SETUSER', 'box', 'on', '>box', `~{${prefix}}:*`, `&{${prefix}}:*`, ...rights);
      const store = await opened(`redis://box:box@127.0.0.1:${server.port}`, prefix);
      await store.shared?.listen(() => {});
      await store.commit([change('a')]);
      await store.shared?.leaveCommand({ id: 'c', run: 'a', body: {} });
      await store.shared?.answerCommand('c', {});
      expect([await store.claim(10), await store.shared?.takeAnswer('c'), await store.prune()]).toEqual([[], {}, 0]);
    });
  });

  describe('goes on', () => {
    test('after SCRIPT FLUSH, which made the server forget all scripts', async () => {
      const store = await opened(url());
      await store.commit([change('a')]);
      await run('SCRIPT', 'FLUSH');
      await store.commit([change('a', 1)]);
      expect([(await store.readOpen('a'))?.seq, await store.claim(10)]).toEqual([2, []]);
    });

    test('after its connections were cut: the store by the next command, the listener by itself', async () => {
      const prefix = newPrefix();
      const [first, second] = [await opened(url(), prefix), await opened(url(), prefix, 'two')];
      const news: News[] = [];
      await first.shared?.listen((heard) => void news.push(heard));
      await first.commit([change('a')]);
      for (let cut = 0; cut < 2; cut += 1) {
        news.length = 0;
        await run('CLIENT', 'KILL', 'TYPE', 'pubsub');
        await until(() => news.length >= 3, 'it is told to look at everything');
        expect(news.map(({ about }) => about).sort()).toEqual(['answers', 'commands', 'released']);
        await second.commit([change('b', cut)]);
        await until(() => news.some(({ about }) => about === 'runs'), 'it hears again');
      }
      await run('CLIENT', 'KILL', 'TYPE', 'normal');
      await until(() => reads(first, 'a'), 'it reads again');
      await first.commit([change('a', 1)]);
    });

    test('when it has been full: commits are refused whole, reading and signs of life are not', async () => {
      const store = await opened(url());
      await store.commit([change('a')]);
      await run('CONFIG', 'SET', 'maxmemory', '1');
      const error = await errorOf(() => store.commit([change('a', 1, { actors: [step('a', '')] }), change('b')]));
      expect(error).toBeInstanceOf(StoreUnusable);
      expect(error.message).toMatch(/it is full \(maxmemory\)/);
      await store.renew();
      expect([(await store.readOpen('a'))?.seq, await store.readRun('b'), await store.readActors('a')]).toEqual([
        1,
        null,
        [],
      ]);
      await run('CONFIG', 'SET', 'maxmemory', '0');
      await store.commit([change('a', 1), change('b')]);
    });

    test('when it became a replica and was made the primary again', async () => {
      const store = await opened(url());
      await run('REPLICAOF', '127.0.0.1', '1');
      const errors = [
        await errorOf(() => store.commit([change('a')])),
        await errorOf(() => store.commit([change('a')])),
      ];
      await run('REPLICAOF', 'NO', 'ONE');
      for (const error of errors) {
        expect(error).toBeInstanceOf(StoreUnusable);
        expect(error.message).toMatch(/is a replica.*Let the URL name the primary/);
      }
      await store.commit([change('a')]);
    });
  });

  test('that only hangs is given up after five seconds, and used again when it is back', async () => {
    const store = await opened(url());
    await store.commit([change('a')]);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    server.freeze();
    onTestFinished(() => server.thaw());
    const pending = [errorOf(() => store.commit([change('a', 1)])), errorOf(() => store.readRun('a'))];
    for (let round = 0; round < 20; round += 1) await new Promise((resolve) => setImmediate(resolve));
    vi.advanceTimersByTime(5_100);
    vi.useRealTimers();
    for (const error of await Promise.all(pending)) {
      expect(error).toBeInstanceOf(StoreUnusable);
      expect(error.message).toMatch(/did not answer within 5 seconds|was given up/);
    }
    server.thaw();
    // Whether the commit landed nobody knows; the next one finds out.
    const seq = (await store.readOpen('a'))?.seq as number;
    await store.commit([change('a', seq)]);
  });

  test('behind a network that has fallen silent is given up after five seconds, whatever was asked, and all goes on when it is back (I2, I3)', async () => {
    const network = await proxyOf(server.port);
    onTestFinished(() => network.close());
    const store = await opened(`redis://:${encoded}@127.0.0.1:${network.port}`);
    await store.commit([change('a')]);
    network.hold();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const asked = [() => store.commit([change('a', 1)]), () => store.readRun('a'), () => store.renew()];
    const pending = asked.map(errorOf);
    for (let round = 0; round < 20; round += 1) await new Promise((resolve) => setImmediate(resolve));
    vi.advanceTimersByTime(5_100);
    vi.useRealTimers();
    for (const error of await Promise.all(pending)) {
      expect(error).toBeInstanceOf(StoreUnusable);
      expect(error.message).toMatch(
        /^redis 127\.0\.0\.1:\d+\/0 .*(did not answer within 5 seconds|was given up).*goes on by itself/,
      );
    }
    network.release();
    await store.renew();
    // What was held may arrive after it was read; then the next commit is told.
    const commit = async () => await store.commit([change('a', (await store.readOpen('a'))?.seq as number)]);
    await commit().catch(commit);
    const events = await store.readEvents('a', { after: 0, limit: 9 });
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    expect(events.length).toBeGreaterThan(1);
  });

  test('that has answered is not given up by a process that was held up meanwhile', async () => {
    const store = await opened(url());
    await store.commit([change('a')]);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const reading = Promise.resolve(store.readRun('a'));
    reading.catch(() => {});
    for (let turn = 0; turn < 50; turn += 1) await null;
    // Sent in this round, and answered while nothing is read here; then timers come first.
    await new Promise((resolve) => setImmediate(resolve));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
    vi.advanceTimersByTime(60_000);
    expect(await reading).not.toBe(null);
  });

  test('that is killed loses no commit that it acknowledged, and the store goes on when it is back (I3, I6)', async () => {
    const prefix = newPrefix();
    const store = await opened(url(), prefix);
    const news: News[] = [];
    await store.shared?.listen((heard) => void news.push(heard));
    let acked = 0;
    for (let kill = 0; kill < 3; kill += 1) {
      let enough = false;
      const committing = commitOn(store, acked, () => !enough);
      await new Promise((resolve) => setTimeout(resolve, 100));
      await server.kill();
      const ended = await committing;
      enough = true;
      expect(ended.error).toBeInstanceOf(StoreUnusable);
      for (const use of [
        () => store.commit([change('x')]),
        () => store.readRun('r0'),
        () => store.claim(1),
        () => store.renew(),
      ]) {
        const error = await errorOf(use);
        expect(error).toBeInstanceOf(StoreUnusable);
        expect(error.message).toMatch(/nothing listens there/);
      }
      news.length = 0;
      await server.start();
      await until(() => reads(store, 'r0'), 'it reads again');
      const { runs } = await store.readRuns({ limit: 1_000_000 });
      expect(ended.acked).toBeGreaterThan(acked);
      // The one that was under way may have landed.
      expect(runs.length - ended.acked).toBeGreaterThanOrEqual(0);
      expect(runs.length - ended.acked).toBeLessThanOrEqual(1);
      acked = runs.length;
    }
    await until(() => news.some(({ about }) => about === 'released'), 'the listener is back');
    const other = await opened(url(), prefix, 'two');
    news.length = 0;
    await other.commit([change('other')]);
    await until(() => news.some(({ about }) => about === 'runs'), 'it hears');
  });

  test('that is still reading its data says so; nothing is lost, and then it opens', async () => {
    const slow = await startServer();
    onTestFinished(() => slow.dispose());
    const [prefix, store] = [newPrefix(), redis(slow.url, { prefix: 'slow' })];
    const first = await opened(slow.url, prefix);
    await first.commit(Array.from({ length: 200 }, (_, index) => change(`r${index}`)));
    await command(slow.url, 'BGREWRITEAOF');
    await until(
      async () => /aof_rewrite_in_progress:0/.test(await command(slow.url, 'INFO', 'persistence')),
      'it is written',
    );
    await slow.kill();
    await slow.start('--key-load-delay', '500', '--loading-process-events-interval-bytes', '1024');
    const error = await errorOf(() => store.open(owner()));
    expect(error).toBeInstanceOf(StoreUnusable);
    expect(error.message).toMatch(/still reading its data/);
    await until(() => reads(first, 'r199'), 'it has read');
    await store.open(owner());
    await store.close();
  });

  test.each([
    ['while the server runs', false],
    ['when it is gone', true],
  ])('leaves a process that has closed its store nothing to wait for, %s', async (_, gone) => {
    const own = await startServer();
    onTestFinished(() => own.dispose());
    const module = JSON.stringify(pathToFileURL(join(ROOT, 'src/stores/redis/index.ts')).href);
    const code = `
      const { redis } = await import(${module});
      const store = redis(${JSON.stringify(own.url)});
      await store.open({ name: 'other', lease: 1000, now: () => Date.now() });
      await store.shared.listen(() => {});
      process.send('open');
      await new Promise((resolve) => process.once('message', resolve));
      await store.close();
      process.disconnect();`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    let said = '';
    child.stderr?.on('data', (data) => {
      said += String(data);
    });
    await once(child, 'message');
    if (gone) await own.kill();
    const closedAt = performance.now();
    child.send('close');
    const [exit] = await once(child, 'exit');
    expect([exit, said]).toEqual([0, '']);
    expect(performance.now() - closedAt).toBeLessThan(1_500);
  });

  test('that is gone does not keep a store from closing, and another takes over after the lease (P231)', async () => {
    const own = await startServer('--appendfsync', 'always');
    onTestFinished(() => own.dispose());
    const [prefix, start] = [newPrefix(), Date.now()];
    const store = await opened(own.url, prefix);
    await store.commit([change('a')]);
    await own.kill();
    await store.close();
    await own.start();
    const next = redis(own.url, { prefix });
    let now = start;
    await next.open(owner('two', () => now));
    onTestFinished(() => next.close());
    expect(await next.claim(10)).toEqual([]);
    now += 11_000;
    expect(await next.claim(10)).toEqual(['a']);
  });
});
