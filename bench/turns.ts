/**
 * Two checkouts in turns: is the one slower than the other? Both have to be built. Rows alternate, each in a process of its
 * own, so that a busy minute on the machine falls on both.
 *
 *     npm run bench:turns -- ../before . many wide         by group; all that signalbox does, if none is named
 *     npm run bench:turns -- ../before . --rounds 9
 */
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Timing, together } from './measure.ts';
import { GROUPS, type Group, rowsFor, type TimedRow } from './rows.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '5' } },
});
const [before = '.', after = '.', ...named] = positionals;
const groups = named.length === 0 ? GROUPS.filter((group) => group !== 'memory') : (named as Group[]);
const rows = rowsFor({ groups, quick: false, full: false }).filter(
  (row): row is TimedRow => row.is === 'timed' && row.contender.startsWith('signalbox'),
);
const rounds = Number(values.rounds);

const times = new Map<TimedRow, { readonly before: Timing[]; readonly after: Timing[] }>();
for (let round = 1; round <= rounds; round += 1) {
  for (const row of rows) {
    const known = times.get(row) ?? { before: [], after: [] };
    times.set(row, known);
    process.stderr.write(`${round}/${rounds} ${row.label}: ${row.contender}\n`);
    // Who comes first changes from round to round.
    const turns = [() => known.before.push(measuredIn(before, row)), () => known.after.push(measuredIn(after, row))];
    for (const turn of round % 2 === 0 ? turns.reverse() : turns) turn();
  }
}

console.log('| load | done by | µs/task before: median, min | after: median, min | after ÷ before: median, min |');
console.log('| --- | --- | --- | --- | --- |');
for (const [row, known] of times) {
  const [old, now] = [together(known.before), together(known.after)];
  const cell = ({ medianUs, minUs }: Timing): string => `${medianUs.toFixed(2)}, ${minUs.toFixed(2)}`;
  const ratio = `${(now.medianUs / old.medianUs).toFixed(2)}×, ${(now.minUs / old.minUs).toFixed(2)}×`;
  console.log(`| ${row.label} | ${row.contender} | ${cell(old)} | ${cell(now)} | ${ratio} |`);
}

function measuredIn(folder: string, row: TimedRow): Timing {
  const program = resolve(folder, 'bench/row.ts');
  const flags = ['--expose-gc', '--max-semi-space-size=64'];
  const { stdout, status } = spawnSync(process.execPath, [...flags, program, JSON.stringify(row)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error(`${row.label} in ${folder} ended with code ${status}.`);
  return JSON.parse(stdout) as Timing;
}
