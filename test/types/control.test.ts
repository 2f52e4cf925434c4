/**
 * What compiles and what does not, for the steps that are no bodies. `tsc` is the judge: a line under
 * `@ts-expect-error` that compiles fails the build.
 */
import { describe, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { task, track } from '../../src/dsl/index.ts';
import { type Out, ping } from './fixtures.ts';

const N = z.object({ n: z.number() });
const whole = task('whole', { input: z.number(), output: z.number(), run: ({ input }) => input });
const sum = task('sum', { input: z.array(z.number()), output: z.number(), run: ({ input }) => input.length });
const t = track('t', { input: N });

describe('a collection', () => {
  test('leaves a list that a task takes whose input is one', () => {
    const made = t.map('m', { over: () => '1..3', each: whole });

    expectTypeOf<Out<typeof made>>().toEqualTypeOf<number[]>();
    made.step('sum', sum, ({ outputs }) => outputs.m);
    made.step('sum', sum, ({ previous }) => previous);
  });

  test('has null for what did not complete, where its strategy goes on without it', () => {
    const made = t.map('m', { over: () => '1..3', each: whole, strategy: 'bestEffort' });

    expectTypeOf<Out<typeof made>>().toEqualTypeOf<(number | null)[]>();
    // @ts-expect-error some of them may be null
    made.step('sum', sum, ({ outputs }) => outputs.m);
  });

  test('refuses a body that does not take the item, and a mapper that makes something else', () => {
    // @ts-expect-error the items are texts
    t.map('m', { over: () => ['a'], each: whole });
    // @ts-expect-error the mapper makes a text
    t.map('m', { over: () => ['a'], each: { do: whole, input: ({ item }) => item } });
  });
});

describe('what a collection goes over', () => {
  const longest = task('longest', { input: z.string(), output: z.number(), run: ({ input }) => input.length });
  const pair = task('pair', {
    input: z.object({ key: z.string(), value: z.number() }),
    output: z.string(),
    run: ({ input }) => input.key,
  });

  test('types its items, whether a mapper makes it or it is there already', () => {
    t.map('m', { over: () => ['a'], each: longest, filter: ({ item }) => item.startsWith('a') });
    t.map('m', { over: ['a', 'b'], each: longest, filter: ({ item }) => item.startsWith('a') });
    t.map('m', { over: ['a', 'b'], each: { do: whole, input: ({ item }) => item.length } });
    t.map('m', { over: { a: 1 }, each: pair });
    t.map('m', { over: '1..3', each: whole });
    // @ts-expect-error the items are texts
    t.map('m', { over: ['a'], each: whole });
    // @ts-expect-error an item is a number
    t.map('m', { over: '1..3', each: { do: whole, input: ({ item }) => item.length } });
  });
});

describe('a loop', () => {
  const name = task('name', { input: z.string(), output: z.object({ long: z.string() }) });

  test('tells each round what the one before has left behind, which is null at first', () => {
    t.loop('l', {
      body: {
        do: name,
        input: ({ previous, index, accumulator }) => {
          expectTypeOf(previous).toEqualTypeOf<{ long: string } | null>();
          expectTypeOf(index).toEqualTypeOf<number>();
          expectTypeOf(accumulator).toEqualTypeOf<string[]>();
          return previous?.long ?? 'first';
        },
      },
      from: [] as string[],
      accumulate: (all, { output, previous }) => [...all, output.long, previous?.long ?? ''],
      while: ({ previous }) => previous?.long !== 'last',
      until: ({ output, previous }) => output.long === previous?.long,
    });
    t.loop('l', { body: ping, until: ({ output, previous }) => output.pong && previous?.pong === true });
    // @ts-expect-error in the first round there is nothing before
    t.loop('l', { body: { do: whole, input: ({ previous }) => previous } });
    // @ts-expect-error a body has no such output
    t.loop('l', { body: ping, until: ({ previous }) => previous?.percent === 100 });
    // @ts-expect-error the body takes a number, and gets nothing
    t.loop('l', { body: whole });
  });

  test('leaves the output of its last round behind, which is null only where "while" may allow none', () => {
    const body = { do: whole, input: () => 1 };
    const until = t
      .loop('l', { body, from: 0, accumulate: (sum) => sum + 1, until: ({ output }) => output > 1, maxIterations: 9 })
      .output(({ outputs }) => outputs.l);
    expectTypeOf<Out<typeof until>>().toEqualTypeOf<{
      readonly last: number;
      readonly accumulator: number;
      readonly iterations: number;
    }>();
    const both = t
      .loop('l', { body, while: ({ index, previous }) => index < 3 && previous !== 1, until: () => true })
      .output(({ outputs }) => outputs.l.last);
    expectTypeOf<Out<typeof both>>().toEqualTypeOf<number | null>();
    const method = t
      .loop('l', {
        body,
        while() {
          return false;
        },
      })
      .output(({ outputs }) => outputs.l.last);
    expectTypeOf<Out<typeof method>>().toEqualTypeOf<number | null>();
    const some = { body, ...(Math.random() > 1 ? { while: () => true } : {}) };
    const perhaps = t.loop('l', some).output(({ outputs }) => outputs.l.last);
    expectTypeOf<Out<typeof perhaps>>().toEqualTypeOf<number | null>();
  });

  test('of a track tells what the track gives', () => {
    const round = track('round', { input: z.object({}) }).step('s', whole, () => 1);

    t.loop('l', {
      body: round,
      while({ previous }) {
        expectTypeOf(previous).toEqualTypeOf<number | null>();
        return previous !== 3;
      },
    });
  });
});

describe('a branch', () => {
  test('refuses what is no route, and bodies that do not get what they take', () => {
    t.branch('b', { when: [[({ input }) => input.n > 1, ping]], otherwise: null });
    t.branch('b', { on: ({ input }) => input.n, routes: { 1: ping }, otherwise: ping });
    // @ts-expect-error the body takes a number, and gets nothing
    t.branch('b', { when: [[() => true, whole]] });
    // @ts-expect-error the mapper makes a text
    t.branch('b', { when: [[() => true, { do: whole, input: () => 'x' }]] });
    // @ts-expect-error a predicate is true or false
    t.branch('b', { when: [[() => 1, ping]] });
    // @ts-expect-error a body is no text
    t.branch('b', { when: [[() => true, 'ping']] });
    // @ts-expect-error the input has nothing of this name
    t.branch('b', { when: [[({ input }) => input.m > 1, ping]] });
    // @ts-expect-error what is done otherwise takes a number, and gets nothing
    t.branch('b', { when: [[() => true, ping]], otherwise: whole });
    // @ts-expect-error no such option
    t.branch('b', { when: [[() => true, ping]], otherwse: ping });
    // @ts-expect-error the body takes a number, and gets nothing
    t.branch('b', { on: () => 'a', routes: { a: whole } });
    // @ts-expect-error by predicates or by a key, and not by both
    t.branch('b', { when: [[() => true, ping]], on: () => 'a', routes: { a: ping } });
  });

  test('leaves the output of one of its routes, or with "all" of each by its name', () => {
    const one = t.branch('b', { when: [[() => true, ping]], otherwise: { do: whole, input: () => 1 } });
    const key = t.branch('b', {
      on: () => 'a',
      routes: { a: ping, b: { do: whole, input: () => 1 } },
      otherwise: null,
    });
    const all = t.branch('b', { when: [[() => true, ping]], all: true });

    expectTypeOf<Out<typeof one>>().toEqualTypeOf<{ pong: boolean } | number>();
    expectTypeOf<Out<typeof key>>().toEqualTypeOf<{ pong: boolean } | number | null>();
    expectTypeOf<Out<typeof all>>().toEqualTypeOf<{ readonly [route: string]: { pong: boolean } | undefined }>();
  });
});

describe('the end of a run', () => {
  const stop = track('stop', { input: z.object({}) }).terminate('end', { output: () => 'stopped' });

  test('leaves nothing to what follows, so a route that ends the run does not blur the output of the others', () => {
    const branched = t.branch('b', { when: [[() => true, stop]], otherwise: { do: whole, input: () => 1 } });
    const waited = t.wait('w', { signal: 'go', payload: N, timeout: '1h', onTimeout: { do: stop } });

    expectTypeOf<Out<typeof stop>>().toEqualTypeOf<never>();
    expectTypeOf<Out<typeof branched>>().toEqualTypeOf<number>();
    expectTypeOf<Out<typeof waited>>().toEqualTypeOf<{ n: number }>();
  });
});
