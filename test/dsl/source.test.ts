/** Where a fault was defined: the user's file and line, whatever built the definition. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  type AnyOrchestrator,
  assertValid,
  compositeTrack,
  defineOrchestrator,
  defineTrack,
  faultsOf,
  orchestrator,
  task,
  track,
} from '../../src/dsl/index.ts';
import { DefinitionInvalid } from '../../src/errors/index.ts';
import { Nothing, Order, ping, untyped } from './fixtures.ts';

const text = readFileSync(fileURLToPath(import.meta.url), 'utf8').split('\n');
/** The line on which this word is a comment at the end. */
const lineOf = (word: string) => `test/dsl/source.test.ts:${text.findIndex((line) => line.endsWith(`// ${word}`)) + 1}`;

const sourcesOf = ({ definition }: { definition: AnyOrchestrator['definition'] }) =>
  Object.fromEntries(faultsOf(definition).map(({ code, path, source }) => [`${code} ${path}`, source]));

const prepare = Error.prepareStackTrace;
const limit = Error.stackTraceLimit;
afterEach(() => {
  Error.prepareStackTrace = prepare;
  Error.stackTraceLimit = limit;
});

test('each fault names the line where its task, track, step or orchestrator was defined (S3)', () => {
  const bad = task('bad', untyped({ input: Nothing })); // task
  const inner = track('inner', { input: Order })
    .step('a/b', ping) // step
    .step('bad', bad)
    .sleep('nap', 'soon') // sleep
    .wait('w', { signal: '' }); // wait
  const both = compositeTrack('both', untyped({ tracks: { one: ping }, strategy: 'fastest' })); // composite
  const document = defineTrack(untyped({ name: 'doc', tasks: ['nobody'] })); // document
  const whole = orchestrator('whole', untyped({ version: '', input: Order })) // orchestrator
    .track('inner', inner, { input: ({ input }) => input })
    .track('both', untyped(both), untyped({ after: ['nobody'] })) // track
    .track('document', document);

  expect(sourcesOf(whole)).toEqual({
    'bad-option whole': lineOf('orchestrator'),
    'bad-name whole/inner/a/b': lineOf('step'),
    'bad-schema whole/inner/bad': lineOf('task'),
    'bad-option whole/inner/nap': lineOf('sleep'),
    'bad-option whole/inner/w': lineOf('wait'),
    'unknown-reference whole/both': lineOf('track'),
    'bad-option whole/both': lineOf('composite'),
    'unknown-reference whole/document/nobody': lineOf('document'),
  });
});

test('cycles are told with the document that has them, and its line', () => {
  const tracks = { a: track('a', { input: Nothing }), b: track('b', { input: Nothing }) };
  const dependencies = { a: ['b'], b: ['a'] };
  const round = defineOrchestrator(untyped({ name: 'r', version: '1', input: Nothing, tracks, dependencies })); // round
  expect(sourcesOf(round as AnyOrchestrator)).toEqual({ 'cycle r': lineOf('round') });
});

test('the error has it under each fault', () => {
  const faulty = orchestrator('', { version: '1', input: Order }); // nameless
  let thrown: unknown;
  try {
    assertValid(faulty.definition);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(DefinitionInvalid);
  expect((thrown as Error).message).toContain(`[bad-name]\n    defined at ${lineOf('nameless')}`);
});

describe('a definition is made all the same, and its fault is told without a place,', () => {
  const made = () => sourcesOf(orchestrator('', { version: '1', input: Order }));

  test('if a hook that turns traces into text throws', () => {
    Error.prepareStackTrace = () => {
      throw new Error('hook');
    };
    expect(made()).toEqual({ 'bad-name [0]': undefined });
  });

  test('if it answers with something else', () => {
    Error.prepareStackTrace = () => [];
    expect(made()).toEqual({ 'bad-name [0]': undefined });
  });
});

test('the length of other traces stays as it was', () => {
  Error.stackTraceLimit = 7;
  track('t', { input: Order }).step('p', ping);
  expect(Error.stackTraceLimit).toBe(7);
});

test('whoever defines thousands within a second gets no places for the last of them, and has them again after it', () => {
  const start = performance.now();
  const now = vi.spyOn(performance, 'now').mockReturnValue(start);
  onTestFinished(() => now.mockRestore());
  const made = () => Object.values(sourcesOf(orchestrator('', { version: '1', input: Order })));
  // What is left of the second before, and then all of this one.
  for (let each = 0; each < 40_000; each += 1) task('t', { input: Order, output: Order });
  expect(made()).toEqual([undefined]);

  now.mockReturnValue(start + 1_001);
  expect(made()).toEqual([expect.stringMatching(/^test\/dsl\/source\.test\.ts:\d+$/)]);
});
