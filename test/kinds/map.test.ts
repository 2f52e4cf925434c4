/** Collections: the same body for each item, however many there are, and whatever the list becomes. */
import { createSignalbox, memory, track } from 'signalbox';
import { describe, expect, test } from 'vitest';
import { Anything } from '../helpers/stage.ts';
import { echo, failureOf, fails, flowOf, holds, play, restarted, twice } from '../helpers/track-play.ts';

const t = () => track('t', { input: Anything });

describe('a collection', () => {
  test.each([
    ['a list', [3, 1, 2], [6, 2, 4]],
    ['a range, with both of its ends', '2..4', [4, 6, 8]],
    ['a range of nothing', '4..2', []],
    ['an empty list', [], []],
  ])('goes over %s, and gives the outputs in the order of the items (P102)', async (_, over, output) => {
    const flow = t().map('m', { over: () => over as number[], each: twice });

    expect((await play(flow)).output).toEqual(output);
  });

  test.each([
    ['a list', [3, 1], [6, 2]],
    ['a range', '2..4', [4, 6, 8]],
  ])('may be given %s as it is (P102)', async (_, over, output) => {
    expect((await play(t().map('m', { over: over as number[], each: twice }))).output).toEqual(output);
  });

  test('that is given a list has a copy of it, and is refused what is none', async () => {
    const list = [1, 2];
    const flow = t().map('m', { over: list, each: twice });
    list.push(3);

    expect((await play(flow)).output).toEqual([2, 4]);
    const wrong = t().map('m', { over: 'many' as '1..2', each: twice });
    await expect(play(wrong)).rejects.toMatchObject({
      fields: { faults: [{ code: 'bad-option', message: expect.stringContaining('"many"') }] },
    });
  });

  test('goes over an object as pairs, by sorted key (P102)', async () => {
    const flow = t().map('m', { over: () => ({ b: 2, a: 1, 10: 0 }), each: echo });

    expect((await play(flow)).output).toEqual([
      { key: '10', value: 0 },
      { key: 'a', value: 1 },
      { key: 'b', value: 2 },
    ]);
  });

  test('tells the mapper of an item what stands around it, the item, and both of its numbers (P103, P104)', async () => {
    const flow = t()
      .step('before', echo, () => 'before')
      .map('m', {
        over: ({ input }) => input as number[],
        each: {
          do: echo,
          input: ({ item, index, sourceIndex, outputs }) => [item, index, sourceIndex, outputs.before],
        },
        filter: ({ item }) => item !== 1,
      });

    expect((await play(flow, [3, 1, 2])).output).toEqual([
      [3, 0, 0, 'before'],
      [2, 1, 2, 'before'],
    ]);
  });

  test('orders by number and never by text (P106)', async () => {
    const { output, history } = await play(t().map('m', { over: () => '0..11', each: echo, concurrency: 12 }));

    expect(output).toEqual(Array.from({ length: 12 }, (_, at) => at));
    expect(history.filter((line) => line.startsWith('step.started t/m/')).at(-1)).toBe('step.started t/m/11');
  });

  test('gives outputs by number, whoever completes first (P56)', async () => {
    const shuffled = [3, 0, 4, 1, 2];
    const flow = t().map('m', {
      over: () => shuffled,
      each: track('item', { input: Anything })
        .sleep('nap', { until: ({ input, run }) => run.startedAt + 1_000 * (1 + input) })
        .step('s', echo, ({ input }) => input),
    });
    const { output, history } = await play(flow);
    const ended = history.flatMap((line) => /^track.completed t\/m\/(\d)$/.exec(line)?.[1] ?? []);

    expect(ended).toEqual(['1', '3', '4', '0', '2']);
    expect(output).toEqual(shuffled);
  });

  test('of a million in which the first fails never writes out the others (P102)', async () => {
    const { history } = await play(
      t().map('m', { over: () => '1..1000000', each: { do: fails, input: ({ item }) => item }, concurrency: 4 }),
    );

    expect(history.length).toBeLessThan(20);
  });

  test('has no more items under way than it may, and in groups none before all of the last one have ended (P106)', async () => {
    const live = async (options: object) => {
      const { history } = await play(t().map('m', { over: () => '1..7', each: twice, ...options } as never));
      let [now, most] = [0, 0];
      const counts = history.flatMap((line) => {
        if (!line.includes(' t/m/')) return [];
        now += line.startsWith('step.started') ? 1 : -1;
        most = Math.max(most, now);
        return [now];
      });
      return { most, counts };
    };

    expect((await live({ concurrency: 3 })).most).toBe(3);
    expect((await live({ mode: 'sequential' })).most).toBe(1);
    const { most, counts } = await live({ batch: 3 });
    expect(most).toBe(3);
    expect(counts).toEqual([1, 2, 3, 2, 1, 0, 1, 2, 3, 2, 1, 0, 1, 0]);
  });

  test('that keeps no outputs gives their counts (P105)', async () => {
    const flow = t().map('m', { over: () => '1..5', each: echo, filter: ({ item }) => item > 2, collect: false });

    expect((await play(flow)).output).toEqual({ expanded: 5, filtered: 2, completed: 3, failed: 0 });
  });

  test('fails with its first item, cancels those under way, and leaves a count of those that never began', async () => {
    const told: string[] = [];
    const flow = t().map('m', {
      over: () => '1..500',
      each: track('item', { input: Anything }).branch('b', {
        when: [
          [
            ({ input }) => input === 1,
            track('later', { input: Anything })
              .sleep('nap', '1s')
              .step('s', fails, () => 1),
          ],
        ],
        otherwise: holds(told),
      }),
      concurrency: 2,
    });
    const { history } = await play(flow);

    expect(told.at(-1)).toBe('cleanup t/m/1/b/otherwise#1');
    expect(history.filter((line) => line.startsWith('children.skipped'))).toEqual(['children.skipped t/m']);
    expect(history.length).toBeLessThan(40);
  });

  test('under "bestEffort" has null for an item that has failed, and under "race" the output of one', async () => {
    const odd = track('odd', { input: Anything }).branch('b', {
      when: [[({ input }) => input % 2 === 1, { do: echo, input: ({ input }) => input }]],
      otherwise: fails,
    });

    expect((await play(t().map('m', { over: () => [1, 2, 3], each: odd, strategy: 'bestEffort' }))).output).toEqual([
      1,
      null,
      3,
    ]);
    expect(
      (await play(t().map('m', { over: () => [2, 4, 5], each: odd, strategy: 'race', concurrency: 1 }))).output,
    ).toEqual([null, null, 5]);
  });

  test('goes on after a crash with the items that have not ended, and asks for the list again (P56)', async () => {
    let asked = 0;
    const flow = t().map('m', {
      over: () => {
        asked += 1;
        return [1, 2, 3, 4];
      },
      each: track('item', { input: Anything })
        .branch('b', {
          when: [[({ input }) => input > 2, track('nap', { input: Anything }).sleep('nap', '1m')]],
          otherwise: null,
        })
        .step('s', echo, ({ input }) => input),
      concurrency: 3,
    });
    const { output, history } = await restarted(flow, flow);

    expect(output).toEqual([1, 2, 3, 4]);
    expect(asked).toBe(2);
    expect(history.filter((line) => line === 'step.started t/m/0/s')).toHaveLength(1);
  });

  test.each([
    ['fewer', [1, 2], '2 instead of 3'],
    ['others', [1, 2, 9], 'they were others'],
    ['none that can be gone over', 7, 'is 7. It has to be a list'],
  ])('whose list has %s after a crash fails, and nothing new begins', async (_, after, message) => {
    const of = (list: unknown) =>
      t().map('m', {
        over: () => list as number[],
        each: track('item', { input: Anything }).sleep('nap', '1m'),
        concurrency: 1,
      });
    const { output, history } = await restarted(of([1, 2, 3]), of(after));

    expect(output).toMatchObject({ error: { path: 't/m', message: expect.stringContaining(message) } });
    expect(history).not.toContain('track.started t/m/1');
  });

  test.each([
    ['is a number', () => 7, 'items-invalid'],
    ['is null', () => null, 'items-invalid'],
    ['is a text that is no range', () => 'all', 'items-invalid'],
    ['is a range without an end', () => '1..9007199254740993', 'items-invalid'],
    ['has something that is no JSON', () => [1n], 'value-not-json'],
    [
      'is thrown',
      () => {
        throw new Error('no');
      },
      'mapper-failed',
    ],
    ['is a promise', () => Promise.resolve([1]), 'mapper-async'],
  ])('whose list %s fails (P102)', async (_, over, code) => {
    expect(await failureOf(t().map('m', { over: over as unknown as () => number[], each: echo }))).toMatchObject({
      code,
      path: 't/m',
    });
  });

  test('that has fewer items than its quorum fails before one begins; an empty one completes', async () => {
    const of = (list: readonly number[]) => t().map('m', { over: () => list, each: echo, strategy: { quorum: 2 } });

    expect(await failureOf(of([1]))).toMatchObject({ code: 'quorum-unreachable', path: 't/m' });
    expect((await play(of([1]))).history).not.toContain('step.started t/m/0');
    expect((await play(of([]))).output).toEqual([]);
    expect((await play(of([1, 2]))).output).toEqual([1, 2]);
  });

  test('whose filter gives no boolean fails', async () => {
    const filter = (() => 'yes') as unknown as () => boolean;

    expect((await failureOf(t().map('m', { over: () => [1], each: echo, filter }))).code).toBe('predicate-failed');
  });

  test('whose outputs are larger than a value may be fails, and says what to do', async () => {
    const flow = t().map('m', { over: () => '1..20', each: { do: echo, input: () => 'x'.repeat(100_000) } });

    expect(await failureOf(flow)).toMatchObject({
      code: 'value-too-large',
      message: expect.stringContaining('`collect: false`'),
    });
  });

  test.each([
    [{ each: echo }, /Option "over" cannot be undefined/],
    [{ over: async () => [], each: echo }, /async function/],
    [{ over: () => [] }, /Expected a task/],
    [{ over: () => [], each: echo, filter: 1 }, /Option "filter"/],
    [{ over: () => [], each: echo, mode: 'fast' }, /Option "mode" cannot be "fast"/],
    [{ over: () => [], each: echo, mode: 'sequential', concurrency: 2 }, /one at a time/],
    [{ over: () => [], each: echo, batch: 0 }, /Option "batch" cannot be 0/],
    [{ over: () => [], each: echo, concurrency: 1.5 }, /Option "concurrency"/],
    [{ over: () => [], each: echo, collect: 1 }, /Option "collect"/],
    [{ over: () => [], each: echo, strategy: 'none' }, /Option "strategy"/],
    [{ over: () => [], each: echo, items: [] }, /cannot have "items"/],
  ])('of %o is faulty (S3)', async (options, fault) => {
    await expect(play(t().map('m', options as never))).rejects.toThrow(fault);
  });
});

test('a signal that comes early for an item is kept for it', async () => {
  const flow = flowOf(
    t().map('m', {
      over: () => '1..2',
      each: track('item', { input: Anything }).wait('w', { signal: 'go' }),
      concurrency: 1,
    }),
  );
  await using box = await createSignalbox({ orchestrators: [flow], store: memory(), logger: () => {} });
  const run = await box.start(flow, { input: null });

  expect(await run.signal('go', 'first')).toMatchObject({ answer: 'accepted', step: 't/m/0/w' });
  expect(['accepted', 'buffered']).toContain((await run.signal('go', 'second')).answer);
  expect(await run.result()).toEqual({ t: ['first', 'second'] });
});
