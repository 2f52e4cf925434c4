/** Every scenario moves to another store on its way, and ends there as it would have ended where it was. */
import { memory, type Store } from 'signalbox';
import { postgres } from 'signalbox/postgres';
import { redis } from 'signalbox/redis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inFile } from '../helpers/conformance.ts';
import { isLong, oneIn } from '../helpers/form.ts';
import { differences } from '../helpers/importing.ts';
import { newSchema, useServer } from '../helpers/postgres.ts';
import { anyServer, hasRedis, newPrefix, WHY_NOT, wipe } from '../helpers/redis.ts';
import { scenarios } from '../helpers/scenarios.ts';

const all: readonly { readonly name: string; readonly flow: (typeof scenarios)[number] }[] = scenarios.map((flow) => ({
  name: flow.name,
  flow,
}));
const every = (commits: number): readonly number[] => Array.from({ length: commits }, (_, index) => index + 1);
/** So many of them, evenly, the last one included. */
const some =
  (count: number) =>
  (commits: number): readonly number[] => [
    ...new Set(Array.from({ length: count }, (_, index) => Math.ceil(((index + 1) * commits) / count))),
  ];

/** On a server: in the short form not all, and not the same ones on both. */
const share = (from: number): typeof all => oneIn(12, all, from);

function moves(moments: (commits: number) => readonly number[], store: () => Store, flows = all): void {
  test.each(flows)('"$name" moves on its way and ends as it would have ended (P228, I6)', async ({ flow }) => {
    const { wrong, played } = await differences(flow, moments, store);
    expect(wrong).toEqual([]);
    expect(played).toBeGreaterThan(0);
  });
}

describe('into a store in memory, after each commit', () => moves(every, memory));

describe('into a SQLite file', () => {
  const places = new Set<ReturnType<typeof inFile>>();
  afterAll(() => {
    for (const place of places) void place.dispose?.();
  });
  moves(some(isLong ? 4 : 2), () => {
    const place = inFile();
    places.add(place);
    return place.open() as Store;
  });
});

describe('into Postgres', () => {
  const server = useServer();
  moves(some(3), () => postgres(server.url, { schema: newSchema(server) }), share(0));
});

describe.skipIf(!hasRedis)(`into Redis${WHY_NOT}`, () => {
  let server: Awaited<ReturnType<typeof anyServer>>;
  const prefixes: string[] = [];
  beforeAll(async () => {
    server = await anyServer();
  });
  afterAll(async () => {
    for (const prefix of prefixes) await wipe(server.url, prefix);
    await server.dispose();
  });
  moves(
    some(3),
    () => {
      const prefix = newPrefix();
      prefixes.push(prefix);
      return redis(server.url, { prefix });
    },
    share(1),
  );
});
