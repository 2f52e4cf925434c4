/**
 * The loads as plain async calls: the floor. Nothing is kept, retried or told to anybody.
 * With a schema it parses what the contenders with one parse for each task: what goes in
 * and what comes out.
 */
import { type Contender, type Count, type Load, type Step, stepOf } from './load.ts';
import type { CountSchema } from './shapes.ts';

export function plain(load: Load, schema: CountSchema | null): Contender {
  const step = schema === null ? stepOf(load) : parsed(stepOf(load), schema);
  const track = async (): Promise<number> => {
    let count: Count = { n: 0 };
    for (let at = 0; at < load.steps; at += 1) count = await step(count);
    return count.n;
  };
  const all = async (length: number, one: () => Promise<number>): Promise<number> =>
    (await Promise.all(Array.from({ length }, one))).reduce((sum, n) => sum + n, 0);
  return {
    begin: async () => ({ go: () => all(load.runs, () => all(load.tracks, track)), end: async () => null }),
  };
}

function parsed(step: Step, schema: CountSchema): Step {
  return async (input) => parse(schema, await step(parse(schema, input)));
}

function parse(schema: CountSchema, value: unknown): Count {
  const result = schema['~standard'].validate(value);
  if (result instanceof Promise || result.issues !== undefined) throw new Error(`No count: ${JSON.stringify(value)}`);
  return result.value;
}
