/**
 * What a definition says of a step that fails (P196): `on_step_failure` of other engines, with its retry_count, notify_human and
 * allow_skip, is `retry`, `onFailure: 'pause'`, `optional` and an `onError` that asks somebody. All of it goes into documents.
 */
import {
  type AnyOrchestrator,
  createSignalbox,
  defineOrchestrator,
  defineTrack,
  type Run,
  type Signalbox,
  task,
} from 'signalbox';
import { settled } from 'signalbox/testing';
import { afterEach, describe, expect, test } from 'vitest';
import { Anything, faultsOfHistory, historyOf, rejection, stage } from '../helpers/stage.ts';

const open: Signalbox[] = [];
afterEach(async () => {
  for (const box of open.splice(0)) await box.close();
});

/** `flow` with a track `t`: the step `pay`, which fails as often as it is told to, and `after`, which takes what that leaves. */
const pay = (maxAttempts: number) =>
  task('pay', { input: Anything, output: Anything, retry: { maxAttempts, delay: '1m' } });
const after = task('after', { input: Anything, output: Anything, run: ({ input }) => input });

const flowOf = (entry: object, policy: object, maxAttempts: number): AnyOrchestrator =>
  defineOrchestrator({
    name: 'flow',
    version: '1',
    input: Anything,
    tracks: {
      t: defineTrack({
        name: 't',
        input: Anything,
        registry: { pay: pay(maxAttempts), after },
        tasks: [entry as never, { task: 'after', input: { paid: '$.outputs.pay' } as never }],
      }),
    },
    inputMappings: { t: '$.input' },
    ...policy,
  }) as AnyOrchestrator;

async function begin(flow: AnyOrchestrator, failures: number) {
  const { clock, options } = stage();
  let calls = 0;
  const { executor: _, ...stand } = options as typeof options & { readonly executor?: unknown };
  const body = async () => {
    calls += 1;
    if (calls <= failures) throw new Error(`no money (${calls})`);
    return { ref: calls };
  };
  const given = { orchestrators: [flow], tasks: { pay: body }, ...stand } as never;
  const box = clock.follow((await createSignalbox(given)) as Signalbox);
  open.push(box);
  const run = (await box.start(flow as never, { id: 'r', input: {} } as never)) as Run<unknown>;
  await settled(box);
  await clock.advance('10m');
  return { box, run, clock, calls: () => calls };
}

const plain = { task: 'pay' };
const optional = { task: 'pay', optional: true };

describe('on_step_failure', () => {
  test.each([
    // retry_count, what is said, failures → attempts, how the run ends, what comes after
    ['retry_count: 2, and the third one succeeds', plain, {}, 3, 2, 3, 'completed', { ref: 3 }],
    ['retry_count: 2, and no more', plain, {}, 3, 9, 3, 'failed', undefined],
    ['retry_count: 0', plain, {}, 1, 9, 1, 'failed', undefined],
    ['retry_count: 1, allow_skip: true', optional, {}, 2, 9, 2, 'completed', null],
    ['retry_count: 1, notify_human: true', plain, { onFailure: 'pause' }, 2, 9, 2, 'awaitingIntervention', undefined],
    // What may be skipped is nobody's to be asked about.
    ['allow_skip: true, notify_human: true', optional, { onFailure: 'pause' }, 2, 9, 2, 'completed', null],
  ] as const)('%s (P196)', async (_, entry, policy, maxAttempts, failures, calls, status, paid) => {
    const flow = flowOf(entry, policy, maxAttempts);
    const { run, calls: called } = await begin(flow, failures);
    expect([called(), await run.status()]).toEqual([calls, status]);
    if (paid !== undefined) expect(await run.result()).toEqual({ t: { paid } });
    if (status === 'failed')
      expect(await rejection(run.result())).toMatchObject({ failures: [{ code: 'task-failed', path: 't/pay' }] });
    expect(await faultsOfHistory(run)).toEqual([]);
  });

  test('notify_human: true tells whoever listens, and a person tries again, skips or resolves it (P196, S16)', async () => {
    const flow = flowOf(plain, { onFailure: 'pause' }, 2);
    const { box, run } = await begin(flow, 9);
    expect(await historyOf(run)).toContain('step.awaitingIntervention t/pay');
    expect(await run.allowed('t/pay')).toEqual(['retry', 'skip', 'resolve']);
    await run.skip('t/pay', { reason: 'they will pay later', by: 'mia' });
    await settled(box);
    expect(await run.result()).toEqual({ t: { paid: null } });
  });

  test.each([
    [true, ['respond', 'skip', 'reject'], 'skip', {}, 'completed'],
    [false, ['respond', 'reject'], 'skip', {}, 'refused'],
    [false, ['respond', 'reject'], 'respond', { value: 'paid in cash' }, 'completed'],
    [false, ['respond', 'reject'], 'reject', {}, 'failed'],
  ] as const)(
    'notify_human: true with allow_skip: %s is an onError that asks, and %j can be decided: %s (P196)',
    async (_, decisions, decision, more, becomes) => {
      const asked = defineTrack({
        name: 'asked',
        input: Anything,
        tasks: [
          {
            name: 'what',
            approval: {
              ask: ({ input }: { input: { message: string } }) => `It failed: ${input.message}. What now?`,
              decisions: [...decisions],
              assignees: { roles: ['desk'] },
            },
          } as never,
        ],
      });
      const entry = { name: 'pay', group: [{ task: 'pay', name: 'try' }], onError: { do: asked, input: '$.error' } };
      const { box, run } = await begin(flowOf(entry, {}, 2), 9);
      const { approvals } = await box.approvals({ run: 'r' });
      expect(approvals).toMatchObject([{ question: 'It failed: no money (2). What now?', roles: ['desk'] }]);
      const said = { decision, by: 'mia', roles: ['desk'], comment: 'seen', ...more };
      const { answer } = await box.decide(approvals[0]?.id as string, said as never);
      await settled(box);
      expect(answer).toBe(becomes === 'refused' ? 'refused' : 'resolved');
      expect(await run.status()).toBe(becomes === 'refused' ? 'waiting' : becomes);
    },
  );
});
