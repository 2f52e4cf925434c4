/** `cancel`: ends a run and everything below it. Where this process has the run, it stays until that is over. */
import { isTerminal } from '../../status.ts';
import { withRun } from '../boxes.ts';
import { WHO_ASKS, askerOf, type CliCommand, EXIT, NotTaken } from '../command.ts';
import { followRun } from '../follow.ts';
import { tellStanding } from '../standing.ts';

export const cancelCommand: CliCommand = {
  name: 'cancel',
  words: ['RUN'],
  says: 'ends a run and everything below it',
  options: {
    ...WHO_ASKS,
    compensate: { type: 'boolean', says: 'undoes what has completed, the last step first' },
    force: { type: 'boolean', says: 'waits for nothing: cleanups and compensations are cut short' },
  },
  run(call) {
    return withRun(call, call.words[0] as string, {}, async (bench) => {
      const { run, row, isFile } = bench;
      await run.cancel({
        ...askerOf(call),
        compensate: call.flag('compensate'),
        force: call.flag('force'),
      });
      // Asked all the same, so that it is on record.
      if (isTerminal(row.status)) throw new NotTaken(`run "${run.id}" has ended: it is ${row.status}`);
      if (isFile) await followRun(bench, call.terminal.stop, () => {});
      const status = await run.status();
      await tellStanding(call, bench, status);
      // It may have ended otherwise before it was told.
      return isTerminal(status) && !ENDS.has(status) ? EXIT.failed : EXIT.done;
    });
  },
};

const ENDS: ReadonlySet<string> = new Set(['cancelled', 'compensated']);
