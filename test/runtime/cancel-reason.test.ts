/** Why a body is cut off is told to its signal and to its cleanup, in the same words (S14). */
import { createSignalbox, orchestrator, type Run, task, track } from 'signalbox';
import { describe, expect, test } from 'vitest';
import { Anything, eventsOf } from '../helpers/stage.ts';
import { head, quiet } from '../helpers/undone.ts';

const body = { input: Anything, output: Anything } as const;

/** A flow of one step beside others, and what a body that goes on for ever was told in the end. */
function toldIn(
  others: object,
  strategy: 'race' | 'failFast' | 'waitAll' | { readonly quorum: number; readonly rest: 'cancel' },
) {
  const told: { signal: unknown[]; cleanup: string[] } = { signal: [], cleanup: [] };
  const begun = Promise.withResolvers<void>();
  const endless = task('endless', {
    ...body,
    run: ({ signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          const { name, message } = signal.reason as Error;
          told.signal.push([name, message]);
          reject(signal.reason);
        });
        begun.resolve();
      }),
    cleanup: ({ reason }) => void told.cleanup.push(reason),
  });
  const flow = orchestrator('flow', head).track(
    't',
    track('t', { input: Anything }).parallel('p', { endless, ...others }, { strategy } as never),
  );
  const play = async (then: (run: Run) => unknown = () => {}): Promise<Run> => {
    const box = await createSignalbox({ orchestrators: [flow], ...quiet });
    const run = (await box.start(flow, { id: 'r', input: null })) as unknown as Run;
    await begun.promise;
    await then(run);
    await run.outcome();
    return run;
  };
  return { told, play };
}

describe('a body that is cut off is told why', () => {
  test('by the reason of a cancel, and without one that the step was cancelled (S14)', async () => {
    const called = toldIn({}, 'failFast');
    await called.play((run) => run.cancel({ reason: 'the customer called' }));
    expect(called.told).toEqual({
      signal: [['AbortError', 'the customer called']],
      cleanup: ['the customer called'],
    });

    const plain = toldIn({}, 'failFast');
    await plain.play((run) => run.cancel());
    expect(plain.told).toEqual({ signal: [['AbortError', 'The step was cancelled.']], cleanup: [''] });
  });

  test('not by what had failed before and held nothing up: somebody has cancelled it (S12, S14)', async () => {
    const failing = task('failing', { ...body, run: () => Promise.reject(new Error('no stock')) });
    const { told, play } = toldIn({ failing }, 'waitAll');
    await play(async (run) => {
      for await (const { type, path } of run.events()) if (type === 'step.failed' && path === 't/p/failing') break;
      await run.cancel();
    });
    expect(told).toEqual({ signal: [['AbortError', 'The step was cancelled.']], cleanup: [''] });
  });

  test('by the error of a sibling that has failed', async () => {
    const failing = task('failing', { ...body, run: () => Promise.reject(new Error('no stock')) });
    const { told, play } = toldIn({ failing }, 'failFast');
    await play();
    expect(told).toEqual({ signal: [['AbortError', 'no stock']], cleanup: ['no stock'] });
  });

  test.each([
    ['a race', 'race', 1],
    ['a quorum', { quorum: 2, rest: 'cancel' }, 2],
  ] as const)('by who has decided %s, which the history says, too', async (_, strategy, wanted) => {
    const quick = task('quick', { ...body, run: () => 'x' });
    const { told, play } = toldIn(wanted === 1 ? { quick } : { first: quick, quick }, strategy);
    const run = await play();
    const words = '"p" was decided by "quick"';
    expect(told).toEqual({ signal: [['AbortError', words]], cleanup: [words] });
    expect((await eventsOf(run)).filter(({ path }) => path === 't/p/endless').at(-1)).toMatchObject({
      type: 'step.cancelled',
      reason: words,
    });
  });
});
