/** What boxes on one place say and tell while what they ask of it gets lost, or is asked twice at once: each found in a drawn course (`test/simulated`). */
import { orchestrator, type Signalbox, type Store, StoreUnusable, task, track } from 'signalbox';
import { expect, onTestFinished, test } from 'vitest';
import { mishapAt, wrapped } from '../helpers/stores.ts';
import { sharedMemory } from '../helpers/shared-memory.ts';
import { Anything, rejection, settled } from '../helpers/stage.ts';
import { Station } from './station.ts';

const head = { version: '1', input: Anything } as const;
const work = task('works', { input: Anything, output: Anything, run: async () => 1 });
const flow = orchestrator('flow', head).track('t', track('t', { input: Anything }).step('a', work).step('b', work));
const waits = orchestrator('waits', head).track('t', track('t', { input: Anything }).wait('w', { signal: 'go' }));

const away = (): never => {
  throw new StoreUnusable({ store: 'the place', reason: 'nothing answers' });
};

/** `inner`, where the calls of a method fail that `fails` says, counted from 1. */
function failing(method: 'readOpen' | 'readSignal', fails: (call: number) => boolean, inner: Store): Store {
  let calls = 0;
  const asked = async (...args: readonly unknown[]): Promise<unknown> => {
    calls += 1;
    return fails(calls) ? away() : (inner[method] as (...given: readonly unknown[]) => unknown)(...args);
  };
  return wrapped({ [method]: asked }, inner);
}

function station(): Station {
  const at = new Station(sharedMemory());
  onTestFinished(() => at.end());
  return at;
}

function hearing(box: Signalbox): string[] {
  const heard: string[] = [];
  box.on('*', ({ run, seq }) => void heard.push(`${run} ${seq}`));
  return heard;
}

test('of a commit that landed unheard listeners hear once, however often its run cannot be read afterwards (R11, I3)', async () => {
  const at = station();
  // The first look finds out whether it has landed, the second one reads the run.
  const box = await at.box([flow], (store) =>
    failing('readOpen', (call) => call % 2 === 0 && call < 8, mishapAt(2, 'unheard', true, store)),
  );
  const heard = hearing(box);
  const run = await box.start(flow, { id: 'r', input: null });
  await at.clock.advance('1m');
  expect(await run.status()).toBe('completed');
  expect(heard).toEqual(heard.map((_, index) => `r ${index + 1}`));
  expect(heard).toHaveLength(8);
});

test('a start that another process was faster with is told by that one alone, also if neither knows of the other (R11, S17)', async () => {
  const at = station();
  // Of the slower one nothing lands, and it hears no reason.
  const [one, two] = [await at.box([waits]), await at.box([waits], (store) => mishapAt(1, 'lost', true, store))];
  const heard = [hearing(one), hearing(two)];
  const starts = [one, two].map((box) => box.start(waits, { id: 'r', input: null }));
  await settled();
  await at.clock.advance('1s');
  await Promise.all(starts);
  expect(heard).toEqual([['r 1', 'r 2', 'r 3'], []]);
});

test('what is said to an approval under one id counts once, also if it is said twice at once (S20)', async () => {
  const asks = orchestrator('asks', head).track(
    't',
    track('t', { input: Anything }).approval('a', { ask: 'Well?', quorum: 2, fourEyes: false }),
  );
  const at = station();
  let reads = 0;
  // Both look twice whether they have been said before. The last look is answered so late that what the other one has led to is committed by then.
  const late = (store: Store): Store => {
    const readRecord: Store['readRecord'] = async (...args) => {
      if (args[1] === 'decision') reads += 1;
      const isLate = reads === 4;
      const found = await store.readRecord(...args);
      for (let round = 0; isLate && round < 20; round += 1) await settled();
      return found;
    };
    return wrapped({ readRecord }, store);
  };
  const one = await at.box([asks], late, { idleRuns: 10 });
  await one.start(asks, { id: 'r', input: null });
  const say = (decision: 'approve' | 'withdraw', id: string) => one.decide('r/t/a#1', { decision, by: 'mia', id });
  await say('approve', 'first');
  reads = 0;
  const answers = await Promise.all([say('withdraw', 'once'), say('withdraw', 'once')]);
  expect(answers).toEqual(answers.map(() => expect.objectContaining({ answer: 'recorded', revision: 1 })));
  expect((await one.approval('r/t/a#1'))?.history.map(({ act }) => act)).toEqual(['approve', 'withdraw']);
});

test('a command that its run cannot take, because the place is away, waits for the place', async () => {
  const at = station();
  // The owner reads the signal of the other one, and is not answered.
  const one = await at.box([waits], (store) => failing('readSignal', (call) => call === 1, store));
  const two = await at.box([waits]);
  await one.start(waits, { id: 'r', input: null });
  const sent = two.signal('r', 'go', 7, { id: 'once' });
  await at.clock.advance('10s');
  expect(await sent).toEqual({ answer: 'accepted', step: 't/w' });
  expect(at.errors).toEqual([
    'A command of another process to run "r" could not be answered, which is tried again: the place cannot be used as a store: nothing answers',
  ]);
});

test('who asks something of a run that nothing can be found out about is not told that it was done (I3)', async () => {
  const at = station();
  const lost = (store: Store): Store => {
    const inner = mishapAt(2, 'lost', true, store);
    let calls = 0;
    // Once the cancel is lost, the run is somebody else's for all that is known, and then nothing is answered any more.
    const readOpen: Store['readOpen'] = async (run) => {
      calls += 1;
      if (calls > 2) away();
      const found = await inner.readOpen(run);
      return found && { ...found, owner: 'somebody' };
    };
    return wrapped({ readOpen }, inner);
  };
  const box = await at.box([waits], lost, { idleRuns: 10 });
  const run = await box.start(waits, { id: 'r', input: null });
  const error = rejection(run.cancel({ reason: 'enough' }));
  await at.clock.advance('1s');
  expect(await error).toMatchObject({ code: 'store-unusable' });
});
