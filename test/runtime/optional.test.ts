/** Steps that may fail (S12): what they stand in goes on, and says that it completed with errors. */
import {
  createSignalbox,
  defineOrchestrator,
  defineTrack,
  memory,
  orchestrator,
  task,
  TerminalError,
  track,
} from 'signalbox';
import { settled } from 'signalbox/testing';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { Anything, faultsOfHistory, stage, statusesOf } from '../helpers/stage.ts';

const head = { version: '1', input: Anything } as const;
const input = { input: Anything } as const;
const count = task('count', { input: Anything, output: z.number(), run: () => 1 });
const broken = task('broken', {
  input: Anything,
  output: z.number(),
  run: (): number => {
    throw new TerminalError('no');
  },
});
const late = task('late', { input: Anything, output: Anything, timeout: 1, run: () => new Promise(() => {}) });
const quiet = { logger: () => {} } as const;

describe.each(['table', 'xstate'] as const)('stepped by the %s lane, a step that is optional', (lane) => {
  test('and fails is recorded as failed, gives null, and what it stands in completes with errors (S12, P209)', async () => {
    const seen: unknown[] = [];
    const flow = orchestrator('flow', head)
      .track(
        'a',
        track('a', input)
          .step('score', broken, () => null, { optional: true })
          .step('then', count, ({ outputs, previous }) => {
            seen.push(outputs.score, previous);
            return null;
          }),
      )
      .track('b', track('b', input).step('fine', count))
      .output(({ outputs }) => outputs.a);
    await using box = await createSignalbox({ orchestrators: [flow], lane, ...quiet });
    const run = await box.start(flow, { input: null });
    expect(await run.result()).toBe(1);

    expect(seen).toEqual([null, null]);
    const outcome = await run.outcome();
    expect(outcome).toMatchObject({ status: 'completed', withErrors: true, error: null });
    expect(outcome.failures.map(({ path, code }) => [path, code])).toEqual([['a/score', 'task-threw']]);
    expect(await statusesOf(run)).toEqual({
      a: 'completed',
      'a/score': 'failed',
      'a/then': 'completed',
      b: 'completed',
      'b/fine': 'completed',
    });
    const { withErrors, tracks } = await run.snapshot();
    expect([withErrors, tracks.a?.withErrors, tracks.b?.withErrors]).toEqual([true, true, false]);
    expect(await faultsOfHistory(run)).toEqual([]);
  });
});

describe('an optional step', () => {
  test('that completes is like any other, and nothing has errors', async () => {
    const flow = orchestrator('flow', head)
      .track(
        'a',
        track('a', input).step('one', count, () => null, { optional: true }),
      )
      .output(({ outputs }) => outputs.a);
    await using box = await createSignalbox({ orchestrators: [flow], ...quiet });
    const outcome = await (await box.start(flow, { input: null })).outcome();
    expect(outcome).toMatchObject({ status: 'completed', output: 1, withErrors: false, failures: [] });
    expectTypeOf(outcome.output).toEqualTypeOf<number | null>();
  });

  test('that times out, or whose mapper throws, is forgiven as well; as the last step it leaves null', async () => {
    const flow = orchestrator('flow', head).track(
      'a',
      track('a', input)
        .step('late', late, () => null, { optional: true })
        .step(
          'thrown',
          count,
          () => {
            throw new Error('no');
          },
          { optional: true },
        ),
    );
    await using box = await createSignalbox({ orchestrators: [flow], ...quiet });
    const { output, withErrors, failures } = await (await box.start(flow, { input: null })).outcome();
    expect([output, withErrors]).toEqual([{ a: null }, true]);
    expect(failures.map(({ code }) => code)).toEqual(['step-timed-out', 'mapper-failed']);
  });

  test('that is cancelled is cancelled with its run', async () => {
    const { desk, options } = stage();
    const flow = orchestrator('flow', head).track(
      'a',
      track('a', input).step('one', count, () => null, { optional: true }),
    );
    await using box = await createSignalbox({ orchestrators: [flow], ...options });
    const run = await box.start(flow, { input: null });
    await settled(box);
    expect(desk.open).toEqual(['a/one#1']);
    await run.cancel();
    expect(await run.outcome()).toMatchObject({ status: 'cancelled', withErrors: false });
  });

  test('is forgiven after a restart as before it, and is undone by nobody (S12, I6)', async () => {
    const store = memory();
    const flow = orchestrator('flow', { ...head, onFailure: 'compensate' }).track(
      'a',
      track('a', input)
        .step('score', broken, () => null, { optional: true })
        .wait('go', { signal: 'go' })
        .step('then', count),
    );
    const first = await createSignalbox({ orchestrators: [flow], store, ...quiet });
    await first.start(flow, { id: 'r', input: null });
    await settled(first);
    await first.close();

    await using second = await createSignalbox({ orchestrators: [flow], store, ...quiet });
    const run = second.run('r');
    expect(await run.signal('go', null)).toMatchObject({ answer: 'accepted' });
    expect(await run.outcome()).toMatchObject({ status: 'completed', withErrors: true });
    expect(await faultsOfHistory(run)).toEqual([]);
  });

  test('in a group or a track below says so all the way up, and is said in documents as with a builder', async () => {
    const inner = defineTrack({
      name: 'inner',
      input: Anything,
      tasks: [{ task: broken, name: 'one', input: () => null, optional: true }],
    });
    const flow = defineOrchestrator({
      name: 'flow',
      version: '1',
      input: Anything,
      tracks: {
        a: defineTrack({ name: 'a', input: Anything, tasks: [{ task: inner, name: 'deep', input: () => null }] }),
      },
    } as never);
    await using box = await createSignalbox({ orchestrators: [flow], ...quiet });
    const run = await box.start(flow, { input: null as never });
    expect(await run.outcome()).toMatchObject({ status: 'completed', withErrors: true });
    expect((await run.snapshot()).tracks['a/deep']?.withErrors).toBe(true);
  });

  test('has an output that may be null, as a type', () => {
    track('t', input)
      .step('a', count, () => null, { optional: true })
      .step('b', count, ({ outputs }) => {
        expectTypeOf(outputs.a).toEqualTypeOf<number | null>();
        return null;
      })
      .step('c', count, ({ outputs }) => {
        expectTypeOf(outputs.b).toEqualTypeOf<number>();
        return null;
      });
  });
});
