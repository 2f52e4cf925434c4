/** `audit`: who has asked what of a run, when and why, and what came of it; what was refused, too. */
import { plain } from '../../charts/tree.ts';
import type { AuditRecord } from '../../views/audit.ts';
import { looking, nowhere } from '../boxes.ts';
import { type CliCommand, EXIT } from '../command.ts';
import { jsonLine } from '../print.ts';

export const auditCommand: CliCommand = {
  name: 'audit',
  words: ['RUN'],
  says: 'tells who has asked what of a run, and what came of it',
  options: {},
  run(call) {
    const { terminal } = call;
    const id = call.words[0] as string;
    // A run that was deleted is not there, and who has done that is.
    return looking(call, async ({ box }) => {
      let told = 0;
      for await (const record of box.run(id).audit()) {
        told += 1;
        terminal.out(call.json ? jsonLine(record) : `${plain(lineOn(record, id))}\n`);
      }
      if (told === 0) throw nowhere(id);
      return EXIT.done;
    });
  },
};

/** `2026-11-28T09:30:00.000Z  pause  by mia: the bank is down (running → paused)`. */
function lineOn({ at, type, path, by, reason, before, after, refused, details }: AuditRecord, id: string): string {
  const { decision = null, name = null, run = null } = details;
  // What was decided, which signal was sent, and which other run it was about, says more than that somebody did.
  const what = [type, decision, name, run === id ? null : run, path].filter((each) => each !== null).join(' ');
  const why = reason === null || reason === '' ? '' : `: ${reason}`;
  const came = refused === null ? `${before ?? '-'} → ${after ?? '-'}` : `refused: ${refused}`;
  return `${new Date(at).toISOString()}  ${what}  by ${by ?? 'nobody who was named'}${why} (${came})`;
}
