/** What a compensation is told, and what a step takes after its mapper, as types (P67). */
import { defineTrack, type Run, task, track } from 'signalbox';
import { expectTypeOf, test } from 'vitest';
import { z } from 'zod';

const hold = task('hold', {
  input: z.object({ id: z.string(), n: z.number().default(1) }),
  output: z.object({ ref: z.string() }),
  run: ({ input }) => ({ ref: input.id }),
});

test('a task is undone with its parsed input, in both forms', () => {
  task('t', {
    input: z.object({ at: z.string().transform((text) => new Date(text)) }),
    output: z.object({ ref: z.string() }),
    run: () => ({ ref: 'x' }),
    compensate: {
      run: ({ input, output, key, signal }) => {
        expectTypeOf({ input, output, key, signal }).toEqualTypeOf<{
          input: { at: Date };
          output: { ref: string };
          key: string;
          signal: AbortSignal;
        }>();
      },
      retry: { maxAttempts: 3 },
      timeout: '5s',
    },
  });
});

test('a step is undone with the input that its mapper makes', () => {
  const t = track('t', { input: z.object({ id: z.string() }) });
  t.step('a', hold, ({ input }) => input, {
    compensate: ({ input, output }) => {
      expectTypeOf(input).toEqualTypeOf<{ id: string; n?: number | undefined }>();
      expectTypeOf(output).toEqualTypeOf<{ ref: string }>();
    },
  }).step('b', hold, ({ outputs }) => ({ id: outputs.a.ref }), { irreversible: true });
  // @ts-expect-error the output has no such property
  t.step('a', hold, ({ input }) => input, { compensate: ({ output }) => output.id });
  // @ts-expect-error no such option
  t.step('a', hold, ({ input }) => input, { compensat: () => 1 });
  // @ts-expect-error the mapper is still needed
  t.step('a', hold, undefined, { irreversible: true });
});

test('a step of a document is, too', () => {
  defineTrack({
    name: 't',
    input: z.object({ id: z.string() }),
    tasks: [{ task: hold, name: 'a', input: ({ input }) => input, compensate: ({ output }) => output.ref }],
  });
});

test('a run that undoes another results in null', () => {
  expectTypeOf<ReturnType<Run<number>['compensate']>>().toEqualTypeOf<Promise<Run<null>>>();
});
