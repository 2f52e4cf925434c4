/** Mappers as data (P161): which path reads what, what stands there if it leads nowhere, and what cannot be said. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MappingMissing } from '../src/errors/index.ts';
import { mapping, mappingFaults, namesReadBy } from '../src/mapping.ts';
import { pathIn, pathText } from '../src/paths.ts';
import { facts, untyped } from './dsl/fixtures.ts';

const told = facts({
  input: {
    id: '17',
    note: null,
    lines: [{ sku: 'a' }, { sku: 'b' }],
    'a.b': { 'it is': true },
    value: 1,
    from: 'here',
  },
  outputs: { hold: { id: 'h-17', cents: 0 }, gone: null, 'first step': 'first' },
  previous: { last: true },
});

const made = (data: unknown, from: object = told): unknown => mapping(untyped(data))(from);
const problems = (data: unknown): readonly string[] =>
  mappingFaults(mapping(untyped(data))).map(({ code, message }) => `${code}: ${message}`);

function thrownBy(data: unknown, from: object = told): unknown {
  try {
    return { made: made(data, from) };
  } catch (thrown) {
    return thrown;
  }
}

describe('a path reads', () => {
  test.each<[string, unknown]>([
    ['$.input.id', '17'],
    ['$.outputs.hold', { id: 'h-17', cents: 0 }],
    ['$.outputs.hold.cents', 0],
    ['$.input.lines[1].sku', 'b'],
    ["$['input']['lines'][0]['sku']", 'a'],
    ['$.input["a.b"]["it is"]', true],
    ["$.outputs['first step']", 'first'],
    ['$.previous.last', true],
    ['$.run.id', 'run-1'],
    // Null is a value like any other: it is there.
    ['$.input.note', null],
    ['$.outputs.gone', null],
  ])('%s, as it stands there (P161)', (path, value) => {
    expect(made(path)).toEqual(value);
    expect(made({ from: path })).toEqual(value);
    expect(made({ from: path.replace(/^\$\.?/, ''), or: { value: 'not this' } })).toEqual(value);
  });

  test.each([
    'input[7]',
    'input.lines.length',
    'input.lines.0',
    'input.id.length',
    'input.note.text',
    'outputs.gone.id',
    'outputs.toString',
    'outputs.constructor.name',
    'outputs.__proto__',
    'outputs.hold.__proto__.constructor',
    'item.sku',
  ])('nothing at %s: what is inherited, or stands below a null, is not there (P161)', (path) => {
    expect(thrownBy({ from: path })).toMatchObject({ code: 'mapping-missing' });
    expect(made({ from: path, or: { value: 'instead' } })).toBe('instead');
  });

  test('own fields whatever they are called, and nothing that is undefined (P161)', () => {
    const odd = facts({ input: JSON.parse('{"__proto__": {"x": 1}, "constructor": 2}') });
    expect(made({ __proto__: null, x: '$.input.__proto__.x', y: '$.input.constructor' }, odd)).toEqual({ x: 1, y: 2 });
    const answer = made(JSON.parse('{"__proto__": "$.input.constructor"}'), odd) as object;
    expect(Object.entries(answer)).toEqual([['__proto__', 2]]);
    expect(Object.getPrototypeOf(answer)).toBe(Object.prototype);
    expect(thrownBy('$.input.x', facts({ input: untyped({ x: undefined }) }))).toBeInstanceOf(MappingMissing);
    expect(thrownBy('$.outputs[0]', facts({ outputs: untyped([undefined]) }))).toBeInstanceOf(MappingMissing);
  });
});

describe('what leads nowhere', () => {
  test.each<[string, unknown, unknown]>([
    ['nothing said', { from: 'outputs.hold.no' }, 'mapping-missing'],
    ["or: 'fail'", { from: 'outputs.hold.no', or: 'fail' }, 'mapping-missing'],
    ["or: 'previous'", { from: 'outputs.hold.no', or: 'previous' }, { last: true }],
    ['or: a value', { from: 'outputs.hold.no', or: { value: 7 } }, 7],
    ['or: null', { from: 'outputs.hold.no', or: { value: null } }, null],
    ['or: a value that looks like a path', { from: 'outputs.hold.no', or: { value: '$.input.id' } }, '$.input.id'],
    ['or: a value with a field', { from: 'outputs.hold.no', or: { value: { from: 'x' } } }, { from: 'x' }],
    ['null, which is there', { from: 'input.note', or: { value: 'not this' } }, null],
    ['zero, which is there', { from: 'outputs.hold.cents', or: 'previous' }, 0],
  ])('with %s (P161)', (_, data, expected) => {
    const one = thrownBy(data);
    expect((one as { code?: string }).code ?? (one as { made: unknown }).made).toEqual(expected);
    if (expected !== 'mapping-missing') expect(made({ a: [data] })).toEqual({ a: [expected] });
  });

  test('falls back to the null that is previous where nothing came before, and fails where there is no such thing (P161)', () => {
    const data = { from: 'outputs.no', or: 'previous' };
    expect(made(data, facts({}))).toBeNull();
    const { previous: _, ...without } = facts({});
    expect(thrownBy(data, without)).toBeInstanceOf(MappingMissing);
  });

  test.each([
    ['outputs.hold.idd', 'outputs.hold', '"outputs.hold" has no "idd" (did you mean "id"?)'],
    ['outputs.gone.id', 'outputs.gone', '"outputs.gone" is null'],
    ['input.id.x', 'input.id', '"input.id" is a string'],
    ['input.lines[2].sku', 'input.lines', '"input.lines" is a list of 2, and has no [2]'],
    ['input.lines.sku', 'input.lines', '"input.lines" is a list, whose items go by their number: [0]'],
    ['input[0]', 'input', '"input" is no list, and has no [0]'],
    ['item', '', 'what this mapper is told has no "item"'],
  ])('is told as far as the path goes: %s (P161)', (path, stop, words) => {
    const error = thrownBy({ from: path }) as MappingMissing;
    expect(error.fields).toEqual({ path, stop });
    expect(error.message).toContain(words);
  });
});

describe('what is no path', () => {
  test('stands for itself, at any depth, and cannot be changed afterwards (P161)', () => {
    const data = { to: 'EUR', n: [1, { deep: '$.input.id', flag: true }], price: '$5', nothing: null };
    const mapper = mapping(data);
    data.to = 'USD';
    (data.n[1] as { deep: string }).deep = '$.input.note';
    expect(mapper(told)).toEqual({ to: 'EUR', n: [1, { deep: '17', flag: true }], price: '$5', nothing: null });
  });

  test('may be fields called "value", "or" and "from" (P161)', () => {
    expect(made({ value: '$.input.value' })).toEqual({ value: 1 });
    expect(made({ or: 'previous' })).toEqual({ or: 'previous' });
    expect(made({ from: { from: 'input.from' }, to: 1 })).toEqual({ from: 'here', to: 1 });
  });
});

describe('a mapping that cannot be read', () => {
  const cases: readonly (readonly [unknown, string])[] = [
    [
      'outputs.hold',
      'bad-option: A mapping is an object, a list or a path like "$.outputs.hold.id"; got "outputs.hold". A path begins with "$."',
    ],
    [undefined, 'bad-option: A mapping is an object, a list or a path'],
    [5, 'bad-option: A mapping is an object, a list or a path'],
    [new Date(0), 'bad-option: The mapping is not JSON: it is an instance of Date'],
    [{ a: () => 1 }, 'bad-option: The mapping is not JSON: "a" is a function'],
    ['$.', 'bad-option: The path "$." leads nowhere: it cannot be read from "."'],
    [{ from: '' }, 'bad-option: The path "" leads nowhere: it names nothing'],
    [{ from: '$' }, 'bad-option: The path "$" leads nowhere: it cannot be read from "$"'],
    [{ from: '.input' }, 'cannot be read from ".input" on (character 1)'],
    [{ from: 'input..id' }, 'cannot be read from "..id" on (character 6)'],
    [{ from: 'input.' }, 'cannot be read from "." on (character 6)'],
    [{ from: 'input.*' }, 'cannot be read from ".*" on'],
    [{ from: 'input[*]' }, 'cannot be read from "[*]" on'],
    [{ from: 'input[-1]' }, 'cannot be read from "[-1]" on'],
    [{ from: 'input[01]' }, 'cannot be read from "[01]" on'],
    [{ from: 'input[?(@.x)]' }, 'cannot be read from "[?(@.x)]" on'],
    [{ from: 'input[0]x' }, 'cannot be read from "x" on (character 9)'],
    [{ from: 'input.[0]' }, 'cannot be read from ".[0]" on'],
    [{ from: 'input id' }, 'cannot be read from " id" on'],
    [{ from: "input['a]" }, `cannot be read from "['a]" on`],
    [{ from: `input.${'x'.repeat(1_000)}` }, 'it has 1006 characters, and 1000 are allowed'],
    [
      { from: 'process.env' },
      'unknown-reference: The path "process.env" begins with "process", and no mapper is told of that. Known facts: input, outputs',
    ],
    ['$.outptus.x', 'Did you mean "outputs"?'],
    [{ from: '[0].x' }, 'begins with 0'],
    [
      { from: 'input.id', orr: 1 },
      'unknown-key: An object whose "from" is a text is a path, and cannot have "orr". Known keys: from, or. Did you mean "or"?',
    ],
    [
      { from: 'input.id', or: 'prevous' },
      `Option "or" cannot be "prevous": it takes 'fail', 'previous' or { value: … }. Did you mean "previous"?`,
    ],
    [{ from: 'input.id', or: null }, 'Option "or" cannot be null'],
    [{ from: 'input.id', or: { value: 1, values: 2 } }, 'Option "or" cannot be'],
    [{ from: 'input.id', or: {} }, 'Option "or" cannot be'],
  ];
  test.each(cases.map(([data, message]) => [message, data] as const))(
    'is told, and never called: %s (P161)',
    (message, data) => {
      expect(problems(data)).toEqual([expect.stringContaining(message)]);
      expect(thrownBy(data)).toMatchObject({ code: 'option-invalid' });
    },
  );

  test('is told with all that is wrong with it, and with what it reads (P161)', () => {
    const mapper = mapping({
      a: '$.x.y',
      b: { from: 'input.', or: 'no' },
      c: '$.outputs.hold.id',
      d: ['$.outputs.hold', '$.outputs[0]'],
    });
    expect(mappingFaults(mapper).map(({ code }) => code)).toEqual(['unknown-reference', 'bad-option', 'bad-option']);
    expect(namesReadBy([mapper, undefined, () => 1])).toEqual(['hold']);
    expect(mappingFaults(() => 1)).toEqual([]);
  });

  test('throws nothing at whoever says it, whatever that is (P161)', () => {
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    const trap = {
      get a(): never {
        throw new Error('gotcha');
      },
    };
    const proxy = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('no keys');
        },
      },
    );
    let deep: unknown = 1;
    for (let depth = 0; depth < 10_000; depth += 1) deep = { deep };
    for (const data of [cycle, trap, proxy, deep, Symbol('x'), 10n, Number.NaN, new Map()])
      expect(problems(data)).toHaveLength(1);
    expect(problems(trap)).toEqual(['bad-option: gotcha']);
    fc.assert(fc.property(fc.anything(), (data) => void problems(data)));
  });
});

test('any path of names and numbers can be written, and is read as what it was (P161)', () => {
  const name = fc.string({ minLength: 1, maxLength: 8 }).filter((each) => !each.includes("'"));
  fc.assert(
    fc.property(fc.array(fc.oneof(name, fc.nat(999_999_999)), { minLength: 1, maxLength: 6 }), (path) => {
      expect(pathIn(pathText(path))).toEqual(path);
      expect(pathIn(`$${pathText(path).replace(/^(?!\[)/, '.')}`)).toEqual(path);
    }),
  );
  fc.assert(fc.property(fc.string(), (text) => void pathIn(text)));
});
