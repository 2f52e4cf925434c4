import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AnyDefinition, TrackDefinition } from '../../src/definition.ts';
import { assertValid, defineOrchestrator, faultsOf, orchestrator, task, track } from '../../src/dsl/index.ts';
import { DefinitionInvalid } from '../../src/errors/index.ts';
import { charge, faultList, faultText, Nothing, ping, untyped } from './fixtures.ts';

const empty = orchestrator('o', { version: '1', input: Nothing });

/** An orchestrator of `names`, where `dependencies` says who waits for whom. */
const graph = (names: readonly string[], dependencies: { readonly [name: string]: readonly string[] }) =>
  defineOrchestrator(
    untyped({
      name: 'o',
      version: '1',
      input: Nothing,
      tracks: Object.fromEntries(names.map((name) => [name, ping])),
      dependencies,
    }),
  );

const cyclesOf = (source: { readonly definition: AnyDefinition }) =>
  faultsOf(source.definition)
    .filter(({ code }) => code === 'cycle')
    .map(({ message }) => /: (\S+( → \S+)+)\. /.exec(message)?.[1]);

describe('names', () => {
  test.each([
    ['', 'it is empty'],
    ['a/b', 'separates the segments of a path'],
    ['a#1', 'separates the path from the attempt'],
    ['a\nb', 'a control character'],
    ['a\u0085b', 'a control character'],
    ['~output', 'belong to the engine'],
    ['__proto__', 'JavaScript keeps it for itself'],
    ['n'.repeat(201), 'it has 201 characters and 200 are allowed'],
    [7, 'it is not a string'],
    [undefined, 'it is not a string'],
  ])('%j cannot name a step, a task or an orchestrator (S3)', (name, reason) => {
    const step = untyped(track('t', { input: Nothing })).step(name, ping);
    const own = task(untyped(name), { input: Nothing, output: Nothing });
    const whole = orchestrator(untyped(name), { version: '1', input: Nothing });

    for (const made of [step, own, whole]) {
      expect(faultsOf(made.definition).map(({ code }) => code)).toEqual(['bad-name']);
      expect(faultText(made)).toContain(reason);
    }
  });

  test.each(['constructor', 'toString', 'a b', 'größe', '注文', 'a~b', 'n'.repeat(200)])(
    '%s is a name like any other',
    (name) => {
      expect(faultList(empty.track(name, ping))).toEqual([]);
    },
  );

  test('of two steps must differ, and so must those of two tracks (P15)', () => {
    const twice = track('t', { input: Nothing }).step('a', ping).step('b', ping).step(untyped('a'), ping);

    expect(faultList(twice)).toEqual(['duplicate-name t/a']);
    expect(faultText(twice)).toContain('number 1 and number 3');
    expect(faultList(empty.track('a', ping).track(untyped('a'), ping))).toEqual(['duplicate-name o/a']);
  });

  test('of two different tasks must differ, because bodies are bound by name', () => {
    const other = task('ping', { input: Nothing, output: Nothing });
    const made = empty
      .track('a', ping)
      .track('b', track('b', { input: Nothing }).step('x', other))
      .track('c', ping);

    expect(faultList(made)).toEqual(['duplicate-name o/b/x']);
    expect(faultText(made)).toContain('the one at o/a');
  });
});

describe('references', () => {
  test('to a track that does not exist name it, list the others and guess (P45)', () => {
    const made = untyped(empty.track('payment', ping)).track('b', ping, { after: ['paymnet'] });

    expect(faultList(made)).toEqual(['unknown-reference o/b']);
    expect(faultText(made)).toContain(
      'waits for "paymnet", which is no track of this orchestrator. Known tracks: payment, b. Did you mean "payment"?',
    );
  });

  test('to itself are a fault of their own and not a cycle (P14)', () => {
    const made = untyped(empty).track('a', ping, { after: ['a'] });

    expect(faultList(made)).toEqual(['self-dependency o/a']);
  });

  test('by a name alone lead nowhere without a registry', () => {
    const made = untyped(track('t', { input: Nothing })).step('a', 'ping');

    expect(faultList(made)).toEqual(['unknown-reference t/a']);
  });

  test.each([
    [undefined, 'got undefined (often a circular import).'],
    [{ name: 'x' }, 'got {"name":"x"}.'],
    [() => 1, 'the function'],
  ])('to %j are no body', (body, text) => {
    const made = untyped(track('t', { input: Nothing })).step('a', body);

    expect(faultList(made)).toEqual(['bad-body t/a']);
    expect(faultText(made)).toContain(text);
  });
});

describe('options', () => {
  test.each([
    [{ version: '' }, 'bad-option o'],
    [{ version: 1 }, 'bad-option o'],
    [{ input: undefined }, 'bad-schema o'],
    [{ onFailure: 'shrug' }, 'bad-option o'],
    [{ concurrency: 0 }, 'bad-option o'],
    [{ concurrency: 1.5 }, 'bad-option o'],
    [{ concurency: 2 }, 'unknown-key o'],
  ])('of an orchestrator cannot be %o (S3)', (options, fault) => {
    const made = orchestrator('o', untyped({ version: '1', input: Nothing, ...options }));

    expect(faultList(made)).toEqual([fault]);
  });

  test.each([
    [{ after: 'a' }, 'bad-option o/b'],
    [{ input: { id: 1 } }, 'bad-option o/b'],
    [{ input: async () => ({}) }, 'bad-option o/b'],
    [{ befor: ['a'] }, 'unknown-key o/b'],
  ])('of a track in an orchestrator cannot be %o (S3)', (options, fault) => {
    expect(faultList(untyped(empty.track('a', ping)).track('b', ping, options))).toEqual([fault]);
  });

  test('of a track have known keys only, and an output is a function (P1)', () => {
    const made = untyped(track('t', untyped({ input: Nothing, steps: [] }))).output('last');

    expect(faultList(made)).toEqual(['unknown-key t', 'bad-option t']);
  });
});

describe('cycles', () => {
  test('of two tracks are printed as a way round (P44)', () => {
    expect(cyclesOf(graph(['a', 'b'], { a: ['b'], b: ['a'] }))).toEqual(['a → b → a']);
  });

  test('that are long are printed whole, without what merely leads to them', () => {
    const made = graph(['start', 'a', 'b', 'c', 'end'], { a: ['b', 'start'], b: ['c'], c: ['a'], end: ['c'] });

    expect(cyclesOf(made)).toEqual(['a → b → c → a']);
  });

  test('that have nothing to do with each other are all found', () => {
    const made = graph(['a', 'b', 'c', 'd', 'e'], { a: ['b'], b: ['a'], c: ['a', 'd'], d: ['e'], e: ['d'] });

    expect(cyclesOf(made)).toEqual(['a → b → a', 'd → e → d']);
  });

  test('can be written with the builder by whoever goes past the types', () => {
    const made = untyped(empty)
      .track('a', ping, { after: ['b'] })
      .track('b', ping, { after: ['a'] });

    expect(faultList(made)).toEqual(['cycle o']);
  });

  test('are reported exactly when taking away what is ready leaves something over (P44)', () => {
    const graphs = fc
      .integer({ min: 1, max: 12 })
      .chain((size) =>
        fc.array(fc.array(fc.nat({ max: size - 1 }), { maxLength: 3 }), { minLength: size, maxLength: size }),
      );

    fc.assert(
      fc.property(graphs, (after) => {
        const others = after.map((list, node) => list.filter((other) => other !== node));
        const names = after.map((_, node) => `n${node}`);
        const made = graph(
          names,
          Object.fromEntries(others.map((list, node) => [`n${node}`, list.map((other) => `n${other}`)])),
        );
        const cycles = cyclesOf(made);

        expect(cycles.length > 0).toBe(leftOver(others) > 0);
        for (const cycle of cycles) {
          const way = cycle!.split(' → ').map((name) => Number(name.slice(1)));
          expect(way.at(0)).toBe(way.at(-1));
          expect(new Set(way).size).toBe(way.length - 1);
          for (const [at, node] of way.slice(0, -1).entries()) expect(others[node]).toContain(way[at + 1]);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('of 100,000 tracks are found without exhausting the stack', () => {
    const names = Array.from({ length: 100_000 }, (_, at) => `t${at}`);
    const made = graph(names, Object.fromEntries(names.map((name, at) => [name, [names[(at + 1) % names.length]!]])));

    expect(faultList(made)).toEqual(['cycle o']);
    expect(faultText(made)).toContain('t0 → t1 → ');
    expect(faultText(made)).toContain('… 99901 more …');
  });
});

/** How many nodes never become ready: Kahn's algorithm, the independent checker. */
function leftOver(after: readonly (readonly number[])[]): number {
  const waiting = after.map((others) => new Set(others));
  const done = new Set<number>();
  for (let before = -1; before !== done.size; ) {
    before = done.size;
    for (const [node, others] of waiting.entries()) if ([...others].every((other) => done.has(other))) done.add(node);
  }
  return after.length - done.size;
}

describe('the check as a whole', () => {
  test('reports everything at once, each at its place, a shared body once (S3)', () => {
    const broken = track('broken', { input: Nothing })
      .step('a/b', ping)
      .step('x', task('x', untyped({ input: Nothing })));
    const made = untyped(empty)
      .track('one', broken)
      .track('two', broken, { after: ['three'] })
      .track('two', ping, { after: ['two'] });

    expect(faultList(made)).toEqual([
      'duplicate-name o/two',
      'unknown-reference o/two',
      'self-dependency o/two',
      'bad-name o/one/a/b',
      'bad-schema o/one/x',
    ]);
  });

  test('throws one error that lists every fault', () => {
    const made = untyped(track('t', { input: Nothing }))
      .step('', ping)
      .step('a', undefined);

    expect(() => assertValid(made.definition)).toThrow(DefinitionInvalid);
    expect(() => assertValid(made.definition)).toThrow(/"t" has 2 faults.*t\/\[0\].*\[bad-name\].*t\/a.*\[bad-body\]/s);
    expect(() => assertValid(charge.definition)).not.toThrow();
  });

  test('is done once for a definition', () => {
    expect(faultsOf(ping.definition)).toBe(faultsOf(ping.definition));
  });

  test('finds a definition that contains itself', () => {
    const steps: unknown[] = [];
    const loop = untyped({ is: 'track', name: 'loop', input: undefined, steps, output: undefined }) as TrackDefinition;
    steps.push({ name: 'again', body: loop, input: undefined });

    expect(faultList({ definition: loop })).toEqual(['cycle loop/again']);
  });

  test('follows tracks ten thousand deep', () => {
    let deep = untyped(track('t', { input: Nothing })).step('a/b', ping);
    for (let depth = 0; depth < 10_000; depth += 1) deep = untyped(track('t', { input: Nothing })).step('x', deep);

    expect(faultsOf(deep.definition).map(({ code }) => code)).toEqual(['bad-name']);
  });
});
