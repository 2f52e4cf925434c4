/** People are asked about a task: before its body begins, and about what it has left behind (S25, S27, P141, P194). */
import { createSignalbox, memory, orchestrator, task, track } from 'signalbox';
import { settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { DecideOptions } from '../../src/runtime/approvals.ts';
import { Anything, faultsOfHistory, never, stage } from '../helpers/stage.ts';

const Draft = z.object({ to: z.string(), cents: z.number().int() });

describe('a task', () => {
  const bodies: { readonly input: typeof Draft; readonly output: typeof Draft; readonly run: typeof never } = {
    input: Draft,
    output: Draft,
    run: never,
  };

  async function tasked(more: object, holds = false) {
    const { desk, clock, options } = stage();
    const send = task('send', { ...bodies, ...more });
    const flow = orchestrator('flow', { version: '1', input: Anything, onFailure: holds ? 'pause' : 'failFast' }).track(
      't',
      track('t', { input: Anything }).step('send', send, () => ({ to: 'x', cents: 5 })),
    );
    const box = clock.follow(await createSignalbox({ orchestrators: [flow], ...options }));
    const run = await box.start(flow, { id: 'r', input: null });
    await settled(box);
    const say = async (given: Partial<DecideOptions>, number = 1) => {
      const answer = await box.decide(`r/t/send#${number}`, { decision: 'approve', by: 'mia', ...given });
      await settled(box);
      return answer;
    };
    return { desk, clock, box, run, say };
  }
  const approval = {
    ask: ({ input }: { input: { cents: number } }) => `Send ${input.cents}?`,
    decisions: ['approve', 'edit', 'reject', 'replace', 'skip'],
  };

  test('is asked about before its body begins: the body has what was approved, edited or not (P194)', async () => {
    const { desk, box, run, say } = await tasked({ approval });
    expect([desk.begun, await run.status()]).toEqual([[], 'waiting']);
    expect((await box.approvals()).approvals).toMatchObject([
      { when: 'before', question: 'Send 5?', proposed: { to: 'x', cents: 5 } },
    ]);
    expect(await say({ decision: 'edit', patch: { cents: 0.5 } })).toMatchObject({ reason: 'payload-invalid' });
    expect(await say({ decision: 'edit', patch: { cents: 4 } })).toMatchObject({
      answer: 'resolved',
      decision: 'edit',
    });
    expect(desk.open).toEqual(['t/send#1']);
    expect((await run.snapshot()).steps['t/send']?.input).toEqual({ to: 'x', cents: 4 });
    desk.give('t/send#1', { to: 'x', cents: 4 });
    expect(await run.outcome()).toMatchObject({ status: 'completed' });
    await box.close();
  });

  test('begins in the commit in which it is approved', async () => {
    const { box, desk, say } = await tasked({ approval });
    const { commits } = box.counts;
    await say({});
    expect([desk.open, box.counts.commits - commits]).toEqual([['t/send#1'], 1]);
    await box.close();
  });

  test('whose input is replaced, or which is rejected or skipped, never has its body called', async () => {
    for (const [given, expected] of [
      [
        { decision: 'replace', value: { to: 'z', cents: 1 } },
        { status: 'completed', output: { to: 'z', cents: 1 } },
      ],
      [
        { decision: 'reject', comment: 'no' },
        { status: 'failed', error: { code: 'approval-rejected' } },
      ],
      [{ decision: 'skip' }, { status: 'skipped' }],
    ] as const) {
      const { desk, box, run, say } = await tasked({ approval });
      expect(await say(given as never)).toMatchObject({ answer: 'resolved' });
      await run.outcome();
      expect([desk.begun, (await run.snapshot()).steps['t/send']]).toMatchObject([[], expected]);
      await box.close();
    }
  });

  test('what is put in the place of its output fits its output, and what is edited its input', async () => {
    const { box, say } = await tasked({
      approval,
      input: z.object({ to: z.string(), cents: z.number() }),
      output: z.object({ receipt: z.string() }),
    });
    expect(await say({ decision: 'replace', value: { to: 'z', cents: 1 } })).toMatchObject({
      reason: 'payload-invalid',
    });
    expect(await say({ decision: 'edit', value: { receipt: 'r' } })).toMatchObject({ reason: 'payload-invalid' });
    expect(await say({ decision: 'replace', value: { receipt: 'r' } })).toMatchObject({ answer: 'resolved' });
    await box.close();
  });

  test('that is approved while its run is paused begins when it is resumed, also after a restart (S15)', async () => {
    const { desk, box, run, say } = await tasked({ approval });
    await run.pause();
    expect(await say({})).toMatchObject({ answer: 'resolved' });
    expect([desk.begun, (await run.snapshot()).steps['t/send']?.status]).toEqual([[], 'pending']);
    await run.resume();
    await settled(box);
    expect(desk.begun).toEqual(['t/send#1']);
    await box.close();
  });

  test('whose output is replaced, or which is skipped, while its run is paused never has its body called (S15)', async () => {
    for (const given of [{ decision: 'replace', value: { to: 'z', cents: 1 } }, { decision: 'skip' }]) {
      const { desk, box, run, say } = await tasked({ approval });
      await run.pause();
      expect(await say(given as never)).toMatchObject({ answer: 'resolved' });
      // Nothing is left to begin.
      expect([desk.begun, await run.status()]).toEqual([[], 'completed']);
      await box.close();
    }
  });

  test('that was rejected and is retried by somebody is asked about again: no intervention goes round an approval (S25)', async () => {
    const { desk, box, run, say } = await tasked({ approval }, true);
    await say({ decision: 'reject', comment: 'no' });
    await run.retry('t/send', { reason: 'again', input: { to: 'w', cents: 1 } });
    await settled(box);
    expect(desk.begun).toEqual([]);
    expect((await box.approvals()).approvals).toMatchObject([{ id: 'r/t/send#2', proposed: { to: 'w', cents: 1 } }]);
    await say({}, 2);
    expect(desk.begun).toEqual(['t/send#1']);
    // What was approved once is not asked again for another attempt.
    desk.fail('t/send#1', new Error('down'));
    await settled(box);
    await run.retry('t/send', { reason: 'it is up' });
    await settled(box);
    expect(desk.begun).toEqual(['t/send#1', 't/send#2']);
    await box.close();
  });

  const review = {
    ask: ({ output }: { output: { cents: number } }) => `Is ${output.cents} right?`,
    decisions: ['approve', 'edit', 'reject', 'retry', 'replace'],
  };

  test('is asked about after its body: tried again with a word on why, perhaps with another input, until it is approved (P141)', async () => {
    const { desk, box, run, say } = await tasked({ review });
    desk.give('t/send#1', { to: 'x', cents: 6 });
    await settled(box);
    expect((await box.approvals()).approvals).toMatchObject([
      { when: 'after', question: 'Is 6 right?', proposed: { to: 'x', cents: 6 } },
    ]);
    expect(await say({ decision: 'retry', patch: { cents: 'x' } })).toMatchObject({ reason: 'payload-invalid' });
    expect(await say({ decision: 'retry', patch: { cents: 7 }, comment: 'seven, I said' })).toMatchObject({
      answer: 'resolved',
    });
    expect(desk.open).toEqual(['t/send#2']);
    expect((await run.snapshot()).steps['t/send']).toMatchObject({
      input: { to: 'x', cents: 7 },
      attempts: [
        { attempt: 1, error: { code: 'approval-rejected', message: expect.stringContaining('seven, I said') } },
        { attempt: 2 },
      ],
    });
    desk.give('t/send#2', { to: 'x', cents: 7 });
    await settled(box);
    expect(await say({ decision: 'edit', patch: { to: 'y' } }, 2)).toMatchObject({ answer: 'resolved' });
    expect((await run.snapshot()).steps['t/send']).toMatchObject({
      status: 'completed',
      output: { to: 'y', cents: 7 },
    });
    expect(await faultsOfHistory(run)).toEqual([]);
    await box.close();
  });

  test('asked about before and after runs its body once, between the two, and is never asked again (S27)', async () => {
    const { desk, box, run, say } = await tasked({ approval, review });
    await say({});
    desk.give('t/send#1', { to: 'x', cents: 6 });
    await settled(box);
    await say({}, 2);
    expect(await run.outcome()).toMatchObject({ status: 'completed' });
    expect(desk.begun).toEqual(['t/send#1']);
    await box.close();
  });

  test('is asked about although its output was kept, and is not asked again by a run that takes over from it (S25)', async () => {
    const { desk, clock, options } = stage();
    const store = memory();
    const send = task('send', { ...bodies, approval, cache: { ttl: '1h', scope: 'task' } } as never) as never;
    const broken = task('broken', bodies);
    const flow = orchestrator('flow', { version: '1', input: Anything }).track(
      't',
      track('t', { input: Anything })
        .step('send', send, (() => ({ to: 'x', cents: 5 })) as never)
        .step('broken', broken, () => ({ to: 'x', cents: 5 })),
    );
    const box = clock.follow(await createSignalbox({ orchestrators: [flow], ...options, store }));
    for (const id of ['a', 'b']) {
      await box.start(flow, { id, input: null });
      await settled(box);
      expect((await box.approvals({ run: id })).approvals).toMatchObject([{ id: `${id}/t/send#1` }]);
      await box.decide(`${id}/t/send#1`, { decision: 'approve', by: 'mia' });
      await settled(box);
      if (id === 'a') desk.give('t/send#1', { to: 'x', cents: 5 });
      await settled(box);
    }
    // The second one has what the first has left behind, and its person was asked all the same.
    expect(desk.begun.filter((place) => place.startsWith('t/send'))).toEqual(['t/send#1']);
    desk.fail('t/broken#1', new Error('no'));
    await settled(box);
    const again = await box.run('b').rerun({ from: 't/broken', reason: 'mended', id: 'c' });
    await settled(box);
    expect((await again.approvals()).approvals).toEqual([]);
    expect(desk.open).toContain('t/broken#1');
    await box.close();
  });
});

test.each([
  ['rejected', { decision: 'reject' }],
  ['aborted', { decision: 'abort' }],
  ['cancelled', null],
] as const)('what a step behind a task asks about has the task undone when it is %s (S13)', async (_, said) => {
  const { clock, options } = stage();
  const log: string[] = [];
  const charge = task('charge', {
    input: Anything,
    output: Anything,
    run: () => log.push('charged'),
    compensate: () => void log.push('refunded'),
  });
  const flow = orchestrator('flow', { version: '1', input: Anything, onFailure: 'compensate' }).track(
    't',
    track('t', { input: Anything })
      .step('charge', charge)
      .approval('ok', {
        ask: 'Well?',
        propose: ({ outputs }) => outputs.charge,
        decisions: ['approve', 'reject', 'abort'],
      }),
  );
  const { executor: _desk, ...others } = options as typeof options & { executor?: unknown };
  const box = clock.follow(await createSignalbox({ orchestrators: [flow], ...others }));
  const run = await box.start(flow, { id: 'r', input: null });
  await settled(box);
  if (said === null) await run.cancel({ compensate: true });
  else await run.decide('t/ok', { ...said, by: 'mia', comment: 'no' });
  const outcome = await run.outcome();
  expect([outcome.status, log]).toEqual(['compensated', ['charged', 'refunded']]);
  expect(outcome.compensation?.undone).toEqual(['t/charge']);
  await box.close();
});
