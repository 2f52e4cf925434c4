/** People decide: an approval is asked, decided by whoever may, bound to what was shown, and leaves a record of all that was said (S20–S29). */
import { createSignalbox, memory, orchestrator, task, track } from 'signalbox';
import { settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { ApprovalOptions } from '../../src/dsl/approval.ts';
import { MOST_FORM, MOST_SHOWN } from '../../src/people.ts';
import type { DecideOptions } from '../../src/runtime/approvals.ts';
import { Anything, faultsOfHistory, historyOf, never, stage } from '../helpers/stage.ts';

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

  test('that may be skipped, replaced, answered or completed with a no, leaves that behind (P141)', async () => {
    for (const [given, output] of [
      [
        { decision: 'replace', value: { to: 'z', cents: 1 } },
        { decision: 'replace', value: { to: 'z', cents: 1 } },
      ],
      [
        { decision: 'respond', value: { to: 'q', cents: 2 } },
        { decision: 'respond', value: { to: 'q', cents: 2 } },
      ],
      [
        { decision: 'edit', patch: { cents: 3 } },
        { decision: 'edit', value: { to: 'x', cents: 3 } },
      ],
      [
        { decision: 'reject', comment: 'no' },
        { decision: 'reject', value: null, comment: 'no' },
      ],
      [
        { decision: 'approve', form: { code: 'A1' } },
        { decision: 'approve', form: { code: 'A1' }, value: { to: 'x', cents: 5 } },
      ],
      [{ decision: 'skip' }, null],
    ] as const) {
      const { box, run, say } = await asked({
        value: Draft,
        propose: ({ input }) => ({ to: 'x', cents: input.cents }),
        decisions: {
          approve: z.object({ code: z.string() }),
          edit: true,
          reject: true,
          replace: true,
          respond: true,
          skip: true,
        },
        onReject: 'complete',
      });
      expect(await say(given as never)).toMatchObject({ answer: 'resolved', decision: given.decision });
      const { status, output: found } = (await run.snapshot()).steps['review/manager'] as {
        status: string;
        output: unknown;
      };
      expect(status).toBe(given.decision === 'skip' ? 'skipped' : 'completed');
      if (output === null) expect(found).toBe(null);
      else expect(found).toMatchObject(output);
      await box.close();
    }
  });

  test('that is aborted cancels its run, with the reason', async () => {
    const { box, run, say, id } = await asked({ decisions: ['approve', 'abort'] });
    expect(await say({ decision: 'abort', comment: 'gone bust' })).toMatchObject({ answer: 'resolved' });
    expect(await run.outcome()).toMatchObject({ status: 'cancelled' });
    expect((await box.runs()).runs).toMatchObject([{ reason: '"mia" aborted it: gone bust' }]);
    expect(await box.approval(id)).toMatchObject({ status: 'resolved', resolution: { decision: 'abort' } });
    expect(await historyOf(run)).not.toContain('approval.withdrawn review/manager');
    await box.close();
  });

  test('takes no payload that its schema refuses, says where, and stays as it was (S21, P142)', async () => {
    const { box, run, say, id } = await asked({
      value: Draft,
      propose: () => ({ to: 'x', cents: 5 }),
      decisions: { approve: z.object({ code: z.string() }), edit: true, respond: true },
    });
    const before = await box.approval(id);
    for (const given of [
      { decision: 'edit', patch: { cents: 'much' } },
      { decision: 'edit' },
      { decision: 'respond', value: { to: 1 } },
      { decision: 'approve', form: { code: 7 } },
      { decision: 'approve' },
      { decision: 'respond', value: 'x'.repeat(300_000) },
      { decision: 'respond', value: () => {} },
    ])
      expect(await say(given as never)).toMatchObject({ answer: 'refused', reason: 'payload-invalid' });
    expect(await say({ decision: 'edit', patch: { cents: 'much' } })).toMatchObject({ issues: [{ path: 'cents' }] });
    expect(await say({ decision: 'skip' })).toMatchObject({ answer: 'refused', reason: 'not-allowed' });
    const { history = [], ...still } = (await box.approval(id)) ?? {};
    const { history: _, ...was } = before ?? {};
    expect(still).toEqual(was);
    expect(history.map(({ answer }) => answer.answer)).toEqual(Array(9).fill('refused'));
    expect(await run.status()).toBe('waiting');
    await box.close();
  });

  test('is decided once, whoever is first; the same again is answered as it was, and under one id exactly so (S17, S20)', async () => {
    const { box, desk, run, say, id } = await asked();
    const answers = await Promise.all([
      say({ id: 'one' }),
      say({ id: 'two', by: 'tom', decision: 'reject', comment: 'no' }),
      say({ id: 'three', by: 'eve' }),
    ]);
    expect(answers.map(({ answer }) => answer)).toEqual(['resolved', 'refused', 'refused']);
    expect(await say({})).toEqual({ answer: 'resolved', approval: id, decision: 'approve', by: 'mia' });
    expect(await say({ id: 'one', decision: 'reject', comment: 'other words' })).toEqual(answers[0]);
    expect(await say({ decision: 'reject', comment: 'on second thoughts' })).toMatchObject({
      reason: 'already-resolved',
    });
    desk.give('review/ship#1', 1);
    await run.result();
    expect(await say({})).toMatchObject({ answer: 'resolved' });
    expect(await say({ by: 'tom' })).toMatchObject({ answer: 'refused', reason: 'already-resolved' });
    expect((await historyOf(run)).filter((event) => event.startsWith('approval.resolved'))).toHaveLength(1);
    for (const unknown of ['r/review/manager#2', 'r/nothing#1', 'nobody/x#1'])
      expect(await box.decide(unknown, { decision: 'approve', by: 'mia' })).toEqual({ answer: 'noSuchApproval' });
    expect(await box.approval('r/nothing#1')).toBe(null);
    await box.close();
  });

  test.each(['cancel', 'skip', 'fail'] as const)(
    'is withdrawn by a %s, and cannot be decided afterwards (S23, S14)',
    async (how) => {
      const { box, run, say, id } = await asked();
      if (how === 'cancel') await run.cancel();
      else if (how === 'skip') await run.skip('review/manager', { reason: 'x' });
      else await run.abandon({ reason: 'x' });
      await settled(box);
      expect((await box.approvals()).approvals).toEqual([]);
      // A run that was abandoned ends by its rows alone: what it has asked is known to be over when somebody looks.
      expect(await box.approval(id)).toMatchObject({ status: 'withdrawn' });
      expect(await say({})).toMatchObject({ answer: 'refused', reason: how === 'fail' ? 'run-ended' : 'withdrawn' });
      const told = (await historyOf(run)).filter((event) => event.startsWith('approval.'));
      expect(told).toEqual([
        'approval.requested review/manager',
        ...(how === 'fail' ? [] : ['approval.withdrawn review/manager']),
      ]);
      await box.close();
    },
  );

  test.each<[string, object, object]>([
    ['fail', {}, { status: 'failed', error: { code: 'approval-expired' } }],
    [
      'reject',
      { onExpiry: 'reject' },
      { status: 'failed', error: { code: 'approval-rejected', fields: { by: null } } },
    ],
  ])('that nobody decides in time is over: %s (S22)', async (_, asking, expected) => {
    const { box, clock, run, say, id } = await asked({
      expires: '2d',
      remind: ['1d', '36h'],
      assignees: { users: ['mia'] },
      ...asking,
    });
    await clock.advance('1d');
    expect(await historyOf(run)).toContain('approval.reminded review/manager');
    await clock.advance('1d');
    expect(await run.outcome()).toMatchObject(expected);
    expect((await historyOf(run)).filter((event) => event.startsWith('approval.'))).toEqual([
      'approval.requested review/manager',
      'approval.reminded review/manager',
      'approval.reminded review/manager',
      'approval.expired review/manager',
    ]);
    expect(await say({})).toMatchObject({ answer: 'refused', reason: 'expired' });
    expect(await box.approval(id)).toMatchObject({ status: 'expired' });
    await box.close();
  });

  test('that expires may be taken for approved, handed on, or waited for (S22)', async () => {
    const approved = await asked({ expires: '1h', onExpiry: 'approve', propose: () => 7 });
    await approved.clock.advance('1h');
    expect((await approved.run.snapshot()).steps['review/manager']?.output).toMatchObject({
      decision: 'approve',
      by: null,
      value: 7,
    });
    await approved.box.close();

    const up = await asked({
      expires: '1h',
      onExpiry: 'escalate',
      assignees: { users: ['mia'] },
      escalate: { roles: ['boss'] },
    });
    await up.clock.advance('1h');
    expect(await up.say({})).toMatchObject({ reason: 'not-assigned' });
    expect((await up.box.approvals({ role: 'boss' })).approvals).toMatchObject([{ escalations: 1, users: [] }]);
    await up.clock.advance('1h');
    const { status, error } = await up.run.outcome();
    expect([status, error?.code]).toEqual(['failed', 'approval-expired']);
    // Whom it was asked of first, too; and no word of what is said already ("onExpiry").
    expect(error?.message).toContain('None of those who were asked (mia, boss) decided');
    expect(error?.message).toMatch(
      / in time, also after it was escalated\. Give it longer \("expires"\) or remind them \("remind"\)\.$/,
    );
    await up.box.close();

    const patient = await asked({ expires: '1h', onExpiry: 'wait' });
    await patient.clock.advance('9h');
    expect(await historyOf(patient.run)).toContain('approval.expired review/manager');
    expect(await patient.say({})).toMatchObject({ answer: 'resolved' });
    await patient.box.close();
  });

  test('at the very deadline is decided by whoever is first, and not by one who comes after it, however late the timer is (S22)', async () => {
    const just = await asked({ expires: '1h' });
    // The clock is at the deadline before any timer has fired.
    just.clock.jump(3_600_000);
    expect(await just.say({})).toMatchObject({ answer: 'resolved' });
    await just.box.close();
    const over = await asked({ expires: '1h' });
    over.clock.jump(3_600_001);
    expect(await over.say({})).toMatchObject({ answer: 'refused', reason: 'expired' });
    expect(await over.run.outcome()).toMatchObject({ status: 'failed', error: { code: 'approval-expired' } });
    await over.box.close();
  });

  test('that is handed on, or waits on, when its time is up is so for one who comes later, however late the timer is (S22)', async () => {
    const up = await asked({
      expires: '1h',
      onExpiry: 'escalate',
      assignees: { users: ['mia'] },
      escalate: { users: ['boss'] },
    });
    up.clock.jump(3_600_001);
    expect(await up.say({})).toMatchObject({ answer: 'refused', reason: 'not-assigned' });
    expect(await up.say({ by: 'boss' })).toMatchObject({ answer: 'resolved' });
    await up.box.close();
    const patient = await asked({ expires: '1h', onExpiry: 'wait', quorum: 2 });
    patient.clock.jump(3_600_001);
    expect(await patient.say({})).toMatchObject({ answer: 'recorded' });
    await patient.clock.advance('2h');
    expect(await patient.say({ by: 'tom' })).toMatchObject({ answer: 'resolved' });
    expect((await historyOf(patient.run)).filter((event) => event.startsWith('approval.expired'))).toHaveLength(1);
    await patient.box.close();
  });

  test('takes what is as large as it may be, from as many as may, with all that is said beside it (S33)', async () => {
    const text = 'x'.repeat(MOST_SHOWN - 100);
    const { box, say, id } = await asked(
      {
        propose: () => text,
        decisions: { approve: z.any(), edit: true, reject: true },
        quorum: { approvals: 100, veto: false },
      },
      { box: { maxValueBytes: 200_000 } },
    );
    const other = 'y'.repeat(MOST_SHOWN - 100);
    expect(await say({ decision: 'edit', value: `${other}${other}` })).toMatchObject({ reason: 'payload-invalid' });
    expect(await say({ decision: 'edit', value: other })).toMatchObject({ answer: 'recorded' });
    const { digest = '' } = (await box.approval(id)) ?? {};
    const most = { comment: 'c'.repeat(1_000), form: 'f'.repeat(MOST_FORM - 10), digest };
    expect(await say({ by: 'a', form: 'f'.repeat(MOST_FORM) })).toMatchObject({ reason: 'subject-changed' });
    expect(await say({ by: 'a', form: 'f'.repeat(MOST_FORM), digest })).toMatchObject({ reason: 'payload-invalid' });
    for (let voter = 2; voter < 100; voter += 1)
      expect(await say({ by: `voter ${voter}`, ...most })).toMatchObject({ answer: 'recorded' });
    for (let question = 0; question < 100; question += 1)
      await say({ decision: 'requestInfo', comment: 'q'.repeat(1_000) });
    expect(await say({ by: 'the last', ...most })).toMatchObject({ answer: 'resolved' });
    await box.close();
  });

  test('waits on over a restart, with what was said to it, and its time goes on (S22, S27)', async () => {
    const store = memory();
    const { desk, clock, box, say, id, options, flow } = await asked(
      { quorum: { approvals: 2, veto: false }, expires: '2h', remind: '90m' },
      { box: { store } },
    );
    await say({});
    await clock.advance('1h');
    const before = await box.approval(id);
    await box.close();
    await clock.advance('45m');
    const again = clock.follow(await createSignalbox({ orchestrators: [flow], ...options, store }));
    await again.recovered;
    await settled(again);
    await clock.advance(0);
    const found = again.run('r');
    expect(await historyOf(found)).toContain('approval.reminded review/manager');
    expect(await again.approval(id)).toMatchObject({ votes: before?.votes, status: 'pending' });
    expect(await again.decide(id, { decision: 'approve', by: 'tom' })).toMatchObject({ answer: 'resolved' });
    await settled(again);
    expect(desk.open).toEqual(['review/ship#1']);
    expect(await faultsOfHistory(found)).toEqual([]);
    await again.close();
  });

  test('can be decided while its run is paused, and nothing begins before it is resumed (S15)', async () => {
    const { desk, clock, box, run, say } = await asked({ expires: '1h' });
    await run.pause();
    await clock.advance('2h');
    expect(await run.status()).toBe('paused');
    // Timers that fall due meanwhile act when the run is resumed.
    expect(await say({})).toMatchObject({ answer: 'resolved' });
    expect([desk.begun, await run.status()]).toEqual([[], 'paused']);
    await run.resume();
    await settled(box);
    expect(desk.begun).toEqual(['review/ship#1']);
    await box.close();
  });

  test('keeps out whoever has started the run, and says so if nobody knows who that is (S29)', async () => {
    const known = await asked(
      { fourEyes: true, assignees: { users: ['mia', 'tom'] } },
      { metadata: { initiator: 'mia' } },
    );
    expect(await known.say({})).toMatchObject({ answer: 'refused', reason: 'excluded' });
    expect((await known.box.approvals({ mine: { user: 'mia' } })).approvals).toEqual([]);
    expect(await known.say({ by: 'tom' })).toMatchObject({ answer: 'resolved' });
    await known.box.close();
    const unknown = await asked({ fourEyes: true });
    expect(await unknown.run.outcome()).toMatchObject({ status: 'failed', error: { code: 'initiator-unknown' } });
    await unknown.box.close();
    const alone = await asked(
      { fourEyes: true, assignees: () => ({ users: ['mia'] }) },
      { metadata: { initiator: 'mia' } },
    );
    expect(await alone.run.outcome()).toMatchObject({ status: 'failed', error: { code: 'approval-impossible' } });
    await alone.box.close();
  });

  test('fails its own step alone when a mapper of it throws, answers with a promise, or names nobody (S5)', async () => {
    for (const asking of [
      {
        ask: () => {
          throw new Error('no words');
        },
      },
      { ask: () => 7 },
      { ask: () => Promise.resolve('later') },
      { assignees: () => ({ users: 'mia' }) },
      { excluded: () => [7] },
      { show: () => 10n },
      { show: () => 'x'.repeat(300_000) },
      { propose: () => ({ to: 1 }), value: Draft },
    ] as const) {
      const { box, run } = await asked(asking as never);
      const outcome = await run.outcome();
      expect(outcome).toMatchObject({ status: 'failed', error: { path: 'review/manager' } });
      expect((await box.approvals()).approvals).toEqual([]);
      await box.close();
    }
  });

  test('that fails stands still under onFailure pause, and is asked again by a retry (S12)', async () => {
    const { clock, options } = stage();
    const flow = orchestrator('held', { version: '1', input: Anything, onFailure: 'pause' }).track(
      'review',
      track('review', { input: Anything }).approval('manager', { ask: 'Well?' }),
    );
    const box = clock.follow(await createSignalbox({ orchestrators: [flow], ...options }));
    const run = await box.start(flow, { id: 'r', input: null });
    await settled(box);
    await box.decide('r/review/manager#1', { decision: 'reject', by: 'mia', comment: 'no' });
    await settled(box);
    expect(await run.status()).toBe('awaitingIntervention');
    await run.retry('review/manager', { reason: 'they have changed it' });
    await settled(box);
    expect((await run.approvals()).approvals).toMatchObject([
      { id: 'r/review/manager#1', status: 'resolved' },
      { id: 'r/review/manager#2', status: 'pending' },
    ]);
    expect(await box.decide('r/review/manager#2', { decision: 'approve', by: 'mia' })).toMatchObject({
      answer: 'resolved',
    });
    expect(await run.outcome()).toMatchObject({ status: 'completed' });
    await box.close();
  });
});
