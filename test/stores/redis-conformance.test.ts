/** The Redis store passes the suite, with the cases of stores that processes share. */
import { redis } from 'signalbox/redis';
import { type StorePlace, storeSuite } from 'signalbox/testing';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { oneIn } from '../helpers/form.ts';
import { anyServer, hasRedis, newPrefix, WHY_NOT, wipe } from '../helpers/redis.ts';

describe.skipIf(!hasRedis)(`redis${WHY_NOT}`, () => {
  let server: Awaited<ReturnType<typeof anyServer>>;
  beforeAll(async () => {
    server = await anyServer();
  });
  afterAll(() => server?.dispose());

  const place = (prefix: string): StorePlace => ({
    open: () => redis(server.url, { prefix }),
    dispose: () => wipe(server.url, prefix),
  });
  for (const { title, run } of oneIn(
    2,
    storeSuite(() => place(newPrefix())),
  ))
    test(title, run);

  describe('with a prefix of odd characters', () => {
    // Once more what several processes do with each other's ids.
    const cases = storeSuite(() => place(newPrefix('a b:*[ä😀]%\n')));
    const shared = cases.filter(({ title }) => /own|claim|command|hear/.test(title));
    for (const { title, run } of oneIn(4, shared)) test(title, run);
  });
});
