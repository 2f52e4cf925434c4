/**
 * `resume`: goes on with a run in this process, when the one that had it is gone or was stopped, and lets one go on that is paused. It tells
 * what happens until the run ends, or waits for something that does not come by itself.
 */
import { plain } from '../../charts/tree.ts';
import { isTerminal } from '../../status.ts';
import { type RunBench, withRun } from '../boxes.ts';
import { WHO_ASKS, askerOf, type CliCall, type CliCommand, EXIT, Misuse } from '../command.ts';
import { exitCodeOf, type Followed, followRun } from '../follow.ts';
import { commandFor } from '../outside.ts';
import { eventLine, jsonLine } from '../print.ts';
import { seen } from '../seen.ts';

export const resumeCommand: CliCommand = {
  name: 'resume',
  words: ['RUN'],
  says: 'goes on with a run until it ends or waits; lets one go on that is paused',
  options: WHO_ASKS,
  run(call) {
    const { terminal } = call;
    return withRun(call, call.words[0] as string, { works: true }, async (bench) => {
      const { run, row, isFile, hasApp } = bench;
      if (isTerminal(row.status)) return conclude(call, bench, { how: 'ended' });
      if ((await run.status()) === 'paused') await run.resume(askerOf(call));
      else if (!isFile && !hasApp)
        throw new Misuse(
          `run "${run.id}" is not paused: its process goes on with it; with --app FILE this one does if that is gone`,
        );
      const followed = await followRun(bench, terminal.stop, (event) =>
        terminal.out(call.json ? jsonLine(event) : `${eventLine(event)}\n`),
      );
      return conclude(call, bench, followed);
    });
  },
};

/** The last line: how the run stands, and what would move it. */
async function conclude(call: CliCall, bench: RunBench, followed: Followed): Promise<number> {
  const { terminal } = call;
  const { explanation } = await seen(bench);
  const code = followed.how === 'ended' ? await exitCodeOf(bench) : EXIT.waiting;
  const { row } = bench;
  if (call.json) {
    const { status, output, error } = await bench.run.snapshot();
    terminal.out(jsonLine({ run: row.run, status, says: explanation.says, output, error }));
    return code;
  }
  const stopped = followed.how === 'stopped' ? ' (left as it is)' : '';
  terminal.out(`${plain(`${row.run}: ${explanation.says}${stopped}`)}\n`);
  if (followed.how === 'waits')
    for (const each of followed.outside.flatMap((outside) => commandFor(outside) ?? []))
      terminal.out(`${plain(each)}\n`);
  return code;
}
