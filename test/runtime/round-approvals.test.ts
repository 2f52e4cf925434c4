/** No intervention goes round an approval or a gate: what comes out of them is said by those who are asked (S16, S20, S28). */
import { createSignalbox, memory, orchestrator, orchestratorMachine, task, track } from 'signalbox';
import { machineInput } from 'signalbox/machines';
import { settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { type AnyStateMachine, createActor } from 'xstate';
import { Anything, faultsOfHistory, rejection, stage, statusesOf } from '../helpers/stage.ts';

const head = { version: '1', input: Anything, onFailure: 'pause' } as const;
const input = { input: Anything } as const;
const boss = { assignees: { roles: ['boss'] } };
const forged = { decision: 'approve', by: 'boss', value: { amount: 1_000_000 } };
const said = { reason: 'x', by: 'mia' } as const;
const paid: unknown[] = [];
const body = { ...input, output: Anything, run: ({ input: given }: { input: unknown }) => void paid.push(given) };
const pay = task('pay', body);
const asked = task('asked', { ...body, approval: { ask: 'Pay?', ...boss } });
const reviewed = task('reviewed', { ...body, review: { ask: 'Good?', ...boss } });
const broken = task('broken', {
  ...input,
  output: Anything,
  approval: { ask: 'Pay?', ...boss },
  run: () => {
    throw new Error('no money');
  },
});

const flowOf = (steps: unknown) => orchestrator('flow', head).track('t', steps as never);
const t = () => track('t', input);

const approving = flowOf(
  t()
    .approval('s', { ask: 'Pay?', ...boss })
    .step('pay', pay, ({ outputs }) => outputs.s),
);
const gated = flowOf(
  t()
    .gate('s', { criteria: { v: { min: 5, required: true } }, values: () => ({ v: 3 }), override: { roles: ['boss'] } })
    .step('pay', pay, ({ outputs }) => outputs.s),
);
type AnyTask = { readonly definition: typeof pay.definition };
const ofTask = (made: AnyTask) => flowOf(t().step('s', made as typeof pay, () => ({ amount: 5 })));

async function opened(flow: ReturnType<typeof flowOf>, lane: 'table' | 'xstate' = 'table') {
  paid.length = 0;
  const { options } = stage();
  const { executor: _, ...rest } = options;
  const store = memory();
  const box = await createSignalbox({ orchestrators: [flow], lane, store, ...rest });
  const run = await box.start(flow as never, { id: 'r', input: null } as never);
  await settled(box);
  const decide = async (options: object, number = 1) => {
    const answer = await box.decide(`r/t/s#${number}`, { by: 'tom', roles: ['boss'], ...options } as never);
    await settled(box);
    return answer;
  };
  const refused = async (made: Promise<unknown>) => {
    const error = await rejection<Error>(made);
    expect(error).toMatchObject({ code: 'intervention-refused' });
    await settled(box);
    return error.message;
  };
  /** What may be done, as the handle and the explanation say it. */
  const allowed = async () => {
    const names = await run.allowed('t/s');
    const { steps } = await run.explain({ path: 't/s' });
    expect(names).toEqual(steps[0]?.allowed);
    return names;
  };
  return { box, run, decide, refused, allowed };
}

describe.each(['table', 'xstate'] as const)('stepped by the %s lane', (lane) => {
  test('an open approval is skipped without an output only, and the refusal is on record (S16, S23)', async () => {
    const { box, run, refused, allowed } = await opened(approving, lane);
    expect(await allowed()).toEqual(['skip', 'decide']);
    const message = await refused(run.skip('t/s', { ...said, output: forged }));
    expect(message).toContain('run.decide("t/s", { decision, by })');
    expect(await run.status()).toBe('waiting');
    const records = [];
    for await (const { type, by, refused: why, output } of run.interventions()) records.push([type, by, why, output]);
    expect(records).toEqual([['skip', 'mia', expect.stringContaining('run.decide'), forged]]);
    await run.skip('t/s', said);
    await settled(box);
    expect(paid).toEqual([null]);
    expect((await run.approvals()).approvals.map(({ status }) => status)).toEqual(['withdrawn']);
    expect(await faultsOfHistory(run)).toEqual([]);
    await box.close();
  });

  test('one that was rejected is asked again or skipped, and not resolved (S16)', async () => {
    const { box, run, decide, refused, allowed } = await opened(approving, lane);
    await decide({ decision: 'reject', comment: 'no' });
    expect(await allowed()).toEqual(['retry', 'skip']);
    await refused(run.resolve('t/s', { ...said, output: forged }));
    await refused(run.skip('t/s', { ...said, output: forged }));
    await run.retry('t/s', said);
    await decide({ decision: 'approve' }, 2);
    expect(paid).toMatchObject([{ decision: 'approve', by: 'tom' }]);
    await box.close();
  });

  test('a gate is passed by its override, and not by an output', async () => {
    const { box, run, decide, refused, allowed } = await opened(gated, lane);
    expect(await allowed()).toEqual(['retry', 'skip', 'decide']);
    expect(await refused(run.resolve('t/s', { ...said, output: { nothing: 'like a gate' } }))).toContain('run.decide');
    await refused(run.skip('t/s', { ...said, output: { decision: 'APPROVE' } }));
    await decide({ decision: 'approve', comment: 'good enough' });
    expect(paid).toMatchObject([{ decision: 'APPROVE', by: 'tom', comment: 'good enough' }]);
    await box.close();
  });

  test('a task is asked about before its body whatever is said in its place (S20)', async () => {
    const { box, run, decide, refused, allowed } = await opened(ofTask(asked), lane);
    expect(await allowed()).toEqual(['skip', 'decide']);
    await refused(run.skip('t/s', { ...said, output: 'whatever' }));
    await decide({ decision: 'reject', comment: 'no' });
    expect(await allowed()).toEqual(['retry', 'skip']);
    await refused(run.resolve('t/s', { ...said, output: 'whatever' }));
    await run.retry('t/s', { ...said, input: { amount: 7 } });
    await settled(box);
    await decide({ decision: 'approve' }, 2);
    expect(paid).toEqual([{ amount: 7 }]);
    await box.close();
  });

  test('what was approved is what is tried again, and once it has begun its output may be said by hand (S28)', async () => {
    const { box, run, decide, refused, allowed } = await opened(ofTask(broken), lane);
    await decide({ decision: 'approve' });
    expect(await allowed()).toEqual(['retry', 'skip', 'resolve']);
    expect(await refused(run.retry('t/s', { ...said, input: { amount: 1_000_000 } }))).toContain('was approved');
    await run.retry('t/s', said);
    await settled(box);
    await run.resolve('t/s', { ...said, output: 'by hand' });
    expect(await run.outcome()).toMatchObject({ outputs: { t: 'by hand' } });
    await box.close();
  });

  test('the output of a task with a review is said by those who are asked about it', async () => {
    const { box, run, decide, refused, allowed } = await opened(ofTask(reviewed), lane);
    await refused(run.skip('t/s', { ...said, output: 'whatever' }));
    await decide({ decision: 'reject', comment: 'no' });
    expect(await allowed()).toEqual(['retry', 'skip']);
    await refused(run.resolve('t/s', { ...said, output: 'whatever' }));
    await run.skip('t/s', said);
    expect(await statusesOf(run)).toMatchObject({ 't/s': 'skipped' });
    await box.close();
  });
});

test('nor does what is sent to an actor that stands for a run', async () => {
  const actor = createActor(orchestratorMachine as AnyStateMachine, {
    input: machineInput(gated as never, {} as never),
  });
  paid.length = 0;
  actor.start();
  await settled();
  actor.send({ type: 'resolve', path: 't/s', reason: 'x', output: { decision: 'APPROVE' } });
  actor.send({ type: 'skip', path: 't/s', reason: 'x', output: { decision: 'APPROVE' } });
  await settled();
  expect(paid).toEqual([]);
  actor.send({ type: 'decide', path: 't/s', by: 'tom', roles: ['boss'], decision: 'approve', comment: 'good enough' });
  await settled();
  expect(paid).toMatchObject([{ by: 'tom' }]);
});
