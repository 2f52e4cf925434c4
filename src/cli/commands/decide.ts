/** `decide`: says something to an approval. Who somebody is, is taken as it is said: whoever may use the store may say anything. */
import { type Approval, placeOfApproval } from '../../people.ts';
import { withRun } from '../boxes.ts';
import { askerOf, type CliCommand, EXIT, jsonWord, Misuse } from '../command.ts';
import { jsonLine } from '../print.ts';

export const decideCommand: CliCommand = {
  name: 'decide',
  words: ['ID', 'DECISION'],
  says: 'decides what somebody is asked: approve, reject, edit, …',
  options: {
    by: { type: 'string', value: 'NAME', says: 'who decides; it has to be said' },
    role: { type: 'string', value: 'NAME', multiple: true, says: 'a role that they have' },
    comment: { type: 'string', value: 'TEXT', says: 'what they say about it' },
    digest: { type: 'string', value: 'TEXT', says: 'of what was shown; needed once it was edited' },
    form: { type: 'string', value: 'JSON', says: 'what comes with the decision' },
    value: { type: 'string', value: 'JSON', says: 'for replace, respond and edit: what it is' },
    patch: { type: 'string', value: 'JSON', says: 'for edit and retry: what is to be different' },
  },
  run(call) {
    const [id, decision] = call.words as readonly [string, string];
    const place = placeOfApproval(id);
    if (place === null)
      throw new Misuse(`"${id}" is no id of an approval, like order-17/review/manager#1; see signalbox approvals`);
    const by = askerOf(call).by;
    if (by === null) throw new Misuse('--by is missing: signalbox decide ID DECISION --by NAME');
    const texts = ['comment', 'digest'].flatMap((name) => pair(name, call.text(name)));
    const values = ['form', 'value', 'patch'].flatMap((name) => {
      const text = call.text(name);
      return text === undefined ? [] : [[name, jsonWord(`--${name}`, text)] as const];
    });
    const said = { decision: decision as Approval['decisions'][number], by, roles: call.texts('role') };
    return withRun(call, place.run, {}, async ({ box }) => {
      const answer = await box.decide(id, { ...said, ...Object.fromEntries([...texts, ...values]) });
      if (answer.answer === 'noSuchApproval') throw new Misuse(`there is no approval "${id}"; see signalbox approvals`);
      const how = 'message' in answer ? `: ${answer.message}` : 'decision' in answer ? `: ${answer.decision}` : '';
      call.terminal.out(call.json ? jsonLine(answer) : `${answer.answer}${how}\n`);
      return answer.answer === 'refused' ? EXIT.failed : EXIT.done;
    });
  },
};

function pair(name: string, text: string | undefined): readonly (readonly [string, string])[] {
  return text === undefined ? [] : [[name, text]];
}
