/** `retry` and `skip`: what becomes of a step that stands still. */
import { withRun } from '../boxes.ts';
import {
  WHO_ASKS,
  askerOf,
  type CliCall,
  type CliCommand,
  EXIT,
  jsonWord,
  Misuse,
  type CliOptions,
} from '../command.ts';
import { tellStanding } from '../standing.ts';

const WHO: CliOptions = { ...WHO_ASKS, reason: { type: 'string', value: 'TEXT', says: 'why; it has to be said' } };

function commandOf(name: 'retry' | 'skip', says: string, value: 'input' | 'output', means: string): CliCommand {
  return {
    name,
    words: ['RUN', 'PATH'],
    says,
    options: { ...WHO, [value]: { type: 'string', value: 'JSON', says: means } },
    run(call: CliCall) {
      const [id, path] = call.words as readonly [string, string];
      const { reason, by } = askerOf(call);
      const given = call.text(value);
      if (reason === null) throw new Misuse(`--reason is missing: signalbox ${name} RUN PATH --reason TEXT`);
      const more = given === undefined ? {} : { [value]: jsonWord(`--${value}`, given) };
      return withRun(call, id, {}, async (bench) => {
        await bench.run[name](path, { reason, ...(by === null ? {} : { by }), ...more });
        await tellStanding(call, bench, name === 'retry' ? `${path} is tried again` : `${path} is skipped`);
        return EXIT.done;
      });
    },
  };
}

export const retryCommand = commandOf('retry', 'tries a step again that stands still', 'input', 'another input for it');
export const skipCommand = commandOf(
  'skip',
  'goes on without a step',
  'output',
  'what others are told that it resulted in',
);
