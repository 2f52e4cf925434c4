/** Every attempt at a step as a row of its own: what it was given, what came of it, and when (S10). */
import { createSignalbox, memory, orchestrator, task, track } from 'signalbox';
import { settled } from 'signalbox/testing';
import { expect, test } from 'vitest';
import { Anything, never, rejection, stage } from '../helpers/stage.ts';

const input = { input: Anything } as const;
const work = task('work', { ...input, output: Anything, run: never, retry: { maxAttempts: 2, delay: '1m' } });
const inner = orchestrator('inner', { version: '1', ...input }).track('i', track('i', input).step('deep', work));
const flow = orchestrator('flow', { version: '1', ...input, onFailure: 'pause' }).track(
  'a',
  track('a', input)
    .step('one', work, () => ({ n: 1 }))
    .run('child', inner, ({ previous }) => previous),
);

async function opened(more: object = {}) {
  const { desk, clock, options } = stage();
  return { desk, clock, box: clock.follow(await createSignalbox({ orchestrators: [flow], ...options, ...more })) };
}

test('a step that completes at once has one attempt, which is its own row, and no other (S10)', async () => {
  const store = memory();
  const { desk, clock, box } = await opened({ store });
  await using _ = box;
  const run = await box.start(flow, { id: 'r', input: null });
  await settled(box);
  const at = clock.now();
  expect(await run.attempts('a/one')).toEqual([
    { attempt: 1, status: 'running', input: { n: 1 }, output: null, error: null, startedAt: at, endedAt: null },
  ]);
  await clock.advance('5s');
  desk.give('a/one#1', { n: 2 });
  await settled(box);
  expect(await run.attempts('a/one')).toEqual([
    {
      attempt: 1,
      status: 'completed',
      input: { n: 1 },
      output: { n: 2 },
      error: null,
      startedAt: at,
      endedAt: at + 5_000,
    },
  ]);
  expect(await store.readAttempts('r')).toEqual([]);
});

test('each attempt says what it was given, what came of it and when, also after somebody has given it another input (S10, S16)', async () => {
  const store = memory();
  const { desk, clock, box } = await opened({ store });
  const run = await box.start(flow, { id: 'r', input: null });
  await settled(box);
  const at = clock.now();
  desk.fail('a/one#1', new Error('first'));
  await clock.advance('1m');
  // What is under way has failed with nothing yet, however it is asked for.
  for (const attempts of [await run.attempts('a/one'), (await run.snapshot()).steps['a/one']?.attempts])
    expect(attempts?.map(({ status, error }) => [status, error?.message])).toEqual([
      ['failed', 'first'],
      ['running', undefined],
    ]);
  desk.fail('a/one#2', new Error('second'));
  await settled(box);
  expect(await run.status()).toBe('awaitingIntervention');
  expect((await run.attempts('a/one')).map(({ attempt, status }) => [attempt, status])).toEqual([
    [1, 'failed'],
    [2, 'failed'],
  ]);
  await clock.advance('1m');
  await run.retry('a/one', { reason: 'other input', input: { n: 3 } });
  await settled(box);
  desk.fail('a/one#3', new Error('third'));
  await settled(box);
  await run.retry('a/one', { reason: 'as it was' });
  await settled(box);
  desk.fail('a/one#4', new Error('fourth'));
  await settled(box);
  await run.retry('a/one', { reason: 'once more', input: null });
  await box.close();

  const { desk: after, box: next } = await opened({ store, clock });
  await using _ = next;
  await settled(next);
  after.give('a/one#5', 'done');
  await settled(next);
  const attempts = await next.run('r').attempts('a/one');
  expect(attempts.map(({ attempt, input: given, output, error }) => [attempt, given, output, error?.message])).toEqual([
    [1, { n: 1 }, null, 'first'],
    [2, { n: 1 }, null, 'second'],
    [3, { n: 3 }, null, 'third'],
    [4, { n: 3 }, null, 'fourth'],
    [5, null, 'done', undefined],
  ]);
  expect(attempts.map(({ startedAt, endedAt }) => [startedAt - at, (endedAt ?? 0) - at])).toEqual([
    [0, 0],
    [60_000, 60_000],
    [120_000, 120_000],
    [120_000, 120_000],
    [120_000, 120_000],
  ]);
});

test('what somebody resolves had failed, and no attempt has its output; a child run that is tried again has two (S16)', async () => {
  const { desk, clock, box } = await opened();
  await using _ = box;
  const run = await box.start(flow, { id: 'r', input: null });
  await settled(box);
  desk.fail('a/one#1');
  await clock.advance('1m');
  desk.fail('a/one#2');
  await settled(box);
  await run.resolve('a/one', { reason: 'by hand', output: 7 });
  await settled(box);
  expect((await run.attempts('a/one')).map(({ status, output }) => [status, output])).toEqual([
    ['failed', null],
    ['failed', null],
  ]);
  desk.fail('i/deep#1');
  await clock.advance('1m');
  desk.fail('i/deep#2');
  await settled(box);
  await clock.advance('1m');
  await run.retry('a/child', { reason: 'again' });
  await settled(box);
  expect(await run.attempts('a/child')).toMatchObject([
    { attempt: 1, status: 'failed', error: { code: 'child-failed' } },
    { attempt: 2, status: 'waiting', error: null, startedAt: clock.now(), endedAt: null },
  ]);
});

test('there are none of what has not begun, of a track, and of what is not there; a path is a text', async () => {
  const { box } = await opened();
  await using _ = box;
  const run = await box.start(flow, { input: null });
  for (const path of ['a', 'a/child', 'a/nobody', 'b']) expect(await run.attempts(path), path).toEqual([]);
  expect(await rejection(run.attempts(''))).toMatchObject({ code: 'option-invalid' });
  expect(await rejection(box.run('nobody').attempts('a/one'))).toMatchObject({ code: 'run-unknown' });
});
