/** The program whose run is kept in a state file by a process that is killed, and restored by another. */
import { z } from 'zod';
import { program, task } from '../../src/index.ts';

/** `work` is what each body does, and is told its key. */
export function filedFlow(work: (key: string) => Promise<void>) {
  const one = task('one', {
    input: z.any(),
    output: z.any(),
    retry: { maxAttempts: 2, delay: 1 },
    run: async ({ key, attempt }) => {
      await work(key);
      if (attempt === 1) throw new Error('once more');
      return 'one';
    },
  });
  const two = task('two', {
    input: z.any(),
    output: z.any(),
    run: async ({ key }) => {
      await work(key);
      return 'two';
    },
  });
  return program('filed', {
    version: '1',
    input: z.any(),
    phases: { first: { tasks: { one, two } }, second: { tasks: { two } } },
  });
}
