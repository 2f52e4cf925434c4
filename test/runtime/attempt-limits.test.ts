/**
 * An attempt whose limit comes in the middle: while a schema that takes its time looks at the input or the output (S4, S11,
 * S14). And what a policy may say that is no answer: a `when` that promises, a `RetryAfter` of no time or of all (S10).
 */
import { createSignalbox, orchestrator, RetryAfter, task, TerminalError, track } from 'signalbox';
import { describe, expect, test } from 'vitest';
import { Anything, eventsOf, historyOf, never, settled, soon, stage, statusesOf } from '../helpers/stage.ts';

/** A Standard Schema that answers when the test says so, with what it was given. */
function slowSchema() {
  const waiting: (() => void)[] = [];
  const validate = (value: unknown): Promise<{ value: unknown }> =>
    new Promise((resolve) => waiting.push(() => resolve({ value })));
  const schema = { '~standard': { version: 1 as const, vendor: 'test', validate } };
  return { schema, waiting };
}

type Options = Partial<Parameters<typeof task>[1]>;

async function running(options: Options) {
  const one = task('one', { input: Anything, output: Anything, run: never, ...options } as never);
  const flow = orchestrator('flow', { version: '1', input: Anything }).track(
    't',
    track('t', { input: Anything }).step('one', one as never),
  );
  const { desk, clock, lines, options: more } = stage();
  const box = clock.follow(await createSignalbox({ orchestrators: [flow], ...more }));
  const run = await box.start(flow, { input: null });
  await settled(box);
  return { desk, clock, lines, box, run, [Symbol.asyncDispose]: () => box.close() };
}

test('an attempt after which no other would be made says nothing of the time that is left (S10)', async () => {
  for (const [maxAttempts, thrown] of [
    [1, new Error('down')],
    [3, new TerminalError('never')],
  ] as const) {
    await using at = await running({ totalTimeout: '10s', retry: { maxAttempts, delay: '1m' } });
    await at.clock.advance('9s');
    at.desk.fail('t/one#1', thrown);
    expect(await soon(at.run.outcome())).toMatchObject({ status: 'failed', failures: [{ message: thrown.message }] });
  }
});

describe('while a schema takes its time over the input', () => {
  test('a timeout ends the attempt, and its body is never called (S4, S11)', async () => {
    const { schema, waiting } = slowSchema();
    await using at = await running({ input: schema, timeout: '5s' });
    await at.clock.advance('5s');
    waiting[0]?.();
    await settled(at.box);

    expect(at.desk.begun).toEqual([]);
    expect(await soon(at.run.outcome())).toMatchObject({ status: 'failed', error: { code: 'step-timed-out' } });
    expect(await statusesOf(at.run)).toMatchObject({ 't/one': 'timedOut' });
  });

  test('a cancel ends the attempt, and its body is never called (S4, S14)', async () => {
    const { schema, waiting } = slowSchema();
    await using at = await running({ input: schema });
    await at.run.cancel();
    waiting[0]?.();
    await settled(at.box);

    expect(at.desk.begun).toEqual([]);
    expect(await soon(at.run.outcome())).toMatchObject({ status: 'cancelled' });
  });

  test('the next attempt is made in its own time, and the schema of the one before says nothing to it (I5)', async () => {
    const { schema, waiting } = slowSchema();
    await using at = await running({ input: schema, timeout: '5s', retry: { maxAttempts: 2, delay: 0 } });
    await at.clock.advance('5s');
    await at.clock.advance(0);
    for (const answer of waiting) answer();
    await settled(at.box);

    expect(at.desk.begun).toEqual(['t/one#2']);
    at.desk.give('t/one#2', 'made');
    expect(await soon(at.run.result())).toEqual({ t: 'made' });
  });
});

describe('while a schema takes its time over the output', () => {
  test('a timeout ends the attempt, and what the schema makes of it comes too late (S4, S11)', async () => {
    const { schema, waiting } = slowSchema();
    await using at = await running({ output: schema, timeout: '5s' });
    at.desk.give('t/one#1', 'made');
    await settled();
    await at.clock.advance('5s');
    waiting[0]?.();
    await settled(at.box);

    expect(await soon(at.run.outcome())).toMatchObject({ status: 'failed', error: { code: 'step-timed-out' } });
    expect(await historyOf(at.run)).not.toContain('step.completed t/one');
    expect(at.box.counts.timers).toBe(0);
  });

  test('a cancel ends the attempt, and nothing is answered for it twice (S14, I5)', async () => {
    const { schema, waiting } = slowSchema();
    await using at = await running({ output: schema });
    at.desk.give('t/one#1', 'made');
    await settled();
    await at.run.cancel();
    waiting[0]?.();
    await settled(at.box);

    expect(await soon(at.run.outcome())).toMatchObject({ status: 'cancelled' });
    expect(at.box.counts).toMatchObject({ ignored: 0, timers: 0, inMemory: 0 });
  });

  test('a second answer is told as such and changes nothing (I5)', async () => {
    const { schema, waiting } = slowSchema();
    await using at = await running({ output: schema });
    at.desk.give('t/one#1', 'first');
    await settled();
    at.desk.give('t/one#1', 'second');
    await settled();
    expect(waiting).toHaveLength(1);
    waiting[0]?.();

    expect(await soon(at.run.result())).toEqual({ t: 'first' });
    expect(at.box.counts.ignored).toBe(1);
  });

  test('a body whose timeout does not come is not held up by it afterwards', async () => {
    const { schema, waiting } = slowSchema();
    await using at = await running({ output: schema, timeout: '5s' });
    at.desk.give('t/one#1', 'made');
    await settled();
    waiting[0]?.();
    expect(await soon(at.run.result())).toEqual({ t: 'made' });
    expect(at.box.counts.timers).toBe(0);
  });
});

describe('`when` that answers', () => {
  const busy = new Error('busy');
  test.each([
    ['a promise of no', async () => false],
    ['a promise of yes', async () => true],
    ['a number', () => 1],
    ['a text', () => 'yes'],
    ['nothing', () => undefined],
  ])('%s is no yes: the step is not tried again, and the log says why (S10)', async (_, when) => {
    await using at = await running({ retry: { maxAttempts: 3, delay: 0, when: when as never } });
    at.desk.fail('t/one#1', busy);
    await at.clock.advance('1s');

    expect(at.desk.begun).toEqual(['t/one#1']);
    expect(await soon(at.run.outcome())).toMatchObject({ status: 'failed', error: { message: 'busy' } });
    expect(at.lines.map(({ message }) => message).join('\n')).toContain('"when"');
  });

  test('is not asked about the last attempt, of which nothing depends on it', async () => {
    let asked = 0;
    const when = (): boolean => {
      asked += 1;
      return true;
    };
    await using at = await running({ retry: { maxAttempts: 2, delay: 0, when } });
    at.desk.fail('t/one#1');
    await at.clock.advance(0);
    at.desk.fail('t/one#2');
    await settled(at.box);
    expect(asked).toBe(1);
  });
});

describe('`RetryAfter`', () => {
  const delayOf = async (ms: number): Promise<unknown> => {
    await using at = await running({ retry: { maxAttempts: 2, delay: '7s', jitter: 0 } });
    at.desk.fail('t/one#1', new RetryAfter(ms));
    await settled(at.box);
    const retrying = (await eventsOf(at.run)).find(({ type }) => type === 'step.retrying') as { delay?: number };
    return retrying?.delay;
  };

  test('of less than no time is at once (S10)', async () => {
    expect(await delayOf(-5_000)).toBe(0);
  });

  test.each([[Number.NaN], [Number.POSITIVE_INFINITY]])(
    'of %d says nothing, and the policy decides (S10)',
    async (ms) => {
      expect(await delayOf(ms)).toBe(7_000);
    },
  );

  test('of more than a hundred years is a hundred years, a time that can be written down', async () => {
    expect(await delayOf(1e300)).toBe(100 * 365 * 86_400_000);
  });
});

describe('progress', () => {
  const told = async (run: Parameters<typeof eventsOf>[0]) =>
    (await eventsOf(run)).flatMap((event) => (event.type === 'step.progress' ? [[event.fraction, event.note]] : []));

  test("after the end of the attempt is nobody's, and changes nothing (I5)", async () => {
    await using at = await running({ retry: { maxAttempts: 2, delay: '1s' } });
    const first = at.desk.job('t/one#1');
    first.progress(0.2);
    await settled(at.box);
    at.desk.fail('t/one#1');
    first.progress(0.4);
    await at.clock.advance('1s');
    first.progress(0.6);
    at.desk.job('t/one#2').progress(0.8, 'again');
    await settled(at.box);
    at.desk.give('t/one#2');
    await soon(at.run.outcome());
    first.progress(1);
    await settled(at.box);

    expect(await told(at.run)).toEqual([
      [0.2, null],
      [0.8, 'again'],
    ]);
    expect(at.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });

  test("after a timeout is nobody's, also while the cleanup goes on (S11)", async () => {
    const cleanup = (): Promise<void> => new Promise(() => {});
    await using at = await running({ timeout: '5s', cleanup, cleanupTimeout: '1h' });
    const job = at.desk.job('t/one#1');
    await at.clock.advance('5s');
    job.progress(0.9, 'too late');
    await settled(at.box);

    expect(job.signal().aborted).toBe(true);
    expect(await told(at.run)).toEqual([]);
  });

  test('with a new note is told under the same fraction, and never goes back', async () => {
    await using at = await running({});
    const job = at.desk.job('t/one#1');
    for (const [fraction, note] of [
      [0.5, 'half'],
      [0.5, 'still half'],
      [0.4, 'less'],
      [1, 'all'],
    ] as const)
      job.progress(fraction, note);
    await settled(at.box);

    expect(await told(at.run)).toEqual([
      [0.5, 'half'],
      [0.5, 'still half'],
      [1, 'all'],
    ]);
  });
});
