/** `status`: the runs that there are, the newest first; or how one run stands, and what would move it. */
import { plain } from '../../charts/tree.ts';
import { isStatus, STATUSES, type Status } from '../../status.ts';
import { looking, lookingAt } from '../boxes.ts';
import { type CliCall, type CliCommand, countIn, EXIT, Misuse } from '../command.ts';
import { commandFor, outsideOf } from '../outside.ts';
import { jsonLine, runsTable } from '../print.ts';
import { closest } from '../../names.ts';
import { seen } from '../seen.ts';

const MOST = 1_000;

export const statusCommand: CliCommand = {
  name: 'status',
  words: ['[RUN]'],
  says: 'lists runs, the newest first; or says how one stands, step by step',
  options: {
    orchestrator: { type: 'string', value: 'NAME', says: 'runs of this orchestrator alone' },
    status: { type: 'string', value: 'STATUS', says: 'runs of this status alone, like waiting or failed' },
    limit: { type: 'string', value: 'NUMBER', says: 'how many runs; 20, if nothing is said' },
    cursor: { type: 'string', value: 'CURSOR', says: 'goes on where the page before has ended' },
  },
  run: (call) => (call.words[0] === undefined ? list(call) : one(call, call.words[0])),
};

async function list(call: CliCall): Promise<number> {
  const { terminal } = call;
  const [orchestrator, cursor, wanted] = [
    call.text('orchestrator'),
    call.text('cursor'),
    statusIn(call.text('status')),
  ];
  const limit = countIn('--limit', call.text('limit'), MOST) ?? 20;
  return looking(call, async ({ box, now }) => {
    const page = await box.runs({
      order: 'newest',
      limit,
      ...(orchestrator === undefined ? {} : { orchestrator }),
      ...(wanted === undefined ? {} : { status: wanted }),
      ...(cursor === undefined ? {} : { cursor }),
    });
    if (call.json) terminal.out(jsonLine(page));
    else if (page.runs.length === 0) terminal.out('no runs\n');
    else {
      terminal.out(runsTable(page.runs, now()));
      if (page.cursor !== null) terminal.out(`perhaps more: --cursor ${page.cursor}\n`);
    }
    return EXIT.done;
  });
}

async function one(call: CliCall, id: string): Promise<number> {
  for (const option of ['orchestrator', 'status', 'limit', 'cursor'])
    if (call.flag(option)) throw new Misuse(`--${option} narrows the list: say it without a RUN`);
  const { terminal } = call;
  return lookingAt(call, id, async (bench) => {
    const { snapshot, explanation, byRows, draw } = await seen(bench);
    const outside = (await outsideOf(bench.box, snapshot)) ?? [];
    if (call.json) {
      terminal.out(jsonLine({ explanation, snapshot }));
      return EXIT.done;
    }
    const { orchestrator, version, says } = explanation;
    terminal.out(plain(`${id} (${orchestrator}, version ${version}): ${says}`));
    terminal.out(`\n\n${await draw({ format: 'text', columns: terminal.columns, colour: terminal.colour })}`);
    const commands = outside.flatMap((each) => commandFor(each) ?? []);
    if (commands.length > 0) terminal.out(`\n${commands.map((each) => `${plain(each)}\n`).join('')}`);
    if (byRows) terminal.out('\nSteps that have not begun are told with --app FILE.\n');
    return EXIT.done;
  });
}

function statusIn(text: string | undefined): Status | undefined {
  if (text === undefined || isStatus(text)) return text;
  const guess = closest(text, STATUSES);
  throw new Misuse(
    `"${text}" is no status; ${guess === null ? `there are ${STATUSES.join(', ')}` : `did you mean ${guess}?`}`,
  );
}
