/** What somebody is asked, and what was said to it, without what was declared secret (S34). What is decided on stays whole, and so does its digest. */
import type { Json } from '../json.ts';
import type { Approval } from '../people.ts';
import type { ApprovalEntry } from './approvals.ts';
import { redacted, redactedText, type RedactionRules, type Roots, type Secrets } from './redaction.ts';

/** Under which paths what is shown and decided is looked at: as what it is here, and as what it is made of. */
const AT: { readonly [field: string]: Roots } = {
  shown: [['shown'], ['input'], ['outputs']],
  proposed: [['proposed'], ['input'], ['output'], ['value']],
  value: [['value'], ['proposed'], ['input'], ['output']],
  patch: [['patch'], ['proposed'], ['input'], ['output'], ['value']],
  form: [['form']],
};

export function approvalWithout<A extends Approval & { readonly history?: readonly ApprovalEntry[] }>(
  rules: RedactionRules,
  approval: A,
  secrets: Secrets,
): A {
  const text = <T extends string | null>(given: T): T =>
    (given === null ? given : redactedText(rules, given as string, secrets)) as T;
  const json = (field: string, value: Json): Json => redacted(rules, value, AT[field] as Roots, secrets);
  const { question, shown, proposed, votes, info, resolution, history } = approval;
  return {
    ...approval,
    question: text(question),
    shown: json('shown', shown),
    proposed: json('proposed', proposed),
    votes: votes.map((vote) => ({ ...vote, comment: text(vote.comment), form: json('form', vote.form) })),
    info: info.map(({ answer, ...asked }) => ({
      ...asked,
      question: text(asked.question),
      answer: answer === null ? null : { ...answer, text: text(answer.text) },
    })),
    resolution:
      resolution === null
        ? null
        : {
            ...resolution,
            comment: text(resolution.comment),
            form: json('form', resolution.form),
            value: json('value', resolution.value),
          },
    ...(history === undefined
      ? {}
      : {
          history: history.map((entry) => ({
            ...entry,
            comment: text(entry.comment),
            form: json('form', entry.form),
            value: json('value', entry.value),
            patch: json('patch', entry.patch),
            ...(entry.edited === undefined
              ? {}
              : {
                  edited: {
                    before: json('proposed', entry.edited.before),
                    after: json('proposed', entry.edited.after),
                  },
                }),
          })),
        }),
  };
}
