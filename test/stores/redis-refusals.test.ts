/** What the Redis store refuses before it uses it: URLs, options, and servers that are none. No message tells a password. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { inspect } from 'node:util';
import { InvalidOption, StoreUnusable } from 'signalbox';
import { redis } from 'signalbox/redis';
import { describe, expect, onTestFinished, test } from 'vitest';
import { errorOf, owner } from '../helpers/redis.ts';

const SECRET = 'p%s&w/r:d';
const encoded = encodeURIComponent(SECRET);

/** All that an error shows, also to who looks into it. */
const allOf = (error: unknown): string => inspect(error, { depth: 10, showHidden: true });

describe('a URL', () => {
  test.each([
    ['no text', 7],
    ['nothing', ''],
    ['no URL', `hello ${SECRET}`],
    ['one without a scheme', 'localhost:6379'],
    ['one with a user and without a scheme', `me:${encoded}@localhost:6379`],
    ['that of another program', `postgres://user:${encoded}@localhost`],
    ['one with an odd database', `redis://:${encoded}@localhost/orders`],
    ['one without a host', `redis://:${encoded}`],
    ['one with percent signs that mean nothing', `redis://:${SECRET}%@localhost`],
  ])('that is none is refused before anything is opened, and not shown: %s', async (_, url) => {
    const error = await errorOf(() => redis(url as string));
    expect(error).toBeInstanceOf(InvalidOption);
    expect(error.message).toContain('"url"');
    for (const secret of [SECRET, encoded]) expect(allOf(error)).not.toContain(secret);
  });

  test.each([
    ['redis://localhost', 'redis localhost:6379/0'],
    [`rediss://me:${encoded}@example.org:7/2`, 'redis example.org:7/2'],
    ['redis://[::1]:8/', 'redis [::1]:8/0'],
    [`unix://me:${encoded}@/run/a.sock?db=3`, 'redis unix:/run/a.sock/3'],
  ])('is what messages call the store by, without user and password: %s', (url, name) => {
    expect(redis(url).name).toBe(name);
  });

  test.each([
    ['prefix', ''],
    ['prefix', 'a{b'],
    ['prefix', 7],
    ['keep', 'long'],
  ])('and options: %s cannot be %s', (option, value) => {
    expect(() => redis('redis://localhost', { [option]: value })).toThrow(option);
  });
});

describe('a server that cannot be used is refused with its name and a way out:', () => {
  /** A server that answers what a test wants. */
  async function playing(answers: (name: string, words: string) => string): Promise<string> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('data', (data) => {
        for (const words of data.toString().split(/(?=\*\d+\r\n\$)/)) {
          const name = /\$\d+\r\n(\w+)/.exec(words)?.[1] ?? '';
          socket.write(answers(name.toUpperCase(), words));
        }
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return `redis://me:${encoded}@127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
  const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;

  test('one where nobody listens', async () => {
    const store = redis(`redis://me:${encoded}@127.0.0.1:1/2`);
    const error = await errorOf(() => store.open(owner()));
    expect(error).toBeInstanceOf(StoreUnusable);
    expect(error.message).toMatch(/^redis 127\.0\.0\.1:1\/2 cannot be used as a store: nothing listens there\. Start/);
    for (const secret of [SECRET, encoded]) expect(allOf(error)).not.toContain(secret);
    await store.close();
  });

  test('one where nobody listens on any address of its name', async () => {
    const { message } = await errorOf(() => redis('redis://localhost:1').open(owner()));
    expect(message).toMatch(/nothing listens there\. Start.*\(connect ECONNREFUSED/);
  });

  test('one of before version 7', async () => {
    const url = await playing((name) =>
      name === 'INFO' ? bulk('redis_version:6.2.14\r\nrole:master\r\n') : '+OK\r\n',
    );
    expect((await errorOf(() => redis(url).open(owner()))).message).toMatch(/Redis 6\.2\.14.*7 or later/);
  });

  test('one that tells the password in what it answers: the message does not', async () => {
    const url = await playing((name) =>
      name === 'AUTH' ? `-ERR unknown command 'AUTH' with 'me' '${SECRET}'\r\n` : '+OK\r\n',
    );
    const error = await errorOf(() => redis(url).open(owner()));
    expect(error.message).toContain("unknown command 'AUTH'");
    for (const secret of [SECRET, encoded]) expect(allOf(error)).not.toContain(secret);
  });

  test('one that is no Redis', async () => {
    const url = await playing(() => 'HTTP/1.1 400 Bad Request\r\n\r\n');
    expect(await errorOf(() => redis(url).open(owner()))).toBeInstanceOf(StoreUnusable);
  });

  test('one that hangs up', async () => {
    const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const error = await errorOf(() =>
      redis(`redis://127.0.0.1:${(server.address() as AddressInfo).port}`).open(owner()),
    );
    expect(error).toBeInstanceOf(StoreUnusable);
    expect(error.message).toMatch(/closed the connection/);
  });
});
