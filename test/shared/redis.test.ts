/** Boxes that share a Redis server. */
import { redis } from 'signalbox/redis';
import { afterAll, beforeAll, describe } from 'vitest';
import { anyServer, hasRedis, newPrefix, type Server, WHY_NOT, wipe } from '../helpers/redis.ts';
import { shared } from '../crash/places.ts';
import { rerunCrashCases } from '../crash/rerun-cases.ts';
import { abandonCases } from './abandon-cases.ts';
import { sharedCases } from './cases.ts';
import { deleteCases } from './delete-cases.ts';
import { handoverCases } from './handover-cases.ts';
import { crashCases } from './points.ts';
import { ruleCases } from './rule-cases.ts';

describe.skipIf(!hasRedis)(`on Redis${WHY_NOT}`, () => {
  let server: Pick<Server, 'url' | 'dispose'>;
  beforeAll(async () => {
    server = await anyServer();
  });
  afterAll(() => server.dispose());

  const place = async () => {
    const prefix = newPrefix('boxes');
    return { open: () => redis(server.url, { prefix }), dispose: () => wipe(server.url, prefix) };
  };

  sharedCases(place);
  handoverCases(place);
  deleteCases(place);
  abandonCases(place);
  ruleCases(place);

  crashCases(() => {
    const prefix = newPrefix('crashes');
    return () => redis(server.url, { prefix });
  });

  rerunCrashCases(() => {
    const prefix = newPrefix('reruns');
    return shared(() => redis(server.url, { prefix }));
  });
});
