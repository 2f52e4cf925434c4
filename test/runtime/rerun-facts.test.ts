/** What is said of a run that takes over from another one (S16): of what it has taken over the same as there, for as long as that run is there. */
import {
  createSignalbox,
  orchestrator,
  program,
  programState,
  type Run,
  task,
  TerminalError,
  todoText,
  track,
} from 'signalbox';
import { beforeEach, describe, expect, test } from 'vitest';
import { Anything, faultsOfHistory } from '../helpers/stage.ts';
import { places } from '../helpers/waits.ts';

const head = { version: '1', input: Anything } as const;
const input = { input: Anything } as const;
const quiet = { logger: () => {} } as const;
let isBroken = true;

beforeEach(() => {
  isBroken = true;
});

const fine = task('fine', { input: Anything, output: Anything, run: () => 1 });
const twice = task('twice', {
  input: Anything,
  output: Anything,
  retry: { maxAttempts: 2, delay: 1 },
  run: ({ attempt }) => {
    if (attempt === 1) throw new Error('once');
    return { score: 90 };
  },
});
const never = task('never', {
  input: Anything,
  output: Anything,
  run: () => {
    throw new TerminalError('never');
  },
});
const shaky = task('shaky', {
  input: Anything,
  output: Anything,
  run: () => {
    if (isBroken) throw new TerminalError('no');
    return 'fine';
  },
});

const flow = orchestrator('flow', head)
  .track(
    'whole',
    track('whole', input)
      .step('twice', twice)
      .step('may', never, () => null, { optional: true })
      .map('items', { over: () => [1, 2], each: fine }),
  )
  .track(
    'part',
    track('part', input)
      .step('twice', twice)
      .step('may', never, () => null, { optional: true })
      .step('one', shaky)
      .step('two', shaky),
    { after: ['whole'] },
  );

/** What was told of a place, but for where it was taken from. */
async function factsOf(run: Run, under: string): Promise<object> {
  const { steps, tracks } = await run.snapshot();
  const all = Object.entries({ ...tracks, ...steps }).filter(([path]) => path.startsWith(under));
  return Object.fromEntries(all.map(([path, { takenFrom: _, ...facts }]) => [path, facts]));
}

describe.each(places)('kept in %s, a rerun', (_, place) => {
  test('shows what it has taken over as it stands where it ended, and what stands in it (S16, S12)', async () => {
    const next = place();
    await using box = await createSignalbox({ orchestrators: [flow], store: next(), ...quiet });
    const run = (await box.start(flow, { id: 'r', input: null })) as Run;
    await run.outcome();
    isBroken = false;
    const again = (await run.rerun({ from: 'part/one', reason: 'x', id: 'r2' })) as Run;
    const { status, withErrors, failures } = await again.outcome();
    expect([status, withErrors, failures.map(({ path }) => path)]).toEqual([
      'completed',
      true,
      ['whole/may', 'part/may'],
    ]);
    for (const under of ['whole', 'part/twice', 'part/may'])
      expect(await factsOf(again, under)).toEqual(await factsOf(run, under));
    const { steps, tracks } = await again.snapshot();
    expect([tracks.whole?.takenFrom, steps['whole/items/1']?.takenFrom, steps['part/one']?.takenFrom]).toEqual([
      'r',
      'r',
      null,
    ]);
    expect(await again.attempts('whole/twice')).toEqual(await run.attempts('whole/twice'));
    expect((await again.attempts('part/twice')).map(({ status: each }) => each)).toEqual(['failed', 'completed']);
    expect(await again.diagram({ format: 'text' })).toContain('✓ items');
    expect(await again.diagram({ format: 'text' })).not.toMatch(/─ ·/);
    expect((await again.explain()).failures.map(({ path }) => path)).toEqual(['whole/may', 'part/may']);
    expect((await again.explain()).says).toContain('with errors');
    expect(await faultsOfHistory(again)).toEqual([]);
    let last = 0;
    for await (const { seq } of again.history()) last = seq;
    const { seq: _seq, at: _at, notKept, ...then } = await again.at(last);
    expect([then, notKept]).toEqual([await again.snapshot(), {}]);
    // Before the track has begun nothing of it was taken over.
    expect(Object.keys((await again.at(2)).steps)).toEqual([]);

    // A rerun of that one reads on in the first, and says where each step has ended.
    const third = (await again.rerun({ from: 'part/two', reason: 'x', id: 'r3' })) as Run;
    await third.outcome();
    expect(await factsOf(third, 'whole')).toEqual(await factsOf(run, 'whole'));
    expect(await third.attempts('part/twice')).toEqual(await run.attempts('part/twice'));
    const from = (await third.snapshot()).steps;
    expect(['part/twice', 'part/one', 'part/two'].map((path) => from[path]?.takenFrom)).toEqual(['r', 'r2', null]);

    // Without them, what the row says is left.
    expect(await run.delete()).toBe(true);
    expect(await again.outcome()).toMatchObject({
      withErrors: true,
      failures: [{ path: 'part/may', code: 'task-threw' }],
    });
    const left = await again.snapshot();
    expect(left.tracks.whole).toMatchObject({ status: 'completed', withErrors: true, takenFrom: 'r' });
    expect(Object.keys(left.steps).sort()).toEqual(['part/may', 'part/one', 'part/twice', 'part/two']);
    expect((await third.snapshot()).steps['part/one']).toMatchObject({ takenFrom: 'r2', status: 'completed' });
  });
});

test('another run under the id of one that was deleted is not taken for that one (S16)', async () => {
  await using box = await createSignalbox({ orchestrators: [flow], ...quiet });
  const run = await box.start(flow, { id: 'r', input: null });
  await run.outcome();
  isBroken = false;
  const again = await run.rerun({ from: 'part/one', reason: 'x', id: 'r2' });
  await again.outcome();
  await run.delete();
  const { startedAt } = await again.snapshot();
  while (Date.now() <= startedAt) await new Promise((resolve) => setImmediate(resolve));
  await (await box.start(flow, { id: 'r', input: null })).outcome();
  expect(Object.keys((await again.snapshot()).steps)).not.toContain('whole/twice');
});

test('a program that was made again says of its phases, gates and notes what it said before (P217, P219)', async () => {
  const made = program('made', {
    version: '1',
    input: Anything,
    phases: {
      one: {
        tasks: { a: { do: twice, notes: () => ({ learnings: ['l1'], decisions: ['d1'] }) } },
        gate: { criteria: { 'a.score': { min: 80 } } },
      },
      two: { tasks: { b: { do: fine }, c: { do: shaky, after: ['b'] } } },
    },
  });
  await using box = await createSignalbox({ orchestrators: [made], ...quiet });
  const run = await box.start(made, { id: 'r', input: null });
  await run.outcome();
  const before = await programState(made, run);
  isBroken = false;
  const again = await run.rerun({ from: 'two/work/c', reason: 'x', id: 'r2' });
  await again.outcome();
  const state = await programState(made, again);
  expect(state.counts).toEqual({ ...before.counts, completed: 3, failed: 0, skipped: 0 });
  expect(state.knowledge).toEqual(before.knowledge);
  expect(state.knowledge.learnings).toMatchObject([{ text: 'l1', task: 'a' }]);
  expect(state.phases[0]).toEqual(before.phases[0]);
  expect(state.phases[0]?.gate).toMatchObject({ decision: 'APPROVE', score: 100 });
  const values = Object.values(state.metrics).map(({ value }) => value);
  expect(values).toEqual([100, 100, 100, 100, 100]);
  expect(todoText(state)).not.toContain('[ ]');
});
