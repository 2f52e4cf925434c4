/**
 * When a body fails: retries with a backoff, an error that is final, a delay that the other
 * side asks for, and a body that takes too long. Time is a fake clock, so two hours pass at once.
 */
import { createSignalbox, orchestrator, RetryAfter, RunFailed, TerminalError, task, track } from 'signalbox';
import { fakeClock } from 'signalbox/testing';
import { z } from 'zod';

const Nothing = z.object({});
const Text = z.string();

const fetchReport = task('fetchReport', {
  input: Nothing,
  output: Text,
  retry: { maxAttempts: 5, delay: '10m', backoff: 'exponential', maxDelay: '1h' },
  timeout: '1m',
  run: async ({ attempt, signal }) => {
    if (attempt === 1) throw new Error('502 from the report server');
    if (attempt === 2) throw new RetryAfter(90_000, '429: come back in 90 s');
    // The third attempt hangs: its signal fires after a minute.
    if (attempt === 3)
      return new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    return `the report, at attempt ${attempt}`;
  },
});

const login = task('login', {
  input: Nothing,
  output: Text,
  retry: { maxAttempts: 5, delay: '1s' },
  run: async () => {
    throw new TerminalError('the password is wrong');
  },
});

export const report = orchestrator('report', { version: '1', input: Nothing })
  .track('fetch', track('fetch', { input: Nothing }).step('report', fetchReport))
  .output(({ outputs }) => outputs.fetch);

export const locked = orchestrator('locked', { version: '1', input: Nothing }).track(
  'login',
  track('login', { input: Nothing }).step('password', login),
);

export async function main(print: (line: string) => void = console.log) {
  const clock = fakeClock();
  await using box = clock.follow(await createSignalbox({ orchestrators: [report, locked], clock }));

  const started = clock.now();
  box.on('step.retrying', ({ at, attempt, error, delay }) => {
    print(
      `${String((at - started) / 1000).padStart(5)} s  attempt ${attempt}: ${error.message.split('.')[0]}; again in ${delay / 1000} s`,
    );
  });

  const run = await box.start(report, { input: {} });
  await clock.advance('2h');
  const result = await run.result();
  print(`         ${result}`);

  const failed = await (await box.start(locked, { input: {} })).result().catch((error: unknown) => error);
  if (failed instanceof RunFailed) print(failed.message);
  return { result, failed };
}

if (import.meta.main) await main();
