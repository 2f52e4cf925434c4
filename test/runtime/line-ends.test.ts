/** The line for bodies (S30) where much stands in it: bodies that answer at once, what is kept of them, and a box that is closed. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createSignalbox, orchestrator, task, track } from 'signalbox';
import { expect, test } from 'vitest';
import type { Executor } from '../../src/executor.ts';
import { Anything, never, settled, soon, stage } from '../helpers/stage.ts';

const body = task('body', { input: Anything, output: Anything, run: never });
const all = orchestrator('all', { version: '1', input: Anything }).track(
  't',
  track('t', { input: Anything }).map('m', {
    over: ({ input }) => input,
    each: body,
    concurrency: 1_000,
    collect: false,
  }),
  { input: ({ input }) => input },
);

test('thousands that answer at once go one after the other, and none stands upon the one before it', async () => {
  let atWork = 0;
  let deepest = 0;
  let done = 0;
  let first: (() => void) | null = null;
  const executor: Executor = {
    execute(_, answer) {
      if (first === null) {
        first = () => answer({ ok: true, value: null });
        return;
      }
      atWork += 1;
      deepest = Math.max(deepest, atWork);
      done += 1;
      answer({ ok: true, value: null });
      atWork -= 1;
    },
  };
  const { options } = stage();
  const few = { ...options, executor: () => executor, concurrency: 1 };
  await using box = await createSignalbox({ orchestrators: [all], ...few });
  const run = await box.start(all, { input: '1..1000' });
  await settled(box);
  (first as (() => void) | null)?.();
  expect((await soon(run.outcome(), 20_000)).status).toBe('completed');
  expect([done, deepest]).toEqual([999, 1]);
});

test('of those that stand in line when their box is closed none begins', async () => {
  const { desk, options } = stage();
  const box = await createSignalbox({ orchestrators: [all], ...options, concurrency: 1 });
  await box.start(all, { input: '1..5' });
  await settled(box);
  expect(desk.begun).toHaveLength(1);
  await box.close();
  expect(desk.begun).toHaveLength(1);
});

test('one that has ended is kept nowhere, however long its box goes on', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const jobs: WeakRef<object>[] = [];
  const executor: Executor = {
    execute(job, answer) {
      jobs.push(new WeakRef(job));
      answer({ ok: true, value: null });
    },
  };
  const { options } = stage();
  await using box = await createSignalbox({
    orchestrators: [all],
    ...options,
    concurrency: 3,
    executor: () => executor,
  });
  await soon((await box.start(all, { input: '1..20' })).outcome());
  await settled(box);
  expect(jobs).toHaveLength(20);
  const kept = (): number => jobs.filter((job) => job.deref() !== undefined).length;
  for (let round = 0; round < 20 && kept() > 0; round += 1) {
    await settled();
    collect();
  }
  expect(kept()).toBe(0);
});
