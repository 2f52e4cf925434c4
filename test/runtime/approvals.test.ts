/** People decide: an approval is asked, decided by whoever may, bound to what was shown, and leaves a record of all that was said (S20–S29). */
import { createSignalbox, orchestrator, task, track } from 'signalbox';
import { settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { ApprovalOptions } from '../../src/dsl/approval.ts';
import type { DecideOptions } from '../../src/runtime/approvals.ts';
import { Anything, faultsOfHistory, historyOf, never, stage, statusesOf } from '../helpers/stage.ts';

const Draft = z.object({ to: z.string(), cents: z.number().int() });
const ship = task('ship', { input: Anything, output: Anything, run: never });

// biome-ignore lint/suspicious/noExplicitAny: each test asks in its own way
type Asking = Partial<ApprovalOptions<any, any>>;

/** Somebody is asked, and what comes after it has what was decided. */
function flowOf(asking: Asking = {}) {
  return orchestrator('flow', { version: '1', input: Anything }).track(
    'review',
    track('review', { input: Anything })
      .approval('manager', { ask: ({ input }) => `Ship ${input.id}?`, ...asking })
      .step('ship', ship, ({ outputs }) => outputs.manager),
    { input: ({ input }) => input },
  );
}

async function asked(asking: Asking = {}, more: { metadata?: object; box?: object } = {}) {
  const { desk, clock, options } = stage();
  const flow = flowOf(asking);
  const box = clock.follow(await createSignalbox({ orchestrators: [flow], ...options, ...more.box }));
  const run = await box.start(flow, {
    id: 'r',
    input: { id: '17', cents: 5 },
    metadata: (more.metadata ?? {}) as never,
  });
  await settled(box);
  const id = 'r/review/manager#1';
  const say = async (given: Partial<DecideOptions>) => {
    const answer = await box.decide(id, { decision: 'approve', by: 'mia', ...given });
    await settled(box);
    return answer;
  };
  return { desk, clock, box, run, id, say, options, flow };
}

describe('an approval', () => {
  test('is asked, stands as waiting, and is decided: what comes after it has the decision (P140, P141)', async () => {
    const { desk, box, run, id, say } = await asked({
      show: ({ input }) => ({ cents: input.cents }),
      assignees: { roles: ['manager'] },
    });
    expect(await run.status()).toBe('waiting');
    expect(await run.allowed('review/manager')).toEqual(['skip', 'decide']);
    expect((await run.snapshot()).steps['review/manager']).toMatchObject({
      status: 'awaitingApproval',
      waitingFor: { what: 'approval', approval: id, question: 'Ship 17?', roles: ['manager'], due: null },
    });
    const { approvals } = await box.approvals({ role: 'manager' });
    expect(approvals).toMatchObject([
      { id, question: 'Ship 17?', shown: { cents: 5 }, status: 'pending', revision: 1 },
    ]);
    expect(await say({ by: 'tom' })).toMatchObject({ answer: 'refused', reason: 'not-assigned' });
    expect(await say({ roles: ['manager'], comment: 'fine', digest: approvals[0]!.digest })).toEqual({
      answer: 'resolved',
      approval: id,
      decision: 'approve',
      by: 'mia',
    });
    expect(desk.open).toEqual(['review/ship#1']);
    const decided = { decision: 'approve', by: 'mia', comment: 'fine', value: null, form: null, deciders: ['mia'] };
    expect((await run.snapshot()).steps['review/manager']).toMatchObject({ status: 'completed', output: decided });
    desk.give('review/ship#1', 1);
    await run.result();
    expect(await historyOf(run)).toEqual([
      'run.started',
      'track.started review',
      'step.awaitingApproval review/manager',
      'approval.requested review/manager',
      'approval.resolved review/manager',
      'step.completed review/manager',
      'step.started review/ship',
      'step.completed review/ship',
      'track.completed review',
      'run.completed',
    ]);
    expect(await faultsOfHistory(run)).toEqual([]);
    const view = await box.approval(id);
    expect(view).toMatchObject({ status: 'resolved', resolution: { decision: 'approve', by: 'mia' } });
    expect(view?.history).toMatchObject([
      { by: 'tom', answer: { answer: 'refused', reason: 'not-assigned' }, after: null },
      { by: 'mia', answer: { answer: 'resolved' }, before: { status: 'pending' }, after: { status: 'resolved' } },
    ]);
    expect((await box.approvals()).approvals).toEqual([]);
    expect((await run.approvals()).approvals).toMatchObject([{ id }]);
    await box.close();
  });

  test('that is rejected fails its step, and needs a reason (S21)', async () => {
    const { box, run, say } = await asked();
    expect(await say({ decision: 'reject' })).toMatchObject({ answer: 'refused', reason: 'comment-missing' });
    expect(await run.status()).toBe('waiting');
    expect(await say({ decision: 'reject', comment: 'too dear' })).toMatchObject({
      answer: 'resolved',
      decision: 'reject',
    });
    expect(await run.outcome()).toMatchObject({
      status: 'failed',
      error: { code: 'approval-rejected', message: '"mia" rejected approval "r/review/manager#1": too dear.' },
    });
    await box.close();
  });
});
void Draft;
void statusesOf;
