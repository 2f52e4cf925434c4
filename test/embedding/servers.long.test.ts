/** Embedded runs whose place is a Postgres or a Redis: one box after another, and two that share it. */
import { postgres } from 'signalbox/postgres';
import { redis } from 'signalbox/redis';
import { afterAll, beforeAll, describe, onTestFinished } from 'vitest';
import { newSchema, useServer } from '../helpers/postgres.ts';
import { anyServer, hasRedis, newPrefix, type Server, WHY_NOT, wipe } from '../helpers/redis.ts';
import { placeCases, sharedPlaceCases } from './place-cases.ts';

describe('in Postgres', () => {
  const server = useServer();
  const place = () => {
    const schema = newSchema(server);
    return () => postgres(server.url, { schema });
  };
  placeCases(place);
  sharedPlaceCases(place);
});

describe.skipIf(!hasRedis)(`in Redis${WHY_NOT}`, () => {
  let server: Pick<Server, 'url' | 'dispose'>;
  beforeAll(async () => {
    server = await anyServer();
  });
  afterAll(() => server.dispose());

  const place = () => {
    const prefix = newPrefix('embedded');
    onTestFinished(() => wipe(server.url, prefix));
    return () => redis(server.url, { prefix });
  };
  placeCases(place);
  sharedPlaceCases(place);
});
