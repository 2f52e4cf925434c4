/** A run that goes on, as a new one, from a step of a run that has ended (S16): what had finished is taken over, and not done again. */
import { createSignalbox, memory, orchestrator, type Run, task, TerminalError, track } from 'signalbox';
import { settled } from 'signalbox/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import { Anything, eventsOf, faultsOfHistory, historyOf, rejection, stage, statusesOf } from '../helpers/stage.ts';
import { places } from '../helpers/waits.ts';

const head = { version: '1', input: Anything } as const;
const input = { input: Anything } as const;
const quiet = { logger: () => {} } as const;
/** Keys of bodies and compensations, in order. */
const called: string[] = [];
let isBroken = true;

/** The place that a line of a definition's structure is about. */
const placeIn = (line: string) => line.split(' | ')[0];

beforeEach(() => {
  called.length = 0;
  isBroken = true;
});

const work = task('work', {
  input: Anything,
  output: Anything,
  run: ({ key, input: given }) => {
    called.push(key);
    return { key, given };
  },
  compensate: ({ key }) => void called.push(key),
});
const shaky = task('shaky', {
  input: Anything,
  output: Anything,
  run: ({ key, input: given }) => {
    called.push(key);
    if (isBroken) throw new TerminalError('no');
    return { key, given };
  },
});

const flow = orchestrator('flow', head)
  .track('first', track('first', input).step('one', work))
  .track(
    'second',
    track('second', input)
      .step('one', work)
      .step('may', shaky, () => null, { optional: true })
      .step('two', shaky, ({ outputs }) => outputs.one)
      .step('three', work),
    { after: ['first'], input: ({ outputs }) => outputs.first },
  )
  .track('third', track('third', input).step('one', work), { after: ['second'] });

/** Has failed in `second/two`; from now on nothing fails. */
async function failed(more: object = {}) {
  const box = await createSignalbox({ orchestrators: [flow], ...quiet, ...more });
  const run = await box.start(flow, { id: 'r', input: 7, metadata: { tenant: 'acme' } });
  expect((await run.outcome()).status).toBe('failed');
  expect(called).toEqual(['r/first/one#1', 'r/second/one#1', 'r/second/may#1', 'r/second/two#1']);
  called.length = 0;
  isBroken = false;
  return { box, run };
}

const recordsOf = async (run: { interventions(): AsyncGenerator<object> }): Promise<object[]> => {
  const records: object[] = [];
  for await (const record of run.interventions()) records.push(record);
  return records;
};

describe.each(['table', 'xstate'] as const)('stepped by the %s lane, a rerun', (lane) => {
  test('is a new run that takes over what had finished before a step, and goes on from there (S16, I6)', async () => {
    const { box, run } = await failed({ lane });
    await using _ = box;
    const again = await run.rerun({ from: 'second/two', reason: 'the bank is back', by: 'ann', id: 'r2' });
    expect(again.id).toBe('r2');
    const { status, outputs, withErrors, failures } = await again.outcome();

    expect(called).toEqual(['r2/second/two#1', 'r2/second/three#1', 'r2/third/one#1']);
    expect([status, withErrors, failures.map(({ path }) => path)]).toEqual(['completed', true, ['second/may']]);
    expect(outputs).toMatchObject({ first: { key: 'r/first/one#1' }, third: { key: 'r2/third/one#1' } });
    expect(await statusesOf(again)).toEqual({
      first: 'completed',
      'first/one': 'completed',
      second: 'completed',
      'second/one': 'completed',
      'second/may': 'failed',
      'second/two': 'completed',
      'second/three': 'completed',
      third: 'completed',
      'third/one': 'completed',
    });
    const { steps, tracks, rerunOf, metadata, input: given } = await again.snapshot();
    expect([rerunOf, metadata, given]).toEqual([{ run: 'r', from: 'second/two' }, { tenant: 'acme' }, 7]);
    expect(steps['second/one']).toMatchObject({ takenFrom: 'r', output: { key: 'r/second/one#1' } });
    expect(steps['second/one']).toEqual({ ...(await run.snapshot()).steps['second/one'], takenFrom: 'r' });
    expect([tracks.first?.takenFrom, steps['second/two']?.takenFrom]).toEqual(['r', null]);
    // Its mapper has seen what was taken over.
    expect(steps['second/two']?.input).toMatchObject({ key: 'r/second/one#1' });
    expect((await historyOf(again)).slice(0, 7)).toEqual([
      'run.started',
      'run.rerun',
      'track.completed first',
      'track.started second',
      'step.completed second/one',
      'step.failed second/may',
      'step.started second/two',
    ]);
    expect((await eventsOf(again))[1]).toMatchObject({ of: 'r', from: 'second/two', taken: 3 });
    expect(await faultsOfHistory(again)).toEqual([]);

    // The old one stays as it ended, and says who has it made again.
    expect(await run.status()).toBe('failed');
    expect(await recordsOf(run)).toEqual([
      expect.objectContaining({
        type: 'rerun',
        path: 'second/two',
        reason: 'the bank is back',
        by: 'ann',
        before: 'failed',
        refused: null,
        run: 'r2',
      }),
    ]);
    expect((await box.runs({ rerunOf: 'r' })).runs.map((row) => row.run)).toEqual(['r2']);
    expect((await run.snapshot()).rerunOf).toBe(null);
  });
});

describe('a rerun', () => {
  test('may give the step another input, and may be of a run that completed, from a track or from its first step', async () => {
    const { box, run } = await failed();
    await using _ = box;
    const again = await run.rerun({ from: 'second/two', reason: 'x', input: { n: 1 } });
    expect(await again.result()).toMatchObject({ second: { key: `${again.id}/second/three#1` } });
    expect((await again.snapshot()).steps['second/two']?.input).toEqual({ n: 1 });
    called.length = 0;
    const third = await again.rerun({ from: 'second', reason: 'x', id: 'r3' });
    expect((await third.outcome()).status).toBe('completed');
    expect(called).toEqual([
      'r3/second/one#1',
      'r3/second/may#1',
      'r3/second/two#1',
      'r3/second/three#1',
      'r3/third/one#1',
    ]);
    expect((await third.snapshot()).tracks.first).toMatchObject({
      takenFrom: 'r',
      output: { key: 'r/first/one#1' },
    });
  });

  test('under the same id twice is one run, with another step it is refused (S17)', async () => {
    const { box, run } = await failed();
    await using _ = box;
    const both = await Promise.all([
      run.rerun({ from: 'second/two', reason: 'x', id: 'r2' }),
      run.rerun({ from: 'second/two', reason: 'x', id: 'r2' }),
    ]);
    expect(both.map(({ id }) => id)).toEqual(['r2', 'r2']);
    await both[0]?.outcome();
    expect((await run.rerun({ from: 'second/two', reason: 'x', id: 'r2' })).id).toBe('r2');
    expect(called.filter((key) => key.startsWith('r2/second/two'))).toHaveLength(1);
    expect(await rejection(run.rerun({ from: 'second/one', reason: 'x', id: 'r2' }))).toMatchObject({
      code: 'run-exists',
    });
    expect(await rejection(run.rerun({ from: 'second/one', reason: 'x', id: 'r' }))).toMatchObject({
      code: 'run-exists',
    });
    const why = expect.stringContaining('exists already');
    expect(await recordsOf(run)).toMatchObject([{ run: 'r2', refused: null }, { refused: why }, { refused: why }]);
  });

  test('is refused by name where it cannot be: nothing there, never reached, after what failed, in an item (S16)', async () => {
    const nested = orchestrator('nested', head).track(
      'a',
      track('a', input)
        .map('items', { over: () => [1], each: track('each', input).step('one', work) })
        .loop('rounds', { body: work, while: ({ index }) => index < 1 })
        .branch('route', { when: [[() => true, { do: work, input: () => 1 }]] })
        .step('two', shaky, () => null, { permissive: true })
        .step('three', shaky)
        .step('four', work),
    );
    await using box = await createSignalbox({ orchestrators: [nested], ...quiet });
    const run = await box.start(nested, { input: null });
    await run.outcome();
    const why = async (from: string) => {
      const error = await rejection<Error & { code: string }>(run.rerun({ from, reason: 'x' }));
      return `${error.code}: ${error.message}`;
    };
    expect(await why('a/nothing')).toContain('intervention-refused: Nothing was done about run');
    expect(await why('a/nothing')).toContain('there is no step "a/nothing"');
    expect(await why('a/four')).toContain('"a/two" comes before it and is failed');
    expect(await why('a/three')).toContain('"a/two" comes before it and is failed');
    for (const from of ['a/items/0', 'a/items/0/one', 'a/rounds/0', 'a/route/work'])
      expect(await why(from)).toContain('begins anew as a whole');
    expect(await why('')).toContain('option-invalid');
    for (const reason of ['', 'x'.repeat(1_001), undefined as never])
      expect(await rejection(run.rerun({ from: 'a/two', reason }))).toMatchObject({ code: 'option-invalid' });
    called.length = 0;
    const { box: other, run: broken } = await failed();
    await using _ = other;
    const never = await rejection<Error>(broken.rerun({ from: 'third/one', reason: 'x' }));
    expect(never.message).toContain('"second" comes before it and is failed');
    expect((await rejection<Error>(broken.rerun({ from: 'second/three', reason: 'x' }))).message).toContain(
      '"second/two" comes before it and is failed',
    );
  });

  test.each(places)(
    'that is refused is on record, as is whatever else a run refuses after its end: %s (S16)',
    async (_, place) => {
      const next = place();
      const { box, run } = await failed({ store: next() });
      const ask = async (of: Run<unknown>, from: string, more: object = {}) =>
        (await rejection<Error & { code: string }>(of.rerun({ from, reason: 'hm', ...more }))).code;
      expect(await ask(run as never, 'second/nothing', { by: 'ann', input: { n: 1 } })).toBe('intervention-refused');
      expect(await ask(run as never, 'third/one')).toBe('intervention-refused');
      expect(await ask(run as never, '')).toBe('option-invalid');
      const again = await run.rerun({ from: 'second/two', reason: 'now', id: 'r2' });
      await again.outcome();
      expect(await rejection(run.retry('second/two', { reason: 'late', by: 'bob' }))).toMatchObject({
        code: 'intervention-refused',
      });
      const history = await historyOf(run);
      await box.close();

      await using after = await createSignalbox({ orchestrators: [flow], store: next(), ...quiet });
      const read = after.run('r');
      expect(await recordsOf(read)).toMatchObject([
        { type: 'retry', path: 'second/two', reason: 'late', by: 'bob', before: 'ended', refused: 'the run has ended' },
        {
          ...{ type: 'rerun', path: 'second/nothing', reason: 'hm', by: 'ann', input: { n: 1 } },
          refused: expect.stringContaining('there is no step "second/nothing"'),
        },
        { type: 'rerun', path: 'third/one', by: null, refused: expect.stringContaining('"second" comes before it') },
        { type: 'rerun', path: 'second/two', refused: null, run: 'r2' },
      ]);
      expect(await recordsOf(after.run('r2'))).toEqual([]);
      expect([await read.status(), await historyOf(read)]).toEqual(['failed', history]);
      expect(await read.delete()).toBe(true);
    },
  );

  test('is refused while the run goes on, and where its definition has changed', async () => {
    const store = memory();
    const { options } = stage();
    const before = await createSignalbox({ orchestrators: [flow], store, ...options });
    const run = await before.start(flow, { id: 'r', input: null });
    expect(await rejection(run.rerun({ from: 'first/one', reason: 'x' }))).toMatchObject({ code: 'run-unfinished' });
    await run.cancel();
    await run.outcome();
    await before.close();
    const changed = orchestrator('flow', head).track('first', track('first', input).step('other', work));
    await using after = await createSignalbox({ orchestrators: [changed], store, ...quiet });
    const pinned = await rejection(after.run('r').rerun({ from: 'first/other', reason: 'x' }));
    const { gone, come } = (pinned as unknown as { fields: { gone: string[]; come: string[] } }).fields;
    // What is the same in both is not told.
    expect([pinned, gone.map(placeIn), come.map(placeIn)]).toMatchObject([
      { code: 'definition-changed' },
      ['first/one', 'second', 'second/one', 'second/may', 'second/two', 'second/three', 'third', 'third/one'],
      ['first/other'],
    ]);
    expect(await recordsOf(after.run('r'))).toMatchObject([
      { type: 'rerun', path: 'first/one', refused: expect.stringContaining('is still "running"') },
      { type: 'rerun', path: 'first/other', refused: expect.stringContaining('definition') },
    ]);
  });

  test('undoes what it has done itself; what it took over is undone by the run in which it completed, once (S13)', async () => {
    const { box, run } = await failed();
    await using _ = box;
    isBroken = true;
    const again = await run.rerun({ from: 'second/one', reason: 'x', id: 'r2' });
    await again.outcome();
    called.length = 0;
    const undoing = await (await again.compensate()).outcome();
    expect(called).toEqual(['r2/second/one#1~undo']);
    expect(undoing.status).toBe('compensated');
    await (await run.compensate()).outcome();
    expect(called).toEqual(['r2/second/one#1~undo', 'r/second/one#1~undo', 'r/first/one#1~undo']);
    // What is undone is not there to be taken over any more; the run itself stays as it ended, and so do its rows.
    expect((await run.snapshot()).steps['first/one']?.status).toBe('completed');
  });

  test('goes on after a restart, also where a track takes something over only later, under a cap (S16, I6)', async () => {
    const capped = orchestrator('capped', { ...head, onFailure: 'continue', concurrency: 1 })
      .track('a', track('a', input).step('one', work).step('two', shaky).step('three', work))
      .track(
        'b',
        track('b', input).group('g', (group) => group.step('one', work).step('two', shaky)),
      );
    const store = memory();
    const first = await createSignalbox({ orchestrators: [capped], store, ...quiet });
    await (await first.start(capped, { id: 'r', input: null })).outcome();
    await first.close();
    called.length = 0;
    const { desk, options } = stage();
    const second = await createSignalbox({ orchestrators: [capped], store, ...options });
    await second.run('r').rerun({ from: 'a/two', reason: 'x', id: 'r2', input: 5 });
    await settled(second);
    expect(desk.begun).toEqual(['a/two#1']);
    await second.close();

    isBroken = false;
    await using third = await createSignalbox({ orchestrators: [capped], store, ...quiet });
    const again: Run = third.run('r2');
    expect((await again.outcome()).status).toBe('completed');
    expect(called).toEqual(['r2/a/two#1', 'r2/a/three#1', 'r2/b/g/two#1']);
    expect((await again.snapshot()).steps['b/g/one']).toMatchObject({ takenFrom: 'r', status: 'completed' });
    expect(await faultsOfHistory(again)).toEqual([]);
  });
});
