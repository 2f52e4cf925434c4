/** Boxes that share a Postgres server. */
import { postgres } from 'signalbox/postgres';
import { newSchema, useServer } from '../helpers/postgres.ts';
import { isLong } from '../helpers/form.ts';
import { shared } from '../crash/places.ts';
import { rerunCrashCases } from '../crash/rerun-cases.ts';
import { abandonCases } from './abandon-cases.ts';
import { budgetCases } from './budget-cases.ts';
import { sharedCases } from './cases.ts';
import { childCases } from './child-cases.ts';
import { deleteCases } from './delete-cases.ts';
import { handoverCases } from './handover-cases.ts';
import { crashCases } from './points.ts';
import { peopleCases } from './people-cases.ts';
import { keyedCases } from './keyed-cases.ts';
import { auditCases } from './audit-cases.ts';
import { policyCases } from './policy-cases.ts';
import { scheduleCases } from './schedule-cases.ts';

const server = useServer();

const place = async () => {
  const schema = newSchema(server);
  return { open: () => postgres(server.url, { schema }) };
};

sharedCases(place);
handoverCases(place);
deleteCases(place);
abandonCases(place);
// In the short form these are left to Redis, which does them in a fourth of the time.
if (isLong) {
  childCases(place);
  scheduleCases(place);
  policyCases(place);
  auditCases(place);
  peopleCases(place);
  keyedCases(place);
  budgetCases(place);
}

crashCases(() => {
  const schema = newSchema(server);
  return () => postgres(server.url, { schema });
});

if (isLong)
  rerunCrashCases(() => {
    const schema = newSchema(server);
    return shared(() => postgres(server.url, { schema }));
  });
