/** Boxes that share a Postgres server. */
import { postgres } from 'signalbox/postgres';
import { newSchema, useServer } from '../helpers/postgres.ts';
import { isLong } from '../helpers/form.ts';
import { hasRedis } from '../helpers/redis.ts';
import { shared } from '../crash/places.ts';
import { rerunCrashCases } from '../crash/rerun-cases.ts';
import { abandonCases } from './abandon-cases.ts';
import { sharedCases } from './cases.ts';
import { deleteCases } from './delete-cases.ts';
import { handoverCases } from './handover-cases.ts';
import { crashCases } from './points.ts';
import { ruleCases } from './rule-cases.ts';

const server = useServer();

const place = async () => {
  const schema = newSchema(server);
  return { open: () => postgres(server.url, { schema }) };
};

sharedCases(place);
handoverCases(place);
// In the short form these are left to a Redis, which does them in a fourth of the time, where there is one.
const isWhole = isLong || !hasRedis;
if (isWhole) {
  deleteCases(place);
  abandonCases(place);
  ruleCases(place);
  crashCases(() => {
    const schema = newSchema(server);
    return () => postgres(server.url, { schema });
  });
  rerunCrashCases(() => {
    const schema = newSchema(server);
    return shared(() => postgres(server.url, { schema }));
  });
}
