/** What the tests of compensation stand on: a task that tells what it did and what was undone. */
import { task, TerminalError } from 'signalbox';
import { Anything } from './stage.ts';

/** A task that tells what was done and undone, and fails if it is told to. */
export function worker(log: string[], more: object = {}) {
  return task('work', {
    input: Anything,
    output: Anything,
    run: ({ input, key }) => {
      if (input?.fails) throw new TerminalError('no');
      log.push(`do ${key}`);
      return { did: key };
    },
    compensate: ({ output, key }) => void log.push(`undo ${output.did} as ${key}`),
    ...more,
  });
}

export const head = { version: '1', input: Anything } as const;
export const input = { input: Anything } as const;
export const fails = (): { fails: true } => ({ fails: true });
export const undo = (path: string, attempt = 1): string => `undo r/${path}#${attempt} as r/${path}#${attempt}~undo`;
export const undone = (log: readonly string[]): readonly string[] => log.filter((line) => line.startsWith('undo'));
export const quiet = { logger: () => {} } as const;
