/** Several processes on one Postgres, and what becomes of them when the server, a connection or one of them goes away. */
import { type Store, StoreUnusable } from 'signalbox';
import { LeaseLost } from 'signalbox/errors';
import type { RunChange } from 'signalbox/store';
import { type PostgresStore, postgres } from 'signalbox/postgres';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Server } from '../../src/stores/postgres/server.ts';
import type { News } from '../../src/store.ts';
import { actor, change, row } from '../../src/testing/conformance-rows.ts';
import { isLong } from '../helpers/form.ts';
import { canKill, newSchema, PASSWORD, pause, query, until, useServer, WHY_NOT_KILL } from '../helpers/postgres.ts';

const LEASE = 10_000;
const server = useServer();

/** A clock that is as far off as it likes, and that the test moves. */
const clock = (off = 0) => ({ at: Date.now() + off });

async function opened(schema: string, name: string, time = clock()): Promise<PostgresStore> {
  // Called by its schema on the server, so that a test ends its own connections and no others.
  const store = postgres({ connectionString: server.url, application_name: schema }, { schema });
  await store.open({ name, lease: LEASE, now: () => time.at });
  onTestFinished(() => store.close());
  return store;
}

const seqOf = async (store: Store, run: string) => (await store.readOpen(run))?.seq;
const lives = async (store: Store): Promise<boolean> => {
  try {
    await store.renew();
    return true;
  } catch {
    return false;
  }
};
const listeners = (schema: string) =>
  query(server, schema, `select count(*)::integer as backends from pg_stat_activity where query = 'listen ${schema}'`);

/** A transaction that has the lock of a process, as a commit of it would. */
async function holding(schema: string, name: string): Promise<ReturnType<Server['client']>> {
  const shell = await new Server(server.url, schema).client();
  await shell.connect();
  onTestFinished(() => shell.end());
  await shell.query('begin');
  await shell.query('select pg_advisory_xact_lock(lock_of($1))', [name]);
  return shell;
}
const waiting = async () =>
  (
    await query(
      server,
      '',
      `select count(*)::integer as waiting from pg_locks where locktype = 'advisory' and not granted`,
    )
  )[0]?.waiting;

describe('leases', () => {
  test('are compared in the time of the server: a clock that is an hour off takes nothing over (P231)', async () => {
    const schema = newSchema(server);
    const one = await opened(schema, 'one', clock(-3_600_000));
    const two = await opened(schema, 'two', clock(3_600_000));
    await one.commit([change('a', 0)]);
    await two.commit([change('b', 0)]);
    expect([await one.claim(9), await two.claim(9)]).toEqual([[], []]);
  });

  test.each([
    ['back', -3_600_000],
    ['on', 3_600_000],
  ])('of a process whose clock is set %s by an hour hold while it lives, and no longer (P231)', async (_, jump) => {
    const schema = newSchema(server);
    const times = [clock(), clock()] as const;
    const [one, two] = [await opened(schema, 'one', times[0]), await opened(schema, 'two', times[1])];
    await one.commit([change('a', 0)]);
    times[0].at += jump;
    await one.renew();
    expect(await two.claim(9)).toEqual([]);
    await one.commit([change('a', 1)]);

    times[1].at += LEASE + 1_000;
    expect(await two.claim(9)).toEqual(['a']);
  });

  test('that have ended are gone on with when nobody was there to claim (P231)', async () => {
    const schema = newSchema(server);
    const time = clock();
    const one = await opened(schema, 'one', time);
    await one.commit([change('a', 0)]);
    time.at += 5 * LEASE;
    await one.commit([change('a', 1)]);
    expect(await seqOf(one, 'a')).toBe(2);
  });

  test('of many runs are one row, and one sign of life is for all of them', async () => {
    const schema = newSchema(server);
    const one = await opened(schema, 'one');
    await one.commit(Array.from({ length: 500 }, (_, at) => change(`r${at}`, 0)));
    await one.renew();
    expect(await query(server, schema, 'select name from processes')).toEqual([{ name: 'one' }]);
  });

  test('are taken over once, the oldest first, and the old owner is refused with all it brings (I2, I3, P231)', async () => {
    const schema = newSchema(server);
    const one = await opened(schema, 'one');
    await one.commit(['c', 'a', 'b'].map((run, at) => change(run, 0, { row: row(run, { startedAt: at }) })));
    const times = [clock(), clock()] as const;
    const [two, three] = [await opened(schema, 'two', times[0]), await opened(schema, 'three', times[1])];
    for (const time of times) time.at += LEASE + 1_000;
    expect(await two.claim(2)).toEqual(['c', 'a']);
    expect(await three.claim(2)).toEqual(['b']);
    const late = one.commit([change('new', 0), change('a', 1, { actors: [actor('a', 'x')] })]);
    await expect(late).rejects.toThrow(LeaseLost);
    await expect(late).rejects.toMatchObject({ fields: { run: 'a', owner: 'two', fence: 2 } });
    expect([await one.readRun('new'), await one.readActors('a')]).toEqual([null, []]);
    await two.commit([change('a', 1, { fence: 2 })]);
  });

  test('of a process that nobody knows any more can be claimed', async () => {
    const schema = newSchema(server);
    await (await opened(schema, 'one')).commit([change('a', 0)]);
    await query(server, schema, `delete from processes`);
    expect(await (await opened(schema, 'two')).claim(9)).toEqual(['a']);
  });

  test('are looked at under the lock of their process: a commit that waited for it sees who has its runs since (I2, P231)', async () => {
    const schema = newSchema(server);
    const one = await opened(schema, 'one');
    await one.commit([change('a', 0)]);
    const shell = await holding(schema, 'one');
    const late = one.commit([change('a', 1), change('b', 0)]);
    const refused = expect(late).rejects.toMatchObject({
      code: 'lease-lost',
      fields: { run: 'a', owner: 'two', fence: 2 },
    });
    await until(async () => (await waiting()) === 1);
    await shell.query(`update leases set owner = 'two', fence = 2`);
    await shell.query('commit');
    await refused;
    expect([await seqOf(one, 'a'), await one.readRun('b')]).toEqual([1, null]);
  });

  test('of an owner that commits at this moment are passed over, and claimed when that is over (I2, P231)', async () => {
    const schema = newSchema(server);
    const time = clock();
    await (await opened(schema, 'one')).commit([change('a', 0)]);
    const two = await opened(schema, 'two', time);
    time.at += 2 * LEASE;
    const shell = await holding(schema, 'one');
    expect(await two.claim(9)).toEqual([]);
    await shell.query('commit');
    expect(await two.claim(9)).toEqual(['a']);
  });

  test('of what this process remembers wrongly are read again: it goes on with what it claims back (I2)', async () => {
    const schema = newSchema(server);
    const time = clock();
    const [one, two] = [await opened(schema, 'one', time), await opened(schema, 'two')];
    await one.commit([change('a', 0)]);
    await query(server, schema, `update leases set owner = 'two', fence = 2`);
    await two.commit([change('a', 1, { fence: 2 })]);
    await two.close();
    expect(await one.claim(9)).toEqual(['a']);
    await expect(one.commit([change('a', 1, { fence: 3 })])).rejects.toMatchObject({
      fields: { expected: 1, found: 2 },
    });
    await expect(one.commit([change('a', 2)])).rejects.toThrow(LeaseLost);
    await one.commit([change('a', 2, { fence: 3 })]);
    expect(await seqOf(one, 'a')).toBe(3);
  });

  test('of a thousand runs that four claim at once, go to one each (I2, P231)', async () => {
    const schema = newSchema(server);
    const one = await opened(schema, 'one');
    const runs = Array.from({ length: 1_000 }, (_, at) => `r${at}`);
    await one.commit(runs.map((run) => change(run, 0)));
    await one.close();
    const claimers = await Promise.all(['a', 'b', 'c', 'd'].map((name) => opened(schema, name)));
    const claimed = await Promise.all(
      claimers.map(async (store) => {
        const found: string[] = [];
        for (let empty = 0; empty < 3; ) {
          const some = await store.claim(37);
          found.push(...some);
          empty = some.length === 0 ? empty + 1 : 0;
        }
        return found;
      }),
    );
    expect(claimed.flat().sort()).toEqual([...runs].sort());
  });
});

test('two that commit crosswise, in any order and under the same ids and keys, never wait for each other for ever (I2)', async () => {
  const schema = newSchema(server);
  const stores = [await opened(schema, 'one'), await opened(schema, 'two')] as const;
  const ids = Array.from({ length: 12 }, (_, at) => `r${at}`);
  const landed = new Map<string, number>();
  const worked = async (store: Store, salt: number): Promise<void> => {
    for (let round = 0; round < (isLong ? 75 : 15); round += 1) {
      const order = ids
        .map((run, at) => ({ run, by: ((at + 1) * (round + salt) * 7_919) % 97 }))
        .sort((left, right) => left.by - right.by)
        .slice(0, 5);
      const changes = order.map(({ run, by }): RunChange => {
        const id = `${run}-${Math.floor(round / 3)}`;
        return change(id, 0, { row: row(id, { key: `k${by % 5}-${Math.floor(round / 3)}` }) });
      });
      try {
        await store.commit(changes);
        for (const { run } of changes) landed.set(run, (landed.get(run) ?? 0) + 1);
      } catch (error) {
        expect(['run-exists', 'commit-conflict', 'lease-lost']).toContain((error as { code?: string }).code);
      }
    }
  };
  await Promise.all([worked(stores[0], 3), worked(stores[1], 11), worked(stores[0], 29)]);
  expect([...landed.values()].filter((times) => times !== 1)).toEqual([]);
  const [{ runs } = {}] = await query(server, schema, 'select count(*)::integer as runs from runs');
  expect(runs).toBe(landed.size);
  await pause(1_100);
  const [{ deadlocks } = {}] = await query(
    server,
    '',
    `select deadlocks::integer from pg_stat_database where datname = current_database()`,
  );
  expect(deadlocks).toBe(0);
});

describe('what one does, others hear', () => {
  test('but not itself, and nothing is said while nobody else is there', async () => {
    const schema = newSchema(server);
    const outsider = await new Server(server.url, schema).client();
    await outsider.connect();
    onTestFinished(() => outsider.end());
    const said: string[] = [];
    outsider.on('notification', ({ payload }) => said.push(String(payload)));
    const one = await opened(schema, 'one');
    const heard: News[] = [];
    await one.shared?.listen((news) => void heard.push(news));
    await outsider.query(`listen ${schema}`);
    await one.commit([change('a', 0)]);
    await outsider.query('select 1');
    expect(said).toEqual([]);

    const two = await opened(schema, 'two');
    await one.commit([change('a', 1)]);
    await until(() => said.length === 1);
    await outsider.query(
      `select pg_notify('${schema}', 'noise'), pg_notify('${schema}', '{}'), pg_notify('${schema}', '["x","?"]')`,
    );
    await two.commit([change('b', 0)]);
    await until(() => heard.length > 0);
    expect(heard).toEqual([{ about: 'runs', runs: ['b'] }]);
  });

  test('of a thousand runs with long names, all of them are heard of, and one that is too long is left out', async () => {
    const schema = newSchema(server);
    const [one, two] = [await opened(schema, 'one'), await opened(schema, 'two')];
    const heard: string[] = [];
    await two.shared?.listen((news) => void heard.push(...(news.about === 'runs' ? news.runs : [])));
    const runs = Array.from({ length: 1_000 }, (_, at) => `${at}-${'ä😀\0'.repeat(20)}`);
    await one.commit([...runs, 'x'.repeat(9_000)].map((run) => change(run, 0)));
    await until(() => heard.length === 1_000);
    expect(heard.sort()).toEqual([...runs].sort());
  });

  test('again after their connection was ended, and look at everything then', async () => {
    const schema = newSchema(server);
    const [one, two] = [await opened(schema, 'one'), await opened(schema, 'two')];
    const heard: News[] = [];
    await two.shared?.listen((news) => void heard.push(news));
    for (let time = 0; time < 2; time += 1) {
      heard.length = 0;
      await query(
        server,
        '',
        `select pg_terminate_backend(pid) from pg_stat_activity where query = 'listen ${schema}'`,
      );
      await until(() => heard.some(({ about }) => about === 'released'));
      expect(heard.map(({ about }) => about)).toEqual(['commands', 'answers', 'released']);
      await one.commit([change('a', time)]);
      await until(() => heard.some(({ about }) => about === 'runs'));
    }
    await two.close();
    await until(async () => (await listeners(schema))[0]?.backends === 0);
  });

  test('a command to a run that has ended is for whoever reads it, and one to no run for nobody', async () => {
    const schema = newSchema(server);
    const [one, two] = [await opened(schema, 'one'), await opened(schema, 'two')];
    await one.commit([change('a', 0, { row: row('a', { status: 'completed' }) })]);
    for (const run of ['a', 'nowhere']) await two.shared?.leaveCommand({ id: run, run, body: {} });
    expect(await two.shared?.readCommands(9)).toEqual([{ id: 'a', run: 'a', body: {} }]);
    expect(await one.shared?.readCommands(9)).toEqual([{ id: 'a', run: 'a', body: {} }]);
  });
});

describe('two commits of one process', () => {
  test('of different runs do not wait for each other', async () => {
    const schema = newSchema(server);
    const one = await opened(schema, 'one');
    await one.commit([change('a', 0)]);
    const shell = await new Server(server.url, schema).client();
    await shell.connect();
    onTestFinished(() => shell.end());
    // Somebody else is just beginning a run under the same id, and does not come to an end.
    await shell.query('begin');
    await shell.query(
      `insert into runs (run, orchestrator, version, hash, status, fence, started_at) values ('b', 'o', '1', 'h', 'running', 1, 1)`,
    );
    let landed = false;
    const waits = Promise.resolve(one.commit([change('b', 0)])).then(() => {
      landed = true;
    });

    await one.commit([change('a', 1)]);

    expect(landed).toBe(false);
    await shell.query('rollback');
    await waits;
    expect([await seqOf(one, 'a'), await seqOf(one, 'b')]).toEqual([2, 1]);
  });

  test('of which the first broke off here and goes on over there: what is read waits for it, and the second knows better (I2, I3)', async () => {
    const schema = newSchema(server);
    const one = await opened(schema, 'one');
    await one.commit([change('a', 0)]);
    const shell = await holding(schema, 'one');
    // One that this store knows nothing of has told the next event, and is not over.
    await shell.query(
      `insert into histories select number, 2, 3, 1, '[["track.started","x"],["track.started","y"]]' from runs`,
    );
    const refused = expect(one.commit([change('a', 1)])).rejects.toMatchObject({
      fields: { run: 'a', expected: 1, found: 3 },
    });
    const silent = change('a', 1, { events: [], actors: [actor('a', 'x')] });
    const silenced = expect(one.commit([silent])).rejects.toMatchObject({
      fields: { run: 'a', expected: 1, found: 3 },
    });
    await until(async () => (await waiting()) === 2);
    await shell.query('commit');
    await Promise.all([refused, silenced]);
    expect(await one.readActors('a')).toEqual([]);
    await one.commit([change('a', 3)]);
  });
});

describe('connections that are ended', () => {
  test('while nobody uses them are replaced, and nobody listeners', async () => {
    const schema = newSchema(server);
    const one = await opened(schema, 'one');
    await one.commit([change('a', 0)]);
    await query(
      server,
      '',
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = '${schema}'`,
    );
    await pause(50);
    await one.commit([change('a', 1)]);
    expect(await seqOf(one, 'a')).toBe(2);
  });

  test('in the middle of a commit leave it whole or undone, and say that it is not known which (I3)', async () => {
    const schema = newSchema(server);
    const one = await opened(schema, 'one');
    await one.commit([change('a', 0), change('b', 0)]);
    const shell = await new Server(server.url, schema).client();
    await shell.connect();
    onTestFinished(() => shell.end());
    await shell.query(`begin; select pg_advisory_xact_lock(lock_of('one'))`);
    const commit = one.commit([change('a', 1), change('b', 1)]);
    const failed = expect(commit).rejects.toThrow(/being shut down, or somebody has ended the connection/);
    await until(async () => {
      const found = await shell.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where application_name = '${schema}' and wait_event_type = 'Lock'`,
      );
      return found.rowCount === 1;
    });
    await failed;
    await shell.query('rollback');
    expect([await seqOf(one, 'a'), await seqOf(one, 'b')]).toEqual([1, 1]);
    await one.commit([change('a', 1), change('b', 1)]);
  });
});

describe.skipIf(!canKill)(`a server that is killed${WHY_NOT_KILL}`, () => {
  test('fails what is asked of it, in words; when it is back, what was acknowledged is there, and all goes on (I3)', async () => {
    const schema = newSchema(server);
    const [one, two] = [await opened(schema, 'one'), await opened(schema, 'two')];
    const heard: News[] = [];
    await two.shared?.listen((news) => void heard.push(news));
    let acknowledged = 0;
    await one.commit([change('a', 0)]);
    const failed = (async (): Promise<unknown> => {
      for (acknowledged = 1; ; acknowledged += 1) {
        try {
          await one.commit([change('a', acknowledged)]);
        } catch (error) {
          return error;
        }
      }
    })();
    await pause(100);
    await server.kill();
    const error = await failed;
    expect(error).toBeInstanceOf(StoreUnusable);
    expect(String(error)).toContain('postgres 127.0.0.1/postgres');
    await expect(one.readRun('a')).rejects.toThrow(StoreUnusable);
    await expect(one.renew()).rejects.not.toThrow(PASSWORD);

    await server.start();
    await until(async () => await lives(one));
    const seq = (await seqOf(one, 'a')) as number;
    // The last one may have landed before the answer was lost.
    expect([acknowledged, acknowledged + 1]).toContain(seq);
    await until(() => heard.some(({ about }) => about === 'released'));
    heard.length = 0;
    await one.commit([change('a', seq)]);
    await until(() => heard.some(({ about }) => about === 'runs'));
  });

  test('does not keep a store from closing, which leaves nothing behind', async () => {
    const sockets = () => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
    // Of whoever else is in this process.
    const others = sockets();
    const schema = newSchema(server);
    const store = postgres(server.url, { schema });
    await store.open({ name: 'one', lease: LEASE, now: Date.now });
    await store.shared?.listen(() => {});
    await server.kill();
    const before = Date.now();
    await store.close();
    expect(Date.now() - before).toBeLessThan(1_000);
    await until(() => sockets() <= others);
    await server.start();
  });
});
