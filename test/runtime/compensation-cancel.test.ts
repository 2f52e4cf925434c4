/** Cancelling a run so that it is undone, and cancelling one that is being undone (S13, S14). */
import { createSignalbox, orchestrator, RunCancelled, track } from 'signalbox';
import { settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { faultsOfHistory, rejection, stage } from '../helpers/stage.ts';
import { head, input, undo, undone, worker } from '../helpers/undone.ts';

describe('a cancel', () => {
  /** Two steps are done, and the third waits. */
  async function atWork(more: object = {}) {
    const log: string[] = [];
    const { clock, desk: _, options } = stage();
    const work = worker(log, more);
    const flow = orchestrator('flow', head).track(
      'a',
      track('a', input).step('one', work).step('two', work).sleep('nap', '1h').step('three', work),
    );
    const all = { orchestrators: [flow], ...options, executor: undefined as never };
    const box = clock.follow(await createSignalbox(all));
    const run = await box.start(flow, { id: 'r', input: null });
    await settled(box);
    return { log, clock, box, run };
  }

  test('with "compensate" undoes what has completed (S13, S14)', async () => {
    const { log, box, run } = await atWork();
    await run.cancel({ reason: 'the customer called', compensate: true });
    const error = await rejection<RunCancelled>(run.result());

    expect(error).toBeInstanceOf(RunCancelled);
    expect(error.reason).toBe('the customer called');
    expect(undone(log)).toEqual([undo('a/two'), undo('a/one')]);
    expect(await run.status()).toBe('compensated');
    await box.close();
  });

  test('without it undoes nothing, also if the run would be undone when it fails', async () => {
    const { log, box, run } = await atWork();
    await run.cancel();

    expect(await run.outcome()).toMatchObject({ status: 'cancelled', compensation: null });
    expect(undone(log)).toEqual([]);
    await box.close();
  });

  test('of a run that is being undone changes nothing; a forced one cuts it short (S14)', async () => {
    const signals: AbortSignal[] = [];
    const { box, run } = await atWork({
      compensate: ({ signal }: { readonly signal: AbortSignal }) => {
        signals.push(signal);
        return new Promise(() => {});
      },
    });
    await run.cancel({ compensate: true });
    await settled(box);
    await run.cancel({ reason: 'again' });
    await settled(box);
    expect(await run.status()).toBe('compensating');
    expect((await run.snapshot()).steps['a/two']).toMatchObject({ waitingFor: { what: 'compensation', attempt: 1 } });
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);

    await run.cancel({ reason: 'now', force: true });
    const { status, compensation, failures } = await run.outcome();
    expect(status).toBe('cancelled');
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    expect(compensation).toEqual({
      undone: [],
      failed: ['a/two'],
      kept: ['a/one'],
    });
    expect(failures.map(({ path, code }) => [path, code])).toEqual([['a/two', 'compensation-cut']]);
    expect(await faultsOfHistory(run)).toEqual([]);
    await box.close();
  });

  test.each([{ compensate: 1 }, { force: 'yes' }, { compensat: true }, null, 'now'])('refuses %j', async (options) => {
    const { box, run } = await atWork();
    expect(await rejection(run.cancel(options as never))).toMatchObject({ code: 'option-invalid' });
    expect(await run.status()).toBe('waiting');
    await box.close();
  });
});
