/** The work, as it is done in the worker: by the names of tasks, and with nothing of the orchestration but what a body is handed. */
import { threadId } from 'node:worker_threads';

interface Context<I> {
  readonly input: I;
  readonly attempt: number;
  progress(fraction: number, note?: string): void;
}

/** Keeps a thread busy: the main one would stand still meanwhile. */
function countPrimes(below: number): number {
  let primes = 0;
  for (let n = 2; n < below; n += 1) {
    let divisor = 2;
    while (divisor * divisor <= n && n % divisor !== 0) divisor += 1;
    if (divisor * divisor > n) primes += 1;
  }
  return primes;
}

export const bodies = {
  count({ input, progress }: Context<{ readonly below: number }>) {
    progress(0.5, 'counting');
    return { primes: countPrimes(input.below), thread: threadId };
  },
  report({ input, attempt }: Context<{ readonly primes: number }>) {
    if (attempt === 1) throw new Error('the printer is busy');
    return `${input.primes} primes`;
  },
};
