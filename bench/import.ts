/**
 * What importing each entry of the built package takes above bare Node, beside XState alone, in processes of their own and in turns:
 * `npm run bench:import [-- 25]`. The last column is how it stands to XState, which carries from one machine to another.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { machine } from './report.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const ROUNDS = Number(process.argv[2] ?? 25);
const NAMES = ['', 'xstate', 'signalbox', 'signalbox/machines', 'signalbox/errors'];

const median = (values: readonly number[]): number =>
  [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0;
const least = (values: readonly number[]): number => Math.min(...values);

// Below the project, or Node would not find the package by its name.
const folder = mkdtempSync(join(ROOT, 'test', '.tmp-import-'));
try {
  const cases = NAMES.map((name, at) => {
    const file = join(folder, `${at}.mjs`);
    writeFileSync(file, name === '' ? '' : `import '${name}';\n`);
    return { name, file, took: [] as number[] };
  });
  for (let round = 0; round < ROUNDS; round += 1)
    for (const { name, file, took } of cases) {
      const began = performance.now();
      const { status, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8' });
      took.push(performance.now() - began);
      if (status !== 0) throw new Error(`Importing ${name} failed: ${stderr}`);
    }
  const [bare, xstate] = cases as [(typeof cases)[number], (typeof cases)[number]];
  const above = (of: typeof least, took: readonly number[]): number => of(took) - of(bare.took);
  console.log(
    `${machine(new Date())}, ${ROUNDS} rounds; bare Node ${least(bare.took).toFixed(0)} ms, median ${median(bare.took).toFixed(0)}\n`,
  );
  console.log('| import | ms above bare Node, least | median | times XState, least | median |\n|---|---|---|---|---|');
  for (const { name, took } of cases.slice(1)) {
    const ms = [least, median].map((of) => above(of, took).toFixed(1));
    const times = [least, median].map((of) => (above(of, took) / above(of, xstate.took)).toFixed(1));
    console.log(`| ${[name, ...ms, ...times].join(' | ')} |`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
