/**
 * A long life: ten thousand runs with children, races, loops, retries, waits and cancels leave nothing behind in their box,
 * in the process or on the heap (P118).
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createSignalbox, memory, orchestrator, task, track } from 'signalbox';
import { expect, test } from 'vitest';
import { Anything, hurriedClock } from '../helpers/stage.ts';

const t = (name = 't') => track(name, { input: Anything });

const flaky = task('flaky', {
  input: Anything,
  output: Anything,
  retry: { maxAttempts: 2, delay: '1s' },
  run: async ({ attempt, input }) => {
    if (attempt < 2) throw new Error('again');
    return input;
  },
});
const hangs = task('hangs', {
  input: Anything,
  output: Anything,
  run: ({ signal }) =>
    new Promise((resolve) => {
      signal.addEventListener('abort', resolve, { once: true });
    }),
  cleanup: async () => {},
});
const child = orchestrator('child', { version: '1', input: Anything }).track('c', t('c').step('s', flaky));
const flow = orchestrator('flow', { version: '1', input: Anything })
  .track(
    'all',
    t()
      .parallel('race', { hangs, quick: t('quick').sleep('nap', '1s') }, { strategy: 'race' })
      .map('items', { over: () => '1..3', each: { do: flaky, input: ({ item }) => item } })
      .loop('rounds', {
        body: { do: flaky, input: ({ index }) => index },
        until: ({ index }) => index === 1,
        keepLast: 1,
      })
      .wait('early', { signal: 'go', timeout: '1m' })
      .run('child', child, () => 1),
  )
  .track('beside', t().wait('never', { signal: 'no', timeout: '1h', onTimeout: { value: null } }));

/** Most of them have a child. */
const RUNS = 6_000;
const AT_ONCE = 100;

test('ten thousand runs leave no actors, timers, listeners or memory behind (P118)', { timeout: 120_000 }, async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const clock = hurriedClock();
  await using box = await createSignalbox({ orchestrators: [flow], store: memory(), clock, logger: () => {} });
  const batch = async (): Promise<void> => {
    const runs = await Promise.all(Array.from({ length: AT_ONCE }, () => box.start(flow, { input: null })));
    for (const [at, run] of runs.entries()) {
      if (at % 4 === 0) await run.cancel();
      else await run.signal('go');
    }
    await Promise.all(runs.map((run) => run.outcome()));
    // What a memory store keeps of runs that have ended is its own affair.
    for (const run of runs) {
      const below: string[] = [];
      for await (const { run: id } of run.children()) below.push(id);
      await run.delete();
      for (const id of below) await box.run(id).delete();
    }
  };
  const found = () => {
    collect();
    const { timers, ...counts } = box.counts;
    const handles = process.getActiveResourcesInfo().length;
    return { left: { timers, inMemory: counts.inMemory, handles }, heap: process.memoryUsage().heapUsed };
  };
  const first = RUNS / AT_ONCE / 3;
  for (let at = 0; at < first; at += 1) await batch();
  const before = found();
  for (let at = first; at < RUNS / AT_ONCE; at += 1) await batch();
  const after = found();

  expect(before.left).toMatchObject({ timers: 0, inMemory: 0 });
  expect(after.left).toEqual(before.left);
  // A hundred bytes kept of each run would be more than this.
  expect(after.heap - before.heap).toBeLessThan(RUNS * 80);
});
