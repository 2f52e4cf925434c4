/**
 * `decide`: somebody says something to an approval of a run (S20–S29). Everything that is said leaves a record, what is refused too:
 * who, when, what, why, and what the approval was before and after.
 */
import { openApproval, pass, settle, stand } from '../actors/approval.ts';
import type { DecideMessage } from '../core/message.ts';
import type { TurnPort } from '../core/port.ts';
import { isPaused } from '../core/run.ts';
import * as is from '../forms.ts';
import type { Form } from '../forms.ts';
import type { Json } from '../json.ts';
import {
  type Approval,
  type ApprovalAnswer,
  type ApprovalAsk,
  type ApprovalRefusal,
  approvalId,
  DECISION_RECORD,
  isOpen,
  specOf,
} from '../people.ts';
import { said } from '../policies/approvals/decide.ts';
import { isTerminal, type Status } from '../status.ts';
import type { Command } from './command.ts';

/** In which statuses of a run there may be an approval that is open. */
const OPEN: ReadonlySet<Status> = new Set(['running', 'waiting', 'paused', 'awaitingIntervention']);

const people = is.has({ users: is.texts, roles: is.texts });

/** What is said, as a process looked at it before it asked. */
const FORM: Form<ApprovalAsk> = Object.freeze({
  act: is.text,
  by: is.text,
  roles: is.texts,
  onBehalfOf: is.orNull(is.text),
  comment: is.orNull(is.text),
  form: is.any,
  value: is.any,
  patch: is.any,
  as: is.orNull(is.text),
  to: is.orNull(people),
  until: is.maybe(is.instant),
  digest: is.orNull(is.text),
  version: is.maybe(is.version),
  made: is.orNull(is.text),
  fault: is.orNull(is.object),
});
const ASK = is.has(FORM);

export const decision: Command<DecideMessage> = {
  name: 'decide',
  refusal(status) {
    if (isTerminal(status)) return `the run has ended: it is ${status}`;
    return OPEN.has(status) ? null : `the run is ${status}`;
  },
  take(port, message) {
    if (message.known) return false;
    const actor = port.run.actors.get(message.path);
    const found = actor === undefined ? null : openApproval(actor);
    const id = approvalId(port.run.id, message.path, message.number);
    const refuse = (fault: ApprovalRefusal, before: Approval | null): boolean => {
      // Its end may be on its way to the store, and nothing can be committed behind it: whoever asks looks again, and keeps the refusal.
      if (isTerminal(port.run.row.status)) return false;
      message.answer = { answer: 'refused', approval: id, ...fault };
      note(port, message, before, null);
      return true;
    };
    message.answer = null;
    if (actor === undefined || found === null || found.id !== id) {
      // Whoever asks has seen what became of it, and why nothing comes of this.
      const { fault } = message.ask;
      return fault === null ? false : refuse(fault, null);
    }
    // Its time was up before this came, only that nobody had noticed (S22).
    const isLate = found.expiresAt !== null && found.expiresAt < port.now && !isPaused(port.run);
    const before = isLate ? pass(port, actor, found) : found;
    if (!isOpen(before)) return refuse(EXPIRED, found);
    const came = said(before, specOf(actor.node, before), message.ask, port.now);
    if ('refused' in came) return refuse(came.refused, before);
    const { approval, verdict } = came;
    message.answer = answerTo(approval, verdict !== null);
    note(port, message, before, approval);
    if (verdict !== null) settle(port, actor, approval, verdict);
    else if (approval !== before) {
      const { act, by } = message.ask;
      const { revision } = approval;
      port.tell({ ...port.at(actor.path), type: 'approval.changed', approval: id, act, by, revision });
      stand(port, actor, approval);
    }
    return true;
  },
  record: DECISION_RECORD,
  shared: {
    body: { id: is.text, path: is.text, number: is.version, ask: ASK },
    write: ({ type, id, path, number, ask }) => ({ type, id, path, number, ask: ask as unknown as Json }),
    read: ({ id, path, number, ask }) => ({
      type: 'decide',
      id: id as string,
      path: path as string,
      number: number as number,
      ask: ask as unknown as ApprovalAsk,
      answer: null,
      known: false,
    }),
    answer: ({ answer }) => answer as unknown as Json,
    heed(message, answer) {
      message.answer = answer as unknown as ApprovalAnswer | null;
    },
  },
};

const EXPIRED = { reason: 'expired', message: 'It has expired: nobody had decided in time.', issues: [] } as const;

export function answerTo({ id, status, revision, digest, resolution }: Approval, isOver: boolean): ApprovalAnswer {
  if (!isOver || resolution === null) return { answer: 'recorded', approval: id, status, revision, digest };
  return { answer: 'resolved', approval: id, decision: resolution.decision, by: resolution.by };
}

/** The record of what somebody has said. */
function note(
  port: TurnPort,
  { id, path, number, ask, answer }: DecideMessage,
  before: Approval | null,
  after: Approval | null,
): void {
  const approval = approvalId(port.run.id, path, number);
  const isEdit = after !== null && before !== null && after.revision !== before.revision;
  const body = {
    ...entryOf(approval, ask, answer, port.now),
    before: before === null ? null : shortly(before),
    after: after === null ? null : shortly(after),
    ...(isEdit ? { edited: { before: before.proposed, after: after.proposed } } : {}),
  };
  port.record({ type: DECISION_RECORD, id, version: 1, body: body as unknown as Json, keys: { approval, by: ask.by } });
}

/** Of the record of what somebody has said: what it was, when, and what came of it. */
export function entryOf(approval: string, ask: ApprovalAsk, answer: ApprovalAnswer | null, at: number): object {
  const { fault: _, made: __, ...what } = ask;
  return { approval, ...what, at, answer };
}

function shortly({ status, revision, version, digest }: Approval): Json {
  return { status, revision, version, digest };
}
