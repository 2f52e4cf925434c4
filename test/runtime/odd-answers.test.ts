/** What becomes of answers, notes and errors that are not as they should be: each fails its own step, in words (S37, I10). */
import { type Answer, createSignalbox, type Executor, orchestrator, task, track } from 'signalbox';
import { settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { Anything, eventsOf, never, rejection, soon, stage } from '../helpers/stage.ts';

const flowOf = (options: object = {}) =>
  orchestrator('flow', { version: '1', input: Anything }).track(
    't',
    track('t', { input: Anything }).step(
      's',
      task('s', { input: Anything, output: Anything, run: never, ...options } as never) as never,
      (() => ({})) as never,
    ),
  );

/** What the step of a run ends with when its executor does this. */
async function endOf(execute: Executor['execute'], options: object = {}) {
  const { options: staged, clock } = stage();
  const flow = flowOf(options);
  const box = clock.follow(
    await createSignalbox({ orchestrators: [flow], ...staged, executor: () => ({ execute }) } as never),
  );
  const run = await box.start(flow as never, { input: null } as never);
  await clock.advance('1m');
  const outcome = await soon(run.outcome());
  await box.close();
  return { outcome, attempts: (await eventsOfAll(run)).filter(({ type }) => type === 'step.started').length };
}

async function eventsOfAll(run: Parameters<typeof eventsOf>[0]) {
  return eventsOf(run).catch(() => []);
}

describe('an executor that', () => {
  test.each([
    ['answers with nothing', undefined, 'answered with undefined'],
    ['answers with null', null, 'answered with null'],
    ['answers with an object without "ok"', { value: 1 }, 'answered with {"value":1}'],
    [
      'gives an answer that cannot be read',
      Object.defineProperty({}, 'ok', {
        get() {
          throw new Error('no');
        },
      }),
      'gave an answer that cannot be read',
    ],
  ])('%s, now or later, fails the attempt', async (_, answer, did) => {
    for (const later of [false, true]) {
      const { outcome } = await endOf((_job, give) => {
        if (later) queueMicrotask(() => give(answer as Answer));
        else give(answer as Answer);
      });
      expect(outcome).toMatchObject({ status: 'failed', error: { code: 'executor-failed', path: 't/s', attempt: 1 } });
      expect(outcome.error?.message).toContain(did);
    }
  });

  test('is async and rejects fails the attempt with that, and is retried', async () => {
    const execute = (async () => {
      throw new Error('the worker is gone');
    }) as Executor['execute'];
    const { outcome } = await endOf(execute, { retry: { maxAttempts: 2, delay: '1s' } });
    expect(outcome).toMatchObject({ status: 'failed', error: { message: 'the worker is gone', attempt: 2 } });
  });

  test('writes to its job is told so, and the job is answered under its own key', async () => {
    const { outcome } = await endOf((job, answer) => {
      expect(Object.isFrozen(job)).toBe(true);
      expect(() => Object.assign(job, { key: 'another', log: null })).toThrow(TypeError);
      answer({ ok: true, value: job.key.split('/').slice(1).join('/') });
    });
    expect(outcome).toMatchObject({ status: 'completed', output: { t: 't/s#1' } });
  });
});

describe('an error that cannot be read', () => {
  const broken = (name: string) =>
    Object.defineProperty(new Error('the bank is closed'), name, {
      get() {
        throw new Error('no');
      },
    });

  test.each(['message', 'stack', 'name', 'cause'])(
    'in its %s fails its attempt as any other, and is retried',
    async (name) => {
      const { outcome } = await endOf((_job, answer) => answer({ ok: false, error: broken(name), sync: false }), {
        retry: { maxAttempts: 3, delay: 0 },
      });
      expect(outcome).toMatchObject({ status: 'failed', error: { code: 'task-failed', attempt: 3 } });
      if (name !== 'message') expect(outcome.error?.message).toBe('the bank is closed');
    },
  );

  test('because a hook for stacks throws fails its attempt without a stack', async () => {
    const before = Error.prepareStackTrace;
    Error.prepareStackTrace = () => {
      throw new Error('a broken source map');
    };
    try {
      const { outcome } = await endOf((_job, answer) =>
        answer({ ok: false, error: new Error('the bank is closed'), sync: false }),
      );
      expect(outcome).toMatchObject({ status: 'failed', error: { message: 'the bank is closed' } });
      expect(outcome.error?.stack).toBe(undefined);
    } finally {
      Error.prepareStackTrace = before;
    }
  });

  test('has a message of a bounded length', async () => {
    const { outcome } = await endOf((_job, answer) =>
      answer({ ok: false, error: new Error('x'.repeat(1e6)), sync: true }),
    );
    expect(outcome.error?.message.length).toBeLessThanOrEqual(8_000);
  });
});

const THEN = 'then';

test('a promise of a promise is followed by a thenable, too, as "await" would', async () => {
  const inner = { [THEN]: (resolve: (value: unknown) => void) => resolve(Promise.resolve(42)) };
  const flow = flowOf({ run: () => inner });
  await using box = await createSignalbox({ orchestrators: [flow] } as never);
  const run = await box.start(flow as never, { input: null } as never);
  expect(await soon(run.result())).toEqual({ t: 42 });
});

describe('the note of a progress', () => {
  test.each([
    ['text', 'half of it', 'half of it'],
    ['nothing', undefined, null],
    ['a number', 7, '7'],
    ['an object', { done: 3 }, '{"done":3}'],
    ['what JSON cannot say', 10n, null],
    ['text that is too long', 'x'.repeat(2_000), `${'x'.repeat(999)}…`],
  ])('that is %s is kept as text', async (_, note, kept) => {
    const { desk, options, lines } = stage();
    const flow = flowOf();
    await using box = await createSignalbox({ orchestrators: [flow], ...options } as never);
    const run = await box.start(flow as never, { input: null } as never);
    await settled(box);
    desk.job('t/s#1').progress(0.5, note as string);
    desk.give('t/s#1', 'done');
    await soon(run.result());
    const told = (await eventsOf(run)).find(({ type }) => type === 'step.progress');
    expect(told).toMatchObject({ fraction: 0.5, note: kept });
    expect(lines.filter(({ level }) => level === 'warn')).toHaveLength(typeof note === 'bigint' ? 1 : 0);
  });

  test.each([Number.NaN, -0.1, 1.1, '0.5', Symbol('half'), null])(
    'and a fraction like %s is left out, with a line in the log',
    async (fraction) => {
      const { desk, options, lines } = stage();
      const flow = flowOf();
      await using box = await createSignalbox({ orchestrators: [flow], ...options } as never);
      const run = await box.start(flow as never, { input: null } as never);
      await settled(box);
      desk.job('t/s#1').progress(fraction as number, 'half');
      desk.give('t/s#1', 'done');
      await soon(run.result());
      expect((await eventsOf(run)).some(({ type }) => type === 'step.progress')).toBe(false);
      expect(lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
    },
  );
});

test('a reason of up to a thousand characters is kept, and a longer one refused (I10)', async () => {
  const { options } = stage();
  const flow = flowOf();
  await using box = await createSignalbox({ orchestrators: [flow], ...options } as never);
  const run = await box.start(flow as never, { input: null } as never);
  const error = await rejection(run.cancel({ reason: 'x'.repeat(1_001) }));
  expect(error).toMatchObject({ code: 'option-invalid', fields: { option: 'reason' } });
  await run.cancel({ reason: 'y'.repeat(1_000) });
  expect(await soon(run.outcome())).toMatchObject({ status: 'cancelled' });
});
