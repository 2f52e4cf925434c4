/** The hostile corpus on a Redis. */
import { redis } from 'signalbox/redis';
import { afterAll, beforeAll, describe } from 'vitest';
import { anyServer, hasRedis, newPrefix, type Server, WHY_NOT } from '../helpers/redis.ts';
import { hostileCorpus } from './corpus.ts';

describe.skipIf(!hasRedis)(`on Redis${WHY_NOT}`, () => {
  let server: Pick<Server, 'url' | 'dispose'>;
  beforeAll(async () => {
    server = await anyServer();
  });
  afterAll(() => server.dispose());

  hostileCorpus(() => redis(server.url, { prefix: newPrefix('hostile') }), { step: 4, stride: 5 });
});
