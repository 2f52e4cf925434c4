import { describe, expect, test } from 'vitest';
import { defineOrchestrator, defineTrack, orchestrator, track } from '../../src/dsl/index.ts';
import { charge, faultList, faultText, Nothing, Order, ping, reserve, untyped } from './fixtures.ts';

const registry = { reserve, charge, ping };

describe("a track's document", () => {
  test('gives the definition that the builder gives (P1, P2)', () => {
    const toHold = ({ input }: { input: { id: string } }) => ({ id: input.id });
    const made = defineTrack({
      name: 'payment',
      input: Order,
      registry,
      tasks: ['ping', { task: 'reserve', input: toHold }, { task: ping, name: 'again' }],
    });
    const built = track('payment', { input: Order })
      .step('ping', ping)
      .step('reserve', reserve, toHold)
      .step('again', ping);

    expect(made.definition).toEqual(built.definition);
    expect(faultList(made)).toEqual([]);
  });

  test('may hold the tasks themselves and needs no registry then', () => {
    const inner = track('inner', { input: Nothing }).step('p', ping);
    const made = defineTrack({ name: 't', tasks: [ping, { task: inner }] });

    expect(made.definition.steps.map(({ name, body }) => [name, body])).toEqual([
      ['ping', ping.definition],
      ['inner', inner.definition],
    ]);
  });

  test('of no tasks is an empty track (P37)', () => {
    expect(faultList(defineTrack({ name: 't', tasks: [] }))).toEqual([]);
  });

  test('reports a name that the registry does not have, with the nearest one (S3)', () => {
    const made = defineTrack(untyped({ name: 't', registry, tasks: ['resreve', { task: 'pay', name: 'p' }] }));

    expect(faultList(made)).toEqual(['unknown-reference t/resreve', 'unknown-reference t/p']);
    expect(faultText(made)).toContain(
      'is called "resreve". Known tasks: reserve, charge, ping. Did you mean "reserve"?',
    );
    expect(faultText(made)).toContain('is called "pay".');
  });

  test('does not take what every object has for a task', () => {
    expect(faultList(defineTrack(untyped({ name: 't', registry, tasks: ['toString'] })))).toEqual([
      'unknown-reference t/toString',
    ]);
  });

  test.each([
    [{ tasks: ['ping'], steps: [] }, 'unknown-key t'],
    [{ tasks: [{ task: 'ping', inputMapper: () => 1 }] }, 'unknown-key t/ping'],
    [{ tasks: 'ping' }, 'bad-option t'],
    [{ tasks: [{ task: 7, name: 'x' }] }, 'bad-body t/x'],
    [{ tasks: ['ping', 'ping'] }, 'duplicate-name t/ping'],
  ])('of %o is faulty (P1)', (document, fault) => {
    expect(faultList(defineTrack(untyped({ name: 't', registry, ...document })))).toEqual([fault]);
  });
});

describe("an orchestrator's document", () => {
  const head = { name: 'o', version: '1', input: Nothing } as const;
  const one = track('one', { input: Nothing }).step('p', ping);
  const two = track('two', { input: Nothing }).step('p', ping);

  test('gives the definition that the builder gives (P14)', () => {
    const made = defineOrchestrator({
      ...head,
      tracks: { one, two },
      dependencies: { two: ['one'] },
      onFailure: 'continue',
    });
    const built = orchestrator('o', { version: '1', input: Nothing, onFailure: 'continue' })
      .track('one', one)
      .track('two', two, { after: ['one'] });

    expect(made.definition).toEqual(built.definition);
  });

  test('may list its tracks, each under its own name', () => {
    const made = defineOrchestrator({ ...head, tracks: [one, two], dependencies: { one: ['two'] } });

    expect(made.definition.tracks.map(({ name, after }) => [name, after])).toEqual([
      ['one', ['two']],
      ['two', []],
    ]);
    expect(faultList(made)).toEqual([]);
  });

  test('keeps the mapping of each track (P25)', () => {
    const mapper = () => ({});
    const made = defineOrchestrator({ ...head, tracks: { one, two }, inputMappings: { two: mapper } });

    expect(made.definition.tracks.map(({ input }) => input)).toEqual([undefined, mapper]);
  });

  test.each([
    [{ dependencies: { tow: ['one'] } }, 'unknown-reference o/tow', 'Did you mean "two"?'],
    [{ dependencies: { two: ['noe'] } }, 'unknown-reference o/two', 'Did you mean "one"?'],
    [{ inputMappings: { three: () => ({}) } }, 'unknown-reference o/three', 'Known tracks: one, two.'],
    [{ dependencies: ['one'] }, 'bad-option o', 'takes an object by name of track'],
    [{ trackDependencies: {} }, 'unknown-key o', 'Known keys: name, version'],
    [{ tracks: 'one' }, 'bad-option o', 'takes tracks by name, or a list'],
    [{ tracks: [one, one] }, 'duplicate-name o/one', 'rename one of them'],
    [{ dependencies: { one: ['one'] } }, 'self-dependency o/one', 'waits for itself'],
  ])('of %o is faulty (S3)', (document, fault, text) => {
    const made = defineOrchestrator(untyped({ ...head, tracks: { one, two }, ...document }));

    expect(faultList(made)).toEqual([fault]);
    expect(faultText(made)).toContain(text);
  });
});
