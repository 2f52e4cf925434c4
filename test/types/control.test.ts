/**
 * What compiles and what does not, for the steps that are no bodies. `tsc` is the judge: a line under
 * `@ts-expect-error` that compiles fails the build.
 */
import { describe, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { task, track } from '../../src/dsl/index.ts';
import type { Out } from './fixtures.ts';

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
