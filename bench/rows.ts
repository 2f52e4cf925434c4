/**
 * Which rows there are: a load, and who does it. A row is plain data, so that it can be
 * handed to a process of its own and printed as it is.
 */
import type { Load } from './load.ts';
import type { Pace } from './measure.ts';

type ContenderName =
  | 'plain'
  | 'plain, zod'
  | 'textbook XState'
  | 'signalbox'
  | 'signalbox, no zod'
  | 'signalbox, one box'
  | 'signalbox, xstate lane'
  | 'signalbox, policies'
  | 'signalbox, sqlite'
  | 'signalbox, sqlite, normal'
  | 'raw sqlite, 1 row per commit'
  | 'raw sqlite, 100 rows per commit';

export type Group = 'wide' | 'many' | 'long' | 'lanes' | 'policies' | 'durable' | 'memory';

export interface TimedRow {
  readonly is: 'timed';
  readonly group: Group;
  readonly label: string;
  readonly contender: ContenderName;
  readonly load: Load;
  readonly pace: Pace;
}

export interface HeldRow {
  readonly is: 'held';
  readonly group: 'memory';
  readonly label: string;
  readonly who: 'waiting runs' | 'live tasks' | 'plain live tasks';
  readonly count: number;
  readonly idleRuns: number;
}

export type Row = TimedRow | HeldRow;

export const GROUPS: readonly Group[] = ['wide', 'many', 'long', 'lanes', 'policies', 'durable', 'memory'];

export interface Choice {
  readonly groups: readonly Group[];
  /** Less of everything: a look, not a result. */
  readonly quick: boolean;
  /** With the rows that take minutes. */
  readonly full: boolean;
}

/** Two repetitions at least warm up, and more where they are short: the compiler needs most of a second. */
const USUAL: Pace = { rounds: 3, warm: { least: 2, ms: 700 }, kept: { least: 5, ms: 700 } };
/** A box that stays, as an application has it, with nobody collecting its garbage: V8 throws away what it has compiled for objects that are gone. */
const STAYING: Pace = { rounds: 3, warm: { least: 2, ms: 4_000 }, kept: { least: 5, ms: 2_000 }, uncollected: true };
const QUICK: Pace = { rounds: 1, warm: { least: 2, ms: 300 }, kept: { least: 5, ms: 0 } };
const LARGE: Pace = { rounds: 3, warm: { least: 1, ms: 0 }, kept: { least: 3, ms: 0 } };
const ONCE: Pace = { rounds: 1, warm: { least: 0, ms: 0 }, kept: { least: 1, ms: 0 } };
/** Long, because starting Node and reading modules is in a profile as well. */
const PROFILE: Pace = { rounds: 1, warm: { least: 2, ms: 0 }, kept: { least: 5, ms: 6_000 }, uncollected: true };

const LOADS = {
  wide: (tracks: number): Load => ({ runs: 1, tracks, steps: 1 }),
  many: { runs: 500, tracks: 1, steps: 20 },
  long: { runs: 1, tracks: 1, steps: 2_000 },
} as const;

export function rowsFor({ groups, quick, full }: Choice): Row[] {
  const usual = quick ? QUICK : USUAL;
  const rows: Row[] = [];
  const timed = (
    group: Group,
    label: string,
    load: Load,
    names: readonly ContenderName[],
    pace: Pace = usual,
  ): void => {
    for (const contender of names) rows.push({ is: 'timed', group, label, contender, load, pace });
  };
  const both: ContenderName[] = ['plain', 'plain, zod'];
  const ours: ContenderName[] = ['signalbox', 'signalbox, no zod'];
  const staying: ContenderName[] = ['signalbox, one box'];
  if (groups.includes('wide')) {
    timed('wide', 'wide 1,000', LOADS.wide(1_000), [...both, 'textbook XState', ...ours]);
    timed('wide', 'wide 10,000', LOADS.wide(10_000), [...both, ...ours]);
    if (full) timed('wide', 'wide 10,000', LOADS.wide(10_000), ['textbook XState'], ONCE);
    if (!quick) timed('wide', 'wide 100,000', LOADS.wide(100_000), [...both, ...ours], LARGE);
  }
  if (groups.includes('many')) {
    timed('many', 'many 500×20', LOADS.many, [...both, 'textbook XState', ...ours]);
    timed('many', 'many 500×20', LOADS.many, staying, quick ? QUICK : STAYING);
  }
  if (groups.includes('long')) {
    timed('long', 'long 2,000', LOADS.long, [...both, 'textbook XState', ...ours]);
    timed('long', 'long 2,000', LOADS.long, staying, quick ? QUICK : STAYING);
  }
  if (groups.includes('lanes')) {
    timed('lanes', 'lanes 500×20', LOADS.many, ['signalbox', 'signalbox, xstate lane']);
  }
  if (groups.includes('policies')) {
    const pair: ContenderName[] = ['signalbox', 'signalbox, policies'];
    timed('policies', 'policies wide 10,000', LOADS.wide(10_000), pair);
    timed('policies', 'policies many 500×20', LOADS.many, pair);
  }
  if (groups.includes('durable')) {
    const batched: ContenderName[] = [
      'raw sqlite, 100 rows per commit',
      'signalbox, sqlite',
      'signalbox, sqlite, normal',
    ];
    timed('durable', 'durable many 500×20', LOADS.many, batched);
    timed('durable', 'durable wide 10,000', LOADS.wide(10_000), batched);
    if (!quick) timed('durable', 'durable wide 100,000', LOADS.wide(100_000), batched, LARGE);
    timed('durable', 'durable long 2,000', LOADS.long, [
      'raw sqlite, 1 row per commit',
      'signalbox, sqlite',
      'signalbox, sqlite, normal',
    ]);
  }
  if (groups.includes('memory')) rows.push(...memoryRows(quick ? 10 : 1));
  return rows;
}

/** The load that a profile is taken of. */
export function profiledRow(name: string): TimedRow {
  const profiled = PROFILED.find((row) => row.label === name);
  if (profiled === undefined) {
    throw new Error(`There is a profile of ${PROFILED.map(({ label }) => label).join(', ')}, and none of "${name}".`);
  }
  return profiled;
}

const OURS = { is: 'timed', contender: 'signalbox', pace: PROFILE } as const;
const PROFILED: readonly TimedRow[] = [
  { ...OURS, group: 'wide', label: 'wide', load: LOADS.wide(10_000) },
  { ...OURS, group: 'many', label: 'many', load: LOADS.many },
  { ...OURS, group: 'long', label: 'long', load: LOADS.long },
  { ...OURS, group: 'lanes', label: 'lanes', load: LOADS.many, contender: 'signalbox, xstate lane' },
];

function memoryRows(part: number): HeldRow[] {
  const runs = 10_000 / part;
  const tasks = 100_000 / part;
  const row = (label: string, who: HeldRow['who'], count: number, idleRuns: number): HeldRow => ({
    is: 'held',
    group: 'memory',
    label,
    who,
    count,
    idleRuns,
  });
  return [
    row('runs in a backoff, `idleRuns: 0`', 'waiting runs', runs, 0),
    row('runs in a backoff, all kept in memory', 'waiting runs', runs, runs),
    row('tasks under way in one run', 'live tasks', tasks, 0),
    row('the same bodies, plain calls', 'plain live tasks', tasks, 0),
  ];
}
