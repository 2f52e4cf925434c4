/** `approvals`: what people are asked, in all runs. */
import { plain } from '../../charts/tree.ts';
import { roughly } from '../../duration.ts';
import type { Approval } from '../../people.ts';
import { looking } from '../boxes.ts';
import { type CliCommand, countIn, EXIT, Misuse } from '../command.ts';
import { jsonLine } from '../print.ts';

export const approvalsCommand: CliCommand = {
  name: 'approvals',
  words: [],
  says: 'lists what people are asked and have not decided',
  options: {
    run: { type: 'string', value: 'RUN', says: 'of this run alone' },
    user: { type: 'string', value: 'NAME', says: 'what this person may be asked' },
    role: { type: 'string', value: 'NAME', multiple: true, says: 'what somebody with this role is asked' },
    limit: { type: 'string', value: 'NUMBER', says: 'how many; 50, if nothing is said' },
    cursor: { type: 'string', value: 'CURSOR', says: 'goes on where the page before has ended' },
  },
  run(call) {
    const { terminal } = call;
    const [run, user, roles, cursor] = [call.text('run'), call.text('user'), call.texts('role'), call.text('cursor')];
    const limit = countIn('--limit', call.text('limit'), 1_000) ?? 50;
    const [role, more] = roles;
    if (user === undefined && more !== undefined) throw new Misuse('--role may be said twice with a --user alone');
    const who = user !== undefined ? { mine: { user, roles } } : role === undefined ? {} : { role };
    return looking(call, async ({ box, now }) => {
      const page = await box.approvals({
        ...who,
        limit,
        ...(run === undefined ? {} : { run }),
        ...(cursor === undefined ? {} : { cursor }),
      });
      if (call.json) terminal.out(jsonLine(page));
      else if (page.approvals.length === 0) terminal.out('nobody is asked anything\n');
      else terminal.out(page.approvals.map((each) => textOf(each, now())).join('\n'));
      if (!call.json && page.cursor !== null) terminal.out(`perhaps more: --cursor ${page.cursor}\n`);
      return EXIT.done;
    });
  },
};

function textOf(approval: Approval, now: number): string {
  const { id, status, question, users, roles, decisions, digest, createdAt, expiresAt, revision } = approval;
  const until = expiresAt === null ? '' : `, expires in ${roughly(expiresAt - now)}`;
  const who = [...users, ...roles.map((role) => `role ${role}`)].join(', ');
  return [
    `${id}  ${status} since ${roughly(now - createdAt)}${until}`,
    `  ${question}`,
    `  asks ${who === '' ? 'anybody' : who}; takes ${decisions.join(', ')}`,
    `  digest ${digest}${revision > 1 ? `, revision ${revision}` : ''}`,
  ]
    .map((line) => `${plain(line)}\n`)
    .join('');
}
