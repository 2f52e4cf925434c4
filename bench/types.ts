/**
 * How long the project's compiler takes over a definition of one step, and of so many whose inputs are made of the output before them:
 * in a process of its own, with the declarations of the built package. `npm run bench:types [-- 100]`
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { machine } from './report.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const ROUNDS = 9;
const OPTIONS = '--ignoreConfig --noEmit --strict --skipLibCheck --module nodenext --target es2023 --types node'.split(
  ' ',
);

function source(steps: number): string {
  const lines = Array.from({ length: steps }, (_, at) => {
    const [names, value] = at === 0 ? ['input', 'input.n'] : ['outputs, previous', `outputs.s${at - 1}.n + previous.n`];
    return `  .step('s${at}', work, ({ ${names} }) => ({ n: ${value} }))`;
  });
  return `import { orchestrator, task, track } from 'signalbox';
import { z } from 'zod';
const schema = z.object({ n: z.number() });
const work = task('work', { input: schema, output: schema, run: ({ input }) => ({ n: input.n + 1 }) });
const steps = track('t', { input: schema })
${lines.join('\n')};
export const flow = orchestrator('flow', { version: '1', input: schema }).track('t', steps, { input: ({ input }) => input });
`;
}

const median = (values: readonly number[]): number =>
  [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0;

// Below the project, or the compiler would not find the package by its name.
const folder = mkdtempSync(join(ROOT, 'test', '.tmp-types-'));
try {
  const counts = [1, Number(process.argv[2] ?? 100)];
  const times = new Map<number, { wall: number[]; check: number[] }>(
    counts.map((count) => [count, { wall: [], check: [] }]),
  );
  for (const count of counts) writeFileSync(join(folder, `steps${count}.ts`), source(count));
  for (let round = 0; round < ROUNDS; round += 1)
    for (const [count, { wall, check }] of times) {
      const began = performance.now();
      const file = relative(ROOT, join(folder, `steps${count}.ts`));
      const { stdout, status } = spawnSync('tsc', [...OPTIONS, '--extendedDiagnostics', file], {
        cwd: ROOT,
        encoding: 'utf8',
      });
      if (status !== 0) throw new Error(stdout.slice(0, 2_000));
      wall.push(performance.now() - began);
      check.push(Number(/Check time:\s+([\d.]+)s/.exec(stdout)?.[1]) * 1_000);
    }
  console.log(
    `${machine(new Date())}\n\n| steps | ms, median | ms, least | of them checking |\n| --- | --- | --- | --- |`,
  );
  for (const [count, { wall, check }] of times)
    console.log(
      `| ${count} | ${median(wall).toFixed(0)} | ${Math.min(...wall).toFixed(0)} | ${median(check).toFixed(0)} |`,
    );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
