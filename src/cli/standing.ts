/** What a command says when it is done: what it has done, and how the run stands now. */
import { plain } from '../charts/tree.ts';
import type { RunBench } from './boxes.ts';
import type { CliCall } from './command.ts';
import { jsonLine } from './print.ts';
import { seen } from './seen.ts';

export async function tellStanding(call: CliCall, bench: RunBench, done: string): Promise<void> {
  const { explanation } = await seen(bench);
  const { run, status, says } = explanation;
  call.terminal.out(
    call.json
      ? jsonLine({ run, done, status, says })
      : `${plain(`${run}: ${done === status ? says : `${done}; ${says}`}`)}\n`,
  );
}
