/** `events`: the history of a run, and with `--follow` what comes to it, until the run ends. */
import { systemClock } from '../../clock.ts';
import { isTerminal } from '../../status.ts';
import { lookingAt } from '../boxes.ts';
import { type CliCommand, EXIT, Misuse } from '../command.ts';
import { eventLine, jsonLine } from '../print.ts';

/** A file does not say that something was written to it. */
const PAUSE = 200;

export const eventsCommand: CliCommand = {
  name: 'events',
  words: ['RUN'],
  says: 'tells what has happened to a run, one line for each event',
  options: {
    after: { type: 'string', value: 'NUMBER', says: 'events behind this one alone' },
    follow: { type: 'boolean', says: 'goes on with what comes, until the run ends' },
  },
  run(call) {
    const { terminal } = call;
    let after = numberIn(call.text('after'));
    return lookingAt(call, call.words[0] as string, async ({ run }) => {
      const tell = async (): Promise<void> => {
        for await (const event of run.history({ after })) {
          after = event.seq;
          terminal.out(call.json ? jsonLine(event) : `${eventLine(event)}\n`);
        }
      };
      if (!call.flag('follow')) await tell();
      else
        for (let isOver = false; !isOver && !terminal.stop.aborted; ) {
          // Asked first, so that what came just before the end is told.
          isOver = isTerminal(await run.status());
          await tell();
          if (!isOver) await pause(terminal.stop);
        }
      return EXIT.done;
    });
  },
};

function pause(stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const cancel = systemClock.wakeAfter(PAUSE, () => {
      stop.removeEventListener('abort', end);
      resolve();
    });
    const end = (): void => {
      cancel();
      resolve();
    };
    stop.addEventListener('abort', end, { once: true });
  });
}

function numberIn(text: string | undefined): number {
  if (text === undefined) return 0;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new Misuse(`--after takes the number of an event, and not "${text}"`);
}
