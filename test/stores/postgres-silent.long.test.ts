/**
 * A Postgres behind a network that has gone silent: what is sent is lost or late, and nobody hears that it is. Whoever asks
 * is told in words when its patience is over, and all goes on when the network is back.
 */
import { connect, createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { inspect } from 'node:util';
import { InvalidOption, StoreUnusable } from 'signalbox';
import { type PostgresStore, postgres } from 'signalbox/postgres';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Server } from '../../src/stores/postgres/server.ts';
import type { News } from '../../src/store.ts';
import { actor, change, row } from '../../src/testing/conformance-rows.ts';
import { newSchema, PASSWORD, query, until, useServer } from '../helpers/postgres.ts';
import { type Network, proxyOf } from '../helpers/proxy.ts';
import { errorOf } from '../helpers/redis.ts';

const PATIENCE = 600;
const server = useServer();

interface Place {
  readonly schema: string;
  readonly network: Network;
  readonly store: PostgresStore;
}

const at = (port: number, more: object = {}) => {
  const url = new URL(server.url);
  url.port = String(port);
  return { connectionString: url.href, ...more };
};

/** A store behind a network of its own. */
async function opened(patience: number | string = PATIENCE, name = 'one'): Promise<Place> {
  const schema = newSchema(server);
  // To make a schema may take longer than the patience of these, beside other work.
  const owner = { name, lease: 10_000, now: () => Date.now() };
  const maker = postgres(server.url, { schema });
  await maker.open(owner);
  await maker.close();
  const network = await proxyOf(Number(new URL(server.url).port));
  onTestFinished(() => network.close());
  const store = postgres(at(network.port, { application_name: schema }), { schema, patience });
  await store.open(owner);
  onTestFinished(async () => {
    network.release();
    await store.close();
  });
  return { schema, network, store };
}

/** Connections that the server has for a store, but for the one that listens. */
const backends = async (schema: string): Promise<readonly number[]> => {
  const asked = `application_name = '${schema}' and query <> 'listen ${schema}'`;
  const rows = await query(server, '', `select pid from pg_stat_activity where ${asked} order by backend_start`);
  return rows.map(({ pid }) => Number(pid));
};

/** What somebody is told who had to wait for so long as patience allows, and not much longer. */
async function toldOf(ask: () => unknown): Promise<string> {
  const began = performance.now();
  const error = await errorOf(ask);
  const took = performance.now() - began;
  expect(error).toBeInstanceOf(StoreUnusable);
  expect(took).toBeGreaterThan(PATIENCE * 0.9);
  expect(took).toBeLessThan(PATIENCE * 6);
  expect(inspect(error, { depth: 20 })).not.toContain(PASSWORD);
  return error.message;
}

const SILENT =
  /^postgres 127\.0\.0\.1\/postgres cannot be used as a store: it did not answer for 600ms.*network.*"patience"/s;

describe('when the network falls silent', () => {
  test.each([
    ['a read', (store: PostgresStore) => store.readRun('a')],
    ['a list', (store: PostgresStore) => store.readRuns({ limit: 1 })],
    ['a sign of life', (store: PostgresStore) => store.renew()],
    ['a claim', (store: PostgresStore) => store.claim(1)],
    ['a commit', (store: PostgresStore) => store.commit([change('b', 0)])],
    ['a request', (store: PostgresStore) => store.shared?.leaveCommand({ id: 'c', run: 'a', body: {} })],
  ])('%s is told so when its patience is over, and is done when the network is back (I7)', async (_, ask) => {
    const { store, network } = await opened();
    await store.commit([change('a', 0)]);
    network.hold();
    expect(await toldOf(() => ask(store))).toMatch(SILENT);
    // A connection is needed first by now, and there is none to be had.
    expect(await toldOf(() => store.readRun('a'))).toMatch(/nothing answers there/);
    network.release();
    // It may have arrived late, and is known then; nobody is refused for anything else.
    await Promise.resolve(ask(store)).catch((error: unknown) =>
      expect(error).toMatchObject({ code: 'commit-conflict' }),
    );
    expect(await store.readRun('a')).not.toBe(null);
  });

  test.each(['there', 'back'] as const)(
    'in the middle of a commit, on its way %s: it has landed once or not at all, and the next one knows which (I2, I3)',
    async (way) => {
      const { store, network } = await opened();
      await store.commit([change('a', 0), change('b', 0)]);
      network.hold('all', way);
      expect(await toldOf(() => store.commit([change('a', 1), change('b', 1)]))).toMatch(SILENT);
      network.release();
      for (let tries = 0; ; tries += 1) {
        const [a, b] = [await store.readOpen('a'), await store.readOpen('b')];
        if (way === 'back') expect([a?.seq, b?.seq]).toEqual([2, 2]);
        const after = a?.seq as number;
        try {
          await store.commit([change('a', after), change('b', after)]);
          break;
        } catch (error) {
          // What was held has arrived since it was read.
          expect(error).toMatchObject({ code: 'commit-conflict', fields: { expected: 1, found: 2 } });
          expect(tries).toBe(0);
        }
      }
      const [a, b] = [await store.readOpen('a'), await store.readOpen('b')];
      expect(a?.seq).toBe(b?.seq);
      expect((await store.readEvents('a', { after: 0, limit: 9 })).map(({ seq }) => seq)).toEqual(
        Array.from({ length: a?.seq as number }, (_, index) => index + 1),
      );
    },
  );

  test('connections that nobody uses at that moment are not tried one after the other: they are dead, too', async () => {
    const { store, network, schema } = await opened();
    await Promise.all(Array.from({ length: 5 }, () => store.readRuns({ limit: 1 })));
    const before = await backends(schema);
    expect(before.length).toBeGreaterThan(2);
    network.hold();
    await toldOf(() => store.readRun('a'));
    network.release();
    expect(await store.readRun('a')).toBe(null);
    await until(async () => (await backends(schema)).every((pid) => !before.includes(pid)));
  });

  test('what was asked for is not sent afterwards by the system: the connection is reset', async () => {
    const ends: (string | undefined)[] = [];
    const target = Number(new URL(server.url).port);
    let isSilent = false;
    const network = createServer((socket) => {
      const upstream = connect(target, '127.0.0.1');
      socket.on('data', (bytes) => void (isSilent || upstream.write(bytes)));
      upstream.on('data', (bytes) => void socket.write(bytes));
      socket.on('error', ({ code }: NodeJS.ErrnoException) => ends.push(code));
      socket.on('close', () => upstream.destroy());
      upstream.on('error', () => socket.destroy());
    }).listen(0, '127.0.0.1');
    await once(network, 'listening');
    onTestFinished(() => void network.close());
    const { port } = network.address() as { readonly port: number };
    const store = postgres(at(port), { schema: newSchema(server), patience: PATIENCE });
    await store.open({ name: 'one', lease: 10_000, now: () => Date.now() });
    onTestFinished(() => store.close());
    // So that nothing is under way, and there is a connection.
    await store.prune();
    isSilent = true;
    expect(await toldOf(() => store.commit([change('a', 0)]))).toMatch(SILENT);
    await until(() => ends.includes('ECONNRESET'));
    isSilent = false;
    expect(await store.readRun('a')).toBe(null);
  });

  test.each([
    ['within a minute', '', '30'],
    ['as it was told in the URL', '?options=-c%20tcp_keepalives_idle%3D77', '77'],
  ])('the server looks whether those are still there who were given up, %s', async (_, more, idle) => {
    const client = await new Server(`${server.url}${more}`, 'public').client();
    await client.connect();
    onTestFinished(() => client.end());
    expect((await client.query('show tcp_keepalives_idle')).rows).toEqual([{ tcp_keepalives_idle: idle }]);
  });

  test('the connection that listens is missed at the next sign of life, and another one hears what comes', async () => {
    const { store, network, schema } = await opened();
    const other = postgres(server.url, { schema });
    await other.open({ name: 'two', lease: 10_000, now: () => Date.now() });
    onTestFinished(() => other.close());
    const heard: News[] = [];
    await store.shared?.listen((news) => void heard.push(news));
    const pidOf = async () =>
      (await query(server, '', `select pid from pg_stat_activity where query = 'listen ${schema}'`))[0]?.pid;
    const before = await pidOf();
    network.hold('listening');
    await store.renew();
    await new Promise((resolve) => setTimeout(resolve, 2 * PATIENCE));
    network.release();
    await until(() => heard.some(({ about }) => about === 'released'));
    await other.commit([change('z', 0)]);
    await until(() => heard.some(({ about }) => about === 'runs'));
    await until(async () => (await pidOf()) !== before);
  });

  test('a connection that listens and answers is kept', async () => {
    const { store, schema } = await opened();
    await store.shared?.listen(() => {});
    const listeners = () => query(server, '', `select pid from pg_stat_activity where query = 'listen ${schema}'`);
    const before = await listeners();
    for (let sign = 0; sign < 5; sign += 1) await store.renew();
    await new Promise((resolve) => setTimeout(resolve, 2 * PATIENCE));
    expect(await listeners()).toEqual(before);
    expect(before).toHaveLength(1);
  });
});

describe('a server that is slow, and not silent,', () => {
  test('goes on with a commit that nobody waits for any more: what is read waits for it, no longer than patience allows (I2, I3)', async () => {
    const { store, schema } = await opened();
    await store.commit([change('a', 0)]);
    const shell = await new Server(server.url, schema).client();
    await shell.connect();
    onTestFinished(() => shell.end());
    // Somebody else is about to tell the same event, and may think better of it.
    await shell.query(`begin; insert into histories select number, 2, 2, 1, '[]' from runs`);
    expect(await toldOf(() => store.commit([change('a', 1)]))).toMatch(SILENT);
    // The commit has the lock of its process until it is over.
    expect(await toldOf(() => store.readOpen('a'))).toMatch(SILENT);
    expect(await toldOf(() => store.commit([change('a', 1)]))).toMatch(SILENT);
    const reading = store.readOpen('a');
    await shell.query('rollback');
    expect((await reading)?.seq).toBe(2);
    await expect(store.commit([change('a', 1)])).rejects.toMatchObject({ fields: { expected: 1, found: 2 } });
    await store.commit([change('a', 2)]);
  });

  test('is waited for as long as something comes', async () => {
    const { store, network } = await opened();
    const steps = Array.from({ length: 400 }, (_, index) => actor('a', `s${index}`, { input: 'x'.repeat(2_000) }));
    await store.commit([change('a', 0, { row: row('a'), actors: steps })]);
    network.piece = 32_768;
    network.delay = PATIENCE / 5;
    const began = performance.now();
    expect((await store.readOpen('a'))?.open).toHaveLength(400);
    expect(performance.now() - began).toBeGreaterThan(2 * PATIENCE);
  });

  test('is not blamed when this process was held up: what has come meanwhile is read', async () => {
    const store = postgres(server.url, { schema: newSchema(server), patience: PATIENCE });
    await store.open({ name: 'one', lease: 10_000, now: () => Date.now() });
    onTestFinished(() => store.close());
    await store.commit([change('a', 0)]);
    const reading = store.readRun('a');
    // Sent by now, and answered while this computes.
    await new Promise((resolve) => setImmediate(resolve));
    for (const end = performance.now() + 3 * PATIENCE; performance.now() < end; ) Math.sqrt(end);
    expect(await reading).not.toBe(null);
  });
});

test('a server that takes connections and says nothing is told of when patience is over', async () => {
  const mute = createServer(() => {}).listen(0, '127.0.0.1');
  await once(mute, 'listening');
  const sockets: Socket[] = [];
  mute.on('connection', (socket) => sockets.push(socket));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    mute.close();
  });
  const { port } = mute.address() as { readonly port: number };
  const store = postgres(at(port), { patience: PATIENCE });
  const ask = async () => await store.open({ name: 'one', lease: 10_000, now: () => Date.now() });
  expect(await toldOf(ask)).toMatch(/nothing answers there/);
});

test.each([0, -1, '0s', '2d', 'long', Number.NaN])(
  'a patience of %s is refused before anything is opened',
  (patience) => {
    expect(() => postgres('postgres://host/orders', { patience })).toThrow(/patience/);
  },
);

test('a patience of none says what it takes', () => {
  const make = () => postgres('postgres://host/orders', { patience: 0 });
  expect(make).toThrow(InvalidOption);
  expect(make).toThrow(/up to a day, like '30s'/);
});
