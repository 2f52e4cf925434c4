/**
 * Every crash point, at every pass of it, in every scenario: the run comes to the same end as without
 * a crash, and nothing that was completed is done again. In memory for all of them; on a file, which is
 * copied as it lies at the moment of the crash, for a few.
 */
import { type AnyOrchestrator, orchestrator, task, track } from 'signalbox';
import { crashPoints } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { oneIn } from '../helpers/form.ts';
import { called, endless, rerun, scenarios } from '../helpers/scenarios.ts';
import { onFiles } from './places.ts';
import { compare, type Crashes, everyPass, inMemory, play, upTo } from './play.ts';

const onFile = onFiles();

/** A body that never ends, tried twice: its time is up each time, and it is tidied up. */
const slow = task('slow', {
  input: z.any(),
  output: z.any(),
  timeout: '5s',
  retry: { maxAttempts: 2, delay: '1s' },
  run: ({ key }) => {
    called.push(key);
    return new Promise(() => {});
  },
  cleanup: ({ key }) => void called.push(`cleanup ${key}`),
});
const timeouts: AnyOrchestrator = orchestrator('timeouts', { version: '1', input: z.any(), onFailure: 'continue' })
  .track('a', track('a', { input: z.any() }).step('a', slow))
  .track('b', track('b', { input: z.any() }).step('b', slow), { after: ['a'] });

const all = [...scenarios, endless, rerun, timeouts].map((flow) => ({ name: flow.name, flow }));

test('the scenarios come to every crash point, and during a recovery more than once', async () => {
  const { passes } = await play(endless, [['after commit', 1]], inMemory());

  for (const point of crashPoints.filter((each) => each !== 'after effect, before its result'))
    expect(passes[point], point).toBeGreaterThan(0);
  expect(passes['during recovery']).toBe(2);
  expect((await everyPass(scenarios[2] as AnyOrchestrator, 'after effect, before its result', inMemory)).length).toBe(
    3,
  );
});

describe.each([...crashPoints.entries()])('a box that dies at point %i, %s', (number, point) => {
  // In the short form others at each point.
  test.each(oneIn(3, all, number % 3))(
    'leaves "$name" to end as without a crash, and nothing completed is done again (I3, I6, P220)',
    async ({ flow }) => {
      const lists = await everyPass(flow, point, inMemory);

      const { wrong, crashed } = await compare(flow, lists, inMemory);

      expect(wrong).toEqual([]);
      expect(crashed).toBe(lists.length);
    },
  );
});

describe('a box that dies again and again', () => {
  test.each(all)(
    'after each commit that it makes leaves "$name" to end as without a crash (I3, I6)',
    async ({ flow }) => {
      const { passes } = await play(flow, [], inMemory());
      const lists = [upTo(passes['after commit']).map(() => ['after commit', 1] as const)];

      expect((await compare(flow, lists, inMemory)).wrong).toEqual([]);
    },
  );

  test.each(all)(
    'before a commit or before a result leaves "$name" to end as without a crash (I3, I6)',
    async ({ flow }) => {
      const lists: Crashes[] = [];
      for (const before of ['before commit', 'after effect, before its result'] as const)
        for (const pass of [1, 2])
          lists.push([
            [before, pass],
            [before, pass],
            ['after commit', pass],
          ]);

      expect((await compare(flow, lists, inMemory)).wrong).toEqual([]);
    },
  );
});

describe('on a SQLite file that is left as it lies', () => {
  const few = all.filter(({ name }) =>
    ['diamond', 'retries', 'failFast', 'continue', 'endless', 'timeouts', 'again'].includes(name),
  );
  test.each(oneIn(2, few))('"$name" ends as without a crash, wherever the box dies (I3, I6)', async ({ flow }) => {
    const lists: Crashes[] = [];
    for (const point of crashPoints) {
      const found = await everyPass(flow, point, inMemory);
      lists.push(...found.filter((_, index) => index % Math.ceil(found.length / 4) === 0));
    }

    expect((await compare(flow, lists, onFile)).wrong).toEqual([]);
  });
});
