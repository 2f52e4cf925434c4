/**
 * Servers that go away under load and come back: killed and started again on the same data, stopped in good order, or with all
 * their connections cut. Real servers, real time, several boxes.
 *
 * `SIGNALBOX_CHAOS=1` has them away for longer than a lease, too.
 */
import { postgres } from 'signalbox/postgres';
import { redis } from 'signalbox/redis';
import type { Store } from 'signalbox';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ASKED } from '../crash/load.ts';
import { isLong } from '../helpers/form.ts';
import { canKill, newSchema, query, useServer, WHY_NOT_KILL } from '../helpers/postgres.ts';
import { canStart, command, newPrefix, type Server, startServer, WHY_NOT_OWN } from '../helpers/redis.ts';
import { type Harm, Load, pause } from './harm.ts';

const LONG = process.env.SIGNALBOX_CHAOS === undefined ? [] : [4_500];

/** The same harm for a moment, and for longer than a lease if there is time for that. */
const lasting = (title: string, begin: Harm['begin'], end: Harm['end']): Harm[] =>
  [700, ...LONG].map((lasts) => ({ title: `${title} for ${lasts} ms`, lasts, begin, end }));

const once = (title: string, begin: Harm['begin']): Harm => ({ title, lasts: 0, begin, end: async () => {} });

function outages(make: () => () => Store, harms: readonly Harm[]): void {
  test.each(harms)(
    'a server that is $title: every start, signal, cancel and result that was promised holds, and all goes on by itself (I2, I3, I6, I7)',
    async ({ begin, end, lasts }) => {
      const load = new Load(make());
      const [one, two] = [await load.box(12), await load.box(12)];
      await pause(200);
      // Who waits already does not have to ask again.
      const asked = load.flows.find(({ name }) => name === ASKED);
      await one.start(asked as never, { id: 'waits', input: 1 } as never);
      load.note('wanted waits asked 1');
      const types: string[] = [];
      const patient = [
        two.run('waits').result(),
        one.run('waits').outcome(),
        (async () => {
          for await (const { type } of two.run('waits').events()) types.push(type);
        })(),
      ];
      const all = Promise.all(patient);
      all.catch(() => {});
      // They wait, however slow the machine is: a reader that has only just begun would be told.
      await expect.poll(() => types.length).toBeGreaterThan(0);
      await pause(200);

      await begin();
      await pause(lasts);
      await end();

      await load.brought(load.ended + 50);
      await load.bring(two, 'waits', ASKED, 1);
      expect(await all).toMatchObject([2_007, { status: 'completed' }, undefined]);
      expect(types.at(-1)).toBe('run.completed');
      await load.finish();
      const { faults } = await load.remains();
      expect(faults.slice(0, 10)).toEqual([]);
      // A few lines for each box, whatever was under way: each reason once.
      expect(load.errors.length).toBeLessThanOrEqual(14);
      expect(load.rejected.filter((line) => !line.includes('store-unusable'))).toEqual([]);
    },
    60_000,
  );

  test('a box is closed within seconds while its server is gone, and lets go of those who wait', async () => {
    const [harm] = harms;
    const load = new Load(make());
    const box = await load.box(12);
    await pause(300);
    await harm?.begin();
    await pause(300);
    const began = Date.now();
    await box.close();
    const took = Date.now() - began;
    await harm?.end();
    await load.finish();
    expect(took).toBeLessThan(4_000);
    expect(load.rejected.filter((line) => !/store-unusable|box-closed/.test(line))).toEqual([]);
    expect(load.errors.length).toBeLessThanOrEqual(7);
  }, 60_000);
}

describe.skipIf(!canKill)(`on Postgres${WHY_NOT_KILL}`, () => {
  const server = useServer();
  const cut = `select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = 'client backend'`;
  outages(() => {
    const schema = newSchema(server);
    return () => postgres(server.url, { schema });
  }, [
    ...lasting(
      'killed',
      () => server.kill(),
      () => server.start(),
    ),
    ...(isLong
      ? lasting(
          'stopped by pg_ctl',
          () => server.kill('SIGINT'),
          () => server.start(),
        )
      : []),
    once('asked to end all connections', () => query(server, '', cut)),
  ]);
});

describe.skipIf(!canStart)(`on Redis${WHY_NOT_OWN}`, () => {
  let server: Server;
  beforeAll(async () => {
    server = await startServer('--appendfsync', 'always');
  });
  afterAll(() => server?.dispose());
  outages(() => {
    const prefix = newPrefix('outage');
    return () => redis(server.url, { prefix });
  }, [
    ...lasting(
      'killed',
      () => server.kill(),
      () => server.start(),
    ),
    once('asked to end all connections', async () => {
      for (const type of ['normal', 'pubsub'])
        await command(server.url, 'CLIENT', 'KILL', 'TYPE', type).catch(() => {});
    }),
  ]);
});
