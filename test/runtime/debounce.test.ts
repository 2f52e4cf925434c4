/**
 * Whose a debounced call is (S30): that of one collector, whoever is slow. A person pauses it, hooks take their time, the process dies
 * in between, more calls come than a run keeps: in every course, each call has one run, and each run begins with the last of its calls.
 */
import { createSignalbox, type Hook, memory, orchestrator, task, track } from 'signalbox';
import { fakeClock } from 'signalbox/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Anything } from '../helpers/stage.ts';

const work = task('work', { input: Anything, output: Anything, run: ({ input }) => input });
const saving = orchestrator('saving', { version: '1', input: Anything, debounce: '5s' })
  .track(
    'a',
    track('a', { input: Anything }).step('work', work, ({ input }) => input),
    { input: ({ input }) => input },
  )
  .output(({ outputs }) => outputs.a);

type Act = 'call' | 'pause' | 'resume' | '1s' | '6s' | 'restart';

const slow: Hook = {
  beforeTrack: () => new Promise((resolve) => setImmediate(resolve)),
  afterTrack: () => new Promise((resolve) => setImmediate(resolve)),
};

/** Plays a course. Answers with what each run took, and with what the orchestrator was started with. */
async function played(acts: readonly Act[], hooks: readonly Hook[], signalBuffer: number) {
  const [clock, store] = [fakeClock(), memory()];
  const open = async () =>
    clock.follow(
      await createSignalbox({ orchestrators: [saving], store, clock, hooks, signalBuffer, logger: () => {} }),
    );
  let box = await open();
  const calls = new Map<string, number[]>();
  let [n, last] = [0, ''];
  for (const act of acts) {
    const isLive = last !== '' && !['completed'].includes(await box.run(last).status());
    if (act === 'call') {
      n += 1;
      last = (await box.start(saving, { input: n, debounce: 'doc' })).id;
      calls.set(last, [...(calls.get(last) ?? []), n]);
    } else if (act === 'restart') {
      await box.close();
      box = await open();
    } else if (act === '1s' || act === '6s') await clock.advance(act);
    else if (isLive) await box.run(last)[act]();
  }
  for (const id of calls.keys()) if ((await box.run(id).status()) !== 'completed') await box.run(id).resume();
  await clock.advance('6s');
  const begun: unknown[] = [];
  for (const id of calls.keys()) begun.push(await box.run(id).result());
  const started = (await box.runs({ orchestrator: 'saving' })).runs.map(({ input }) => input);
  await box.close();
  return { calls: [...calls.values()], begun, started };
}

const lastOf = (calls: readonly number[]): number | undefined => calls.at(-1);

test.each([
  ['nobody is slow', [], ['call', 'call', 'call'], [[1, 2, 3]]],
  ['hooks are slow', [slow], ['call', 'call', 'call'], [[1, 2, 3]]],
  ['a hook of the box does nothing', [{ beforeTrack: () => {} }], ['call', 'call', 'call'], [[1, 2, 3]]],
  ['it is paused', [], ['call', 'pause', 'call', 'call', 'call', 'resume'], [[1, 2, 3, 4]]],
  ['it is paused when its time is up', [], ['call', 'pause', '6s', 'call', '6s', 'call'], [[1, 2, 3]]],
  ['its process dies while it is paused', [], ['call', 'pause', 'call', 'call', 'restart', 'call'], [[1, 2, 3, 4]]],
  ['hooks are slow and its time is over', [slow], ['call', 'call', '6s', 'call'], [[1, 2], [3]]],
] as const)('a debounced call is taken by one run if %s (S30)', async (_, hooks, acts, runs) => {
  const { calls, begun } = await played(acts, hooks, 100);
  expect(calls).toEqual(runs);
  expect(begun).toEqual(runs.map(lastOf));
});

test('calls that a paused run has no room for are for another one, and are taken there (S30)', async () => {
  const { calls, begun } = await played(['call', 'pause', 'call', 'call', 'call', 'call', 'resume'], [], 2);
  expect([calls, begun]).toEqual([
    [[1, 2, 3, 4], [5]],
    [4, 5],
  ]);
});

test('in every course each call is taken by one run, and each run begins with the last of its calls (S30)', async () => {
  const act = fc.constantFrom<Act>('call', 'call', 'call', 'pause', 'resume', '1s', '6s', 'restart');
  await fc.assert(
    fc.asyncProperty(
      fc.array(act, { maxLength: 14 }),
      fc.constantFrom<readonly Hook[]>([], [slow]),
      fc.constantFrom(0, 1, 100),
      async (acts, hooks, buffer) => {
        const { calls, begun, started } = await played(acts, hooks, buffer);
        expect(begun).toEqual(calls.map(lastOf));
        expect([...started].sort()).toEqual([...begun].sort());
      },
    ),
    { numRuns: 60 },
  );
});
