/**
 * How long it takes a new box to take over what another has left in a SQLite file, and what it then holds in memory:
 * runs that wait for a retry an hour away.
 *
 *     npm run bench:recovery [-- 10000 100000]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSignalbox, orchestrator, task, track } from 'signalbox';
import { sqlite } from 'signalbox/sqlite';
import { strict } from './shapes.ts';

const busy = task('busy', {
  input: strict,
  output: strict,
  retry: { maxAttempts: 2, delay: '1h' },
  run: async () => {
    throw new Error('busy');
  },
});
const flow = orchestrator('flow', { version: '1', input: strict }).track(
  't',
  track('t', { input: strict }).step('busy', busy, ({ input }) => input),
  { input: ({ input }) => input },
);

const counts = process.argv.slice(2).map(Number);
console.log('| unfinished runs | taken over in | µs each | heap then |\n| --- | --- | --- | --- |');
for (const count of counts.length === 0 ? [10_000, 100_000] : counts) await measure(count);

async function measure(count: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-recovery-'));
  const open = () =>
    createSignalbox({ orchestrators: [flow], store: sqlite(join(folder, 'runs.db')), logger: () => {} });
  try {
    const first = await open();
    for (let made = 0; made < count; made += 1_000) {
      await Promise.all(
        Array.from({ length: Math.min(1_000, count - made) }, () => first.start(flow, { input: { n: 0 } })),
      );
    }
    while (first.counts.timers < count) await new Promise(setImmediate);
    await first.close();

    const began = performance.now();
    const second = await open();
    await second.recovered;
    const ms = performance.now() - began;
    globalThis.gc?.();
    const heap = Math.round(process.memoryUsage().heapUsed / 1e6);
    console.log(
      `| ${count.toLocaleString('en')} | ${Math.round(ms).toLocaleString('en')} ms | ${((ms * 1_000) / count).toFixed(0)} | ${heap} MB |`,
    );
    await second.close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
