/** Child runs: a step that starts another run, waits for its end, and takes it along when it is cancelled (S6, S14). */
import {
  type AnyOrchestrator,
  createSignalbox,
  type ErrorRecord,
  memory,
  orchestrator,
  type Run,
  type Signalbox,
  task,
  track,
} from 'signalbox';
import { settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { endOfChild } from '../../src/performing/child-ends.ts';
import type { RunRow } from '../../src/store.ts';
import { wrapped } from '../helpers/stores.ts';
import { Anything, faultsOfHistory, historyOf, stage, work } from '../helpers/stage.ts';

const head = { version: '1', input: Anything } as const;
const refund = orchestrator('refund', { version: '1', input: z.object({ cents: z.number() }) })
  .track(
    'pay',
    track('pay', { input: Anything }).step('work', work, ({ input }) => input),
  )
  .output(({ outputs }) => ({ paid: outputs.pay as number }));
const parent = orchestrator('parent', head).track(
  't',
  track('t', { input: Anything }).run('refund', refund, ({ input }) => ({ cents: input.cents })),
  { input: ({ input }) => input },
);

const childOf = async (run: Pick<Run<unknown>, 'children'>): Promise<string[]> => {
  const ids: string[] = [];
  for await (const child of run.children()) ids.push(child.run);
  return ids;
};

async function open(flow: AnyOrchestrator, more: object = {}) {
  const { desk, clock, lines, options } = stage();
  const box = clock.follow(await createSignalbox({ orchestrators: [flow], ...options, ...more }));
  return { desk, clock, lines, box: box as unknown as Signalbox };
}

describe.each(['table', 'xstate'] as const)('a child run, stepped by the %s lane,', (lane) => {
  test('is started once, linked both ways, and its output is that of the step', async () => {
    const { box, desk } = await open(parent, { lane, idleRuns: 0 });
    const run = await box.start(parent, { id: 'p', input: { cents: 5 }, metadata: { tenant: 'acme' } });
    await settled(box);

    const [child] = (await childOf(run)) as [string];
    expect(child).toMatch(/^p\.refund\.[0-9a-f]{20}$/);
    expect((await box.runs({ parent: 'p' })).runs.map((row) => [row.run, row.parent, row.metadata])).toEqual([
      [child, { run: 'p', path: 't/refund' }, { tenant: 'acme' }],
    ]);
    expect(await box.run(child).snapshot()).toMatchObject({
      parent: { run: 'p', path: 't/refund' },
      root: 'p',
      input: { cents: 5 },
    });
    const snapshot = await run.snapshot();
    expect(snapshot).toMatchObject({ status: 'waiting', parent: null, root: 'p' });
    const since = snapshot.steps['t/refund']?.startedAt;
    expect(snapshot.steps['t/refund']).toMatchObject({
      status: 'waiting',
      waitingFor: { what: 'run', run: child, since },
    });
    expect(desk.open).toEqual(['pay/work#1']);

    desk.give('pay/work#1', 7);
    expect(await run.result()).toEqual({ t: { paid: 7 } });
    expect(await historyOf(run)).toEqual([
      'run.started',
      'track.started t',
      'step.waiting t/refund',
      'step.completed t/refund',
      'track.completed t',
      'run.completed',
    ]);
    expect(await faultsOfHistory(run)).toEqual([]);
    await box.close();
  });

  test('is cancelled with its parent, which waits for its end (S14)', async () => {
    const slow = task('slow', {
      input: Anything,
      output: Anything,
      run: () => new Promise(() => {}),
      cleanup: () => tidied.promise,
      cleanupTimeout: '1h',
    });
    const tidied = Promise.withResolvers<void>();
    const inner = orchestrator('inner', head).track('t', track('t', { input: Anything }).step('slow', slow));
    const outer = orchestrator('outer', head).track('t', track('t', { input: Anything }).run('inner', inner));
    const box = await createSignalbox({ orchestrators: [outer], lane, logger: () => {} });
    const run = await box.start(outer, { input: null });
    await settled(box);
    const [child] = (await childOf(run)) as [string];

    await run.cancel({ reason: 'enough' });
    await settled(box);
    expect([await run.status(), await box.run(child).status()]).toEqual(['cancelling', 'cancelling']);
    expect((await run.snapshot()).steps['t/inner']).toMatchObject({
      status: 'cancelling',
      waitingFor: { what: 'run', run: child },
    });

    tidied.resolve();
    await expect(run.result()).rejects.toMatchObject({ code: 'run-cancelled', reason: 'enough' });
    await expect(box.run(child).result()).rejects.toMatchObject({ code: 'run-cancelled', reason: 'enough' });
    expect(await faultsOfHistory(run)).toEqual([]);
    await box.close();
  });
});

test('a child that is detached goes on by itself: the step has its id, and a cancel does not reach it', async () => {
  const flow = orchestrator('flow', head).track(
    't',
    track('t', { input: Anything })
      .run('refund', { orchestrator: refund, detach: true, input: () => ({ cents: 1 }), metadata: { why: 'test' } })
      .sleep('nap', '1h'),
  );
  const { box, desk } = await open(flow);
  const run = await box.start(flow, { input: null, metadata: { tenant: 'acme', why: 'none' } });
  await settled(box);
  const [child] = (await childOf(run)) as [string];
  expect((await run.snapshot()).steps['t/refund']).toMatchObject({ status: 'completed', output: { run: child } });
  expect((await box.run(child).snapshot()).metadata).toEqual({ tenant: 'acme', why: 'test' });

  await run.cancel();
  await expect(run.result()).rejects.toMatchObject({ code: 'run-cancelled' });
  desk.give('pay/work#1', 3);
  expect(await box.run(child).result()).toEqual({ paid: 3 });
  await box.close();
});

describe('a child that ends otherwise fails its step, under a code for each way:', () => {
  const failed = async (how: (child: Run, desk: Awaited<ReturnType<typeof open>>['desk']) => unknown) => {
    const { box, desk } = await open(parent);
    const run = await box.start(parent, { id: 'p', input: { cents: 5 } });
    await settled(box);
    const [child] = (await childOf(run)) as [string];
    await how(box.run(child) as Run, desk);
    const { failures } = await run.outcome();
    expect(failures).toHaveLength(1);
    await box.close();
    return { error: failures[0] as ErrorRecord, child };
  };

  test('it failed', async () => {
    const { error, child } = await failed((_, desk) => desk.fail('pay/work#1', new Error('no money')));
    expect(error).toMatchObject({
      code: 'child-failed',
      path: 't/refund',
      retryable: false,
      fields: { run: child, orchestrator: 'refund' },
      cause: { code: 'task-failed', message: 'no money', path: 'pay/work' },
    });
    expect(error.message).toContain(child);
  });

  test('it was cancelled by somebody else', async () => {
    const { error, child } = await failed((run) => run.cancel({ reason: 'not today' }));
    expect(error).toMatchObject({ code: 'child-cancelled', fields: { run: child, reason: 'not today' } });
  });

  test('it was abandoned', async () => {
    const { error } = await failed((run) => run.abandon({ reason: 'gone' }));
    expect(error).toMatchObject({ code: 'child-cancelled', fields: { reason: 'gone' } });
  });

  test('it ran out of time, or was undone; of a long line of causes four are kept', async () => {
    const record = (more: Partial<ErrorRecord>): ErrorRecord => ({
      code: 'task-failed',
      name: 'E',
      message: 'm',
      ...more,
    });
    const long = Array.from({ length: 9 }).reduce<ErrorRecord>((cause) => record({ cause }), record({}));
    const row = { run: 'c', orchestrator: 'o', status: 'timedOut', output: null, error: long, reason: null } as RunRow;
    const { error } = await endOfChild(memory(), row, { path: 't', attempt: 1 });
    expect(error).toMatchObject({ code: 'child-timed-out', path: 't' });
    let causes = 0;
    for (let at = error?.cause; at !== undefined; at = at.cause) causes += 1;
    expect(causes).toBe(4);
    const undone = await endOfChild(memory(), { ...row, status: 'compensated' }, { path: 't', attempt: 1 });
    expect(undone.error?.code).toBe('child-failed');
  });

  test('it let its other tracks finish, and has no error of its own', async () => {
    const broken = task('broken', {
      input: Anything,
      output: Anything,
      run: () => Promise.reject(new Error('broken')),
    });
    const inner = orchestrator('inner', { ...head, onFailure: 'continue' })
      .track('a', track('a', { input: Anything }).step('a', broken))
      .track('b', track('b', { input: Anything }).sleep('b', 0));
    const outer = orchestrator('outer', head).track('t', track('t', { input: Anything }).run('inner', inner));
    await using box = await createSignalbox({ orchestrators: [outer], logger: () => {} });
    const run = await box.start(outer, { input: null });
    const { failures } = await run.outcome();
    expect(failures[0]).toMatchObject({ code: 'child-failed', cause: { message: 'broken' } });
  });
});

test('what does not fit the schema of the child fails the step, and no child is started (S4)', async () => {
  const { box } = await open(parent);
  const run = await box.start(parent, { input: { cents: 'many' } });
  const { failures } = await run.outcome();
  expect(failures).toMatchObject([{ code: 'input-invalid', path: 't/refund' }]);
  expect(await childOf(run)).toEqual([]);
  await box.close();
});

describe('an id of its own', () => {
  const flow = orchestrator('flow', head).track(
    't',
    track('t', { input: Anything }).run('refund', {
      orchestrator: refund,
      id: ({ input }) => input.id,
      input: () => ({ cents: 1 }),
    }),
    { input: ({ input }) => input },
  );

  test("is the child's", async () => {
    const { box, desk } = await open(flow);
    const run = await box.start(flow, { input: { id: 'refund-17' } });
    await settled(box);
    expect(await childOf(run)).toEqual(['refund-17']);
    expect((await run.snapshot()).steps['t/refund']?.waitingFor).toMatchObject({ run: 'refund-17' });
    desk.give('pay/work#1', 1);
    await run.result();
    await box.close();
  });

  test('that another run has fails the step, and that run is left alone, also by a cancel', async () => {
    const { box, desk } = await open(flow);
    const other = await box.start(refund, { id: 'taken', input: { cents: 1 } });
    const run = await box.start(flow, { input: { id: 'taken' } });
    expect((await run.outcome()).failures).toMatchObject([{ code: 'run-exists' }]);
    expect(await other.status()).toBe('running');
    desk.give('pay/work#1', 1);
    await other.result();
    await box.close();
  });

  test('that cannot be one fails the step', async () => {
    const { box } = await open(flow);
    for (const id of ['a/b', 'x'.repeat(201), 7]) {
      const run = await box.start(flow, { input: { id } });
      expect((await run.outcome()).failures).toMatchObject([{ code: 'option-invalid', path: 't/refund' }]);
    }
    await box.close();
  });
});

describe('a cancel that comes while the store is asked for the child', () => {
  /** A store that does not answer for a run before the gate is opened. */
  async function asked(detach: boolean) {
    const gate = Promise.withResolvers<void>();
    const flow = orchestrator('flow', head).track(
      't',
      track('t', { input: Anything }).run('refund', {
        orchestrator: refund,
        id: () => 'taken',
        input: () => ({ cents: 1 }),
        detach: detach as false,
      }),
    );
    const inner = memory();
    let isShut = false;
    const store = wrapped(
      {
        async readRun(run) {
          if (isShut && run === 'taken') await gate.promise;
          return inner.readRun(run);
        },
      },
      inner,
    );
    const { desk, options } = stage();
    const box = (await createSignalbox({ orchestrators: [flow], ...options, store })) as unknown as Signalbox;
    const other = detach ? null : await box.start(refund as AnyOrchestrator, { id: 'taken', input: { cents: 1 } });
    isShut = true;
    const run = await box.start(flow as AnyOrchestrator, { id: 'p', input: null });
    await run.cancel();
    return { box, run, other, desk, open: () => gate.resolve() };
  }

  test('leaves a run alone that only has the id which the child was to have', async () => {
    const { box, run, other, open } = await asked(false);
    expect(await run.status()).toBe('cancelling');
    open();
    expect((await run.outcome()).status).toBe('cancelled');
    expect(await other?.status()).toBe('running');
    await box.close();
  });

  test('is not kept waiting by a child that is detached, which is not started then', async () => {
    const { box, run, open } = await asked(true);
    expect((await run.outcome()).status).toBe('cancelled');
    open();
    await settled(box);
    expect(await childOf(run)).toEqual([]);
    await box.close();
  });
});

describe('recursion', () => {
  const tree = (depth?: number): AnyOrchestrator => {
    const made: AnyOrchestrator = orchestrator('tree', head).track(
      't',
      track('t', { input: Anything }).run('below', {
        orchestrator: (): AnyOrchestrator => made,
        ...(depth === undefined ? {} : { depth }),
      }),
    );
    return made;
  };

  test.each([
    [undefined, 10],
    [3, 3],
  ])('with a depth of %s ends %s runs below the first one', async (depth, runs) => {
    const flow = tree(depth);
    await using box = (await createSignalbox({ orchestrators: [flow], logger: () => {} })) as unknown as Signalbox;
    const run = await box.start(flow, { id: 'top', input: null });
    const { error } = await run.outcome();
    expect(error?.code).toBe('child-failed');
    const all = (await box.runs({ orchestrator: 'tree', limit: 1_000 })).runs;
    expect(all).toHaveLength(runs + 1);
    const last = all.at(-1)?.run as string;
    expect((await box.run(last).outcome()).error).toMatchObject({ code: 'child-too-deep', fields: { depth: runs } });
    expect((await box.run(last).snapshot()).root).toBe('top');
  });

  test('that is cut short by the data ends well', async () => {
    const count: AnyOrchestrator = orchestrator('count', head).track(
      't',
      track('t', { input: Anything }).run('below', {
        orchestrator: (): AnyOrchestrator => (countdown ? leaf : count),
        input: ({ input }) => input,
      }),
    );
    const leaf = orchestrator('leaf', head).track('t', track('t', { input: Anything }));
    const countdown = true;
    await using box = await createSignalbox({ orchestrators: [count], logger: () => {} });
    expect(await (await box.start(count, { input: null })).result()).toEqual({ t: { t: null } });
  });
});

test('a body place is not needed to wait for a child: with one place, a family of three ends', async () => {
  const say = task('say', { input: Anything, output: Anything, run: async () => 'said' });
  const low = orchestrator('low', head).track('t', track('t', { input: Anything }).step('say', say));
  const mid = orchestrator('mid', head).track('t', track('t', { input: Anything }).run('low', low));
  const top = orchestrator('top', head).track('t', track('t', { input: Anything }).run('mid', mid));
  await using box = await createSignalbox({ orchestrators: [top], concurrency: 1, logger: () => {} });
  expect(await (await box.start(top, { input: null })).result()).toEqual({ t: { t: { t: 'said' } } });
});

describe('after its box is gone', () => {
  test('a child goes on, and its parent with it: there is one', async () => {
    const store = memory();
    const first = await open(parent, { store });
    await first.box.start(parent, { id: 'p', input: { cents: 1 } });
    await settled(first.box);
    await first.box.close();

    const { box, desk } = await open(parent, { store });
    await box.recovered;
    await settled(box);
    expect(await childOf(box.run('p'))).toHaveLength(1);
    desk.give('pay/work#1', 2);
    expect(await box.run('p').result()).toEqual({ t: { paid: 2 } });
    await box.close();
  });

  test('a child that ended meanwhile, or was deleted since, is no riddle', async () => {
    const store = memory();
    const { box, desk } = await open(parent, { store });
    const run = await box.start(parent, { id: 'p', input: { cents: 1 } });
    await settled(box);
    const [child] = (await childOf(run)) as [string];
    desk.give('pay/work#1', 2);
    await run.result();
    await box.run(child).delete();
    expect(await childOf(run)).toEqual([]);
    expect((await run.snapshot()).steps['t/refund']?.output).toEqual({ paid: 2 });
    await box.close();
  });
});

test('an orchestrator that a step starts need not be given to the box, and another of its name and version is refused', async () => {
  const { box } = await open(parent);
  expect(await (await box.start(refund, { input: { cents: 1 } })).status()).toBe('running');
  await box.close();
  const other = orchestrator('refund', head);
  await expect(createSignalbox({ orchestrators: [parent, other] })).rejects.toMatchObject({
    faults: [{ code: 'duplicate-name', path: 'refund' }],
  });
  await (await createSignalbox({ orchestrators: [parent, refund] })).close();
});
