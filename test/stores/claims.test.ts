/**
 * A claim that has landed, and whose answer got lost: the next one has it, for the runs are owned by a process that lives, and nobody else
 * would ever go on with them (I7). On servers behind a network that breaks; and how a claim is known again.
 */
import type { Store } from 'signalbox';
import { postgres } from 'signalbox/postgres';
import { redis } from 'signalbox/redis';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { Claims } from '../../src/stores/claims.ts';
import { newSchema, useServer } from '../helpers/postgres.ts';
import { type Network, proxyOf } from '../helpers/proxy.ts';
import { anyServer, change, hasRedis, newPrefix, owner, WHY_NOT, wipe } from '../helpers/redis.ts';

const portOf = (url: string): number => Number(new URL(url).port);
const through = (url: string, proxy: Network): string => url.replace(String(portOf(url)), String(proxy.port));

/** Registers the cases; `open` opens a store at a URL. */
function cases(url: () => string, open: (url: string) => Store): void {
  const stores = async (): Promise<{ far: Store; near: Store; proxy: Network }> => {
    const proxy = await proxyOf(portOf(url()));
    const [far, near] = [open(through(url(), proxy)), open(url())];
    onTestFinished(async () => {
      for (const store of [far, near]) await store.close();
      await proxy.close();
    });
    return { far, near, proxy };
  };
  /** Claims, and the answer gets lost when everything of it stands in the place. */
  const claimUnheard = async (
    { far, near, proxy }: Awaited<ReturnType<typeof stores>>,
    limit: number,
    runs: readonly string[],
  ) => {
    proxy.hold('asking', 'back');
    const claiming = Promise.resolve(far.claim(limit)).then(
      () => 'heard',
      () => 'unheard',
    );
    for (const run of runs) await expect.poll(async () => (await near.readOpen(run))?.owner).toBe('far');
    proxy.cut();
    expect(await claiming).toBe('unheard');
  };
  const begin = async (near: Store, count: number): Promise<readonly string[]> => {
    const runs = Array.from({ length: count }, (_, at) => `r${at}`);
    await near.open(owner('gone'));
    await near.commit(runs.map((run) => change(run, 0)));
    await near.close();
    await near.open(owner('near'));
    return runs;
  };

  test('what a claim took that nobody heard of is in the answer of the next one, once, with what that one takes', async () => {
    const all = await stores();
    const { far, near } = all;
    await far.open(owner('far'));
    // The first one asks what the next ones need not ask again.
    expect(await far.claim(10)).toEqual([]);
    const runs = await begin(near, 3);
    await claimUnheard(all, 2, runs.slice(0, 2));
    // The connection may only just be found to be broken.
    await expect.poll(() => Promise.resolve(far.claim(1)).catch(() => null)).toEqual(runs);
    expect(await far.claim(1)).toEqual([]);
    // Its end and a new one are no difference.
    await near.commit([change('late', 0)]);
    expect(await far.claim(10)).toEqual([]);
    await near.close();
    expect(await far.claim(10)).toEqual(['late']);
    expect(await far.claim(10)).toEqual([]);
  });
}

describe('on Postgres', () => {
  const server = useServer();
  const schemas = new Map<string, string>();
  cases(
    () => server.url,
    (url) => {
      const name = expect.getState().currentTestName as string;
      if (!schemas.has(name)) schemas.set(name, newSchema(server));
      return postgres(url, { schema: schemas.get(name) as string });
    },
  );
});

describe.skipIf(!hasRedis)(`on Redis${WHY_NOT}`, () => {
  let server: Awaited<ReturnType<typeof anyServer>>;
  const prefixes = new Map<string, string>();
  beforeAll(async () => {
    server = await anyServer();
  });
  afterAll(async () => {
    for (const prefix of prefixes.values()) await wipe(server.url, prefix);
    await server.dispose();
  });
  cases(
    () => server.url,
    (url) => {
      const name = expect.getState().currentTestName as string;
      if (!prefixes.has(name)) prefixes.set(name, newPrefix('claims'));
      return redis(url, { prefix: prefixes.get(name) as string });
    },
  );
});

test('claims that follow a failure go under its id for a minute, and tell only what is new; others have an id of their own', () => {
  const claims = new Claims();
  const first = claims.at(0);
  expect(first.fresh(['a'])).toEqual(['a']);
  const second = claims.at(1);
  expect(second.id).not.toBe(first.id);
  claims.failed(1);
  expect(claims.at(2)).toBe(second);
  expect(second.fresh(['b', 'c'])).toEqual(['b', 'c']);
  // What was sent before may land yet.
  expect(claims.at(60_001)).toBe(second);
  expect(second.fresh(['b', 'c', 'd'])).toEqual(['d']);
  // An answer that was overtaken by the next one has nothing new.
  expect(second.fresh(['b', 'c'])).toEqual([]);
  expect(second.fresh(['b', 'c', 'd'])).toEqual([]);
  expect(claims.at(60_002).id).not.toBe(second.id);
});

test('two claims at once, before one that fails, tell what each of them has taken', () => {
  const claims = new Claims();
  const [one, two] = [claims.at(0), claims.at(0)];
  expect([two.fresh(['b']), one.fresh(['a'])]).toEqual([['b'], ['a']]);
});
