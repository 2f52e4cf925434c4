/** What `executorSuite` asks of an executor, one promise after the other. */
import assert from 'node:assert/strict';
import type { Run } from '../runtime/run.ts';
import type { Json } from '../json.ts';
import type { Schema } from '../schema.ts';
import { isTerminal } from '../status.ts';
import { memory } from '../stores/memory.ts';
import { crashAt } from './crash.ts';
import { BEATS } from './executor-bodies.ts';
import type { ExecutorBench, ExecutorCheck } from './executors.ts';

const KEY = 'r/t/s#1';
const LARGE = 'ä'.repeat(100_000);

/** What bodies answer with: every sort of JSON. */
const VALUES: readonly Json[] = [null, 0, '', 'ä€😀\u2028', [], {}, [[1, { a: null }], false], LARGE];

export const EXECUTIONS: Readonly<Record<string, ExecutorCheck>> = {
  'what a body answers is the output of its step, at once, later, and by whatever can be awaited (P224)': async (
    bench,
  ) => {
    for (const [task, after] of [
      ['answer', 0],
      ['answer', 5],
      ['follow', 5],
    ] as const) {
      const flow = bench.flow(task);
      const box = await bench.open(flow);
      for (const [at, value] of VALUES.entries()) {
        const run = (await box.start(flow, { id: `r${at}`, input: { value, after } } as never)) as unknown as Run;
        const { status, outputs, error } = await bench.outcome(
          run,
          `a body that answers with ${short(value)} has no answer`,
        );
        assert.equal(status, 'completed', `a body that answers with ${short(value)} fails: ${error?.message}`);
        assert.deepEqual(outputs.t, value, `what the body answers is not what the step results in`);
      }
    }
  },

  'what a body throws fails its attempt under its own name and message, before it has given a promise and after (P224)':
    async (bench) => {
      for (const atOnce of [true, false]) {
        const run = await bench.start(bench.flow('fail'), {
          how: 'error',
          message: 'the bank is closed',
          atOnce,
          times: 9,
        });
        const { status, error } = await bench.outcome(run, 'a body that throws has no answer');
        assert.equal(status, 'failed', 'a body that throws does not fail its step');
        assert.match(error?.message ?? '', /the bank is closed/, 'the message of what a body throws is lost');
        assert.equal(error?.name, 'RangeError', 'the name of what a body throws is lost');
        assert.match(error?.code ?? '', /^task-(?:threw|failed)$/, 'what a body throws is told as something else');
      }
    },

  'an attempt that fails is followed by the next one, under the next key, with the next number (P224)': async (
    bench,
  ) => {
    const flow = bench.flow('fail', { retry: { maxAttempts: 3, delay: '1m' } });
    const run = await bench.start(flow, { how: 'error', message: 'busy', atOnce: false, times: 2 });
    for (const attempt of [1, 2]) {
      await retrying(bench, run, attempt);
      // The pauses grow.
      await bench.clock.advance('5m');
    }
    const { outputs } = await bench.outcome(run, 'the third attempt has no answer');
    assert.equal(outputs.t, 'r/t/s#3', 'the body of the third attempt was not handed its key and its number');
    assert.deepEqual(bench.begun, [KEY, 'r/t/s#2', 'r/t/s#3'], 'jobs were not handed over one after the other');
    const attempts = await run.attempts('t/s');
    assert.deepEqual(
      attempts.map(({ status }) => status),
      ['failed', 'failed', 'completed'],
    );
  },

  'a TerminalError is not tried again, and a RetryAfter is tried when it says (P224)': async (bench) => {
    const policy = { retry: { maxAttempts: 3, delay: '1m' } } as const;
    const terminal = await bench.start(bench.flow('fail', policy), {
      ...{ how: 'terminal', message: 'no such card', atOnce: false, times: 9 },
    });
    const { status } = await bench.outcome(
      terminal,
      'a step whose body throws a TerminalError is tried again: it has come over as another error',
    );
    assert.equal(status, 'failed');
    const flow = bench.flow('fail', policy);
    const later = await bench.start(flow, { how: 'retryAfter', message: 'too many', atOnce: false, times: 1 });
    await retrying(bench, later, 1);
    const told = (await bench.history(later)).find(({ type }) => type === 'step.retrying');
    assert.equal((told as { delay?: number }).delay, 7_000, 'the delay of a RetryAfter is lost on the way');
    await bench.clock.advance('7s');
    assert.equal((await bench.outcome(later, 'the second attempt has no answer')).status, 'completed');
  },

  'a body is handed the input as its schema has made it, and key, attempt, deadline and the facts of its run (P224)':
    async (bench) => {
      const flow = bench.flow('facts', { timeout: '1h', input: NUMBERS });
      const box = await bench.open(flow);
      const metadata = { tenant: 'acme' };
      const options = { id: 'r', key: 'k', input: { n: '7' }, metadata };
      const run = (await box.start(flow, options as never)) as unknown as Run;
      const { outputs } = await bench.outcome(run, 'the body has no answer');
      const at = bench.clock.now();
      const facts = { id: 'r', key: 'k', startedAt: at, metadata, variables: {} };
      assert.deepEqual(outputs.t, { input: { n: 7 }, key: KEY, attempt: 1, deadline: at + 3_600_000, run: facts });
    },

  'what a body logs, and how far it says that it has come, is told of its step (P224)': async (bench) => {
    const run = await bench.start(bench.flow('tell'), null);
    await bench.outcome(run, 'the body has no answer');
    assert.ok(bench.logged('told by a body'), 'what the body logs does not reach job.log');
    const line = bench.lines.find(({ message }) => message === 'told by a body');
    assert.deepEqual([line?.run, line?.path, line?.attempt, line?.fields], ['r', 't/s', 1, { n: 1 }]);
    const progress = (await bench.history(run)).find(({ type }) => type === 'step.progress');
    assert.ok(progress !== undefined, 'what the body says of its progress does not reach job.progress');
    assert.deepEqual(progress, { ...progress, path: 't/s', fraction: 0.5, note: 'half' });
  },

  'a body that gives signs of life is not taken for dead (P224)': async (bench) => {
    const run = await bench.start(bench.flow('beat', { heartbeat: '10s' }), null);
    // Three times longer than it may say nothing, and a few beats in each part of it.
    for (let part = 1; part <= 6; part += 1) {
      const wanted = part * 5;
      assert.ok(wanted < BEATS);
      const isSo = async (): Promise<boolean> => bench.logged(`beat ${wanted}`) || isTerminal(await run.status());
      await bench.until(isSo, 'what the body logs does not reach job.log');
      await bench.clock.advance('6s');
    }
    const { status, error } = await bench.outcome(run, 'the body has no answer');
    assert.equal(status, 'completed', `what the body gives does not reach job.beat: ${error?.message}`);
  },

  'two jobs are under way at once, and each is answered with its own (P224)': async (bench) => {
    const waiting = await bench.start(bench.flow('wait', {}, ['a', 'b']), null);
    await bench.until(() => bench.logged('begun', 2), 'the second job does not begin while the first is under way');
    await waiting.cancel();
    await bench.outcome(waiting, 'a run that is cancelled does not end');
    const flow = bench.flow('facts', {}, ['a', 'b', 'c']);
    const { outputs } = await bench.outcome(await bench.start(flow, null), 'one of three jobs has no answer');
    for (const name of ['a', 'b', 'c'])
      assert.equal(
        (outputs[name] as { key?: string }).key,
        `r/${name}/s#1`,
        'a job was answered with what belongs to another',
      );
  },

  'a timeout reaches the body by its signal, and what it answers then changes nothing (P224)': async (bench) => {
    const run = await bench.start(bench.flow('wait', { timeout: '5s' }), null);
    await bench.until(() => bench.logged('begun'), 'the body does not begin');
    await bench.clock.advance('5s');
    const { status, error } = await bench.outcome(run, 'a step whose time is up does not end');
    assert.deepEqual([status, error?.code], ['failed', 'step-timed-out']);
    await told(bench, KEY, 'TimeoutError');
    assert.equal(
      (await run.snapshot()).steps['t/s']?.status,
      'timedOut',
      'an answer that came too late has changed the step',
    );
  },

  'a cancel reaches the body by its signal, which says that it is none (P224)': async (bench) => {
    const run = await bench.start(bench.flow('wait'), null);
    await bench.until(() => bench.logged('begun'), 'the body does not begin');
    await run.cancel({ reason: 'enough' });
    assert.equal((await bench.outcome(run, 'a run that is cancelled does not end')).status, 'cancelled');
    await told(bench, KEY, 'AbortError');
  },

  'work whose answer went with its process is handed over again under the same key, and its step completes once (P224, I6)':
    async (bench) => {
      const flow = bench.flow('facts');
      const store = memory();
      const { clock } = bench;
      let died: Promise<void> = Promise.resolve();
      const first = await bench.open(flow, store, (executor) => {
        const doomed = crashAt('after effect, before its result', 1, { store, clock, executor });
        died = doomed.crashed;
        return doomed.options;
      });
      void bench.begin(first, flow, null).catch(() => {});
      let isDead = false;
      void died.then(() => {
        isDead = true;
      });
      await bench.until(() => isDead, 'the body has no answer');
      const run = (await bench.open(flow, store)).run('r');
      const { outputs } = await bench.outcome(run, 'a job that is handed over a second time has no answer');
      assert.deepEqual(bench.begun, [KEY, KEY], 'the job was not handed over again');
      assert.equal((outputs.t as { key?: string }).key, KEY, 'the body was handed another key than before');
      const types = (await bench.history(run)).map(({ type }) => type);
      assert.equal(types.filter((type) => type === 'step.completed').length, 1);
      assert.equal((await run.attempts('t/s')).length, 1);
    },
};

/** Makes numbers of texts. */
const NUMBERS: Schema = {
  '~standard': {
    version: 1,
    vendor: 'signalbox',
    validate: (value: unknown) => ({ value: { n: Number((value as { readonly n: unknown }).n) } }),
  },
};

async function retrying(bench: ExecutorBench, run: Run, attempt: number): Promise<void> {
  const isSo = async (): Promise<boolean> =>
    (await bench.history(run)).filter(({ type }) => type === 'step.retrying').length >= attempt;
  await bench.until(isSo, `attempt ${attempt}, which fails, has no answer`);
}

/** The body has heard of its end, and for what reason. Work that is killed cannot say so. */
async function told(bench: ExecutorBench, key: string, reason: string): Promise<void> {
  if (bench.kills) return;
  await bench.until(() => bench.answersTo(key).length > 0, 'job.signal() has fired, and the body does not hear of it');
  const [answer] = bench.answersTo(key);
  const value = answer?.ok === true ? answer.value : answer;
  assert.equal(value, `ended by ${reason}`, 'the signal of the body does not say why, by the name of its reason');
}

function short(value: Json): string {
  const text = JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
