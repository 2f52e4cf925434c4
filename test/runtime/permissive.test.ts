/** Steps whose failure is borne (S12): what runs beside and after them finishes, and then their track and their run have failed. */
import {
  compositeTrack,
  createSignalbox,
  defineTrack,
  memory,
  orchestrator,
  type Signalbox,
  task,
  TerminalError,
  track,
} from 'signalbox';
import { settled } from 'signalbox/testing';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { Anything, faultsOfHistory, stage, statusesOf } from '../helpers/stage.ts';

const head = { version: '1', input: Anything } as const;
const input = { input: Anything } as const;
const count = task('count', { input: Anything, output: z.number(), run: () => 1 });
const broken = task('broken', {
  input: Anything,
  output: z.number(),
  run: (): number => {
    throw new TerminalError('no');
  },
});
const quiet = { logger: () => {} } as const;
const permissive = { permissive: true } as const;
/** A track of which the first step fails, and the second one runs all the same. */
const soft = track('soft', input)
  .step('score', broken, () => null, permissive)
  .step('then', count);

async function played(box: Signalbox, flow: Parameters<Signalbox['start']>[0]) {
  const run = await box.start(flow, { input: null as never });
  const outcome = await run.outcome();
  expect(await faultsOfHistory(run)).toEqual([]);
  return { outcome, statuses: await statusesOf(run), run };
}

describe.each(['table', 'xstate'] as const)('stepped by the %s lane, a step that is permissive', (lane) => {
  test('and fails lets what runs beside and after it finish; then its track and its run have failed by it (S12)', async () => {
    const seen: unknown[] = [];
    const flow = orchestrator('flow', head)
      .track(
        'a',
        track('a', input)
          .step('score', broken, () => null, permissive)
          .step('then', count, ({ outputs, previous }) => {
            seen.push(outputs.score, previous);
            return null;
          }),
      )
      .track('b', track('b', input).sleep('nap', 1).step('fine', count))
      .track('c', track('c', input).step('fine', count), {
        after: ['a'],
        input: ({ outputs }) => {
          seen.push(outputs.a);
          return null;
        },
      });
    await using box = await createSignalbox({ orchestrators: [flow], lane, ...quiet });
    const { outcome, statuses } = await played(box, flow);

    expect(seen).toEqual([null, null, 1]);
    expect(outcome).toMatchObject({ status: 'failed', output: null, error: { code: 'task-threw', path: 'a/score' } });
    expect(outcome.failures.map(({ path }) => path)).toEqual(['a/score']);
    expect(statuses).toEqual({
      a: 'failed',
      'a/score': 'failed',
      'a/then': 'completed',
      b: 'completed',
      'b/nap': 'completed',
      'b/fine': 'completed',
      c: 'completed',
      'c/fine': 'completed',
    });
  });
});

describe('a failure that is borne', () => {
  test('is borne all the way up: by tracks, groups, members, items, rounds and routes (S12)', async () => {
    const seen: unknown[] = [];
    const flow = orchestrator('flow', head).track(
      'a',
      track('a', input)
        .step('deep', soft, () => null)
        .group('group', (group) => group.step('may', broken, () => null, permissive).step('then', count))
        .parallel('members', { one: { do: soft, input: () => null }, two: count })
        .map('items', { over: () => [1, 2], each: soft })
        .loop('rounds', { body: { do: soft, input: () => null }, while: ({ index }) => index < 2 })
        .branch('routes', { all: true, when: [[() => true, { do: soft, input: () => null }]] })
        .step('last', count, ({ outputs }) => {
          seen.push({ ...outputs });
          return null;
        }),
    );
    await using box = await createSignalbox({ orchestrators: [flow], ...quiet });
    const { outcome, statuses } = await played(box, flow);

    expect(outcome).toMatchObject({ status: 'failed', error: { path: 'a/deep/score' } });
    expect(statuses['a/last']).toBe('completed');
    for (const name of ['deep', 'group', 'members', 'items', 'rounds', 'routes'])
      expect(statuses[`a/${name}`], name).toBe('failed');
    expect(outcome.failures).toHaveLength(8);
    expect(seen).toEqual([
      {
        deep: 1,
        group: 1,
        members: { one: 1, two: 1 },
        items: [1, 1],
        rounds: { last: 1, accumulator: null, iterations: 2 },
        routes: { soft: 1 },
      },
    ]);
  });

  test('is a failure like any other where a strategy has a word of its own for failures', async () => {
    const flow = orchestrator('flow', { ...head, onFailure: 'continue' })
      .track(
        'fine',
        track('fine', input).parallel(
          'best',
          { one: { do: soft, input: () => null }, two: count },
          { strategy: 'bestEffort' },
        ),
      )
      .track('all', compositeTrack('all', { tracks: { one: soft, two: track('two', input).step('one', count) } }))
      .track('after', track('after', input).step('one', count), { after: ['all'] });
    await using box = await createSignalbox({ orchestrators: [flow], ...quiet });
    const { statuses } = await played(box, flow);
    expect(statuses).toMatchObject({ fine: 'completed', all: 'failed', 'all/two': 'completed', after: 'skipped' });
  });

  test('in a composite track does not end the tracks beside that one', async () => {
    const flow = orchestrator('flow', head)
      .track('all', compositeTrack('all', { tracks: { one: soft, two: track('two', input).step('one', count) } }))
      .track('beside', track('beside', input).sleep('nap', 5).step('one', count));
    await using box = await createSignalbox({ orchestrators: [flow], ...quiet });
    const { outcome, statuses } = await played(box, flow);
    expect(statuses).toMatchObject({ all: 'failed', 'beside/one': 'completed' });
    expect(outcome).toMatchObject({ status: 'failed', error: { path: 'all/one/score' } });
  });

  test('is followed by one that is not: that ends the run at once, and both are told', async () => {
    const flow = orchestrator('flow', head)
      .track(
        'a',
        track('a', input)
          .step('may', broken, () => null, permissive)
          .step('must', broken)
          .step('never', count),
      )
      .track('b', track('b', input).wait('go', { signal: 'go' }));
    await using box = await createSignalbox({ orchestrators: [flow], ...quiet });
    const { outcome, statuses } = await played(box, flow);
    expect(outcome).toMatchObject({ status: 'failed', error: { path: 'a/must' } });
    expect(outcome.failures.map(({ path }) => path)).toEqual(['a/may', 'a/must']);
    expect(statuses).toMatchObject({ 'a/never': 'skipped', b: 'cancelled' });
  });

  test('does not reach the onError of its group, which another failure does', async () => {
    const flow = orchestrator('flow', head).track(
      'a',
      track('a', input)
        .group('calm', (group) => group.step('may', broken, () => null, permissive).step('then', count), {
          onError: { do: count, input: () => null },
        })
        .group('rough', (group) => group.step('may', broken, () => null, permissive).step('must', broken), {
          onError: { do: count, input: () => null },
        })
        .step('last', count),
    );
    await using box = await createSignalbox({ orchestrators: [flow], ...quiet });
    const { statuses } = await played(box, flow);
    expect(statuses).toMatchObject({
      'a/calm': 'failed',
      'a/calm/onError': 'skipped',
      'a/rough': 'failed',
      'a/rough/onError': 'completed',
      'a/last': 'completed',
    });
  });

  test('is borne after a restart as before it, and undone is what has completed (S12, S13, I6)', async () => {
    const store = memory();
    const undone: string[] = [];
    const paid = task('paid', {
      input: Anything,
      output: Anything,
      run: () => 1,
      compensate: ({ key }) => void undone.push(key),
    });
    const flow = orchestrator('flow', { ...head, onFailure: 'compensate' })
      .track(
        'a',
        track('a', input)
          .step('may', broken, () => null, permissive)
          .parallel('items', {
            one: { do: soft, input: () => null },
            two: { do: track('two', input).wait('go', { signal: 'go' }), input: () => null },
          })
          .step('then', paid),
      )
      .track(
        'b',
        track('b', input).step('deep', soft, () => null),
      );
    const first = await createSignalbox({ orchestrators: [flow], store, ...quiet });
    await first.start(flow, { id: 'r', input: null });
    await settled(first);
    await first.close();

    await using second = await createSignalbox({ orchestrators: [flow], store, ...quiet });
    const run = second.run('r');
    expect(await run.status()).toBe('waiting');
    expect(await run.signal('go', null)).toMatchObject({ answer: 'accepted' });
    expect(await run.outcome()).toMatchObject({ status: 'compensated', error: { path: 'b/deep/score' } });
    expect(undone).toEqual(['r/a/then#1~undo']);
    expect(await faultsOfHistory(run)).toEqual([]);
  });

  test('is cancelled with its run as anything is, and nobody is asked about it under the policy pause', async () => {
    const { desk, options } = stage();
    const flow = orchestrator('flow', { ...head, onFailure: 'pause' }).track(
      'a',
      track('a', input)
        .step('may', broken, () => null, permissive)
        .step('then', count, () => null, permissive),
    );
    await using box = await createSignalbox({ orchestrators: [flow], ...options });
    const run = await box.start(flow, { input: null });
    await settled(box);
    desk.fail('a/may#1', new TerminalError('no'));
    await settled(box);
    expect(desk.open).toEqual(['a/then#1']);
    await run.cancel();
    expect((await run.outcome()).status).toBe('cancelled');
  });
});

describe('the definition of a permissive step', () => {
  test('has an output that may be null, as a type, and is said in documents as well', () => {
    track('t', input)
      .step('a', count, () => null, permissive)
      .step('b', count, ({ outputs }) => {
        expectTypeOf(outputs.a).toEqualTypeOf<number | null>();
        return null;
      });
    const t = defineTrack({
      name: 't',
      input: Anything,
      tasks: [{ task: count, name: 'one', input: () => null, permissive: true }],
    });
    expect(t.definition.steps[0]).toMatchObject({ name: 'one', permissive: true });
  });

  test('is refused if it is something else, or optional as well (S3)', async () => {
    const of = (options: object) =>
      orchestrator('flow', head).track(
        'a',
        track('a', input).step('one', count, () => null, options as never),
      );
    for (const options of [{ permissive: 'yes' }, { permissive: true, optional: true }])
      await expect(createSignalbox({ orchestrators: [of(options)] as never })).rejects.toMatchObject({
        code: 'definition-invalid',
        fields: { faults: [{ code: 'bad-option', path: 'flow/a/one' }] },
      });
  });
});
