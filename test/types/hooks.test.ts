/** What hooks are told, and which of them a definition may have, as types (S31). */
import { createSignalbox, type ErrorRecord, type Hook, type Json, type Status, task, track } from 'signalbox';
import { expectTypeOf, test } from 'vitest';
import { Anything } from '../helpers/stage.ts';

test('each hook is told what its moment has', () => {
  const hook: Hook = {
    beforeRun: ({ run, input }) => {
      expectTypeOf(run.metadata.tenant).toEqualTypeOf<Json | undefined>();
      expectTypeOf(input).toEqualTypeOf<Json>();
    },
    beforeStep: async ({ path, task, attempt, key, signal }) => {
      expectTypeOf({ path, task, attempt, key, signal }).toEqualTypeOf<{
        path: string;
        task: string;
        attempt: number;
        key: string;
        signal: AbortSignal;
      }>();
    },
    afterRun: ({ status, error }) => {
      expectTypeOf({ status, error }).toEqualTypeOf<{ status: Status; error: ErrorRecord | null }>();
    },
    onError: ({ task }) => {
      expectTypeOf(task).toEqualTypeOf<string | null>();
    },
  };
  expectTypeOf(hook).toExtend<Hook>();
});

test('a definition has the hooks of what is below it', () => {
  const body = { input: Anything, output: Anything, run: () => 1 };
  // @ts-expect-error a task has no tracks
  task('a', { ...body, hooks: [{ beforeTrack: () => {} }] });
  // @ts-expect-error a track is no run
  track('t', { input: Anything, hooks: [{ beforeRun: () => {} }] });
  // @ts-expect-error there is no such hook
  void (() => createSignalbox({ hooks: [{ beforStep: () => {} }] }));
  task('b', {
    ...body,
    hooks: [{ name: 'audit', afterStep: ({ output }) => expectTypeOf(output).toEqualTypeOf<Json>() }],
  });
});
