/** Strategies: every one over every way in which up to three children can stand, against what the rules say in words. */
import { describe, expect, test } from 'vitest';
import { isBad } from '../../src/core/children/children.ts';
import { type Counts, type Verdict, verdict } from '../../src/core/verdict.ts';
import type { Strategy } from '../../src/definition.ts';

const STATUSES = ['to come', 'live', 'completed', 'failed', 'timedOut', 'cancelled', 'skipped'] as const;
type Status = (typeof STATUSES)[number];

/** Every row of up to `most` children. */
function rows(most: number): Status[][] {
  let all: Status[][] = [[]];
  const found = [...all];
  for (let count = 1; count <= most; count += 1) {
    all = all.flatMap((row) => STATUSES.map((status) => [...row, status]));
    found.push(...all);
  }
  return found;
}

const countsOf = (row: readonly Status[]): Counts => ({
  total: row.length,
  settled: row.filter((status) => status !== 'to come' && status !== 'live').length,
  completed: row.filter((status) => status === 'completed').length,
  failed: row.filter(isBad).length,
});

const isOver = (row: readonly Status[]): boolean => row.every((status) => status !== 'to come' && status !== 'live');
const some = (row: readonly Status[], ...wanted: Status[]): boolean => row.some((status) => wanted.includes(status));
const isLost = (row: readonly Status[]): boolean => some(row, 'failed', 'timedOut', 'cancelled');

/** What the table of strategies in docs/semantics.md says. */
const RULES: readonly (readonly [title: string, strategy: Strategy, rule: (row: readonly Status[]) => Verdict])[] = [
  ['failFast', 'failFast', (row) => (isLost(row) ? 'lost' : isOver(row) ? 'won' : 'on')],
  ['waitAll', 'waitAll', (row) => (!isOver(row) ? 'on' : isLost(row) ? 'lost' : 'won')],
  [
    'bestEffort',
    'bestEffort',
    (row) => (!isOver(row) ? 'on' : row.length === 0 || some(row, 'completed') ? 'won' : 'lost'),
  ],
  ['allowNone', 'allowNone', (row) => (isOver(row) ? 'won' : 'on')],
  ['race', 'race', (row) => (some(row, 'completed') || row.length === 0 ? 'won' : isOver(row) ? 'lost' : 'on')],
  ...[1, 2, 3].flatMap((quorum) =>
    (['cancel', 'finish'] as const).map(
      (rest) =>
        [
          `quorum of ${quorum}, the rest is to ${rest}`,
          { quorum, rest },
          (row: readonly Status[]): Verdict => {
            const completed = row.filter((status) => status === 'completed').length;
            const hopes = row.filter((status) => status === 'to come' || status === 'live').length;
            if (row.length === 0) return 'won';
            if (completed >= quorum) return rest === 'cancel' || hopes === 0 ? 'won' : 'on';
            return completed + hopes < quorum ? 'lost' : 'on';
          },
        ] as const,
    ),
  ),
];

describe.each(RULES)('%s', (_, strategy, rule) => {
  test('decides as its rule says, however up to three children stand (P84, P99)', () => {
    const wrong = rows(3).filter((row) => verdict(strategy, countsOf(row)) !== rule(row));
    expect(wrong).toEqual([]);
  });

  test('is over when all are over, and never takes back what it has said (I5, P101)', () => {
    for (const row of rows(3)) {
      const said = verdict(strategy, countsOf(row));
      if (isOver(row)) expect([row, said]).not.toEqual([row, 'on']);
      if (said === 'on') continue;
      // Whatever becomes of the others, short of completing a race that is lost, which is over by then.
      const later = row.map((status): Status => (status === 'to come' || status === 'live' ? 'cancelled' : status));
      if (said === 'lost') expect([row, verdict(strategy, countsOf(later))]).toEqual([row, 'lost']);
    }
  });
});
