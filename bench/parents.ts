/**
 * What it costs a new box to take back one run with many open parents: tracks that each wait for a signal, on every store, with how often
 * the store was asked, and a Postgres server, until the run goes on. Then one of them is signalled, and all are cancelled.
 *
 *     npm run bench:parents [-- 1000 10000]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { createSignalbox, memory, orchestrator, type Store, track } from 'signalbox';
import { postgres } from 'signalbox/postgres';
import { redis } from 'signalbox/redis';
import { sqlite } from 'signalbox/sqlite';
import { z } from 'zod';
import { machine } from './report.ts';
import { startPostgres, startRedis } from './start-servers.ts';

const anything = z.any();
const given = process.argv.slice(2).map(Number);
const counts = given.length === 0 ? [1_000, 10_000] : given;

let queries = 0;
const query = pg.Client.prototype.query;
// biome-ignore lint/suspicious/noExplicitAny: it has nine overloads, and all of them count
pg.Client.prototype.query = function counted(this: pg.Client, ...all: any): any {
  queries += 1;
  return Reflect.apply(query, this, all);
};

let calls = 0;
const counted = (store: Store): Store =>
  new Proxy(store, {
    get(target, key) {
      const value = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      return (...all: unknown[]) => {
        calls += 1;
        return Reflect.apply(value, target, all);
      };
    },
  });

// biome-ignore lint/suspicious/noExplicitAny: tracks by the thousand have no type of their own
function flowOf(parents: number): any {
  // biome-ignore lint/suspicious/noExplicitAny: see above
  let flow: any = orchestrator('flow', { version: '1', input: anything });
  const waits = track('waits', { input: anything }).wait('go', { signal: 'go' });
  for (let at = 0; at < parents; at += 1) flow = flow.track(`t${at}`, waits);
  return flow;
}

console.log(`${machine(new Date())}\n`);
console.log(
  '| store | open parents | taken back, ms | the store was asked, times | queries | one signalled, ms | all cancelled, ms |\n| --- | --- | --- | --- | --- | --- | --- |',
);
const folder = mkdtempSync(join(tmpdir(), 'signalbox-parents-'));
const servers = [await startPostgres(), await startRedis()] as const;
try {
  for (const count of counts) {
    const kept = memory();
    const opens: Readonly<Record<string, () => Store>> = {
      memory: () => kept,
      SQLite: () => sqlite(join(folder, `${count}.db`)),
      Postgres: () => postgres(servers[0].url, { schema: `parents_${count}` }),
      Redis: () => redis(servers[1]?.url as string, { prefix: `parents-${count}` }),
    };
    for (const [name, open] of Object.entries(opens)) await measure(name, open, count);
  }
} finally {
  await Promise.all(servers.map((server) => server?.stop()));
  rmSync(folder, { recursive: true, force: true });
}

async function measure(name: string, open: () => Store, parents: number): Promise<void> {
  const flow = flowOf(parents);
  const boxOn = (store: Store) => createSignalbox({ orchestrators: [flow], store, logger: () => {} });
  const first = await boxOn(open());
  const { id } = await first.start(flow, { input: null });
  for (;;) {
    const { steps } = await first.run(id).snapshot();
    const waiting = Object.values(steps).filter(({ waitingFor }) => waitingFor !== null);
    if (waiting.length === parents) break;
    await pause(50);
  }
  await first.close();
  // What was compiled for the first box helps the second.
  [calls, queries] = [0, 0];
  const began = performance.now();
  const second = await boxOn(counted(open()));
  await second.recovered;
  const back = performance.now();
  const [asked, sent] = [calls, queries];
  await second.run(id).signal('go', null, { id: 'one' });
  const signalled = performance.now();
  await second.run(id).cancel({ reason: 'enough' });
  await second
    .run(id)
    .result()
    .catch(() => {});
  const over = performance.now();
  const ms = [back - began, signalled - back, over - signalled].map((each) => each.toFixed(0));
  console.log(
    `| ${name} | ${parents.toLocaleString('en')} | ${ms[0]} | ${asked} | ${name === 'Postgres' ? sent : '–'} | ${ms[1]} | ${ms[2]} |`,
  );
  await second.close();
}
