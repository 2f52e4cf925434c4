/** Two processes that share a Postgres, each killed again and again under load: see `together.ts`. */
import { postgres } from 'signalbox/postgres';
import { test } from 'vitest';
import { KILLS } from '../helpers/form.ts';
import { newSchema, useServer } from '../helpers/postgres.ts';
import { PATIENCE, PROCESSES, soakTogether } from './together.ts';

const server = useServer();

test(
  `${PROCESSES} boxes on a Postgres, killed ${KILLS} times under load, lose no acknowledged start, signal, decision or result, get no run stuck, and do nothing completed again (I2, I3, I6, I7)`,
  async () => {
    const schema = newSchema(server);
    await soakTogether({ at: [server.url, schema], open: () => postgres(server.url, { schema }) });
  },
  PATIENCE,
);
