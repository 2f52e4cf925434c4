/**
 * A box under load, for a parent that kills it: `node worker.ts FOLDER NAME LOAD [URL PLACE]`. It keeps its runs in a
 * SQLite file of the folder, or on the Postgres or the Redis of the URL, where it shares a schema or a prefix with others.
 *
 * Says `ready` when it is loaded and waits for a word on standard input, `open` when it has its box, and `busy` when the first body
 * begins: `load` keeps LOAD runs going for ever, `finish` brings to an end what is there and says `done`. What it was promised goes into
 * `acks` (`wanted`, `started`, `cancelled`, `ended`), what its bodies do into `effects`; both are written before
 * the next thing happens, so that a kill loses none of it.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { createInterface } from 'node:readline';
import { createSignalbox, type LogLine } from '../../src/index.ts';
import type { ActorRow, Store } from '../../src/store.ts';
import { sqlite } from '../../src/stores/sqlite/index.ts';
import { bring } from './clients.ts';
import { flowsOf, SCHEDULE } from './load.ts';

const [, , folder = '.', name = 'worker', load = '30', url, shared = 'signalbox'] = process.argv;
/** Every other worker writes on a thread of its own. */
const thread = /[13579]$|thread/.test(name) ? 'always' : 'large';
const store: Store = url === undefined ? sqlite(`${folder}/runs.db`, { thread }) : await onServer(url);
/** Loaded only where it is wanted: the others are started and killed too often. */
async function onServer(server: string): Promise<Store> {
  if (/^(rediss?|unix):/.test(server)) {
    const { redis } = await import('../../src/stores/redis/index.ts');
    return redis(server, { prefix: shared });
  }
  const { postgres } = await import('../../src/stores/postgres/index.ts');
  return postgres(server, { schema: shared });
}

/** Long enough for a machine with much to do, short enough for what a dead process has left to be taken over soon. */
const LEASE = '2s';
const acks = `${folder}/acks`;
const effects = `${folder}/effects`;

/** What the store says of a step at this very moment; a server cannot be asked without time going by. */
function stateOf(key: string): string {
  const [, run = '', path = ''] = /^([^/]*)\/(.*)#\d+$/.exec(key) ?? [];
  const actors = url === undefined ? (store.readActors(run) as readonly ActorRow[]) : [];
  const row = actors.find((actor) => actor.path === path);
  return row === undefined ? 'unknown' : `${row.state}#${row.attempt}`;
}

let isBusy = false;
const flows = flowsOf((what, key) => {
  if (!isBusy) process.stdout.write('busy\n');
  isBusy = true;
  appendFileSync(effects, `${Date.now()} ${what} ${key} ${stateOf(key)}\n`);
});

function logger({ level, message, error }: LogLine): void {
  if (level === 'error') appendFileSync(`${folder}/log`, `${name} ${(error as { code?: string })?.code} ${message}\n`);
}

/** Runs that were wanted, by a worker before this one, and whose end nobody was told. */
function unfinished(): Map<string, { readonly flow: string; readonly input: number }> {
  const open = new Map<string, { readonly flow: string; readonly input: number }>();
  for (const line of existsSync(acks) ? readFileSync(acks, 'utf8').split('\n') : []) {
    const [word, run = '', flow = '', input] = line.split(' ');
    // Of those that share a store each cares for the clients of its own place, `p0-…` or `p1-…`; the last one for all.
    if (/^p\d-/.test(name) && !run.startsWith(name.slice(0, 3))) continue;
    if (word === 'wanted') open.set(run, { flow, input: Number(input) });
    else if (word === 'ended') open.delete(run);
  }
  return open;
}

async function main(word: string): Promise<void> {
  const box = await createSignalbox({ orchestrators: flows, store, logger, lease: LEASE });
  process.stdout.write('open\n');
  const open = unfinished();
  let going = 0;
  let count = 0;
  // Each begins with others: on a slow server none has the time for all of them.
  const first = Number(/\d+$/.exec(name)?.[0] ?? 0) * 4;

  const client = { box, flows, ack: (line: string) => appendFileSync(acks, `${line}\n`) };
  const run = async (id: string, flow: string, input: number): Promise<void> => {
    going += 1;
    await bring(client, id, flow, input);
    going -= 1;
    more();
  };
  const more = (): void => {
    while (word === 'load' && going < Number(load)) {
      count += 1;
      const id = `${name}-${count}`;
      const flow = flows[(first + count) % flows.length]?.name ?? '';
      appendFileSync(acks, `wanted ${id} ${flow} ${count}\n`);
      void run(id, flow, count);
    }
  };

  const old = [...open].map(([id, { flow, input }]) => run(id, flow, input));
  more();
  const line = flows.find(({ name: each }) => each === 'line') as (typeof flows)[number];
  if (word === 'load') {
    // Declared by every worker, and one schedule all the same; it fires each second, whoever lives then.
    await box.schedule(SCHEDULE, { every: '1s', orchestrator: line, input: 3, overlap: 'allowAll' });
    return;
  }
  await Promise.all(old);
  await box.recovered;
  await (await box.schedule(SCHEDULE)).remove();
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await box.runs({
      parent: `schedule:${SCHEDULE}`,
      limit: 100,
      ...(cursor === undefined ? {} : { cursor }),
    });
    for (const { run: id } of page.runs) await box.run(id).outcome();
    cursor = page.cursor;
  }
  await box.close();
  process.stdout.write('done\n');
  process.exit(0);
}

const words = createInterface({ input: process.stdin });
words.once('line', (word) => void main(word));
// A parent that is gone kills nobody any more.
words.once('close', () => process.exit(1));
// Loading takes longer than living; a process that is killed would keep nothing of it for the next.
flushCompileCache();
process.stdout.write('ready\n');
