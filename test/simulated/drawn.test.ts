/**
 * Courses that are drawn: whatever happens to processes, lines and the place, every run comes to the end that it comes to without all
 * that, what was said to it counts once, and nobody is told anything twice (I1 to I7, R11, P231).
 *
 * `SEED=1234 TRACE=client0 npx vitest run test/simulated -t 'a rough day, 0'` plays one course, and leaves in `trace.txt` what was said
 * about something in it.
 */
import { expect, test } from 'vitest';
import { isLong } from '../helpers/form.ts';
import { courseOf } from './courses.ts';

const FAIR = { delay: 20, lost: 0, unheard: 0, missed: 0 };
const ROUGH = { delay: 200, lost: 0.01, unheard: 0.01, missed: 0.1 };

const STORM = { delay: 600, lost: 0.05, unheard: 0.05, missed: 0.5 };

const numbered = (count: number): readonly number[] => Array.from({ length: count }, (_, at) => at);
const FROM = Number(process.env.SEED ?? 0);

test.each(numbered(isLong ? 100 : 6))('a fair day, %i', async (at) => {
  const course = { seed: `fair ${FROM + at}`, weather: FAIR, processes: 2, mishaps: 4_000, lasts: 60_000, some: 12 };
  expect(await courseOf(course)).toEqual([]);
});

test.each(numbered(isLong ? 100 : 6))('a rough day, %i', async (at) => {
  const course = { seed: `rough ${FROM + at}`, weather: ROUGH, processes: 3, mishaps: 3_000, lasts: 60_000, some: 12 };
  expect(await courseOf(course)).toEqual([]);
});

test.each(numbered(isLong ? 100 : 4))('a storm, %i', async (at) => {
  const course = { seed: `storm ${FROM + at}`, weather: STORM, processes: 4, mishaps: 1_000, lasts: 90_000, some: 12 };
  expect(await courseOf(course)).toEqual([]);
});

test.each(numbered(isLong ? 100 : 3))('a day of clocks that are wrong, %i', async (at) => {
  const course = { seed: `clocks ${FROM + at}`, weather: FAIR, processes: 3, mishaps: 2_000, lasts: 60_000, some: 12 };
  expect(await courseOf({ ...course, clocks: true })).toEqual([]);
});
