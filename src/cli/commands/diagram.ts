/** `diagram`: a run upon its definition, as a tree for the terminal, as Mermaid or as SVG. */
import { closest } from '../../names.ts';
import { lookingAt } from '../boxes.ts';
import { type CliCommand, EXIT, Misuse } from '../command.ts';
import { jsonLine } from '../print.ts';
import { seen } from '../seen.ts';

const FORMATS = ['text', 'mermaid', 'svg'] as const;

export const diagramCommand: CliCommand = {
  name: 'diagram',
  words: ['RUN'],
  says: 'draws a run upon its definition',
  options: { format: { type: 'string', value: 'FORMAT', says: 'text (if nothing is said), mermaid or svg' } },
  run(call) {
    const { terminal } = call;
    const text = call.text('format') ?? 'text';
    const format = FORMATS.find((each) => each === text);
    if (format === undefined)
      throw new Misuse(
        `"${text}" is no format; ${closest(text, FORMATS) === null ? `there are ${FORMATS.join(', ')}` : `did you mean ${closest(text, FORMATS)}?`}`,
      );
    return lookingAt(call, call.words[0] as string, async (bench) => {
      const { draw } = await seen(bench);
      const look = format === 'text' ? { columns: terminal.columns, colour: terminal.colour && !call.json } : {};
      const drawing = await draw({ format, ...look });
      terminal.out(call.json ? jsonLine({ run: bench.run.id, format, drawing }) : drawing.replace(/\n?$/, '\n'));
      return EXIT.done;
    });
  },
};
