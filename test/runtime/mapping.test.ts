/** Mappers as data in runs (P161, P196): what is handed on, what a step fails with if nothing is there, and what a restart makes of it. */
import { compositeTrack, defineTrack, mapping, orchestrator, program, RetryAfter, task, track } from 'signalbox';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Anything } from '../helpers/stage.ts';
import { echo, failureOf, fails, play, restarted } from '../helpers/track-play.ts';

const registry = { echo, fails };
const two = (input: unknown) =>
  defineTrack({
    name: 't',
    input: Anything,
    registry,
    tasks: [
      { task: 'echo', name: 'first', input: { hold: { id: 'h-1', note: null } } },
      { task: 'echo', name: 'second', input: input as never },
    ],
  });

describe('a step whose input is said as data', () => {
  test.each<[string, unknown, unknown]>([
    ['what stands there', { from: 'outputs.first.hold.id' }, 'h-1'],
    ['null, if that stands there', [{ from: 'outputs.first.hold.note', or: { value: 'x' } }], [null]],
    ['the value that was given for it', { from: 'outputs.first.hold.nothing', or: { value: 0 } }, 0],
    [
      'what the step before has left behind',
      { from: 'input.nothing', or: 'previous' },
      { hold: { id: 'h-1', note: null } },
    ],
    [
      'an object of all of these',
      { a: '$.input.n', b: { from: 'input.b', or: { value: [] } }, c: 'EUR' },
      { a: 7, b: [], c: 'EUR' },
    ],
  ])('is handed %s (P161)', async (_, input, output) => {
    expect((await play(two(input), { n: 7 })).output).toEqual(output);
  });

  test('fails with a code, and is not tried again, if nothing stands there (P161)', async () => {
    let calls = 0;
    const body = task('body', {
      input: Anything,
      output: Anything,
      retry: { maxAttempts: 5, delay: 0 },
      run: () => {
        calls += 1;
        throw new RetryAfter(0);
      },
    });
    const made = track('t', { input: Anything })
      .step('first', echo)
      .step('it', body, mapping({ id: '$.outputs.first.id' }));
    const error = await failureOf(made);
    expect(error).toMatchObject({
      code: 'mapping-missing',
      path: 't/it',
      retryable: false,
      fields: { path: 'outputs.first.id', stop: 'outputs.first' },
    });
    expect(error.message).toBe(
      `Nothing stands at "outputs.first.id": "outputs.first" has no "id". Say with "or" what is to stand there then: { from: "outputs.first.id", or: { value: null } }, or 'previous'.`,
    );
    expect(calls).toBe(0);
  });

  test('is looked at by the schema of its task, like what a function makes (S4, P161)', async () => {
    const strict = task('strict', {
      input: z.object({ n: z.number() }),
      output: z.number(),
      run: ({ input }) => input.n,
    });
    const made = (from: string) => track('t', { input: Anything }).step('it', strict, mapping({ n: { from } }));
    expect((await play(made('input.n'), { n: 4 })).output).toBe(4);
    expect(await failureOf(made('input.n'), { n: 'four' })).toMatchObject({ code: 'input-invalid', path: 't/it' });
  });

  test('finds null where an optional step has failed, and nothing below it (S12, P161)', async () => {
    const made = (input: unknown) =>
      defineTrack({
        name: 't',
        input: Anything,
        registry,
        tasks: [
          { task: 'fails', name: 'hold', optional: true },
          { task: 'echo', input: input as never },
        ],
      });
    expect((await play(made(['$.outputs.hold']))).output).toEqual([null]);
    expect((await play(made({ from: 'outputs.hold.id', or: { value: 'none' } }))).output).toBe('none');
    expect(await failureOf(made('$.outputs.hold.id'))).toMatchObject({ code: 'mapping-missing', path: 't/echo' });
  });
});

describe('data in the place of a mapper', () => {
  test('chooses a route, gives the items, ends a loop, and is told the error and the item (P161)', async () => {
    const made = defineTrack({
      name: 't',
      input: Anything,
      registry,
      tasks: [
        {
          name: 'a',
          branch: { on: mapping('$.input.kind'), routes: { x: { do: 'echo', input: { way: '$.input.kind' } } } },
        },
        {
          name: 'b',
          map: { over: mapping('$.input.lines'), each: { do: 'echo', input: { at: '$.index', sku: '$.item.sku' } } },
        },
        {
          name: 'c',
          loop: { body: { do: 'echo', input: { done: true, n: '$.index' } }, until: mapping('$.output.done') },
        },
        { name: 'd', group: [{ task: 'fails', input: {} }], onError: { do: 'echo', input: ['$.error.step'] } },
        { name: 'e', set: { seen: mapping('$.outputs.b[1].sku') } },
        {
          name: 'f',
          aggregate: { output: Anything, of: mapping({ seen: '$.run.variables.seen', a: '$.outputs.a.way' }) },
        },
      ],
      output: mapping({ all: '$.outputs', last: '$.previous.seen' }),
    });
    const { output } = await play(made, { kind: 'x', lines: [{ sku: 'p' }, { sku: 'q' }] });
    expect(output).toEqual({
      last: 'q',
      all: {
        a: { way: 'x' },
        b: [
          { at: 0, sku: 'p' },
          { at: 1, sku: 'q' },
        ],
        c: { last: { done: true, n: 0 }, accumulator: null, iterations: 1 },
        d: ['fails'],
        e: { seen: 'q' },
        f: { seen: 'q', a: 'x' },
      },
    });
  });

  test.each<[string, object]>([
    ['the key of a branch', { name: 'x', branch: { on: mapping('$.input.no'), routes: { a: echo }, otherwise: null } }],
    ['the items of a collection', { name: 'x', map: { over: mapping('$.input.no'), each: echo } }],
    ['a variable', { name: 'x', set: { seen: mapping('$.input.no') } }],
    ['an aggregate', { name: 'x', aggregate: { output: Anything, of: mapping('$.input.no') } }],
    ['what is told', { name: 'x', emit: 'told', data: mapping('$.input.no') }],
    [
      'the input of a child run',
      { name: 'x', run: orchestrator('c', { version: '1', input: Anything }), input: '$.input.no' },
    ],
    ['a question', { name: 'x', approval: { ask: mapping('$.input.no') } }],
    ['the values of a gate', { name: 'x', gate: { criteria: { n: { min: 1 } }, values: mapping('$.input.no') } }],
  ])('fails %s with the same code (P161)', async (_, entry) => {
    const error = await failureOf(defineTrack({ name: 't', input: Anything, tasks: [entry as never] }), {});
    expect(error).toMatchObject({ code: 'mapping-missing', path: 't/x', fields: { path: 'input.no' } });
  });

  test('fails a track by its output, and a member of a composite track by its input (P161)', async () => {
    const made = defineTrack({ name: 't', input: Anything, tasks: [], output: mapping('$.outputs') });
    expect((await play(made)).output).toEqual({});
    const output = track('t', { input: Anything }).step('a', echo).output(mapping('$.outputs.a.no'));
    expect(await failureOf(output)).toMatchObject({ code: 'mapping-missing', path: 't' });
    const both = compositeTrack('both', {
      input: Anything,
      tracks: { a: { do: echo, input: mapping('$.input.n') }, b: { do: echo, input: mapping('$.outputs.a') } },
      after: { b: ['a'] },
    });
    expect((await play(both, { n: 3 })).output).toEqual({ a: 3, b: 3 });
    expect(await failureOf(both, {})).toMatchObject({ code: 'mapping-missing', path: 't/a' });
  });

  test('reads phases and tasks in a program (P161)', async () => {
    const delivery = program('delivery', {
      version: '1',
      input: Anything,
      phases: {
        one: { tasks: { audit: { do: echo, input: { pages: '$.input.pages' } } } },
        two: {
          tasks: {
            draft: { do: echo, input: { from: 'phases.one.audit.pages' } },
            sum: { do: echo, after: ['draft'], input: ['$.tasks.draft', { from: 'input.no', or: { value: 1 } }] },
          },
        },
      },
    });
    const child = track('t', { input: Anything }).run('go', delivery, mapping({ pages: 12 }));
    expect((await play(child)).output).toEqual({
      one: { audit: { pages: 12 } },
      two: { draft: 12, sum: [12, 1] },
    });
  });

  test('makes the same of the same after a restart, so a collection goes on where it was (I6, P161)', async () => {
    const made = defineTrack({
      name: 't',
      input: Anything,
      registry,
      tasks: [
        {
          name: 'all',
          map: {
            over: mapping({ from: 'input.lines' }),
            each: { do: 'echo', input: { item: '$.item' } },
            mode: 'sequential',
          },
        },
        { name: 'nap', sleep: '10m' },
        { task: 'echo', input: { first: '$.outputs.all[0].item', no: { from: 'outputs.all[9]', or: 'previous' } } },
      ],
    });
    const { output } = await restarted(made, made, { lines: ['a', 'b'] });
    expect(output).toEqual({ first: 'a', no: null });
  });
});
