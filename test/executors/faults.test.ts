/** The suite for executors sees what it is there for: each executor here breaks one promise, and a case says which. */
import { type Answer, type Executor, inProcess, type Job } from 'signalbox';
import { executorBodies, executorSuite } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';

type Give = (answer: Answer) => void;

/** A job with something of it changed. */
function jobWith(job: Job, over: Partial<Job>): Job {
  const { task, key, attempt, path, input, deadline, run } = job;
  return {
    ...{ task, key, attempt, path, input, deadline, run },
    signal: () => job.signal(),
    log: (...said) => job.log(...said),
    progress: (...said) => job.progress(...said),
    beat: () => job.beat(),
    ...over,
  };
}

const right = inProcess(executorBodies);
const changed = (over: (job: Job) => Partial<Job>): Executor['execute'] => {
  return (job, give) => right.execute(jobWith(job, over(job)), give);
};
const answering = (make: (answer: Answer) => Answer): Executor['execute'] => {
  return (job, give) => right.execute(job, (answer) => give(make(answer)));
};
const failing = (make: (error: Error) => Error): Executor['execute'] =>
  answering((answer) => (answer.ok ? answer : { ...answer, error: make(answer.error as Error) }));

/** Begins the next job when the one before has ended. */
function oneAtATime(): Executor['execute'] {
  let last = Promise.resolve();
  return (job, give) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const begin = (): void =>
      right.execute(job, (answer) => {
        give(answer);
        resolve();
      });
    void last.then(begin);
    last = promise;
  };
}

/** Knows each key once. */
function remembering(): Executor['execute'] {
  const known = new Set<string>();
  return (job, give) => {
    if (known.has(job.key)) return;
    known.add(job.key);
    right.execute(job, give);
  };
}

/** Answers a job with what another one has resulted in. */
function mixingUp(): Executor['execute'] {
  const waiting: Give[] = [];
  return (job, give) => {
    if (job.task.name !== 'facts') return right.execute(job, give);
    waiting.push(give);
    right.execute(job, (answer) => queueMicrotask(() => waiting.pop()?.(answer)));
  };
}

const FAULTS: readonly (readonly [fault: string, title: string, says: string, execute: () => Executor['execute']])[] = [
  ['never answers', 'what a body answers', 'a body that answers with null has no answer', () => () => {}],
  [
    'answers twice',
    'what a body answers',
    'was handed over 3 times and answered 6 times',
    () => (job, give) => right.execute(job, (answer) => [give(answer), give(answer)]),
  ],
  [
    'answers with another value',
    'what a body answers',
    'what the body answers is not what the step results in',
    () => answering((answer) => (answer.ok && answer.value === 0 ? { ok: true, value: '0' } : answer)),
  ],
  [
    'fails what cannot be awaited by its own kind of promise',
    'what a body answers',
    'fails',
    () => (job, give) => {
      if (job.task.name === 'follow') give({ ok: true, value: executorBodies.follow?.(job as never) });
      else right.execute(job, give);
    },
  ],
  ['loses the name of an error', 'what a body throws', 'the name', () => failing((error) => new Error(error.message))],
  [
    'loses the message of an error',
    'what a body throws',
    'the message',
    () => failing((error) => Object.assign(new Error('it failed'), { name: error.name })),
  ],
  [
    'takes what fails for done',
    'what a body throws',
    'a body that throws does not fail its step',
    () => answering((answer) => (answer.ok ? answer : { ok: true, value: null })),
  ],
  [
    'begins each attempt as the first',
    'an attempt that fails',
    'not handed its key and its number',
    () => changed(() => ({ attempt: 1 })),
  ],
  [
    'makes any error of a TerminalError',
    'a TerminalError',
    'it has come over as another error',
    () => failing((error) => Object.assign(new Error(error.message), { name: error.name })),
  ],
  [
    'loses the delay of a RetryAfter',
    'a TerminalError',
    'the delay of a RetryAfter',
    () => failing((error) => (error.name === 'RetryAfter' ? new Error(error.message) : error)),
  ],
  ['hands over the input as it was', 'a body is handed', '', () => changed(() => ({ input: { n: '7' } }))],
  ['forgets the deadline', 'a body is handed', '', () => changed(() => ({ deadline: null }))],
  ['drops lines', 'what a body logs', 'does not reach job.log', () => changed(() => ({ log: () => {} }))],
  ['drops progress', 'what a body logs', 'does not reach job.progress', () => changed(() => ({ progress: () => {} }))],
  [
    'drops beats',
    'a body that gives signs of life',
    'does not reach job.beat',
    () => changed(() => ({ beat: () => {} })),
  ],
  ['does one job at a time', 'two jobs', 'the second job does not begin while the first is under way', oneAtATime],
  ['mixes up answers', 'two jobs', 'a job was answered with what belongs to another', mixingUp],
  [
    'keeps the signal for itself',
    'a timeout reaches',
    'the body does not hear of it',
    () => changed(() => ({ signal: () => new AbortController().signal })),
  ],
  [
    'does not say why it ends a body',
    'a cancel reaches',
    'does not say why',
    () =>
      changed((job) => {
        const controller = new AbortController();
        job.signal().addEventListener('abort', () => controller.abort(new Error('over')));
        return { signal: () => controller.signal };
      }),
  ],
  [
    'does nothing under a key that it knows',
    'work whose answer',
    'handed over a second time has no answer',
    remembering,
  ],
  [
    'makes keys of its own',
    'work whose answer',
    'another key than before',
    () => changed((job) => ({ key: `${job.key}!` })),
  ],
];

describe('an executor that', () => {
  test.each(FAULTS)('%s is found out (P224)', async (_, title, says, make) => {
    const execute = make();
    const cases = executorSuite(() => ({ executor: () => ({ execute }) }), { patience: '500ms' });
    const [found, ...more] = cases.filter((each) => each.title.startsWith(title));
    expect([found === undefined, more]).toEqual([false, []]);
    const error = await found?.run().then(
      () => null,
      (thrown: Error) => thrown,
    );
    expect(error?.name).toBe('AssertionError');
    expect(error?.message).toContain(says);
  });

  test('every case is failed by one of them', () => {
    const titles = executorSuite(() => ({ executor: inProcess })).map(({ title }) => title);
    expect(titles.filter((title) => !FAULTS.some(([, begins]) => title.startsWith(begins)))).toEqual([]);
  });

  test('kills what nobody wants need not tell how that has ended (P224)', async () => {
    const execute: Executor['execute'] = (job, give) => {
      // What is under way is as good as dead once the signal has fired.
      right.execute(job, (answer) => void (job.signal().aborted || give(answer)));
    };
    for (const { run } of executorSuite(() => ({ executor: () => ({ execute }) }), { kills: true, patience: '2s' }))
      await run();
  });
});
