/** A timer that breaks its run: it is due again as soon as the run is read, and is not broken as fast as that goes. */
import { createSignalbox, orchestrator, track } from 'signalbox';
import { sleepMachine } from 'signalbox/machines';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Anything, settled, stage } from '../helpers/stage.ts';
import { head } from '../helpers/waits.ts';

const flow = orchestrator('flow', head).track(
  't',
  track('t', { input: Anything }).sleep('one', '1m').wait('go', { signal: 'go' }).sleep('two', '1m'),
);

test('a timer that breaks its run is tried again after twice as long each time, up to five seconds, and at once after it has worked (I7)', async () => {
  const { options, clock, lines } = stage();
  await using box = clock.follow(await createSignalbox({ ...options, orchestrators: [flow], lane: 'xstate' }));
  const run = await box.start(flow, { id: 'r', input: null });
  await settled(box);
  let breaks = true;
  onTestFinished(() => void vi.restoreAllMocks());
  const { transition } = sleepMachine;
  vi.spyOn(sleepMachine, 'transition').mockImplementation((...given: Parameters<typeof transition>) => {
    if (breaks) throw new Error('it is broken');
    return transition.apply(sleepMachine, given);
  });
  /** After how many milliseconds each of the next tries comes. */
  const pauses = async (count: number): Promise<number[]> => {
    const found: number[] = [];
    for (let last = clock.now(); found.length < count; ) {
      const before = lines.length;
      await clock.advance('10ms');
      if (lines.length === before) continue;
      found.push(clock.now() - last);
      last = clock.now();
    }
    return found;
  };
  await clock.advance('1m');
  expect(lines).toHaveLength(1);

  expect(await pauses(9)).toEqual([50, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);

  breaks = false;
  await clock.advance('5s');
  await run.signal('go', null);
  breaks = true;
  lines.length = 0;
  await clock.advance('1m');
  expect(await pauses(2)).toEqual([50, 100]);
  breaks = false;
  await clock.advance('5s');
  expect(await run.status()).toBe('completed');
});
