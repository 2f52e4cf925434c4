/**
 * What the tests of the builders have in common: schemas, a few tasks whose bodies throw
 * if they are ever run, and a look at faults that is short enough to compare.
 */
import { z } from 'zod';
import type { AnyDefinition, Facts, RunFacts } from '../../src/definition.ts';
import { faultsOf, task } from '../../src/dsl/index.ts';

export const Order = z.object({ id: z.string(), cents: z.number().int() });
export const Nothing = z.object({});

const never = (): never => {
  throw new Error('A test of definitions ran a body.');
};

export const reserve = task('reserve', {
  input: z.object({ id: z.string() }),
  output: z.object({ hold: z.string() }),
  run: never,
});
export const charge = task('charge', {
  input: z.object({ hold: z.string(), cents: z.number() }),
  output: z.object({ receipt: z.string() }),
});
export const ping = task('ping', { input: Nothing, output: z.object({ pong: z.boolean() }), run: never });

export const run: RunFacts = { id: 'run-1', key: null, startedAt: 0, metadata: {}, variables: {} };

export const facts = (more: Partial<Facts>): Facts => ({ input: null, outputs: {}, previous: null, run, ...more });

/** `code path` of every fault. */
export const faultList = (source: { readonly definition: AnyDefinition }): readonly string[] =>
  faultsOf(source.definition).map(({ code, path }) => `${code} ${path}`);

/** All messages in one text. */
export const faultText = (source: { readonly definition: AnyDefinition }): string =>
  faultsOf(source.definition)
    .map(({ message }) => message)
    .join('\n');

/** What a user without TypeScript can write. */
// biome-ignore lint/suspicious/noExplicitAny: the point is to get past the types
export const untyped = (value: unknown): any => value;
