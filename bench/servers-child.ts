/**
 * One process of `servers.ts`: a box on a store that several share. Says `ready`, and for each line on standard input (a
 * number of runs) does so many runs of 20 steps and says how long that took, in milliseconds.
 *
 *     node servers-child.ts postgres|redis URL PLACE
 */
import { createInterface } from 'node:readline';
import { createSignalbox, type Store } from 'signalbox';
import { countTask, orchestratorFor, strict } from './shapes.ts';

const [, , kind = '', url = '', place = ''] = process.argv;
const STEPS = 20;

async function storeOf(): Promise<Store> {
  if (kind === 'redis') return (await import('signalbox/redis')).redis(url, { prefix: place });
  return (await import('signalbox/postgres')).postgres(url, { schema: place });
}

const flow = orchestratorFor(
  { runs: 500, tracks: 1, steps: STEPS },
  strict,
  countTask(strict, async ({ n }) => ({ n: n + 1 })),
);
const box = await createSignalbox({ orchestrators: [flow], store: await storeOf() });

async function one(): Promise<number> {
  const run = await box.start(flow, { input: { n: 0 } });
  return (await run.result()) as number;
}

process.stdout.write('ready\n');
for await (const line of createInterface({ input: process.stdin })) {
  const runs = Number(line);
  const began = performance.now();
  const sums = await Promise.all(Array.from({ length: runs }, one));
  const ms = performance.now() - began;
  if (sums.some((sum) => sum !== STEPS)) throw new Error(`a run ended with ${sums.find((sum) => sum !== STEPS)}`);
  process.stdout.write(`${ms}\n`);
}
await box.close();
