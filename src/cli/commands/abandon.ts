/** `abandon`: ends a run by its rows alone, also one whose definition is gone. */
import { withRun } from '../boxes.ts';
import { WHO_ASKS, askerOf, type CliCommand, EXIT, Misuse, NotTaken } from '../command.ts';
import { tellStanding } from '../standing.ts';

export const abandonCommand: CliCommand = {
  name: 'abandon',
  words: ['RUN'],
  says: 'ends a run by its rows alone, without its definition; no cleanup, nothing is undone',
  options: { ...WHO_ASKS, reason: { type: 'string', value: 'TEXT', says: 'why; it has to be said' } },
  run(call) {
    const reason = call.text('reason');
    if (reason === undefined) throw new Misuse('--reason is missing: signalbox abandon RUN --reason TEXT');
    return withRun(call, call.words[0] as string, { byRows: true }, async (bench) => {
      if (!(await bench.run.abandon({ ...askerOf(call), reason })))
        throw new NotTaken(`run "${bench.run.id}" has ended: it is ${await bench.run.status()}`);
      await tellStanding(call, bench, 'abandoned');
      return EXIT.done;
    });
  },
};
