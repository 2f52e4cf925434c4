/** What is called and not awaited yet while the box closes: it is rejected to whoever called, and leaves no other rejection behind. */
import { createSignalbox, orchestrator, type Store, track } from 'signalbox';
import { settled } from 'signalbox/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Anything, fakeClock } from '../helpers/stage.ts';
import { later } from '../helpers/stores.ts';

const flow = orchestrator('flow', { version: '1', input: Anything }).track(
  't',
  track('t', { input: Anything }).sleep('nap', '1d'),
);

const unhandled: unknown[] = [];
const hear = (reason: unknown): void => void unhandled.push(reason);
beforeEach(() => void process.on('unhandledRejection', hear));
afterEach(() => {
  process.off('unhandledRejection', hear);
  unhandled.length = 0;
});

test.each<[string, Store | undefined]>([
  ['that answers at once', undefined],
  ['that answers later', later()],
])('a box on a store %s that closes rejects what was asked of it, and nothing that nobody holds', async (_, store) => {
  const clock = fakeClock();
  const box = await createSignalbox({ orchestrators: [flow], clock, ...(store === undefined ? {} : { store }) });
  const run = await box.start(flow, { id: 'r', input: null });
  const follow = async (): Promise<void> => {
    for await (const _event of run.events());
  };
  const asked = [run.result(), run.outcome(), follow(), box.run('r').result(), box.run('r').outcome()];
  const ends = Promise.allSettled(asked);
  await settled(box);
  await box.close();

  for (const end of await ends) expect(end).toMatchObject({ status: 'rejected', reason: { code: 'box-closed' } });
  await settled();
  expect(unhandled).toEqual([]);
});
