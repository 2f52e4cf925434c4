/** `explain`: why a run stands where it stands, step by step. */
import { explanationText } from '../../charts/explain.ts';
import { lookingAt } from '../boxes.ts';
import { type CliCommand, EXIT } from '../command.ts';
import { jsonLine } from '../print.ts';
import { seen } from '../seen.ts';

export const explainCommand: CliCommand = {
  name: 'explain',
  words: ['RUN'],
  says: 'says why a run stands where it stands, and what would move it',
  options: {},
  run(call) {
    return lookingAt(call, call.words[0] as string, async (bench) => {
      const { explanation } = await seen(bench);
      call.terminal.out(call.json ? jsonLine(explanation) : explanationText(explanation));
      return EXIT.done;
    });
  },
};
