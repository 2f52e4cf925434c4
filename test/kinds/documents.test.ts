/** Documents say every kind of step, with names of the registry where a builder takes bodies, and give the same. */
import { defineTrack, orchestrator, task, track } from 'signalbox';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { Anything } from '../helpers/stage.ts';
import { echo, fails, play, twice } from '../helpers/track-play.ts';
import { structureOf } from '../../src/dsl/structure.ts';
import { planOf } from '../../src/dsl/index.ts';

const word = task('word', {
  input: z.object({ n: z.number() }),
  output: z.string(),
  run: ({ input }) => 'x'.repeat(input.n),
});
const registry = { echo, fails, twice, word };

const document = defineTrack({
  name: 't',
  input: z.object({ n: z.number() }),
  registry,
  tasks: [
    { task: 'twice', name: 'first', input: ({ input }) => input.n },
    {
      name: 'risk',
      branch: {
        when: [[({ outputs }) => outputs.first > 100, 'echo']],
        otherwise: { do: 'word', input: ({ input }) => ({ n: input.n }) },
      },
    },
    { name: 'key', branch: { on: () => 'b', routes: { a: 'fails', b: { do: 'twice', input: () => 4 } } } },
    { name: 'sides', parallel: { a: { do: 'twice', input: () => 1 }, b: 'fails' }, strategy: 'bestEffort' },
    { name: 'lines', map: { over: () => [1, 2], each: 'twice' } },
    { name: 'count', map: { over: () => '1..3', each: 'twice', collect: false } },
    { name: 'poll', loop: { body: { do: 'twice', input: ({ index }) => index }, until: ({ index }) => index === 2 } },
    { name: 'pack', group: ['fails'], onError: { do: 'echo', input: ({ error }) => error.step } },
    { name: 'total', aggregate: { output: z.object({ n: z.number() }), of: ({ outputs }) => ({ n: outputs.first }) } },
    { name: 'remember', set: { seen: ({ outputs }) => outputs.total.n } },
    { name: 'nap', sleep: '1s' },
    { name: 'answer', wait: { signal: 'go', payload: z.number(), timeout: '1s', onTimeout: { value: 7 } } },
    { name: 'end', group: ['echo', { name: 'inner', sleep: 0 }] },
  ],
  output: ({ outputs }) => {
    expectTypeOf(outputs.sides.a).toEqualTypeOf<number>();
    expectTypeOf(outputs.lines).toEqualTypeOf<readonly number[]>();
    expectTypeOf(outputs.count.completed).toEqualTypeOf<number>();
    expectTypeOf(outputs.poll.last).toEqualTypeOf<number>();
    expectTypeOf(outputs.total).toEqualTypeOf<{ n: number }>();
    expectTypeOf(outputs.nap).toEqualTypeOf<null>();
    expectTypeOf(outputs.answer).toEqualTypeOf<number>();
    expectTypeOf(outputs.end).toEqualTypeOf<null>();
    return { ...outputs };
  },
});

describe('a document', () => {
  test('has every kind of step (P110)', async () => {
    const { output } = await play(document, { n: 2 });

    expect(output).toEqual({
      first: 4,
      risk: 'xx',
      key: 8,
      sides: { a: 2, b: null },
      lines: [2, 4],
      count: { expanded: 3, filtered: 0, completed: 3, failed: 0 },
      poll: { last: 4, accumulator: null, iterations: 3 },
      pack: 'fails',
      total: { n: 4 },
      remember: { seen: 4 },
      nap: null,
      answer: 7,
      end: null,
    });
  });

  test('is pinned like the track that a builder makes', () => {
    const built = track('t', { input: Anything })
      .map('lines', { over: () => [1], each: twice, concurrency: 3 })
      .branch('b', { on: () => 'a', routes: { a: echo }, otherwise: null })
      .group('g', (t) => t.step('one', echo).sleep('two', '1s'), { onError: fails });
    const written = defineTrack({
      name: 't',
      registry,
      tasks: [
        { name: 'lines', map: { over: () => [1], each: 'twice', concurrency: 3 } },
        { name: 'b', branch: { on: () => 'a', routes: { a: 'echo' }, otherwise: null } },
        {
          name: 'g',
          group: [
            { task: 'echo', name: 'one' },
            { name: 'two', sleep: '1s' },
          ],
          onError: 'fails',
        },
      ],
    });
    const linesOf = (body: unknown) =>
      structureOf(planOf(orchestrator('o', { version: '1', input: Anything }).track('t', body as never))).lines;

    expect(linesOf(written)).toEqual(linesOf(built));
  });

  test.each<[object, RegExp]>([
    [{ name: 'x', sleep: 'soon' }, /Option "duration" cannot be "soon"/],
    [{ name: 'x', map: { over: () => [], each: 'nobody' } }, /No task in the document's registry is called "nobody"/],
    [{ name: 'x', group: ['nobody'] }, /is called "nobody"/],
    [{ name: 'x', group: 7 }, /Option "group" cannot be 7/],
    [{ name: 'x', branch: { when: [[() => true, 'eco']] } }, /Did you mean "?echo/],
    [{ set: { a: 1 } }, /needs a "name"/],
    [{ name: 'x', sleep: '1s', map: {} }, /cannot have "map"/],
    [{ name: 'x', parallel: { a: 'echo' }, strategy: 'fastest' }, /"strategy" cannot be "fastest"/],
  ])('with %o is faulty (S3)', async (entry, fault) => {
    await expect(play(defineTrack({ name: 't', registry, tasks: [entry as never] }))).rejects.toThrow(fault);
  });
});
