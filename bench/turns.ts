/**
 * Two checkouts in turns: is the one slower than the other? Both have to be built. Rows alternate, each in a process of its
 * own, so that a busy minute on the machine falls on both.
 *
 *     npm run bench:turns -- ../before . many wide         by group; all that signalbox does, if none is named
 *     npm run bench:turns -- ../before . --rounds 9
 *     npm run bench:turns -- ../before . --bound 1.05      ends with code 1 if a row is slower than that, beyond noise
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Timing, together } from './measure.ts';
import { bothSay, roundsToTell, type Verdict, verdictOf } from './verdict.ts';
import { GROUPS, type Group, rowsFor, type TimedRow } from './rows.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '5' }, bound: { type: 'string' } },
});
const [before = '.', after = '.', ...named] = positionals;
const groups = named.length === 0 ? GROUPS.filter((group) => group !== 'memory') : (named as Group[]);
// A checkout from before there was a contender cannot be asked for it.
const rowsBefore = readFileSync(resolve(before, 'bench/rows.ts'), 'utf8');
const rows = rowsFor({ groups, quick: false, full: false }).filter(
  (row): row is TimedRow =>
    row.is === 'timed' && row.contender.startsWith('signalbox') && rowsBefore.includes(`'${row.contender}'`),
);
const rounds = Number(values.rounds);
const bound = values.bound === undefined ? null : Number(values.bound);
if (bound !== null && rounds < roundsToTell())
  throw new Error(`${rounds} rounds cannot tell a slower build from chance; take ${roundsToTell()} or more.`);

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

const told = bound === null ? '' : ` beyond ${bound}× |`;
console.log(
  `| load | done by | µs/task before: median, min | after: median, min | after ÷ before: median, min |${told}`,
);
console.log(`| --- | --- | --- | --- | --- |${bound === null ? '' : ' --- |'}`);
for (const [row, known] of times) {
  const [old, now] = [together(known.before), together(known.after)];
  const cell = ({ medianUs, minUs }: Timing): string => `${medianUs.toFixed(2)}, ${minUs.toFixed(2)}`;
  const ratio = `${(now.medianUs / old.medianUs).toFixed(2)}×, ${(now.minUs / old.minUs).toFixed(2)}×`;
  const verdict = bound === null ? null : beyond(known, bound);
  if (verdict === 'slower') process.exitCode = 1;
  const last = verdict === null ? '' : ` ${verdict} |`;
  console.log(`| ${row.label} | ${row.contender} | ${cell(old)} | ${cell(now)} | ${ratio} |${last}`);
}

/** By the medians of the processes and by their least times. */
function beyond({ before, after }: { before: readonly Timing[]; after: readonly Timing[] }, bound: number): Verdict {
  const of = (which: 'medianUs' | 'minUs'): Verdict =>
    verdictOf(
      before.map((each) => each[which]),
      after.map((each) => each[which]),
      bound,
    );
  return bothSay(of('medianUs'), of('minUs'));
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
