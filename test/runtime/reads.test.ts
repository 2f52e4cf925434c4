/** What is asked of the store to answer for a run, or to go on with it: as much as is needed, in few questions, however large the run is (I9). */
import { createSignalbox, memory, orchestrator, type RunFailed, type Store, task, track } from 'signalbox';
import { expect, test } from 'vitest';
import { Anything, graphOf, never, rejection, settled, stage } from '../helpers/stage.ts';
import { counted, later } from '../helpers/stores.ts';

const COUNT = 200;
const wide = graphOf(Object.fromEntries(Array.from({ length: COUNT }, (_, index) => [`t${index}`, []])), {
  onFailure: 'continue',
});

/** A box on a run of many open tracks of one step each, and what it has asked of the store. */
async function begun(inner: Store = memory()) {
  const { store, calls } = counted(inner);
  const at = stage();
  const open = async () => at.clock.follow(await createSignalbox({ orchestrators: [wide], ...at.options, store }));
  const box = await open();
  const run = await box.start(wide, { id: 'r', input: 1 });
  await settled(box);
  return { ...at, box, run, open, calls };
}

test('taking over a run of many open parents asks for the children of all of them at once (I9)', async () => {
  const { box, open, calls, desk } = await begun();
  desk.give('t3/work#1', 'done');
  await box.close();
  calls();
  await using next = await open();
  await next.recovered;
  const asked = calls();
  expect(asked).toMatchObject({ readOpen: 1, readChildren: 1 });
  expect(asked.readActors).toBeUndefined();
  await settled(next);
  for (let index = 0; index < COUNT; index += 1) desk.give(`t${index}/work#1`, index);
  expect(await next.run('r').result()).toMatchObject({ t3: expect.anything(), t7: 7 });
});

test('why a run failed is read without what completed in it, and its outcome without its steps (I9)', async () => {
  for (const inner of [memory(), later()]) {
    const { box, run, desk, calls } = await begun(inner);
    desk.fail('t5/work#1');
    for (let index = 0; index < COUNT; index += 1) if (index !== 5) desk.give(`t${index}/work#1`, index);
    await settled(box);
    calls();
    const error = await rejection<RunFailed>(run.result());
    expect(error.failures).toMatchObject([{ path: 't5/work', message: 't5/work#1 failed' }]);
    expect(calls()).toEqual({ readRun: 2, readFailures: 1 });
    const { failures, outputs } = await run.outcome();
    expect([failures.length, Object.keys(outputs).length, outputs.t7]).toEqual([1, COUNT - 1, 7]);
    expect(calls()).toEqual({ readRun: 2, readFailures: 1, readChildren: 1 });
    await box.close();
  }
});

test('a snapshot is four questions, and a status one (I9)', async () => {
  const { box, run, calls } = await begun();
  calls();
  expect(Object.keys((await run.snapshot()).steps)).toHaveLength(COUNT);
  expect(calls()).toEqual({ readRun: 2, readActors: 1, readAttempts: 1 });
  expect(await run.status()).toBe('running');
  expect(calls()).toEqual({ readRun: 1 });
  await box.close();
});

test('an output that was made anew many times is found with one question, wherever the last one lies (S32, I9)', async () => {
  const { store, calls } = counted();
  const { desk, clock, options } = stage();
  const made = task('made', {
    input: Anything,
    output: Anything,
    cache: { ttl: '10m', bypass: ({ run }) => run.metadata.fresh === true },
    run: never,
  });
  const flow = orchestrator('flow', { version: '1', input: Anything }).track(
    't',
    track('t', { input: Anything }).step('s', made, () => 1),
  );
  await using box = clock.follow(await createSignalbox({ orchestrators: [flow], ...options, store }));
  for (let number = 0; number < 25; number += 1) {
    await box.start(flow, { id: `r${number}`, input: null, metadata: { fresh: true } });
    await settled(box);
    desk.give('t/s#1', number);
    await settled(box);
  }
  const last = async () => (await (await box.start(flow, { input: null })).outcome()).outputs.t;
  // The first time somebody goes through all of them.
  expect(await last()).toBe(24);
  calls();
  expect(await last()).toBe(24);
  expect(calls().readRecords).toBe(1);
});

test('to start a child run and to hear of its end takes no question more than that (I9)', async () => {
  const { store, calls } = counted();
  const { desk, clock, options } = stage();
  const child = graphOf({ a: [] });
  const parent = orchestrator('parent', { version: '1', input: Anything }).track(
    't',
    track('t', { input: Anything }).run('kid', child, () => null),
  );
  const box = clock.follow(await createSignalbox({ orchestrators: [parent, child], ...options, store }));
  calls();
  const run = await box.start(parent, { id: 'r', input: null });
  await settled(box);
  expect(calls()).toEqual({ readRun: 3, commit: 2 });
  desk.give('a/work#1');
  await settled(box);
  expect(calls()).toEqual({ commit: 2 });
  expect(await run.status()).toBe('completed');
  await box.close();
});

test('a run that cannot be read is not asked for again once the box is closed', async () => {
  const inner = memory();
  const at = stage();
  const one = graphOf({ t: [] });
  const open = async (store: Store) =>
    at.clock.follow(await createSignalbox({ orchestrators: [one], ...at.options, store }));
  const box = await open(inner);
  await box.start(one, { id: 'r', input: 1 });
  await settled(box);
  await box.close();
  let asked = 0;
  const readOpen = (): never => {
    asked += 1;
    throw new Error('the disk is away');
  };
  const next = await open({ ...inner, open: () => {}, close: () => {}, readOpen });
  await settled(next);
  expect(asked).toBe(1);
  await next.close();
  await at.clock.advance('1m');
  await settled();
  expect(asked).toBe(1);
});
