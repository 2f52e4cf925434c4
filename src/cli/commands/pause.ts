/** `pause`: what is under way in a run may end, and nothing begins until it is resumed. */
import { withRun } from '../boxes.ts';
import { WHO_ASKS, askerOf, type CliCommand, EXIT } from '../command.ts';
import { tellStanding } from '../standing.ts';

export const pauseCommand: CliCommand = {
  name: 'pause',
  words: ['RUN'],
  says: 'lets nothing more begin in a run, until it is resumed',
  options: WHO_ASKS,
  run(call) {
    return withRun(call, call.words[0] as string, {}, async (bench) => {
      await bench.run.pause(askerOf(call));
      await tellStanding(call, bench, 'paused');
      return EXIT.done;
    });
  },
};
