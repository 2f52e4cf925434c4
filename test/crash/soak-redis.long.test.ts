/** Two processes that share a Redis server, each killed again and again under load: see `together.ts`. */
import { redis } from 'signalbox/redis';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { KILLS } from '../helpers/form.ts';
import { anyServer, hasRedis, newPrefix, type Server, WHY_NOT, wipe } from '../helpers/redis.ts';
import { PATIENCE, PROCESSES, soakTogether } from './together.ts';

describe.skipIf(!hasRedis)(`on Redis${WHY_NOT}`, () => {
  let server: Pick<Server, 'url' | 'dispose'>;
  beforeAll(async () => {
    server = await anyServer();
  });
  afterAll(() => server.dispose());

  test(
    `${PROCESSES} boxes on a Redis, killed ${KILLS} times under load, lose no acknowledged start, signal, decision or result, get no run stuck, and do nothing completed again (I2, I3, I6, I7)`,
    async () => {
      const prefix = newPrefix('soak');
      try {
        await soakTogether({ at: [server.url, prefix], open: () => redis(server.url, { prefix }) });
      } finally {
        await wipe(server.url, prefix);
      }
    },
    PATIENCE,
  );
});
