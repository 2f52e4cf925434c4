/**
 * Is a late round of a long loop as cheap as an early one? One loop with `keepLast: 10`, looked at after each tenth of its rounds: time,
 * processor time, the heap once garbage is collected, and the file. `npm run bench:rounds`, or `-- sqlite 100000` for one store and length.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createSignalbox, memory, orchestrator, task, track } from 'signalbox';
import { sqlite } from 'signalbox/sqlite';
import { z } from 'zod';
import { machine } from './report.ts';

const TENTHS = 10;
const ROUNDS = 100_000;
const KEPT = 10;

interface Tenth {
  /** Microseconds for a round, by the clock and of the processor. */
  readonly each: number;
  readonly busy: number;
  /** MB, once it is over. */
  readonly heap: number;
  readonly file: number;
}

async function measure(kind: string, count: number): Promise<readonly Tenth[]> {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
  const path = join(folder, 'runs.db');
  const tenths: Tenth[] = [];
  let begun = 0;
  let before = process.cpuUsage();
  const look = (): void => {
    const { user, system } = process.cpuUsage(before);
    const each = ((performance.now() - begun) * 1_000) / (count / TENTHS);
    globalThis.gc?.();
    const heap = process.memoryUsage().heapUsed / 1e6;
    const file = kind === 'sqlite' ? statSync(path).size / 1e6 : 0;
    tenths.push({ each, busy: (user + system) / (count / TENTHS), heap, file });
    before = process.cpuUsage();
    begun = performance.now();
  };
  const anything = z.any();
  const body = task('echo', {
    input: anything,
    output: anything,
    run: ({ input }) => {
      // After some rounds to warm up, whose time is nobody's.
      if (input === WARM) {
        before = process.cpuUsage();
        begun = performance.now();
      } else if (input > WARM && (input - WARM) % (count / TENTHS) === 0) look();
      return input;
    },
  });
  const rounds = count + WARM + 1;
  const flow = orchestrator('rounds', { version: '1', input: anything }).track(
    't',
    track('t', { input: anything }).loop('s', {
      body: { do: body, input: ({ index }: { index: number }) => index } as never,
      while: ({ index }) => index < rounds,
      maxIterations: rounds + 1,
      keepLast: KEPT,
    }),
  );
  const store = kind === 'sqlite' ? sqlite(path) : memory();
  const box = await createSignalbox({ orchestrators: [flow], store, logger: () => {} });
  await (await box.start(flow, { input: null })).outcome();
  await box.close();
  rmSync(folder, { recursive: true });
  return tenths;
}

const WARM = 2_000;

async function inProcess(kind: string, count: number): Promise<readonly Tenth[]> {
  const program = fileURLToPath(import.meta.url);
  const child = spawn(process.execPath, ['--expose-gc', program, 'measure', kind, String(count)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += String(chunk);
  });
  await once(child, 'close');
  return JSON.parse(text) as readonly Tenth[];
}

const [what = '', ...rest] = process.argv.slice(2);
if (what === 'measure') process.stdout.write(JSON.stringify(await measure(rest[0] ?? 'memory', Number(rest[1]))));
else {
  const kinds = what === '' ? ['memory', 'sqlite'] : [what];
  const count = Number(rest[0] ?? ROUNDS);
  console.log(
    '| store | rounds | µs each | of them at work | heap, MB | file, MB |\n| --- | --- | --- | --- | --- | --- |',
  );
  for (const kind of kinds)
    for (const [at, { each, busy, heap, file }] of (await inProcess(kind, count)).entries()) {
      const upTo = (((at + 1) * count) / TENTHS).toLocaleString('en');
      console.log(
        `| ${kind} | up to ${upTo} | ${each.toFixed(1)} | ${busy.toFixed(1)} | ${heap.toFixed(1)} | ${kind === 'sqlite' ? file.toFixed(1) : '–'} |`,
      );
    }
  console.log(`\n${machine(new Date())}`);
}
