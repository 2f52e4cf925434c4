/** When a commit is: at once where nothing can join it, and otherwise after a round of the event loop, which is nobody's alone. */
import { expect, test } from 'vitest';
import { createSignalbox, orchestrator, task, track } from '../../src/index.ts';
import { type Clock, soon, systemClock } from '../../src/clock.ts';
import { Anything } from '../helpers/stage.ts';
import { Haste } from '../../src/runtime/commit/haste.ts';

const steady: Clock = { ...systemClock, elapsed: () => 0 };

/** Waits for so many commits, one after the other, and says before each how many rounds of the event loop there have been. */
async function rounds(commits: number, options: { clock?: Clock; isAlone?: () => boolean; isAnswer?: boolean } = {}) {
  const { clock = steady, isAlone = () => true, isAnswer = true } = options;
  const haste = new Haste({ clock, isAlone });
  const seen: number[] = [];
  let round = 0;
  let isOver = false;
  const count = (): void => {
    round += 1;
    if (!isOver) soon(count);
  };
  soon(count);
  for (let made = 0; made < commits; made += 1) {
    await new Promise<void>((resolve) => haste.await(resolve, isAnswer));
    seen.push(round);
  }
  isOver = true;
  return seen;
}

test('sixteen commits of a lone run follow each other, and then others have their turn', async () => {
  const seen = await rounds(40);
  const changes = seen.flatMap((round, at) => (at > 0 && round > (seen[at - 1] as number) ? [at] : []));
  expect(seen[0]).toBe(0);
  expect(changes).toEqual([16, 33]);
});

test('a disk that takes longer for one of them is waited for behind a round', async () => {
  let elapsed = 0;
  const clock = { ...steady, elapsed: () => (elapsed += 2) };
  const seen = await rounds(6, { clock });
  expect(seen.map((round) => round - (seen[0] as number))).toEqual([0, 1, 1, 2, 2, 3]);
});

test.each([
  { what: 'what is not an answer', options: { isAnswer: false } },
  { what: 'an answer beside which something is under way', options: { isAlone: () => false } },
])('$what waits for the round', async ({ options }) => {
  expect(await rounds(3, options)).toEqual([1, 2, 3]);
});

test('what was begun meanwhile may answer at once, too: then it is waited for', async () => {
  let isAlone = true;
  const said: string[] = [];
  const haste = new Haste({ clock: steady, isAlone: () => isAlone });
  const committed = new Promise<void>((resolve) => {
    haste.await(() => {
      said.push('commits');
      resolve();
    }, true);
  });
  await Promise.resolve();
  isAlone = false;
  soon(() => said.push('a round'));
  await committed;
  expect(said).toEqual(['a round', 'commits']);
});

test('whoever hears of a promise has his turn before the commit', async () => {
  const said: string[] = [];
  const haste = new Haste({ clock: steady, isAlone: () => true });
  // Not in a promise itself, as a body is called that has not waited for anything.
  const committed = new Promise<void>((resolve) => {
    soon(() => {
      haste.await(() => {
        said.push('commits');
        resolve();
      }, true);
      const wait = async (): Promise<void> => {
        for (let many = 0; many < 100; many += 1) await null;
        said.push('hears');
      };
      void wait();
    });
  });
  await committed;
  expect(said).toEqual(['hears', 'commits']);
});

test('in a box: a lone run goes on at once, two that are under way together are committed together (I3)', async () => {
  let round = 0;
  const seen: number[] = [];
  const sees = task('sees', { input: Anything, output: Anything, run: async () => void seen.push(round) });
  const steps = Array.from({ length: 12 }, (_, at) => `step-${at}`);
  const flow = orchestrator('flow', { version: '1', input: Anything }).track(
    'only',
    steps.reduce((line, name) => line.step(name, sees) as never, track('only', { input: Anything })),
  );
  await using box = await createSignalbox({ orchestrators: [flow], clock: steady });
  const play = async (runs: number): Promise<number> => {
    const before = box.counts.commits;
    await Promise.all(
      Array.from({ length: runs }, async () => {
        const run = await box.start(flow, { input: null });
        await run.result();
      }),
    );
    return box.counts.commits - before;
  };
  const alone = await play(1);
  round = 0;
  seen.length = 0;
  let isOver = false;
  const count = (): void => {
    round += 1;
    if (!isOver) soon(count);
  };
  soon(count);
  expect(await play(1)).toBe(alone);
  isOver = true;
  expect([seen.length, new Set(seen).size]).toEqual([12, 1]);
  expect(await play(2)).toBe(alone);
});
