/** A track of two steps, the first of which does something odd; and how a run of it ends. */
import { createSignalbox, orchestrator, task, track } from 'signalbox';
import type { z } from 'zod';
import { Anything, historyOf, stage, statusesOf } from './stage.ts';

export const echo = task('echo', { input: Anything, output: Anything, run: ({ input }) => input });

export type Body = (context: { input: unknown; signal: AbortSignal }) => unknown;

/** One track `t` of two steps: `first` with this body, and `second`, which must not be reached if the first fails. */
export const flowOf = (
  run: Body,
  more: { input?: z.ZodType; output?: z.ZodType; mapper?: (facts: { input: unknown }) => unknown } = {},
) =>
  orchestrator('flow', { version: '1', input: Anything }).track(
    't',
    track('t', { input: Anything })
      .step(
        'first',
        task('first', {
          input: (more.input ?? Anything) as typeof Anything,
          output: (more.output ?? Anything) as typeof Anything,
          run,
        }),
        more.mapper ?? (({ input }) => input),
      )
      .step('second', echo, ({ previous }) => previous),
    { input: ({ input }) => input },
  );

/** Runs a flow in a box of its own; how it ended. */
export async function play(flow: ReturnType<typeof flowOf>, input: unknown = null, more: object = {}) {
  const { lines, options } = stage();
  const { executor: _, ...rest } = options;
  await using box = await createSignalbox({ orchestrators: [flow], ...rest, ...more });
  const run = await box.start(flow, { input });
  const outcome = await run.outcome();
  // Whatever happened, the box goes on.
  const again = await box.runTask(echo, 'alive');
  return { outcome, statuses: await statusesOf(run), history: await historyOf(run), lines, again };
}
