/**
 * Whoever has decided at one step may not decide at another (S21, S29): in every place where somebody is asked, whatever they decided, over
 * restarts, and whatever an output says.
 */
import { type AnyOrchestrator, createSignalbox, memory, orchestrator, type Signalbox, task, track } from 'signalbox';
import { fakeClock, settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import type { DecideOptions } from '../../src/runtime/approvals.ts';
import { Anything, faultsOfHistory } from '../helpers/stage.ts';

const ask = { ask: 'Well?', decisions: ['approve', 'edit', 'reject', 'skip'] } as const;
const but = { ask: 'Well?', excluded: { decidersOf: ['first'] } };
const flowOf = (made: object, more: object = {}) =>
  orchestrator('flow', { version: '1', input: Anything, ...more }).track('t', made as never, {
    input: () => 1,
  }) as AnyOrchestrator;
const T = () => track('t', { input: Anything });
const t = (name: string, more: object = {}) =>
  task(name, { input: Anything, output: Anything, run: () => ({ deciders: ['tom'], decision: 'approve' }), ...more });
const values = { criteria: { a: { min: 1 }, b: { min: 1 } }, values: () => ({ a: 1, b: 0 }) };
const closed = { criteria: { a: { min: 1, required: true } }, values: () => ({ a: 0 }) };

// biome-ignore lint/suspicious/noExplicitAny: what a track has before is of no interest here
type Make = (made: any) => any;
type Say = Partial<DecideOptions>;
const NO: Say = { decision: 'reject', comment: 'no' };

/** Where somebody decides first, and what they say there. */
const FIRST: { readonly [where: string]: readonly [Make, Say, string?] } = {
  'an approval': [(made) => made.approval('first', ask), {}],
  'an approval that is skipped': [(made) => made.approval('first', ask), { decision: 'skip' }],
  'an approval that is rejected': [(made) => made.approval('first', { ...ask, onReject: 'complete' }), NO],
  'an approval that is overridden': [
    (made) => made.approval('first', { ...ask, assignees: { users: ['eve'] }, override: { roles: ['boss'] } }),
    { decision: 'override', as: 'approve', roles: ['boss'], comment: 'so' },
  ],
  'an approval, on behalf of another': [
    (made) => made.approval('first', { ...ask, substitutes: { mia: ['sub'] } }),
    { by: 'sub', onBehalfOf: 'mia' },
  ],
  'an approval, for another': [
    (made) => made.approval('first', { ...ask, substitutes: { tom: ['mia'] } }),
    { onBehalfOf: 'tom' },
  ],
  'the approval of a task': [(made) => made.step('first', t('x', { approval: ask }), () => 1), {}],
  'the approval of a task that is skipped': [
    (made) => made.step('first', t('x', { approval: ask }), () => 1),
    { decision: 'skip' },
  ],
  'the review of a task': [(made) => made.step('first', t('x', { review: ask }), () => 1), {}],
  'the review of a task, which is edited': [
    (made) => made.step('first', t('x', { review: ask }), () => 1),
    { decision: 'edit', value: 7 },
  ],
  'a gate': [(made) => made.gate('first', values), { comment: 'c' }],
  'a gate that was closed': [(made) => made.gate('first', closed), { comment: 'c' }],
  'a gate that does something': [
    (made) => made.gate('first', { ...values, action: t('act') } as never),
    { comment: 'c' },
    't/first/judge',
  ],
  'a group': [
    (made) => made.group('first', (group: ReturnType<Make>) => group.approval('inner', ask)),
    {},
    't/first/inner',
  ],
};

/** Where they may not decide afterwards. */
const SECOND: { readonly [where: string]: readonly [Make, string?] } = {
  'an approval': [(made) => made.approval('second', but)],
  'the approval of a task': [(made) => made.step('second', t('y', { approval: but }), () => 1)],
  'the review of a task': [(made) => made.step('second', t('y', { review: but }), () => 1)],
  'the review of a gate': [(made) => made.gate('second', { ...values, review: { ...but, reasons: false } })],
  'an approval in a group': [
    (made) => made.group('second', (group: ReturnType<Make>) => group.approval('inner', but)),
    't/second/inner',
  ],
  'the review of an item': [
    (made) => made.map('second', { over: () => [1], each: t('y', { review: but }) }),
    't/second/0',
  ],
};

const CELLS = Object.keys(FIRST).flatMap((first) => Object.keys(SECOND).map((second) => [first, second] as const));

async function boxOf(flow: AnyOrchestrator, store = memory()): Promise<Signalbox> {
  const clock = fakeClock();
  const made = await createSignalbox({ orchestrators: [flow], store, clock, logger: () => {} });
  return clock.follow(made as unknown as Signalbox);
}

describe('whoever has decided first may not decide second', () => {
  test.each(CELLS)('%s; %s', async (first, second) => {
    const [one, said, at = 't/first'] = FIRST[first]!;
    const [two, then = 't/second'] = SECOND[second]!;
    const flow = flowOf(two(one(T())));
    const store = memory();
    let box = await boxOf(flow, store);
    await box.start(flow, { id: 'r', input: null });
    await settled(box);
    const decided = await box.run('r').decide(at, { decision: 'approve', by: 'mia', ...said } as never);
    expect(decided).toMatchObject({ answer: 'resolved' });
    await settled(box);
    // What is remembered of it is read again by whoever takes the run over.
    await box.close();
    box = await boxOf(flow, store);
    await settled(box);
    const run = box.run('r');
    const { approvals } = await box.approvals({ run: 'r' });
    expect(approvals).toMatchObject([{ path: then }]);
    const who = new Set(['mia', said.by ?? 'mia', said.onBehalfOf ?? 'mia']);
    expect(new Set(approvals[0]!.excluded)).toEqual(who);
    for (const by of who)
      expect(await run.decide(then, { decision: 'approve', by, comment: 'c' } as never)).toMatchObject({
        answer: 'refused',
        reason: 'excluded',
      });
    // A body that says of others that they have decided keeps nobody out.
    const by = who.has('tom') ? 'kim' : 'tom';
    expect(await run.decide(then, { decision: 'approve', by, comment: 'c' } as never)).toMatchObject({
      answer: 'resolved',
    });
    await settled(box);
    expect([await run.status(), await faultsOfHistory(run)]).toEqual(['completed', []]);
    await box.close();
  });

  test('by all of several votes, and by all that was asked there, also before it was tried again', async () => {
    const people = { users: ['ann', 'bob', 'cat', 'dan', 'eve'] };
    const flow = flowOf(
      T()
        .step(
          'first',
          t('x', {
            approval: { ...ask, assignees: people, quorum: 2 },
            review: { ...ask, decisions: ['approve', 'retry'] },
          }),
          () => 1,
        )
        .approval('second', { ...but, assignees: people }),
    );
    const box = await boxOf(flow);
    const run = await box.start(flow, { id: 'r', input: null });
    const say = async (path: string, given: object): Promise<object> => {
      await settled(box);
      return run.decide(path, { decision: 'approve', ...given } as never);
    };
    await say('t/first', { by: 'ann' });
    await say('t/first', { by: 'bob' });
    await say('t/first', { by: 'cat', decision: 'retry' });
    await say('t/first', { by: 'dan' });
    for (const by of ['ann', 'bob', 'cat', 'dan'])
      expect(await say('t/second', { by })).toMatchObject({ reason: 'excluded' });
    expect(await say('t/second', { by: 'eve' })).toMatchObject({ answer: 'resolved' });
    await box.close();
  });

  test('in a track that waits for the first one, and behind the approval of the run', async () => {
    const flow = orchestrator('flow', { version: '1', input: Anything, approval: ask })
      .track('t', T().approval('first', ask), { input: () => 1 })
      .track(
        'u',
        track('u', { input: Anything }).approval('second', {
          ask: '?',
          excluded: { decidersOf: ['t/first', '~approval'] },
        }),
        { after: ['t'], input: () => 1 },
      );
    const store = memory();
    let box = await boxOf(flow as AnyOrchestrator, store);
    await box.start(flow as AnyOrchestrator, { id: 'r', input: null });
    for (const [path, by] of [
      ['~approval', 'ann'],
      ['t/first', 'bob'],
    ] as const) {
      await settled(box);
      await box.run('r').decide(path, { decision: 'approve', by });
      await box.close();
      box = await boxOf(flow as AnyOrchestrator, store);
    }
    await settled(box);
    expect((await box.approvals()).approvals).toMatchObject([{ path: 'u/second', excluded: ['bob', 'ann'] }]);
    await box.close();
  });

  test('in a round, by what was decided in that round', async () => {
    const round = track('round', { input: Anything }).approval('first', ask).approval('second', but);
    const flow = flowOf(
      T().loop('l', {
        body: round,
        until: () => false,
        maxIterations: 2,
        onLimit: 'stop',
      } as never),
    );
    const box = await boxOf(flow);
    const run = await box.start(flow, { id: 'r', input: null });
    for (const [index, who] of ['ann', 'bob'].entries()) {
      await settled(box);
      const { approvals } = await box.approvals();
      const path = approvals[0]!.path.replace(/\/first$/, '');
      await run.decide(`${path}/first`, { decision: 'approve', by: who });
      await settled(box);
      expect((await box.approvals()).approvals).toMatchObject([{ path: `${path}/second`, excluded: [who] }]);
      await run.decide(`${path}/second`, { decision: 'approve', by: index === 0 ? 'bob' : 'ann' });
    }
    await settled(box);
    expect(await run.status()).toBe('completed');
    await box.close();
  });

  test('in a run that takes the first step over from another one, or from one that had taken it over (S16)', async () => {
    const flow = flowOf(
      T()
        .approval('first', ask)
        .approval('second', { ...but, decisions: ['approve', 'reject'] }),
    );
    const store = memory();
    let box = await boxOf(flow, store);
    await box.start(flow, { id: 'r', input: null });
    await settled(box);
    await box.run('r').decide('t/first', { decision: 'approve', by: 'mia' });
    for (const [id, next] of [
      ['r', 'r2'],
      ['r2', 'r3'],
    ] as const) {
      await settled(box);
      await box.run(id).decide('t/second', { decision: 'reject', by: 'tom', comment: 'no' });
      await settled(box);
      await box.run(id).rerun({ from: 't/second', id: next, reason: 'again' });
      await settled(box);
      await box.close();
      box = await boxOf(flow, store);
      await settled(box);
      expect((await box.approvals()).approvals).toMatchObject([{ run: next, excluded: ['mia'] }]);
    }
    const other = await box.run('r3');
    await other.cancel();
    await other.rerun({ from: 't/first', id: 'r4', reason: 'all of it' });
    await settled(box);
    await box.run('r4').decide('t/first', { decision: 'approve', by: 'ann' });
    await settled(box);
    expect((await box.approvals()).approvals).toMatchObject([{ run: 'r4', excluded: ['ann'] }]);
    await box.close();
  });
});
