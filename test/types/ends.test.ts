/** A step that ends its run gives the run a result of its own: it is part of what `result()` may be, in the run and in its parent. */
import { createSignalbox, defineOrchestrator, defineTrack, orchestrator, type RunOutput, task, track } from 'signalbox';
import { describe, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import type { Out } from './fixtures.ts';

const N = z.object({ n: z.number() });
const whole = task('whole', { input: z.number(), output: z.number(), run: ({ input }) => input });
const stop = track('stop', { input: z.object({}) }).terminate('end', { output: () => ({ stopped: true as boolean }) });
const t = track('t', { input: N }).branch('b', {
  when: [[({ input }) => input.n < 0, stop]],
  otherwise: { do: whole, input: ({ input }) => input.n },
});
const head = { version: '1', input: N } as const;
const flow = orchestrator('flow', head).track('t', t, { input: ({ input }) => input });

// Compiled, and never called.
async function results() {
  const box = await createSignalbox({ orchestrators: [flow] });
  return (await box.start(flow, { input: { n: 1 } })).result();
}

describe('the result of a run', () => {
  test('is what its orchestrator makes, or what a step ends the run with', () => {
    expectTypeOf<Awaited<ReturnType<typeof results>>>().toEqualTypeOf<{ readonly t: number } | { stopped: boolean }>();
  });

  test('is null where such a step gives no output, and nothing more where it fails the run', () => {
    const bare = orchestrator('bare', head).track('t', track('t', { input: z.object({}) }).terminate('end'));
    const failing = orchestrator('failing', head).track(
      't',
      track('t', { input: z.object({}) })
        .group('g', (g) => g.terminate('end', { as: 'failed', reason: 'no' }))
        .step('s', whole, () => 1),
    );

    expectTypeOf<RunOutput<typeof bare>>().toEqualTypeOf<{ readonly t: never } | null>();
    expectTypeOf<RunOutput<typeof failing>>().toEqualTypeOf<{ readonly t: number }>();
  });

  test('of a child is the output of the step that started it, and does not end the parent', () => {
    const parent = track('parent', { input: N }).run('child', flow, ({ input }) => input);
    const above = orchestrator('above', head).track('p', parent, { input: ({ input }) => input });

    expectTypeOf<Out<typeof parent>>().toEqualTypeOf<{ readonly t: number } | { stopped: boolean }>();
    expectTypeOf<RunOutput<typeof above>>().toEqualTypeOf<{
      readonly p: { readonly t: number } | { stopped: boolean };
    }>();
  });

  test('in a document is the same', () => {
    const document = defineTrack({
      name: 't',
      input: N,
      tasks: [
        { name: 'g', group: [{ name: 'end', terminate: { output: () => 'stopped' as string } }] },
        { task: whole, name: 's', input: () => 1 },
      ],
    });
    const whole_ = defineOrchestrator({
      name: 'documented',
      ...head,
      tracks: { t: document },
      inputMappings: { t: ({ input }) => input },
    });

    expectTypeOf<RunOutput<typeof whole_>>().toEqualTypeOf<{ readonly t: number } | string>();
  });
});
