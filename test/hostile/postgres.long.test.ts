/** The hostile corpus on a Postgres. */
import { postgres } from 'signalbox/postgres';
import { newSchema, useServer } from '../helpers/postgres.ts';
import { hostileCorpus } from './corpus.ts';

const server = useServer();

// One schema for all boxes: to make one costs more than what is done in it.
let schema: string | undefined;

hostileCorpus(
  () => {
    schema ??= newSchema(server);
    return postgres(server.url, { schema });
  },
  { step: 4, stride: 7 },
);
