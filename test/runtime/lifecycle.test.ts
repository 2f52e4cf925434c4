/** What a run tells of its course, to a log and to its caller, and how data goes through it (P6–P8, P12, P20, P23, P24, P34). */
import { createSignalbox, type Executor, type LogLine, orchestrator, type RunFailed, task, track } from 'signalbox';
import { expect, test } from 'vitest';
import { z } from 'zod';

const N = z.object({ n: z.number() });
const add = task('add', { input: N, output: N, run: async ({ input }) => ({ n: input.n + 1 }) });
const merge = task('merge', {
  input: z.object({ left: N, right: N }),
  output: N,
  run: ({ input }) => ({ n: input.left.n * input.right.n }),
});
const fail = task('fail', {
  input: N,
  output: N,
  run: async () => {
    throw new Error('the disk is full');
  },
});
const one = track('one', { input: N })
  .step('first', add, ({ input }) => input)
  .step('second', add, ({ outputs }) => outputs.first);
const flow = orchestrator('flow', { version: '1', input: N })
  .track('left', one, { input: ({ input }) => input })
  .track('right', one, { after: ['left'], input: ({ outputs }) => outputs.left })
  .track(
    'both',
    track('both', { input: z.object({ left: N, right: N }) }).step('merge', merge, ({ input }) => input),
    {
      after: ['left', 'right'],
      input: ({ outputs }) => outputs,
    },
  );

test('data goes from step to step and track to track, a last task merges it, and the result has every track (P7, P20, P23, P24)', async () => {
  await using box = await createSignalbox({ orchestrators: [flow] });
  const run = await box.start(flow, { input: { n: 1 } });
  expect(await run.result()).toEqual({ left: { n: 3 }, right: { n: 5 }, both: { n: 15 } });
});

test('the executor is handed in, so no body of a task need run (P6, P64)', async () => {
  const asked: string[] = [];
  const fake: Executor = {
    execute(job, answer) {
      asked.push(job.key);
      answer({ ok: true, value: { n: 7 } });
    },
  };
  await using box = await createSignalbox({ orchestrators: [flow], executor: () => fake });
  const run = await box.start(flow, { id: 'r', input: { n: 1 } });
  expect((await run.result()).both).toEqual({ n: 7 });
  expect(asked).toEqual(['r/left/first#1', 'r/left/second#1', 'r/right/first#1', 'r/right/second#1', 'r/both/merge#1']);
});

test('a logger is told the start and the end of everything, in order, with run, place and attempt (P8, P34)', async () => {
  const lines: LogLine[] = [];
  const single = orchestrator('single', { version: '1', input: N }).track('left', one, { input: ({ input }) => input });
  await using box = await createSignalbox({ orchestrators: [single], logger: (line) => lines.push(line) });
  await (await box.start(single, { id: 'r', input: { n: 1 } })).result();
  expect(lines.map(({ level, message, run, attempt }) => [level, message, run, attempt])).toEqual([
    ['debug', 'run.started', 'r', undefined],
    ['debug', 'track.started left', 'r', undefined],
    ['debug', 'step.started left/first', 'r', 1],
    ['debug', 'step.completed left/first', 'r', 1],
    ['debug', 'step.started left/second', 'r', 1],
    ['debug', 'step.completed left/second', 'r', 1],
    ['debug', 'track.completed left', 'r', undefined],
    ['debug', 'run.completed', 'r', undefined],
  ]);
});

test('a failure is logged as a warning, and returned to who waits for the result (P12)', async () => {
  const lines: LogLine[] = [];
  const failing = orchestrator('failing', { version: '1', input: N }).track(
    't',
    track('t', { input: N }).step('s', fail, ({ input }) => input),
    {
      input: ({ input }) => input,
    },
  );
  await using box = await createSignalbox({ orchestrators: [failing], logger: (line) => lines.push(line) });
  const error: RunFailed = await (await box.start(failing, { input: { n: 1 } })).result().catch((thrown) => thrown);
  expect(error.error).toMatchObject({ path: 't/s', code: 'task-failed', message: 'the disk is full' });
  expect(lines.filter(({ level }) => level === 'warn').map(({ message, fields }) => [message, fields])).toEqual([
    ['step t/s failed: the disk is full', { type: 'step.failed', code: 'task-failed', name: 'Error' }],
    ['track t failed: the disk is full', { type: 'track.failed', code: 'task-failed', name: 'Error' }],
    [
      'run of orchestrator "failing" failed at t/s: the disk is full',
      { type: 'run.failed', code: 'task-failed', name: 'Error' },
    ],
  ]);
});
