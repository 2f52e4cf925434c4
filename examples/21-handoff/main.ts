/**
 * Work that is done elsewhere: the bodies run in a worker thread, and the box decides, keeps and retries. Every handoff is on
 * record: an attempt of its step, and an event of its run.
 */
import { createSignalbox, type Job, orchestrator, task, track } from 'signalbox';
import { z } from 'zod';
import { Handoff } from './handoff.ts';

const Below = z.object({ below: z.number() });
const Counted = z.object({ primes: z.number(), thread: z.number() });

// Contracts without bodies: what does the work is on the other side, by these names.
const count = task('count', { input: Below, output: Counted, timeout: '30s' });
const report = task('report', {
  input: Counted,
  output: z.string(),
  retry: { maxAttempts: 3, delay: '10ms' },
});

export const primes = orchestrator('primes', { version: '1', input: Below })
  .track(
    'count',
    track('count', { input: Below })
      .step('counted', count, ({ input }) => input)
      .step('told', report, ({ previous }) => previous),
    { input: ({ input }) => input },
  )
  .output(({ outputs }) => outputs.count);

const elsewhere = (): never => {
  throw new Error('This is done by the worker.');
};

export async function main(print: (line: string) => void = console.log) {
  await using worker = new Handoff(new URL('./bodies.ts', import.meta.url));
  const handed: string[] = [];
  await using box = await createSignalbox({
    orchestrators: [primes],
    tasks: { count: elsewhere, report: elsewhere },
    executor: () => ({
      execute(job: Job, answer) {
        handed.push(job.key);
        worker.execute(job, answer);
      },
    }),
    logger: () => {},
  });
  const run = await box.start(primes, { id: 'primes-1', input: { below: 50_000 } });
  print(await run.result());

  const attempts: string[] = [];
  for (const path of Object.keys((await run.snapshot()).steps)) {
    for (const { attempt, status, error } of await run.attempts(path)) {
      attempts.push(`${run.id}/${path}#${attempt}`);
      print(`${path}, attempt ${attempt}: ${status}${error === null ? '' : `, ${error.message}`}`);
    }
  }
  const started: string[] = [];
  for await (const event of run.history()) {
    if (event.type === 'step.started') started.push(`${event.run}/${event.path}#${event.attempt}`);
    if (event.type === 'step.progress') print(`${event.path}: ${event.note}`);
  }
  return { handed, attempts, started, thread: (await run.snapshot()).steps['count/counted']?.output };
}

if (import.meta.main) await main();
