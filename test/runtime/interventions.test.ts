/** A step that fails for good and stands still, and what a person does about it (S12, S16, P172, P227). */
import { createSignalbox, memory, orchestrator, task, track } from 'signalbox';
import { settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { intervene } from '../../src/runtime/interventions.ts';
import { Anything, faultsOfHistory, historyOf, never, rejection, stage, statusesOf } from '../helpers/stage.ts';

const head = { version: '1', input: Anything, onFailure: 'pause' } as const;
const input = { input: Anything } as const;
const pay = task('pay', { input: Anything, output: z.object({ ref: z.string() }), run: never });
const work = task('work', { input: Anything, output: Anything, run: never, retry: { maxAttempts: 2, delay: '1m' } });
const flow = orchestrator('flow', head)
  .track(
    'a',
    track('a', input)
      .step('pay', pay, ({ input: given }) => given)
      .step('after', work, ({ outputs }) => outputs.pay),
    {
      input: ({ input: given }) => given,
    },
  )
  .track('b', track('b', input).step('beside', work).step('next', work));

async function open(more: object = {}) {
  const { desk, clock, options } = stage();
  const box = clock.follow(await createSignalbox({ orchestrators: [flow], ...options, ...more }));
  return { desk, clock, box, options };
}

/** The payment has failed, and the other track is at work. */
async function standing(more: object = {}) {
  const { desk, clock, box, options } = await open(more);
  const run = await box.start(flow, { id: 'r', input: { cents: 5 } });
  await settled(box);
  desk.fail('a/pay#1', new Error('no money'));
  await settled(box);
  return { desk, clock, box, run, options };
}

const recordsOf = async (run: { interventions(): AsyncGenerator<object> }): Promise<object[]> => {
  const records: object[] = [];
  for await (const record of run.interventions()) records.push(record);
  return records;
};

describe.each(['table', 'xstate'] as const)('stepped by the %s lane, a step that fails for good', (lane) => {
  test('stands still, the run says so, what is under way ends and nothing begins (S12)', async () => {
    const { desk, clock, box, run } = await standing({ lane });
    expect(await run.status()).toBe('awaitingIntervention');
    expect(await run.allowed('a/pay')).toEqual(['retry', 'skip', 'resolve']);
    expect(await run.allowed('b/beside')).toEqual([]);
    expect((await run.snapshot()).steps['a/pay']).toMatchObject({
      status: 'awaitingIntervention',
      error: { message: 'no money' },
      waitingFor: { what: 'person' },
      attempts: [{ attempt: 1, status: 'failed', error: { message: 'no money' } }],
    });
    desk.give('b/beside#1', 1);
    await settled(box);
    await clock.advance('1h');
    expect(desk.begun).toEqual(['a/pay#1', 'b/beside#1']);
    expect(await statusesOf(run)).toMatchObject({ 'b/beside': 'completed', 'b/next': 'pending' });

    await run.retry('a/pay', { reason: 'they have paid', by: 'mia' });
    await settled(box);
    expect(desk.open).toEqual(['a/pay#2', 'b/next#1']);
    expect(await run.status()).toBe('running');
    desk.give('a/pay#2', { ref: 'x' });
    desk.give('b/next#1');
    await settled(box);
    desk.give('a/after#1', 1);
    expect(await run.outcome()).toMatchObject({ status: 'completed', failures: [] });
    const events = await historyOf(run);
    expect(events.filter((event) => /^run|a\/pay/.test(event))).toEqual([
      'run.started',
      'step.started a/pay',
      'step.awaitingIntervention a/pay',
      'run.awaitingIntervention',
      'step.started a/pay',
      'run.resumed',
      'step.completed a/pay',
      'run.completed',
    ]);
    expect((await run.snapshot()).steps['a/pay']?.attempts.map(({ status }) => status)).toEqual([
      'failed',
      'completed',
    ]);
    expect(await faultsOfHistory(run)).toEqual([]);
    await box.close();
  });
});

describe('a step that stands still', () => {
  test('is tried again with another input (S16)', async () => {
    const { desk, box, run } = await standing();
    await run.retry('a/pay', { reason: 'too much', input: { cents: 1 } });
    await settled(box);
    expect(desk.job('a/pay#2').input).toEqual({ cents: 1 });
    expect((await run.snapshot()).steps['a/pay']?.input).toEqual({ cents: 1 });
    await box.close();
  });

  test('is resolved by hand, with what its task could have given (S16)', async () => {
    const { desk, box, run } = await standing();
    expect(await rejection(run.resolve('a/pay', { reason: 'by hand', output: { ref: 5 } }))).toMatchObject({
      code: 'output-invalid',
    });
    await run.resolve('a/pay', { reason: 'paid in cash', by: 'leo', output: { ref: 'cash' } });
    await settled(box);
    expect(desk.job('a/after#1').input).toEqual({ ref: 'cash' });
    expect((await run.snapshot()).steps['a/pay']).toMatchObject({
      status: 'completed',
      output: { ref: 'cash' },
      error: null,
    });
    await box.close();
  });

  test('is skipped, and what comes after it goes on with null (S16)', async () => {
    const { desk, box, run } = await standing();
    await run.skip('a/pay', { reason: 'never mind' });
    await settled(box);
    expect(desk.job('a/after#1').input).toBe(null);
    expect(await statusesOf(run)).toMatchObject({ 'a/pay': 'skipped' });
    await box.close();
  });

  test('ends with its run, which somebody cancels (S14)', async () => {
    const { box, run } = await standing();
    await run.cancel({ reason: 'enough' });
    await settled(box);
    expect(await run.outcome()).toMatchObject({ status: 'cancelled' });
    expect(await faultsOfHistory(run)).toEqual([]);
    await box.close();
  });

  test('stands still after a restart as before it, and holds up what is due (S12, S16, I6)', async () => {
    const store = memory();
    const { desk, clock, box, options } = await standing({ store });
    desk.fail('b/beside#1', new Error('later'));
    await settled(box);
    await box.close();
    await clock.advance('10m');

    const second = clock.follow(await createSignalbox({ orchestrators: [flow], store, ...options }));
    const run = second.run('r');
    await clock.advance('1m');
    await settled(second);
    expect(desk.begun).toEqual(['a/pay#1', 'b/beside#1']);
    expect(await run.status()).toBe('awaitingIntervention');
    await run.retry('a/pay', { reason: 'again' });
    await clock.advance(0);
    await settled(second);
    expect(desk.begun.slice(2).sort()).toEqual(['a/pay#2', 'b/beside#2']);
    await second.close();
  });

  test('holds the run up until the last one of several is settled, and a pause holds it longer (S12, S15)', async () => {
    const { desk, box, run } = await standing();
    desk.give('b/beside#1', 1);
    await settled(box);
    await run.pause();
    expect(await run.status()).toBe('paused');
    await run.resolve('a/pay', { reason: 'x', output: { ref: 'x' } });
    await settled(box);
    expect(desk.open).toEqual([]);
    await run.resume();
    await settled(box);
    expect(desk.open).toEqual(['b/next#1', 'a/after#1']);
    await box.close();
  });
});

describe('every attempt to intervene', () => {
  test('is on record, a refused one too: who, when, what, why and how the step stood (S16)', async () => {
    const { clock, box, run } = await standing();
    const at = clock.now();
    expect(await rejection(run.retry('b/beside', { reason: 'hurry', by: 'mia' }))).toMatchObject({
      code: 'intervention-refused',
      message: expect.stringContaining('"b/beside" is running. Nothing can be done about it.'),
    });
    expect(await rejection(run.skip('nobody', { reason: 'hm' }))).toMatchObject({ code: 'intervention-refused' });
    await run.skip('a/pay', { reason: 'never mind', by: 'leo' });

    expect(await recordsOf(run)).toEqual(
      [
        {
          type: 'retry',
          path: 'b/beside',
          reason: 'hurry',
          by: 'mia',
          at,
          before: 'running',
          refused: '"b/beside" is running. Nothing can be done about it.',
        },
        { type: 'skip', path: 'nobody', reason: 'hm', by: null, at, before: 'ended', refused: expect.any(String) },
        {
          type: 'skip',
          path: 'a/pay',
          reason: 'never mind',
          by: 'leo',
          at,
          before: 'awaitingIntervention',
          refused: null,
        },
      ].map((record) => expect.objectContaining(record)),
    );
    await box.close();
  });

  test.each([
    [{}],
    [{ reason: '' }],
    [{ reason: 5 }],
    [{ reason: 'x', by: '' }],
    [{ reason: 'x', why: 1 }],
    [{ reason: 'x', input: 1n }],
    [null],
  ])('that says %o is refused before the run is asked', async (options) => {
    const { box, run } = await standing();
    const error = await rejection<Error & { readonly code: string }>(run.retry('a/pay', options as never));
    expect(error.code).toMatch(/option-invalid|value-not-json/);
    expect(await recordsOf(run)).toEqual([]);
    await box.close();
  });

  test('of a run that has ended is refused', async () => {
    const { box, run } = await standing();
    await run.cancel();
    await run.outcome();
    expect(await rejection(run.retry('a/pay', { reason: 'x' }))).toMatchObject({ code: 'intervention-refused' });
    await box.close();
  });
});

test('a child run that fails stands still in its parent; what may fail does not (S12)', async () => {
  const child = orchestrator('child', { version: '1', input: Anything }).track('c', track('c', input).step('in', work));
  const parent = orchestrator('parent', head).track(
    'a',
    track('a', input)
      .step('may', pay, () => null, { optional: true })
      .run('child', child),
  );
  const { desk, clock, options } = stage();
  const box = clock.follow(await createSignalbox({ orchestrators: [parent], ...options }));
  const run = await box.start(parent, { id: 'p', input: null });
  await settled(box);
  desk.fail('a/may#1');
  await settled(box);
  desk.fail('c/in#1');
  await settled(box);
  await clock.advance('1m');
  desk.fail('c/in#2');
  await settled(box);
  expect(await statusesOf(run)).toMatchObject({ 'a/may': 'failed', 'a/child': 'awaitingIntervention' });
  await run.retry('a/child', { reason: 'again' });
  await settled(box);
  expect(desk.open).toEqual(['c/in#1']);
  const children = (await box.runs({ parent: 'p' })).runs;
  expect(children.map(({ status }) => status)).toEqual(['failed', 'running']);
  await box.close();
});

test.each([
  ['was done', { refused: null }, null, 0],
  ['was refused', { refused: 'it runs again' }, 'it runs again', 0],
  ['was not taken', null, 'the run has ended', 1],
])(
  'what another process has had to say of a step before the run ended is looked up: it %s (S16)',
  async (_, body, why, added) => {
    const records: unknown[] = [];
    const store = {
      readRecord: () => (body === null ? null : { body }),
      addRecord: (record: unknown) => void records.push(record),
    };
    const context = {
      store,
      command: async () => false,
      plans: new Map(),
      maxValueBytes: 1_000,
      clock: { now: () => 0 },
    };
    const asked = intervene(context as never, { run: 'r' } as never, 'skip', 'a/pay', { reason: 'no need' });
    if (why === null) await asked;
    else expect(await rejection(asked)).toMatchObject({ code: 'intervention-refused', fields: { run: 'r', why } });
    expect(records).toHaveLength(added);
  },
);
