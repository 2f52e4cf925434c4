/** `signal`: sends a run a signal, and says what became of it. */
import { withRun } from '../boxes.ts';
import { WHO_ASKS, askerOf, type CliCommand, type CliOption, EXIT, jsonWord } from '../command.ts';
import { whyNotTaken } from '../../core/signals.ts';
import { jsonLine } from '../print.ts';

export const signalCommand: CliCommand = {
  name: 'signal',
  words: ['RUN', 'NAME', '[JSON]'],
  says: 'sends a run a signal, with a payload',
  options: {
    by: WHO_ASKS.by as CliOption,
    id: { type: 'string', value: 'ID', says: 'tells it from others: sent twice under one, it is taken once' },
  },
  run(call) {
    const [run, name, text] = call.words as readonly [string, string, string | undefined];
    const payload = text === undefined ? null : jsonWord('the payload', text);
    const id = call.text('id');
    return withRun(call, run, {}, async (bench) => {
      const answer = await bench.run.signal(name, payload as never, {
        by: askerOf(call).by,
        ...(id === undefined ? {} : { id }),
      });
      const isTaken = answer.answer === 'accepted' || answer.answer === 'buffered';
      const why = 'message' in answer ? `: ${whyNotTaken(answer)}` : '';
      call.terminal.out(call.json ? jsonLine(answer) : `${answer.answer}${why}\n`);
      return isTaken ? EXIT.done : EXIT.failed;
    });
  },
};
