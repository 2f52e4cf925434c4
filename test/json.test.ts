/** JSON at the borders (I10): what is copied, what is frozen, what is refused and where, and how large it may be (S33). */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NotJson, ValueTooLarge } from '../src/errors/index.ts';
import { canonicalText, DEFAULT_MAX_BYTES, type Json, sameJson, toJson } from '../src/json.ts';

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

function isDeeplyFrozen(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every(isDeeplyFrozen);
}

/** `levels` arrays inside each other. */
function nested(levels: number): unknown {
  let value: unknown = [];
  for (let level = 1; level < levels; level += 1) value = [value];
  return value;
}

function refusalOf(value: unknown): NotJson {
  try {
    toJson(value, 'input');
  } catch (error) {
    if (error instanceof NotJson) return error;
    throw error;
  }
  throw new Error('It was taken for JSON.');
}

describe('a copy', () => {
  test('is deeply frozen and shares nothing with what was given (I10)', () => {
    const given = { lines: [{ qty: 1 }, { qty: 2 }], note: null };
    const copy = toJson(given, 'input');

    given.lines[0]!.qty = 99;
    given.lines.push({ qty: 3 });

    expect(copy).toEqual({ lines: [{ qty: 1 }, { qty: 2 }], note: null });
    expect(isDeeplyFrozen(copy)).toBe(true);
  });

  test('says what JSON.stringify says, for any JSON value (I10)', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const copy = toJson(value, 'input');
        expect(JSON.stringify(copy)).toBe(JSON.stringify(value));
        expect(sameJson(copy, JSON.parse(JSON.stringify(value)) as Json)).toBe(true);
        expect(isDeeplyFrozen(copy)).toBe(true);
      }),
    );
  });

  test('of a copy is equal to it', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const copy = toJson(value, 'input');
        expect(sameJson(toJson(copy, 'input'), copy)).toBe(true);
      }),
    );
  });

  test('of -0 is the same JSON as 0', () => {
    expect(Object.is(toJson(-0, 'input'), 0)).toBe(true);
    const { list } = toJson({ list: [-0] }, 'input') as { list: number[] };
    expect(Object.is(list[0], 0)).toBe(true);
  });

  test('of undefined is null, and a property that is undefined is left out', () => {
    expect(toJson(undefined, 'input')).toBe(null);
    const copy = toJson({ a: 1, b: undefined }, 'input') as object;
    expect(Object.keys(copy)).toEqual(['a']);
  });

  test('of an object without a prototype is a plain object', () => {
    const bare = Object.assign(Object.create(null) as object, { a: 1 });
    expect(Object.getPrototypeOf(toJson(bare, 'input'))).toBe(Object.prototype);
  });

  test('keeps a key called __proto__ as data, and nobody inherits from it', () => {
    const copy = toJson(JSON.parse('{"__proto__": {"admin": true}, "a": 1}'), 'input') as { admin?: boolean };

    expect(copy.admin).toBe(undefined);
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
    expect(JSON.stringify(copy)).toBe('{"__proto__":{"admin":true},"a":1}');
    expect(isDeeplyFrozen(copy)).toBe(true);
    expect(({} as { admin?: boolean }).admin).toBe(undefined);
  });

  test('leaves out what JSON.stringify leaves out: symbols, hidden keys, names on a list', () => {
    const given = { a: 1, [Symbol('s')]: 2 };
    Object.defineProperty(given, 'hidden', { value: 3, enumerable: false });
    const list = Object.assign([1, 2], { total: 3 });

    expect(JSON.stringify(toJson(given, 'input'))).toBe('{"a":1}');
    expect(JSON.stringify(toJson(list, 'input'))).toBe('[1,2]');
  });

  test('reads a getter once', () => {
    let reads = 0;
    const given = {
      get count() {
        reads += 1;
        return reads;
      },
    };

    expect(toJson(given, 'input')).toEqual({ count: 1 });
    expect(reads).toBe(1);
  });
});

describe('what is not JSON is refused with its path (I10):', () => {
  class Money {
    readonly cents = 1;
  }

  test.each<[string, unknown, string]>([
    ['a function', () => 1, 'a function'],
    ['a symbol', Symbol('mark'), 'a symbol'],
    ['a bigint', 10n, 'a bigint'],
    ['NaN', Number.NaN, 'the number NaN'],
    ['Infinity', Number.POSITIVE_INFINITY, 'the number Infinity'],
    ['-Infinity', Number.NEGATIVE_INFINITY, 'the number -Infinity'],
    ['a date', new Date(0), 'an instance of Date'],
    ['a map', new Map(), 'an instance of Map'],
    ['a regular expression', /a/, 'an instance of RegExp'],
    ['an error', new Error('no'), 'an instance of Error'],
    ['bytes', new Uint8Array(2), 'an instance of Uint8Array'],
    ['a promise', Promise.resolve(1), 'an instance of Promise'],
    ['a boxed number', Object(1), 'an instance of Number'],
    ['an instance of a class', new Money(), 'an instance of Money'],
  ])('%s', (_, value, found) => {
    const error = refusalOf({ lines: [1, { at: value }] });

    expect(error.code).toBe('value-not-json');
    expect(error.fields).toMatchObject({ what: 'input', path: 'lines[1].at', found });
    expect(error.message).toBe(
      `The input is not JSON: "lines[1].at" is ${found}. Give plain objects, arrays, strings, finite numbers, booleans or null.`,
    );
  });

  test('undefined in a list, which JSON would turn into null', () => {
    expect(refusalOf({ list: [1, undefined] }).fields).toMatchObject({ path: 'list[1]', found: 'undefined' });
  });

  test('a hole in a list', () => {
    // biome-ignore lint/suspicious/noSparseArray: the point
    expect(refusalOf([1, , 3]).fields).toMatchObject({ path: '[1]', found: 'undefined' });
  });

  test('the value itself, which needs no path', () => {
    expect(refusalOf(() => 1).message).toContain('The input is not JSON: it is a function.');
  });

  test('a cycle, with the end of the way to it', () => {
    const cycle: { next?: unknown } = {};
    cycle.next = cycle;
    const error = refusalOf(cycle);

    expect(error.fields.found).toBe('nested deeper than 500 levels (a cycle?)');
    expect(error.fields.path).toMatch(/^\(\.\.\.\)(\.next){21}$/);
  });

  test('whatever is deeper than 500 levels; 500 are taken', () => {
    expect(bytesOf(toJson(nested(500), 'input'))).toBe(1_000);
    expect(refusalOf(nested(501)).fields.found).toContain('500 levels');
    expect(() => toJson(nested(100_000), 'input')).toThrow(NotJson);
  });

  test('a long value, of which the fields keep a hundred characters', () => {
    expect(refusalOf({ big: 10n ** 200n }).fields.value).toBe(`1${'0'.repeat(99)}`);
  });

  test('an instance of a class without a name', () => {
    expect(refusalOf({ a: new (class {})() }).fields.found).toBe('an instance of a class');
  });
});

describe('the size (S33)', () => {
  test('is counted in bytes of UTF-8, to the byte', () => {
    const fits = 'ü'.repeat(49); // 98 bytes and two quotes
    expect(toJson(fits, 'input', 100)).toBe(fits);
    expect(() => toJson(`${fits}a`, 'input', 100)).toThrow(
      new ValueTooLarge({ what: 'input', bytes: 101, maxBytes: 100 }),
    );
  });

  test.each([
    ['escaped characters', '\u0001\n"\\'.repeat(20)],
    ['lone surrogates', '\ud800'.repeat(20)],
    ['pairs of surrogates', '🚂'.repeat(20)],
    ['nulls in a list', Array.from({ length: 50 }, () => null)],
    ['nulls by name', { a: null, b: null, c: null }],
    ['long numbers', [-1.7976931348623157e308, 0.1 + 0.2]],
    ['long keys', { ['ключ'.repeat(20)]: true }],
  ])('counts %s as JSON writes them', (_, value) => {
    const bytes = bytesOf(value);

    expect(() => toJson(value, 'input', bytes)).not.toThrow();
    expect(() => toJson(value, 'input', bytes - 1)).toThrow(ValueTooLarge);
  });

  test('may be exactly the bound, and not a byte more, for any value', () => {
    const sized = fc.jsonValue().filter((value) => value !== null && typeof value !== 'boolean');
    fc.assert(
      fc.property(sized, (value) => {
        const bytes = bytesOf(value);
        expect(() => toJson(value, 'input', bytes)).not.toThrow();
        expect(() => toJson(value, 'input', bytes - 1)).toThrow(ValueTooLarge);
      }),
    );
  });

  test('is bounded at 1 MiB unless told otherwise; the error has the size and the way out', () => {
    const most = 'a'.repeat(DEFAULT_MAX_BYTES - 2);
    expect(toJson(most, 'input')).toBe(most);
    expect(() => toJson(`${most}a`, 'output of task "list"')).toThrow(
      'The output of task "list" has 1048577 bytes of JSON; at most 1048576 are kept. Store it elsewhere and hand on a reference, or raise createSignalbox({ maxValueBytes }).',
    );
    expect(toJson(`${most}a`, 'input', Number.POSITIVE_INFINITY)).toHaveLength(DEFAULT_MAX_BYTES - 1);
  });
});

/** The same value with the keys of every object in another order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reversed(member)]),
  );
}

describe('sameJson', () => {
  const json = fc.jsonValue().map((value) => toJson(value, 'value'));

  test('is an equivalence', () => {
    fc.assert(
      fc.property(json, json, json, (a, b, c) => {
        expect(sameJson(a, a)).toBe(true);
        expect(sameJson(a, b)).toBe(sameJson(b, a));
        if (sameJson(a, b) && sameJson(b, c)) expect(sameJson(a, c)).toBe(true);
      }),
    );
  });

  test('ignores the order of keys, at every depth', () => {
    fc.assert(fc.property(json, (value) => sameJson(value, toJson(reversed(value), 'value'))));
  });

  test('agrees with the text that JSON makes of keys in order', () => {
    const text = (value: Json): string => {
      if (typeof value !== 'object' || value === null) return JSON.stringify(value);
      if (Array.isArray(value)) return `[${value.map(text).join()}]`;
      const members = Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}:${text(member)}`);
      return `{${members.sort().join()}}`;
    };
    fc.assert(
      fc.property(json, json, (a, b) => {
        expect(sameJson(a, b)).toBe(text(a) === text(b));
      }),
    );
  });

  test.each<[Json, Json]>([
    [[], {}],
    [null, {}],
    [null, []],
    ['1', 1],
    [
      [1, 2],
      [2, 1],
    ],
    [[1], [1, null]],
    [{ a: null }, {}],
    [{ a: null }, { b: null }],
    [{ toString: null }, { a: null }],
  ])('tells %j from %j', (left, right) => {
    expect(sameJson(left, right)).toBe(false);
    expect(sameJson(right, left)).toBe(false);
  });
});

test('a canonical text is the same whatever the order of the keys, at every depth, and lists keep theirs', () => {
  const one = canonicalText({ b: [{ d: 2, c: 1 }, 'x'], a: { z: null, y: true } });
  expect(one).toBe('{"a":{"y":true,"z":null},"b":[{"c":1,"d":2},"x"]}');
  expect(canonicalText({ a: { y: true, z: null }, b: [{ c: 1, d: 2 }, 'x'] })).toBe(one);
  expect(canonicalText([2, 1])).toBe('[2,1]');
});

test('a value that refers to one list a million times is refused on the way, and not once it fills the memory (S33)', () => {
  let touched = 0;
  const text = 'x'.repeat(50);
  const shared = Array.from({ length: 20 }, () => text);
  const counting = new Proxy(shared, {
    get(target, name, self) {
      if (name === '0') touched += 1;
      return Reflect.get(target, name, self);
    },
  });
  const given = Array.from({ length: 1_000 }, () => Array.from({ length: 1_000 }, () => counting));

  expect(() => toJson(given, 'input')).toThrow(ValueTooLarge);
  // A kilobyte each time: some thousands are over the limit, of a million.
  expect(touched).toBeLessThan(10_000);
});
