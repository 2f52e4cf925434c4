/** Rules with an edge of their own: what is the same start (S17), who is skipped first (S12), how large a merge may be (S33). */
import { compositeTrack, createSignalbox, orchestrator, task, track } from 'signalbox';
import { describe, expect, test } from 'vitest';
import { Anything, graphOf, historyOf, never, settled, soon, stage } from '../helpers/stage.ts';
import { head } from '../helpers/waits.ts';

const one = graphOf({ a: [] });

describe('a start', () => {
  test('under an id that is there, with another key, is another run and refused (S17)', async () => {
    await using box = await createSignalbox({ orchestrators: [one], ...stage().options });
    await box.start(one, { id: 'r', key: 'k', input: 1 });

    await expect(box.start(one, { id: 'r', key: 'other', input: 1 })).rejects.toMatchObject({
      code: 'run-exists',
      fields: { run: 'r', differs: 'key' },
    });
    // Who says no key does not contradict the one that is there.
    expect((await box.start(one, { id: 'r', input: 1 })).id).toBe('r');
    expect((await box.start(one, { id: 'r', key: 'k', input: 1 })).id).toBe('r');
  });

  test.each([
    ['id', 'half\ud800'],
    ['id', '\udc00half'],
    ['key', 'half\ud83d'],
  ])('with half a character in its %s is refused: no store gives it back as it was (S17)', async (option, name) => {
    await using box = await createSignalbox({ orchestrators: [one], ...stage().options });
    await expect(box.start(one, { [option]: name, input: 1 })).rejects.toMatchObject({
      code: 'option-invalid',
      fields: { option },
    });
    expect((await box.start(one, { [option]: 'whole 😀', input: 1 })).id).toBeTypeOf('string');
  });
});

test('what depends on a track that failed is skipped in declared order, however it depends on it (S12)', async () => {
  const flow = graphOf({ a: [], b: ['a'], c: ['b'], d: ['a'], e: ['d'], f: ['c'] }, { onFailure: 'continue' });
  const { desk, options } = stage();
  await using box = await createSignalbox({ orchestrators: [flow], ...options });
  const run = await box.start(flow, { input: null });
  desk.fail('a/work#1');
  await soon(run.outcome());

  const skipped = (await historyOf(run)).filter((event) => event.startsWith('track.skipped'));
  expect(skipped).toEqual(['b', 'c', 'd', 'e', 'f'].map((name) => `track.skipped ${name}`));
});

test.each([
  ['a merge', (size: number) => ({ merge: () => 'x'.repeat(size) })],
  ['a merge that is a step', (size: number) => ({ merge: async () => 'x'.repeat(size) })],
])('%s has at most `maxValueBytes`, as any value (S33)', async (_, mergeOf) => {
  const part = task('part', { input: Anything, output: Anything, run: () => 1 });
  const outcomeOf = async (size: number) => {
    const both = compositeTrack('both', { tracks: { left: part, right: part }, ...mergeOf(size) } as never);
    const flow = orchestrator('flow', head).track('both', both);
    const { executor: _own, ...options } = stage().options;
    await using box = await createSignalbox({ orchestrators: [flow], ...options, maxValueBytes: 1_000 });
    const run = await box.start(flow, { input: null });
    return await run.outcome();
  };

  expect(await outcomeOf(998)).toMatchObject({ status: 'completed' });
  expect(await outcomeOf(999)).toMatchObject({ status: 'failed', error: { code: 'value-too-large' } });
});

test('a mapper that reaches another run in the middle of a turn disturbs neither (S5)', async () => {
  const { desk, options } = stage();
  const meddling = orchestrator('meddling', head).track(
    't',
    track('t', { input: Anything }).step('s', task('s', { input: Anything, output: Anything, run: never }), () => {
      desk.job('a/work#1').progress(0.5, 'from elsewhere');
      return 'mapped';
    }),
  );
  await using box = await createSignalbox({ orchestrators: [one, meddling] as never, ...options });
  const other = await box.start(one as never, { id: 'other', input: null } as never);
  await settled(box);
  const run = await box.start(meddling as never, { id: 'r', input: null } as never);
  await settled(box);

  expect(desk.job('t/s#1').input).toBe('mapped');
  expect(await historyOf(other)).toContain('step.progress a/work');
  expect(await historyOf(run)).toEqual(['run.started', 'track.started t', 'step.started t/s']);
  desk.give('a/work#1', 1);
  desk.give('t/s#1', 2);
  expect(await soon(other.result())).toEqual({ a: 1 });
  expect(await soon(run.result())).toEqual({ t: 2 });
});
