/** What somebody says to a run whose end is being committed just then: it is answered as one that has ended would be, and nothing is committed for it. */
import { createSignalbox, type LogLine, orchestrator, type Run, type Signalbox, track } from 'signalbox';
import { settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { judged } from '../helpers/commits.ts';
import { Anything, Desk, work } from '../helpers/stage.ts';

const order = orchestrator('order', { version: '1', input: Anything, onFailure: 'pause' }).track(
  't',
  track('t', { input: Anything })
    .wait('paid', { signal: 'paid' })
    .approval('ask', { ask: 'Well?', assignees: { users: ['mia'] } })
    .step('one', work),
);
const said = { reason: 'hm' };

/** Each says something, and what it comes to. */
const COMMANDS: { readonly [name: string]: (run: Run, box: Signalbox) => Promise<unknown> } = {
  retry: (run) => run.retry('t/one', said),
  skip: (run) => run.skip('t/one', said),
  resolve: (run) => run.resolve('t/one', { ...said, output: 1 }),
  // Why differs: late is what it was when it came.
  signal: async (run) => (await run.signal('paid' as never, null as never)).answer,
  decide: (_, box) => box.decide('r/t/ask#1', { decision: 'reject', by: 'mia', comment: 'no' }),
  cancel: (run) => run.cancel(),
  pause: (run) => run.pause(),
  resume: (run) => run.resume(),
};

/** How a promise ends, in a word. */
const endOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.catch((error: { readonly code?: string }) => error.code ?? error);

describe.each(Object.entries(COMMANDS))('%s', (name, ask) => {
  test('while the end is committed is answered as after it, and breaks no commit (I5, S16)', async () => {
    const { store, landAll } = judged();
    const lines: LogLine[] = [];
    const desk = new Desk();
    const logger = (line: LogLine) => void (line.level !== 'debug' && lines.push(line));
    const options = { orchestrators: [order], store, logger, executor: () => desk, tasks: { work: () => null } };
    const box = (await createSignalbox(options as never)) as unknown as Signalbox;
    const starting = box.start(order as never, { id: 'r', input: null } as never);
    await landAll();
    const run = (await starting) as Run;
    const sent = run.signal('paid' as never, null as never);
    await landAll();
    await sent;
    const { approvals } = await run.approvals();
    const [{ id, digest }] = approvals as never as [{ id: string; digest: string }];
    expect(id).toBe('r/t/ask#1');
    const decided = box.decide(id, { decision: 'approve', by: 'mia', digest });
    await landAll();
    await decided;
    desk.give('t/one#1');
    await settled();
    // The end is under way, and nobody knows of it yet.
    const { commits } = box.counts;
    const meanwhile = endOf(ask(run, box));
    await settled();
    await landAll();
    await run.outcome();
    const history = [];
    for await (const { type } of run.history()) history.push(type);
    expect(await meanwhile).toEqual(await endOf(ask(run, box)));
    expect(box.counts.commits).toBe(commits);
    // What was said to the approval is on record all the same, the two of them: meanwhile, and afterwards.
    const late = (await box.approval(id))?.history.filter(({ act }) => act === 'reject') ?? [];
    expect(late.map(({ answer }) => answer.answer)).toEqual(name === 'decide' ? ['refused', 'refused'] : []);
    expect(history.at(-1)).toBe('run.completed');
    expect(lines.filter(({ level }) => level === 'error').map(({ message }) => message)).toEqual([]);
    const refused = [];
    for await (const record of run.interventions()) refused.push([record.type, record.refused]);
    // Before and after: each try to intervene is on record, and nothing else is.
    const tried = [name, 'the run has ended'];
    expect(refused).toEqual(['retry', 'skip', 'resolve'].includes(name) ? [tried, tried] : []);
    await box.close();
  });
});
