/** Somebody is asked before a run begins: nothing of it does before they say yes (P194). */
import { createSignalbox, defineOrchestrator, orchestrator } from 'signalbox';
import { settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { Anything, faultsOfHistory, historyOf, stage, steps } from '../helpers/stage.ts';

async function planned(more: object = {}) {
  const { desk, clock, options } = stage();
  const head = {
    version: '1',
    input: Anything,
    approval: { ask: ({ input }: { input: unknown }) => `Do ${String(input)}?` },
    ...more,
  } as const;
  const flow = orchestrator('flow', head)
    .track('a', steps('a', 'one'))
    .track('b', steps('b', 'one'), { after: ['a'] })
    .track('c', steps('c', 'one'));
  const box = clock.follow(await createSignalbox({ orchestrators: [flow], ...options }));
  const run = await box.start(flow, { id: 'r', input: 'it' });
  await settled(box);
  const say = async (decision: 'approve' | 'reject' | 'abort') => {
    const answer = await box.decide('r/~approval#1', { decision, by: 'mia', comment: 'so' });
    await settled(box);
    return answer;
  };
  return { desk, clock, box, run, say };
}

describe('a run that is asked about first', () => {
  test('waits, and begins with the yes', async () => {
    const { desk, box, run, say } = await planned();
    expect([await run.status(), desk.begun]).toEqual(['waiting', []]);
    expect((await box.approvals()).approvals).toMatchObject([{ question: 'Do it?', path: '~approval' }]);
    expect(await say('approve')).toMatchObject({ answer: 'resolved' });
    expect(desk.open).toEqual(['a/one#1', 'c/one#1']);
    for (const place of ['a/one#1', 'c/one#1']) desk.give(place, 1);
    await settled(box);
    desk.give('b/one#1', 2);
    // What was decided is no track, and no part of the result.
    expect(await run.result()).toEqual({ a: 1, b: 2, c: 1 });
    expect((await historyOf(run)).slice(0, 5)).toEqual([
      'run.started',
      'step.awaitingApproval ~approval',
      'approval.requested ~approval',
      'approval.resolved ~approval',
      'step.completed ~approval',
    ]);
    expect(await faultsOfHistory(run)).toEqual([]);
    await box.close();
  });

  test.each(['failFast', 'continue', 'compensate'] as const)('does nothing after a no, under %s', async (onFailure) => {
    const { desk, box, run, say } = await planned({ onFailure });
    await say('reject');
    expect(await run.outcome()).toMatchObject({ error: { code: 'approval-rejected' } });
    expect(desk.begun).toEqual([]);
    await box.close();
  });

  test('can be called off, or cancelled, before it has begun', async () => {
    const off = await planned({ approval: { ask: 'Well?', decisions: ['approve', 'abort'] } });
    await off.say('abort');
    expect(await off.run.outcome()).toMatchObject({ status: 'cancelled' });
    await off.box.close();
    const cancelled = await planned();
    await cancelled.run.cancel();
    expect(await cancelled.run.outcome()).toMatchObject({ status: 'cancelled' });
    expect((await cancelled.box.approvals()).approvals).toEqual([]);
    await cancelled.box.close();
  });

  test('may be a document, and have no tracks', async () => {
    const flow = defineOrchestrator({
      name: 'flow',
      version: '1',
      input: Anything,
      tracks: {},
      approval: { ask: 'Well?' },
    } as never);
    const { options } = stage();
    await using box = await createSignalbox({ orchestrators: [flow as never], ...options });
    const run = await box.start(flow as never, { id: 'r', input: null as never });
    await settled(box);
    await box.decide('r/~approval#1', { decision: 'approve', by: 'mia' });
    expect(await run.result()).toEqual({});
  });
});
