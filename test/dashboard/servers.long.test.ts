/** What a dashboard asks, on a Postgres and on a Redis. */
import { postgres } from 'signalbox/postgres';
import { redis } from 'signalbox/redis';
import { afterAll, beforeAll, describe } from 'vitest';
import { newSchema, useServer } from '../helpers/postgres.ts';
import { anyServer, hasRedis, newPrefix, type Server, WHY_NOT } from '../helpers/redis.ts';
import { dashboardCases } from './cases.ts';

describe('postgres', () => {
  const server = useServer();
  dashboardCases(() => postgres(server.url, { schema: newSchema(server) }));
});

describe.skipIf(!hasRedis)(`redis${WHY_NOT}`, () => {
  let server: Pick<Server, 'url' | 'dispose'>;
  beforeAll(async () => {
    server = await anyServer();
  });
  afterAll(() => server.dispose());
  dashboardCases(() => redis(server.url, { prefix: newPrefix('dashboard') }));
});
