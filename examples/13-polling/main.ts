/**
 * Polling: a job is begun on a server that answers only when it is asked. A loop asks until the job is done, and
 * keeps what it was told. It asks after thirty seconds at first, and waits twice as long each time, up to two minutes. The
 * pause is a `sleep`, so the process may end in it: the loop goes on in the round it was in. Time is a fake clock.
 */
import { createSignalbox, orchestrator, task, track } from 'signalbox';
import { fakeClock } from 'signalbox/testing';
import { z } from 'zod';

const Job = z.object({ job: z.string() });
const Progress = z.object({ percent: z.number() });

// What the server would be: it has done a third more each time it is asked.
const begin = task('begin', { input: z.object({}), output: Job, run: async () => ({ job: 'job-1' }) });
const ask = task('ask', { input: Job, output: Progress });

const round = track('round', { input: Job.extend({ index: z.number() }) })
  .sleep('pause', { for: ({ input }) => Math.min(30_000 * 2 ** input.index, 120_000) })
  .step('asked', ask, ({ input }) => input);

const conversion = track('conversion', { input: z.object({}) })
  .step('job', begin)
  .loop('poll', {
    body: { do: round, input: ({ outputs, index }) => ({ ...outputs.job, index }) },
    from: [] as number[],
    accumulate: (told, { output }) => [...told, output.percent],
    until: ({ output }) => output.percent === 100,
    maxIterations: 100,
  });

export const convert = orchestrator('convert', { version: '1', input: z.object({}) })
  .track('conversion', conversion)
  .output(({ outputs }) => ({ rounds: outputs.conversion.iterations, told: outputs.conversion.accumulator }));

export async function main(print: (line: string) => void = console.log) {
  const clock = fakeClock();
  let percent = 0;
  await using box = clock.follow(
    await createSignalbox({
      orchestrators: [convert],
      clock,
      tasks: {
        ask: async () => {
          percent = Math.min(100, percent + 34);
          return { percent };
        },
      },
    }),
  );
  const started = clock.now();
  box.on('step.completed', ({ at, path }) => {
    if (path.endsWith('/asked')) print(`${(at - started) / 1000} s: ${percent} %`);
  });

  const run = await box.start(convert, { input: {} });
  await clock.advance('10m');
  const result = await run.result();
  print(`done after ${result.rounds} rounds: ${result.told.join(', ')}`);
  return result;
}

if (import.meta.main) await main();
