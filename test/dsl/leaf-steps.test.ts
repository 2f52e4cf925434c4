/** Child runs, signals, events and instants where they are declared: what is wrong with them (S3), what runs are pinned by, as documents. */
import { type AnyOrchestrator, createSignalbox, DefinitionInvalid, defineTrack, orchestrator, track } from 'signalbox';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { faultsOf, planOf } from '../../src/dsl/index.ts';
import { structureOf } from '../../src/dsl/structure.ts';

const Any = z.any();
const head = { version: '1', input: Any } as const;
const child = orchestrator('child', { version: '7', input: Any }).track('t', track('t', { input: Any }));
// biome-ignore lint/suspicious/noExplicitAny: options that no type lets through
const begun = (): any => track('t', { input: Any });
// biome-ignore lint/suspicious/noExplicitAny: see above
const faults = (made: any) => faultsOf(made.definition).map(({ code, path }) => [code, path]);
const bad = [['bad-option', 't/s']];

describe('the check tells', () => {
  test.each<[string, object]>([
    ['an unknown key', { orchestrator: child, inptu: () => 1 }],
    ['a depth of 0', { orchestrator: child, depth: 0 }],
    ['a depth that is none', { orchestrator: child, depth: 'deep' }],
    ['detach that is no yes or no', { orchestrator: child, detach: 'yes' }],
    ['an id that is no mapper', { orchestrator: child, id: 'mine' }],
    ['metadata that is no object', { orchestrator: child, metadata: [1] }],
    ['metadata that is no JSON', { orchestrator: child, metadata: { at: new Date() } }],
    ['an input that is no mapper', { orchestrator: child, input: 1 }],
    ['an async input', { orchestrator: child, input: async () => 1 }],
    ['an async id', { orchestrator: child, id: async () => 'x' }],
  ])('of a child run %s', (_, options) => {
    const [[code, path]] = faults(begun().run('s', options)) as [[string, string]];
    expect(['bad-option', 'unknown-key']).toContain(code);
    expect(path).toBe('t/s');
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['a number', 7],
    ['a track', track('x', { input: Any })],
    ['an empty object', {}],
    ['options without one', { input: () => 1 }],
    ['a function that answers with nothing', () => undefined],
    [
      'a function that throws',
      () => {
        throw new Error('not yet');
      },
    ],
  ])('that it is a run of %s', (_, given) => {
    expect(faults(begun().run('s', given)).map(([code]: string[]) => code)).toContain('bad-body');
  });

  test.each<[string, object | undefined]>([
    ['nothing', undefined],
    ['no name', { to: 'all' }],
    ['a long name', { signal: 'x'.repeat(201), to: 'all' }],
    ['nobody to send to', { signal: 'go' }],
    ['an id where a mapper is wanted', { signal: 'go', to: 'some' }],
    ['an async payload', { signal: 'go', to: 'all', payload: async () => 1 }],
    ['required that is no yes or no', { signal: 'go', to: 'all', required: 1 }],
  ])('of a signal step %s', (_, options) => {
    expect(faults(begun().signal('s', options))).toContainEqual(bad[0]);
  });

  test.each<[string, object | undefined]>([
    ['nothing', undefined],
    ['an empty name', { event: '' }],
    ['a long name', { event: 'x'.repeat(201) }],
    ['data that is no mapper', { event: 'x', data: 1 }],
  ])('of an emit step %s', (_, options) => {
    expect(faults(begun().emit('s', options))).toEqual(bad);
  });

  test('of a sleep an async mapper, and an unknown key', () => {
    expect(faults(begun().sleep('s', { until: async () => 1 }))).toEqual(bad);
    expect(faults(begun().sleep('s', { for: async () => 1 }))).toEqual(bad);
    expect(faults(begun().sleep('s', { for: 'long' }))).toEqual(bad);
    expect(faults(begun().sleep('s', { for: () => 1, until: 1 }))).toEqual(bad);
    expect(faults(begun().sleep('s', { untill: 1 })).map(([code]: string[]) => code)).toContain('unknown-key');
  });

  test('all of them at once, also from a document', () => {
    const made = defineTrack({
      name: 't',
      tasks: [
        { run: undefined, name: 'a' },
        { signal: '', name: 'b', to: 'all' },
        { emit: '', name: 'c' },
        { sleep: { until: 'soon' }, name: 'd' },
        { sleep: '1h', name: 'e', till: 1 },
      ],
    } as never);
    expect(faults(made)).toEqual([
      ['bad-body', 't/a'],
      ['bad-option', 't/b'],
      ['bad-option', 't/c'],
      ['bad-option', 't/d'],
      ['unknown-key', 't/e'],
    ]);
  });
});

const steps = begun()
  .run('a', child)
  .run('b', { orchestrator: () => child, detach: true, depth: 3 })
  .signal('c', { signal: 'go', to: 'all', required: true })
  .emit('d', { event: 'told' })
  .sleep('e', { until: '2030-01-01T00:00:00Z' })
  .sleep('f', { until: () => 1 })
  .sleep('g', { for: () => 1 })
  .sleep('h', { for: '1h' });
const document = defineTrack({
  name: 't',
  input: Any,
  tasks: [
    { run: child, name: 'a' },
    { run: () => child, name: 'b', detach: true, depth: 3 },
    { signal: 'go', name: 'c', to: 'all', required: true },
    { emit: 'told', name: 'd' },
    { sleep: { until: '2030-01-01T00:00:00Z' }, name: 'e' },
    { sleep: { until: () => 1 }, name: 'f' },
    { sleep: { for: () => 1 }, name: 'g' },
    { sleep: { for: '1h' }, name: 'h' },
  ],
});

test.each([
  ['a builder', steps],
  ['a document', document],
])(
  'of %s runs are pinned to the orchestrator of a child and its version, to signals, events and instants',
  (_, made) => {
    const flow: AnyOrchestrator = orchestrator('flow', head).track('t', made);
    expect(structureOf(planOf(flow)).lines.slice(2)).toEqual([
      't/a | run | a | runs "child" version "7"',
      't/b | run | b | after a | runs "child" version "7" | detached | depth 3',
      't/c | signal | c | after b | sends signal "go", which has to be taken',
      't/d | emit | d | after c | tells "told"',
      't/e | sleep | e | after d | concurrency 1 | until 2030-01-01T00:00:00.000Z',
      't/f | sleep | f | after e | concurrency 1 | until it is told',
      't/g | sleep | g | after f | concurrency 1 | for as long as it is told',
      't/h | sleep | h | after g | concurrency 1 | for 1h',
    ]);
  },
);

test('a document runs as what the builder makes does', async () => {
  const made = defineTrack({
    name: 't',
    input: Any,
    tasks: [
      { run: child, name: 'a', input: ({ input }) => input },
      { signal: 'go', name: 'b', to: () => 'nobody' },
      { emit: 'told', name: 'c', data: ({ outputs }) => outputs.a },
      { sleep: { until: '2020-01-01' }, name: 'd' },
    ],
    output: ({ outputs }) => [outputs.a, outputs.b, outputs.c],
  });
  const flow = orchestrator('flow', head).track('t', made);
  await using box = await createSignalbox({ orchestrators: [flow], logger: () => {} });
  expect(await (await box.start(flow, { input: 1 })).result()).toEqual({
    t: [{ t: null }, { accepted: 0, buffered: 0, refused: 0 }, null],
  });
});

test('a faulty child is told when the box is made', async () => {
  const faulty = orchestrator('faulty', { ...head, concurrency: 0 });
  const flow = orchestrator('flow', head).track('t', begun().run('s', faulty));
  await expect(createSignalbox({ orchestrators: [flow] })).rejects.toBeInstanceOf(DefinitionInvalid);
});
