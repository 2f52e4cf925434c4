/**
 * What the engine costs, beside plain calls and beside XState used the textbook way.
 *
 * It reports and does not gate: numbers depend on the machine and on who else is on it.
 *
 *     npm run bench                        every row but the slowest
 *     npm run bench -- wide long           some groups: wide, many, long, lanes, policies, durable, memory
 *     npm run bench -- --quick             less of everything
 *     npm run bench -- --full              with textbook XState 10,000 wide: 18 to 90 seconds
 *     npm run bench -- --profile many      where the time goes: wide (10,000), many, long, lanes (xstate)
 */
import { parseArgs } from 'node:util';
import { measured } from './child.ts';
import { type Timing, together } from './measure.ts';
import { profileOf } from './profile.ts';
import {
  growth,
  type Kept,
  machine,
  memoryTable,
  NOT_MEASURED,
  profileTable,
  type Timed,
  timingTable,
} from './report.ts';
import { GROUPS, type Group, profiledRow, type Row, rowsFor } from './rows.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
    profile: { type: 'string' },
  },
});

if (values.profile !== undefined) await profile(values.profile);
else await bench(positionals.length === 0 ? GROUPS : positionals.map(groupOf));

async function bench(groups: readonly Group[]): Promise<void> {
  const rows = rowsFor({ groups, quick: values.quick, full: values.full });
  const timings = new Map<Row, Timing[]>();
  const kept: Kept[] = [];
  const rounds = Math.max(...rows.map((row) => (row.is === 'timed' ? row.pace.rounds : 1)));
  // Round by round, so that a busy minute on the machine does not fall on one row alone.
  for (let round = 1; round <= rounds; round += 1) {
    for (const row of rows) {
      if (round > (row.is === 'timed' ? row.pace.rounds : 1)) continue;
      process.stderr.write(`${round}/${rounds} ${row.label}${row.is === 'timed' ? `: ${row.contender}` : ''}\n`);
      if (row.is === 'held') kept.push({ row, result: await measured(row) });
      else timings.set(row, [...(timings.get(row) ?? []), await measured(row)]);
    }
  }
  const timed = rows.flatMap((row): Timed[] =>
    row.is === 'timed' ? [{ row, result: together(timings.get(row) ?? []) }] : [],
  );
  if (timed.length > 0) console.log(`\n${timingTable(timed)}`);
  const grown = growth(timed);
  if (grown !== null) console.log(`\n${grown}`);
  if (kept.length > 0) console.log(`\n${memoryTable(kept)}`);
  console.log(`\n${machine(new Date())}\n\n${NOT_MEASURED}`);
}

async function profile(name: string): Promise<void> {
  const row = profiledRow(name);
  const found = await profileOf(row);
  console.log(`${name} (${row.contender}), by self time:\n\n${profileTable(found)}`);
  console.log(`\n${machine(new Date())}\n${found.file}`);
}

function groupOf(name: string): Group {
  const group = GROUPS.find((each) => each === name);
  if (group === undefined) throw new Error(`There is no group "${name}"; there are ${GROUPS.join(', ')}.`);
  return group;
}
