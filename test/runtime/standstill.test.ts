/** A body that starts a run of its own box and awaits it holds its place meanwhile: with no place left that is told. */
import { createSignalbox, type LogLine, orchestrator, type Signalbox, task, track } from 'signalbox';
import { fakeClock, settled } from 'signalbox/testing';
import { expect, test } from 'vitest';
import { Anything } from '../helpers/stage.ts';

const head = { version: '1', input: Anything } as const;

/** A box with one place; what it logs as warnings. */
async function boxOf(awaits: boolean) {
  const boxes: Signalbox[] = [];
  const quick = task('quick', { input: Anything, output: Anything, run: () => 'quick' });
  const low = orchestrator('low', head).track('t', track('t', { input: Anything }).step('quick', quick));
  const slow = task('slow', {
    input: Anything,
    output: Anything,
    run: async ({ signal }) => {
      const run = await boxes[0]?.start(low as never, { id: 'low', input: null } as never);
      if (awaits) return run?.result();
      await new Promise((resolve) => void signal.addEventListener('abort', resolve, { once: true }));
      return null;
    },
  });
  const top = orchestrator('top', head).track('t', track('t', { input: Anything }).step('slow', slow));
  const clock = fakeClock();
  const told: string[] = [];
  const logger = ({ level, message }: LogLine) => void (level === 'warn' && told.push(message));
  const box = await createSignalbox({ orchestrators: [top, low], concurrency: 1, clock, logger });
  boxes.push(clock.follow(box) as unknown as Signalbox);
  await box.start(top, { id: 'top', input: null });
  await settled(box);
  return { box, clock, told };
}

test('once, when nothing has ended for ten seconds', async () => {
  const { box, clock, told } = await boxOf(true);
  await clock.advance('9s');
  expect(told).toEqual([]);
  await clock.advance('1h');
  expect(told).toHaveLength(1);
  expect(told[0]).toContain('"t/quick" of run "low"');
  expect(told[0]).toContain('.run(…)');
  await box.run('top').cancel();
  await settled(box);
  expect(await box.run('low').status()).toBe('completed');
  await box.close();
});

test('not while others end, however long the one that is awaited waits in line', async () => {
  const boxes: Signalbox[] = [];
  const gate = Promise.withResolvers<void>();
  const doors: PromiseWithResolvers<null>[] = [];
  const any = { input: Anything, output: Anything } as const;
  const quick = task('quick', { ...any, run: () => 'quick' });
  const low = orchestrator('low', head).track('t', track('t', { input: Anything }).step('quick', quick));
  const slow = task('slow', {
    ...any,
    run: async () => {
      await gate.promise;
      return (await boxes[0]?.start(low as never, { id: 'low', input: null } as never))?.result();
    },
  });
  const top = orchestrator('top', head).track('t', track('t', { input: Anything }).step('slow', slow));
  const hold = task('hold', {
    ...any,
    run: () => {
      const door = Promise.withResolvers<null>();
      doors.push(door);
      return door.promise;
    },
  });
  const holds = orchestrator('holds', head).track('t', track('t', { input: Anything }).step('hold', hold));
  const clock = fakeClock();
  const told: string[] = [];
  const logger = ({ level, message }: LogLine) => void (level === 'warn' && told.push(message));
  const box = clock.follow(await createSignalbox({ orchestrators: [top, low, holds], concurrency: 2, clock, logger }));
  boxes.push(box as unknown as Signalbox);
  await box.start(top, { id: 'top', input: null });
  for (const id of ['one', 'two', 'three']) await box.start(holds, { id, input: null });
  await settled(box);
  gate.resolve();
  await settled(box);

  await clock.advance('6s');
  doors[0]?.resolve(null);
  await clock.advance('5s');
  expect([told, await box.run('one').status()]).toEqual([[], 'completed']);
  await clock.advance('10s');
  expect(told).toHaveLength(1);
  for (const at of [1, 2]) {
    doors[at]?.resolve(null);
    await settled(box);
  }
  expect(await box.run('top').result()).toEqual({ t: { t: 'quick' } });
  await box.close();
});

test('not when nobody awaits the run that waits in line', async () => {
  const { box, clock, told } = await boxOf(false);
  await clock.advance('1h');
  expect(told).toEqual([]);
  await box.close();
});
