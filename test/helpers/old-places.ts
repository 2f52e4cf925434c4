/** The runs that the places in `test/fixtures` have: they were begun by the first tables of each store, and go on with those of today. */
import { type AnyOrchestrator, orchestrator, task, track } from 'signalbox';
import { z } from 'zod';

const any = { input: z.any() };
const work = task('work', {
  input: z.any(),
  output: z.any(),
  run({ input }) {
    if (input === 'bad') throw new Error('it was bad');
    return input;
  },
});

/** One step, and a wait. `waits` stands at the wait, `failed` and `done` are over. */
export const order = orchestrator('order', { version: '1', ...any }).track(
  't',
  track('t', any)
    .step('work', work, ({ input }) => input)
    .wait('asked', { signal: 'go', payload: z.any() }),
  { input: ({ input }) => input },
) as unknown as AnyOrchestrator;

export const DEEP = { b: [1, null], a: 'ä"\u0000' };
export const LONG = 'x'.repeat(5_000);
