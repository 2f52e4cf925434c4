/** Schemas of any library in one shape (S4): issues with paths, now or later, and what counts as a schema. */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { describeIssues, isSchema, type Parsed, parse, type Schema } from '../src/schema.ts';
import { untyped } from './dsl/fixtures.ts';

type Path = ReadonlyArray<PropertyKey | { readonly key: PropertyKey }>;

/** A schema that answers as it is told. */
const answering = (validate: (value: unknown) => unknown): Schema =>
  untyped({ '~standard': { version: 1, vendor: 'test', validate } });
const objecting = (path: Path | undefined): Schema =>
  answering(() => ({ issues: [{ message: 'no', ...(path === undefined ? {} : { path }) }] }));

const issuesOf = (parsed: Parsed): string => (parsed.ok ? 'none' : describeIssues(parsed.issues));

describe('parsing', () => {
  test('gives what the schema makes of the value, not the value (S4)', () => {
    const schema = z.object({ cents: z.coerce.number(), note: z.string().default('none') });

    expect(parse(schema, { cents: '42', more: 1 })).toEqual({ ok: true, value: { cents: 42, note: 'none' } });
  });

  test('gives every issue with its path, array indices included (S4)', () => {
    const Lines = z.object({ id: z.string(), lines: z.array(z.object({ qty: z.number() })) });
    const parsed = parse(Lines, { id: 7, lines: [{ qty: 1 }, { qty: 'two' }, {}] });

    expect(parsed).toMatchObject({
      ok: false,
      issues: [{ path: 'id' }, { path: 'lines[1].qty' }, { path: 'lines[2].qty' }],
    });
    expect(issuesOf(parsed as Parsed)).toMatch(/^id: .+; lines\[1\]\.qty: .+; lines\[2\]\.qty: .+$/);
  });

  test.each<[string, Path | undefined, string]>([
    ['no path', undefined, ''],
    ['an empty path', [], ''],
    ['a key', ['id'], 'id'],
    ['keys and indices', ['lines', 2, 'qty'], 'lines[2].qty'],
    ['an index first', [0, 'qty'], '[0].qty'],
    ['indices only', [1, 2], '[1][2]'],
    ['segments that are objects', [{ key: 'lines' }, { key: 2 }, { key: 'qty' }], 'lines[2].qty'],
    ['a symbol', ['tags', Symbol('mark')], 'tags.Symbol(mark)'],
    ['a symbol in a segment', [{ key: Symbol('mark') }], 'Symbol(mark)'],
    ['a digit that is a key', ['lines', '2'], 'lines.2'],
  ])('an issue with %s', (_, path, expected) => {
    expect(parse(objecting(path), null)).toEqual({ ok: false, issues: [{ path: expected, message: 'no' }] });
  });

  test('answers at once when the schema does, and with a promise when it does not', async () => {
    const sync = parse(z.string(), 'a');
    const async = parse(
      answering(async (value) => ({ value })),
      'a',
    );

    expect(sync).toEqual({ ok: true, value: 'a' });
    expect(async).toBeInstanceOf(Promise);
    expect(await async).toEqual({ ok: true, value: 'a' });
  });

  test('gives the issues of an asynchronous refinement (S4)', async () => {
    const Free = z.object({ name: z.string().refine(async (name) => name !== 'taken', { error: 'is taken' }) });

    expect(await parse(Free, { name: 'taken' })).toEqual({
      ok: false,
      issues: [{ path: 'name', message: 'is taken' }],
    });
    expect(await parse(Free, { name: 'free' })).toEqual({ ok: true, value: { name: 'free' } });
  });

  test('leaves what a schema throws to its caller, who knows what was parsed', async () => {
    const throwing = answering(() => {
      throw new Error('boom');
    });
    const rejecting = answering(() => Promise.reject(new Error('boom')));

    expect(() => parse(throwing, null)).toThrow('boom');
    await expect(parse(rejecting, null)).rejects.toThrow('boom');
  });

  test('waits for a promise of another library, too, and never takes it for an answer', async () => {
    const later = answering(() => ({
      // biome-ignore lint/suspicious/noThenProperty: the point
      then: (resolve: (result: unknown) => void) => resolve({ issues: [{ message: 'no' }] }),
    }));

    expect(await parse(later, null)).toEqual({ ok: false, issues: [{ path: '', message: 'no' }] });
  });
});

test('issues are described with their paths, and without a colon where there is none', () => {
  const issues = [
    { path: 'lines[2].qty', message: 'expected a number' },
    { path: '', message: 'the total is wrong' },
  ];

  expect(describeIssues(issues)).toBe('lines[2].qty: expected a number; the total is wrong');
  expect(describeIssues([])).toBe('');
});

describe('a schema is', () => {
  test.each<[string, unknown]>([
    ['an object with a validate', objecting([])],
    ['one of Zod', z.string()],
    ['a function that has one, as in ArkType', Object.assign(() => null, objecting([]))],
  ])('%s', (_, value) => {
    expect(isSchema(value)).toBe(true);
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a string', 'string'],
    ['a plain object', {}],
    ['a class', Object],
    ['an empty "~standard"', { '~standard': null }],
    ['a "~standard" that cannot validate', { '~standard': { version: 1, validate: 'yes' } }],
  ])('not %s', (_, value) => {
    expect(isSchema(value)).toBe(false);
  });
});
