/** The tasks that the type tests are about, and how they look at what a body carries. */
import { z } from 'zod';
import { type BodyInput, type BodyOutput, task } from '../../src/dsl/index.ts';

export const Order = z.object({ id: z.string(), cents: z.number().int() });

export const reserve = task('reserve', {
  input: z.object({ id: z.string() }),
  output: z.object({ hold: z.string() }),
  run: ({ input }) => ({ hold: input.id }),
});
export const charge = task('charge', {
  input: z.object({ hold: z.string(), cents: z.number() }),
  output: z.object({ receipt: z.string() }),
});
export const ping = task('ping', { input: z.object({}), output: z.object({ pong: z.boolean() }) });

export type In<B> = BodyInput<B>;
export type Out<B> = BodyOutput<B>;
