/** The gate of the bench: what is slower than the baseline by more than 5 %, and what is only a busy machine. No time is measured here. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bothSay, chanceOf, roundsToTell, verdictOf } from '../../bench/verdict.ts';
import { GROUPS } from '../../bench/rows.ts';

const BOUND = 1.05;
/** Nine rounds of a machine that others use: the same build differs from itself. */
const NOISY = [10, 14, 9, 11, 16, 10, 9, 13, 10];
const times = (factor: number): number[] => NOISY.map((us) => us * factor);

describe('the gate of the bench', () => {
  test('refuses a build that is slower by more than 5 % in nearly every round, however noisy the rounds are (P117)', () => {
    expect(verdictOf(NOISY, times(1.06), BOUND)).toBe('slower');
    const once = [8, ...times(1.2).slice(1)];
    expect(verdictOf(NOISY, once, BOUND)).toBe('slower');
  });

  test('lets through one that is as fast, faster, or slower by less than 5 % (P117)', () => {
    for (const factor of [0.5, 1, 1.04]) expect(verdictOf(NOISY, times(factor), BOUND)).toBe('within');
  });

  test('refuses nothing for a few slow rounds, and says that it is unclear where they contradict each other (P117)', () => {
    const slowOnce = [30, ...NOISY.slice(1)];
    expect(verdictOf(NOISY, slowOnce, BOUND)).toBe('within');
    expect(
      verdictOf(
        NOISY,
        NOISY.map((us, at) => (at % 2 === 0 ? us * 1.3 : us * 0.8)),
        BOUND,
      ),
    ).toBe('unclear');
    expect([bothSay('slower', 'within'), bothSay('slower', 'slower'), bothSay('within', 'unclear')]).toEqual([
      'unclear',
      'slower',
      'unclear',
    ]);
  });

  test('refuses a build for noise alone at most once in twenty times (P117)', () => {
    let [refused, all] = [0, 0];
    const round = fc.tuple(fc.double({ min: 1, max: 2, noNaN: true }), fc.double({ min: 1, max: 2, noNaN: true }));
    const measured = fc.array(round, { minLength: 9, maxLength: 9 });
    fc.assert(
      fc.property(measured, (rounds) => {
        all += 1;
        const [before, after] = [rounds.map(([us]) => us), rounds.map(([, us]) => us)];
        if (verdictOf(before, after, 1) === 'slower') refused += 1;
      }),
      { numRuns: 2_000, seed: 117 },
    );
    expect(refused / all).toBeLessThan(0.05);
    expect(chanceOf(9, 9)).toBeCloseTo(1 / 512);
    expect(chanceOf(0, 9)).toBe(1);
    expect(roundsToTell()).toBe(5);
  });

  test('has a baseline: a commit, a bound of 5 %, rounds that can tell, and loads that there are (P117)', () => {
    const url = new URL('../../bench/baseline.json', import.meta.url);
    const baseline = JSON.parse(readFileSync(url, 'utf8')) as { [name: string]: unknown };
    expect(baseline).toMatchObject({ commit: expect.stringMatching(/^[0-9a-f]{40}$/), bound: BOUND });
    expect(baseline.rounds).toBeGreaterThanOrEqual(roundsToTell());
    expect(GROUPS).toEqual(expect.arrayContaining(baseline.groups as string[]));
  });

  test('wants as many rounds as can tell, before it measures anything (P117)', () => {
    const { status, stderr } = spawnSync(
      process.execPath,
      ['bench/turns.ts', '.', '.', 'many', '--rounds', '3', '--bound', '1.05'],
      { encoding: 'utf8' },
    );
    expect(status).toBe(1);
    expect(stderr).toContain('3 rounds cannot tell a slower build from chance; take 5 or more.');
  });
});
