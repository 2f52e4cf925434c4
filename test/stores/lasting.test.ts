/** Faults of a store that will not pass by themselves: a start is told, instead of waiting for what does not come (S37). */
import { CommitRefused, createSignalbox, type Store } from 'signalbox';
import { postgres } from 'signalbox/postgres';
import { redis } from 'signalbox/redis';
import { sqlite } from 'signalbox/sqlite';
import { settled } from 'signalbox/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inShell, newFile } from '../helpers/files.ts';
import { newSchema, query, useServer } from '../helpers/postgres.ts';
import { anyServer, command, hasRedis, newPrefix, type Server, WHY_NOT, wipe } from '../helpers/redis.ts';
import { graphOf, rejection, stage } from '../helpers/stage.ts';

const flow = graphOf({ a: [] });

/** Starts a run, breaks the store, and starts another. Answers with what the second start was told. */
async function startedOn(store: Store, breaking: () => unknown): Promise<Error> {
  const { desk, options, lines } = stage();
  await using box = await createSignalbox({ orchestrators: [flow], ...options, store });
  await box.start(flow, { id: 'r', input: null });
  await expect.poll(() => desk.begun).toEqual(['a/work#1']);
  await breaking();
  const error = await rejection(box.start(flow, { input: null }));
  await settled(box);
  expect(desk.begun).toEqual(['a/work#1']);
  expect(lines.filter(({ level }) => level === 'error').length).toBeLessThanOrEqual(2);
  return error;
}

const refusal = { code: 'commit-refused', fields: { message: 'start' }, cause: { isLasting: true } };

test('a SQLite file in which a table is not there any more', async () => {
  const file = newFile();
  const drop = () => inShell(file, (db) => db.exec('drop table histories'));
  const error = await startedOn(sqlite(file), drop);
  expect(error).toBeInstanceOf(CommitRefused);
  expect(error).toMatchObject(refusal);
  expect(error.message).toContain('no such table: histories');
});

describe('Postgres', () => {
  const server = useServer();
  test('whose schema has lost a table', async () => {
    const schema = newSchema(server);
    const store = postgres(server.url, { schema });
    const error = await startedOn(store, () => query(server, schema, 'drop table histories cascade'));
    // The run is read again before it is begun anew, and that is not possible either.
    expect(error).toMatchObject({ code: 'store-unusable', isLasting: true });
  });
});

describe.skipIf(!hasRedis)(`Redis${WHY_NOT}`, () => {
  let server: Pick<Server, 'url' | 'dispose'>;
  beforeAll(async () => {
    server = await anyServer();
  });
  afterAll(() => server.dispose());

  test('in which somebody has put something else under a key', async () => {
    const prefix = newPrefix('lasting');
    const error = await startedOn(redis(server.url, { prefix }), async () => {
      for (const key of await command<string[]>(server.url, 'KEYS', `{${prefix}}:*`)) {
        await command(server.url, 'DEL', key);
        await command(server.url, 'SET', key, 'something else');
      }
    });
    expect(error).toMatchObject(refusal);
    await wipe(server.url, prefix);
  });
});
