/** The suite that every store passes, on a real Postgres. */
import { postgres } from 'signalbox/postgres';
import { type StorePlace, storeSuite } from 'signalbox/testing';
import { test } from 'vitest';
import { oneIn } from '../helpers/form.ts';
import { dropSchema, useServer } from '../helpers/postgres.ts';

const server = useServer();
let places = 0;

function inSchema(): StorePlace {
  places += 1;
  const schema = `suite_${process.pid}_${places}`;
  return {
    open: () => postgres(server.url, { schema }),
    dispose: () => dropSchema(server, schema),
  };
}

for (const { title, run } of oneIn(4, storeSuite(inSchema))) test(title, run);
