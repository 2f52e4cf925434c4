/**
 * What goes down from a run to its child runs and theirs: metadata and the deadline (P53, P163), and a cancel, which reaches bodies,
 * timers, approvals and every run below (P71). Jobs lie on a desk; time is moved by hand.
 */
import { createSignalbox, orchestrator, task, track } from 'signalbox';
import { describe, expect, test } from 'vitest';
import { Anything, faultsOfHistory, historyOf, never, settled, stage, work } from '../helpers/stage.ts';

const head = { version: '1', input: Anything } as const;
const t = (name: string) => track(name, { input: Anything });
const MINUTE = 60_000;

const context = {
  tenant: 'acme',
  user: 'mia',
  conversation: 'c-7',
  correlation: 'order-17',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
};

test('a grandchild is told tenant, user, conversation, correlation and trace, and has what is left of the deadline (S6, S11, P163, P53)', async () => {
  const told: object[] = [];
  const limited = (name: string, timeout: '1m' | '1h') =>
    task(name, { input: Anything, output: Anything, timeout, run: never });
  const grandchild = orchestrator('grandchild', head)
    .track(
      'g',
      t('g')
        .step('short', limited('short', '1m'))
        .step('long', limited('long', '1h'), ({ run }) => {
          told.push(run.metadata);
          return null;
        }),
    )
    .track('h', t('h').step('free', work));
  const child = orchestrator('child', head).track('c', t('c').sleep('nap', '2m').run('down', grandchild));
  const flow = orchestrator('flow', { ...head, deadline: '10m' }).track(
    'a',
    t('a').sleep('nap', '4m').run('down', child),
  );
  const { desk, clock, options } = stage();
  await using box = clock.follow(await createSignalbox({ orchestrators: [flow], ...options }));
  const began = clock.now();
  const run = await box.start(flow, { id: 'r', input: null, metadata: context });
  await settled(box);
  await clock.advance(4 * MINUTE);
  await settled(box);
  await clock.advance(2 * MINUTE);
  await settled(box);
  expect(desk.open).toEqual(['g/short#1', 'h/free#1']);
  desk.give('g/short#1');
  await settled(box);

  for (const place of ['g/short#1', 'g/long#1', 'h/free#1']) expect(desk.job(place).run.metadata).toEqual(context);
  expect(told).toEqual([context]);
  // The own timeout where it is shorter, and else what is left of the ten minutes that the first run has.
  const deadlines = ['g/short#1', 'g/long#1', 'h/free#1'].map((place) => desk.job(place).deadline);
  expect(deadlines).toEqual([began + 7 * MINUTE, began + 10 * MINUTE, began + 10 * MINUTE]);
  await clock.advance(4 * MINUTE);
  expect((await run.outcome()).status).toBe('timedOut');
  await settled(box);
  expect(desk.open).toEqual([]);
});

test('no attempt begins after the deadline of the first run, though the policy has more of them (S10, P53)', async () => {
  const flaky = task('flaky', {
    input: Anything,
    output: Anything,
    retry: { maxAttempts: 100, delay: '3m', backoff: 'fixed' },
    run: never,
  });
  const child = orchestrator('child', head).track('c', t('c').step('s', flaky));
  const flow = orchestrator('flow', { ...head, deadline: '10m' }).track('a', t('a').run('down', child));
  const { desk, clock, options } = stage();
  await using box = clock.follow(await createSignalbox({ orchestrators: [flow], ...options }));
  const began = clock.now();
  const run = await box.start(flow, { id: 'r', input: null });
  await settled(box);
  const begun: number[] = [];
  for (let minute = 0; minute < 30; minute += 1) {
    for (const place of desk.open) {
      begun.push((clock.now() - began) / MINUTE);
      desk.fail(place);
    }
    await settled(box);
    await clock.advance(MINUTE);
  }

  expect(begun).toEqual([0, 3, 6, 9]);
  const { failures } = await run.outcome();
  expect(failures[0]?.code).toBe('child-failed');
});

describe.each(['table', 'xstate'] as const)('stepped by the %s lane,', (lane) => {
  test('a cancel reaches every body, timer and approval of a run, its children and theirs, and leaves nothing (S14, P71)', async () => {
    const flaky = task('flaky', {
      input: Anything,
      output: Anything,
      retry: { maxAttempts: 2, delay: '1h' },
      run: never,
    });
    const busy = (name: string) =>
      orchestrator(name, head)
        .track(`${name}-body`, t('body').step('work', work))
        .track(`${name}-nap`, t('nap').sleep('nap', '1d'))
        .track(`${name}-retry`, t('retry').step('flaky', flaky))
        .track(`${name}-wait`, t('wait').wait('go', { signal: 'go', timeout: '2d' }))
        .track(`${name}-ask`, t('ask').approval('ask', { ask: () => 'Go?', expires: '3d' }));
    const grandchild = busy('grandchild');
    const child = busy('child').track('down', t('down').run('down', grandchild));
    const flow = busy('flow').track('down', t('down').run('down', child));
    const { desk, clock, options } = stage();
    await using box = clock.follow(await createSignalbox({ orchestrators: [flow], lane, ...options }));
    const run = await box.start(flow, { id: 'r', input: null });
    await settled(box);
    const names = ['flow', 'child', 'grandchild'];
    for (const name of names) desk.fail(`${name}-retry/flaky#1`);
    await settled(box);
    expect([...desk.open].sort()).toEqual(names.map((name) => `${name}-body/work#1`).sort());
    const { approvals } = await box.approvals();
    expect(approvals).toHaveLength(3);
    expect(box.counts.timers).toBeGreaterThanOrEqual(12);

    await run.cancel({ reason: 'enough' });
    expect((await run.outcome()).status).toBe('cancelled');
    await settled(box);

    expect(names.map((name) => desk.job(`${name}-body/work#1`).signal().aborted)).toEqual([true, true, true]);
    expect([box.counts.timers, clock.pending]).toEqual([0, 0]);
    expect((await box.approvals()).approvals).toEqual([]);
    for (const { id } of approvals) expect(await box.approval(id)).toMatchObject({ status: 'withdrawn' });
    const { runs } = await box.runs();
    expect(runs.map(({ orchestrator: name, status }) => `${name} ${status}`).sort()).toEqual(
      names.map((name) => `${name} cancelled`).sort(),
    );
    for (const { run: id, orchestrator: name } of runs) {
      const history = await historyOf(box.run(id) as never);
      expect(history).toContain(`approval.withdrawn ${name}-ask/ask`);
      expect(history.at(-1)).toBe('run.cancelled');
      expect(await faultsOfHistory(box.run(id) as never)).toEqual([]);
    }
    const begun = [...desk.begun];
    await clock.advance('7d');
    expect(desk.begun).toEqual(begun);
  });
});
