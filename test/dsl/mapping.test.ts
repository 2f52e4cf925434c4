/** Mappers as data where they are used (P161, P196): what a definition is told of them before a run of it exists. */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  compositeTrack,
  defineOrchestrator,
  defineTrack,
  orchestrator,
  planOf,
  program,
  task,
  track,
} from '../../src/dsl/index.ts';
import { structureOf } from '../../src/dsl/structure.ts';
import { mapping } from '../../src/mapping.ts';
import { charge, facts, faultList, faultText, Order, ping, reserve, untyped } from './fixtures.ts';

const Any = z.any();
const any = task('any', { input: Any, output: Any, run: () => null });
const registry = { reserve, charge, ping, any };

const payment = defineTrack({
  name: 'payment',
  input: Order,
  registry,
  tasks: [
    { task: 'reserve', input: { id: '$.input.id' } },
    { task: 'charge', input: { hold: { from: 'outputs.reserve.hold' }, cents: '$.input.cents' } },
  ],
  output: mapping({ receipt: '$.outputs.charge.receipt' }),
});

describe('a document', () => {
  test('takes data for the input of a step, of a track, and for outputs (P161, P196)', () => {
    const order = defineOrchestrator({
      name: 'order',
      version: '1',
      input: Order,
      tracks: { payment, again: payment },
      dependencies: { again: ['payment'] },
      inputMappings: { payment: '$.input', again: { id: '$.outputs.payment.receipt', cents: 1 } },
      output: mapping('$.outputs.again'),
    });
    expect(faultList(order)).toEqual([]);
    const told = facts({
      input: { id: '17', cents: 5 },
      outputs: { reserve: { hold: 'h' }, payment: { receipt: 'r' } },
    });
    const made = (step: { input: unknown }) => (step.input as (facts: object) => unknown)(told);
    expect(payment.definition.steps.map(made)).toEqual([{ id: '17' }, { hold: 'h', cents: 5 }]);
    expect(order.definition.tracks.map(made)).toEqual([
      { id: '17', cents: 5 },
      { id: 'r', cents: 1 },
    ]);
  });

  test('takes an output as data, from wherever it comes (P196)', () => {
    const read = JSON.parse('{ "name": "t", "tasks": ["ping"], "output": { "pong": "$.outputs.ping.pong" } }');
    const made = defineTrack({ ...read, registry });
    expect(faultList(made)).toEqual([]);
    expect(made.definition.output?.(facts({ outputs: { ping: { pong: true } } }))).toEqual({ pong: true });
  });

  test('takes it for the bodies in every other kind of step (P161)', () => {
    const child = orchestrator('child', { version: '1', input: Any });
    const made = defineTrack({
      name: 't',
      input: Any,
      registry,
      tasks: [
        {
          name: 'a',
          branch: { on: mapping('$.input.kind'), routes: { x: { do: 'any', input: '$.input' } }, otherwise: null },
        },
        { name: 'b', parallel: { one: { do: 'any', input: { a: '$.outputs.a' } } } },
        {
          name: 'c',
          map: { over: mapping('$.input.lines'), each: { do: 'any', input: { item: '$.item', at: '$.index' } } },
        },
        { name: 'd', loop: { body: { do: 'any', input: { n: '$.accumulator' } }, until: mapping('$.previous.done') } },
        { name: 'e', group: [{ task: 'any', input: '$.previous' }], onError: { do: 'any', input: '$.error' } },
        { name: 'f', wait: { signal: 's', timeout: '1s', onTimeout: { do: 'any', input: '$.input' } } },
        { name: 'g', aggregate: { output: Any, of: mapping({ all: '$.outputs.c' }) } },
        { name: 'h', set: { seen: mapping('$.outputs.g'), fixed: { from: 'nowhere' } } },
        { name: 'i', run: child, input: { id: '$.outputs.g' } },
        { name: 'j', signal: 's', to: mapping('$.outputs.i.run'), payload: mapping('$.outputs.h') },
        { name: 'k', emit: 'told', data: mapping({ h: '$.outputs.h' }) },
        { name: 'l', sleep: { until: mapping('$.outputs.k') } },
        { name: 'm', terminate: { output: mapping('$.outputs.l') } },
      ],
    });
    expect(faultList(made)).toEqual([]);
  });

  test('tells what is wrong with each, where it is, once (S3, P161)', () => {
    const made = defineTrack(
      untyped({
        name: 't',
        input: Any,
        registry,
        tasks: [
          { task: 'any', name: 'a', input: { id: '$.inptu.id', or: '$.input..x' } },
          { task: 'any', name: 'b', input: 'outputs.a' },
          { task: 'any', name: 'c', input: 5 },
          {
            name: 'd',
            branch: { on: mapping(untyped('$.x')), routes: { x: { do: 'any', input: '$.y' } }, otherwise: null },
          },
          { name: 'e', map: { over: mapping(untyped('$.x')), each: 'any', filter: mapping(untyped('$.y')) } },
          { name: 'f', set: { seen: mapping(untyped('$.x')) } },
          { name: 'g', emit: 'told', data: mapping(untyped('$.x')) },
          { name: 'h', signal: 's', to: mapping(untyped('$.x')) },
          { name: 'i', aggregate: { output: Any, of: mapping(untyped('$.x')) } },
          { name: 'j', terminate: { output: mapping(untyped('$.x')) } },
          { name: 'k', approval: { ask: mapping(untyped('$.x')) } },
          { name: 'l', gate: { criteria: { n: { min: 1 } }, values: mapping(untyped('$.x')) } },
        ],
        output: '$.x',
      }),
    );
    expect([...faultList(made)].sort()).toEqual(
      [
        'unknown-reference t',
        'unknown-reference t/a',
        'bad-option t/a',
        'bad-option t/b',
        'bad-option t/c',
        ...['d', 'd/x', 'e', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l'].map((step) => `unknown-reference t/${step}`),
      ].sort(),
    );
    expect(faultText(made)).toContain('The path "$.inptu.id" begins with "inptu"');
    expect(faultText(made)).toContain('Did you mean "input"?');
  });
});

describe('a path that names a step', () => {
  const at = (data: unknown) => mapping(untyped(data));

  test('has to name one before it, and says which there are (S3, P161)', () => {
    const made = track('t', { input: Any })
      .step('first', any, at('$.outputs.second.id'))
      .step('second', any, at({ a: '$.outputs.frist.id', b: { from: 'outputs.second', or: { value: 1 } } }))
      .step('third', any, at({ a: '$.outputs.first', b: '$.outputs', c: "$.outputs['second']" }))
      .output(at({ sum: '$.outputs.thrid' }));
    expect([...faultList(made)].sort()).toEqual(
      [
        'unknown-reference t',
        'unknown-reference t/first',
        'unknown-reference t/second',
        'unknown-reference t/second',
      ].sort(),
    );
    expect(faultText(made)).toContain(
      'reads the output of "frist", and no step before it has that name. Known steps: first. Did you mean "first"?',
    );
    expect(faultText(made)).toContain('The "output" reads the output of "thrid", and there is no such step.');
    expect(faultText(made)).toContain('Did you mean "third"?');
  });

  test.each<[string, (t: ReturnType<typeof empty>) => unknown]>([
    ['a collection', (t) => t.map('x', { over: at('$.outputs.no'), each: any })],
    ['an item', (t) => t.map('x', { over: [1], each: { do: any, input: at('$.outputs.no') } })],
    ['the key of a branch', (t) => t.branch('x', { on: at('$.outputs.no'), routes: { a: any }, otherwise: null })],
    ['a predicate of a branch', (t) => t.branch('x', { when: [[at('$.outputs.no'), any]], otherwise: null })],
    [
      'a route',
      (t) => t.branch('x', { on: () => 'a', routes: { a: { do: any, input: at('$.outputs.no') } }, otherwise: null }),
    ],
    ['a member', (t) => t.parallel('x', { a: { do: any, input: at('$.outputs.no') } })],
    ['a group', (t) => t.group('x', (g) => g.step('one', any).step('two', any, at(['$.outputs.one', '$.outputs.no'])))],
    ['a loop', (t) => t.loop('x', { body: any, until: at('$.outputs.no') })],
    ['an aggregate', (t) => t.aggregate('x', { output: Any, of: at('$.outputs.no') })],
    ['a variable', (t) => t.set('x', { seen: at('$.outputs.no') })],
    ['the end of a run', (t) => t.terminate('x', { output: at('$.outputs.no') })],
    ['a reason', (t) => t.terminate('x', { as: 'failed', reason: at('$.outputs.no') })],
    ['a signal', (t) => t.signal('x', { signal: 's', to: at('$.outputs.no') })],
    ['what is told', (t) => t.emit('x', { event: 'e', data: at('$.outputs.no') })],
    ['a sleep', (t) => t.sleep('x', { until: at('$.outputs.no') })],
    ['an approval', (t) => t.approval('x', { ask: 'May it?', show: at('$.outputs.no') })],
    ['a gate', (t) => t.gate('x', { criteria: { n: { min: 1 } }, values: at('$.outputs.no') })],
    ['a wait', (t) => t.wait('x', { signal: 's', where: at('$.outputs.no') })],
    ['a child run', (t) => t.run('x', orchestrator('child', { version: '1', input: Any }), at('$.outputs.no'))],
  ])('is looked up for %s (S3, P161)', (_, add) => {
    const made = add(empty()) as ReturnType<typeof empty>;
    expect(faultList(made)).toEqual(['unknown-reference t/x']);
    expect(faultText(made)).toContain(
      'reads the output of "no", and no step before it has that name. Known steps: here.',
    );
  });

  test('has to name a track that is waited for (S2, P161)', () => {
    const one = track('one', { input: Any }).step('do', any);
    const order = orchestrator('order', { version: '1', input: Any })
      .track('one', one)
      .track('two', one, { after: ['one'], input: at('$.outputs.one') })
      .track('three', one, { after: ['two'], input: at(['$.outputs.one', '$.outputs.two']) })
      .output(at('$.outputs.four'));
    expect([...faultList(order)].sort()).toEqual(['unknown-reference order', 'unknown-reference order/three']);
    expect(faultText(order)).toContain('Track "three" reads the output of "one", which it does not wait for.');
    const composite = compositeTrack('c', { tracks: { a: any, b: { do: any, input: at('$.outputs.a') } } });
    expect(faultList(composite)).toEqual(['unknown-reference c/b']);
  });

  test('has to name an earlier phase or a task that is waited for, in a program (P161)', () => {
    const phase = (input: unknown, after: readonly string[] = []) => ({
      tasks: { other: any, it: { do: any, input, after } },
    });
    const made = (input: unknown, after?: readonly string[]) =>
      program('p', {
        version: '1',
        input: Any,
        phases: untyped({ early: { tasks: { done: any } }, now: phase(input, after) }),
      });
    expect(faultList(made({ a: '$.phases.early.done', b: '$.input', c: '$.tasks.other' }, ['other']))).toEqual([]);
    expect(faultList(made(mapping('$.phases.early')))).toEqual([]);
    expect(faultText(made('$.phases.eraly.done'))).toContain(
      '"phases.eraly", which is not there yet. Known phases: early. Did you mean "early"?',
    );
    for (const input of ['$.phases.now.other', '$.tasks.other', '$.outputs.other'])
      expect(faultList(made(input))).toEqual(['unknown-reference p/now/it']);
    for (const input of ['$.tasks.', 5]) expect(faultList(made(input))).toEqual(['bad-option p/now/it']);
  });
});

test('a run is pinned to a mapper that is data no more than to a function (P161)', () => {
  const pin = (input: (facts: never) => unknown) => {
    const one = track('one', { input: Any }).step('do', any, untyped(input));
    const order = orchestrator('order', { version: '1', input: Any }).track('one', one, { input: untyped(input) });
    return structureOf(planOf(order)).hash;
  };
  expect(pin(mapping('$.input'))).toBe(pin(({ input }: { input: unknown }) => input));
});

/** A track with one step. */
function empty() {
  return track('t', { input: Any }).step('here', any);
}
