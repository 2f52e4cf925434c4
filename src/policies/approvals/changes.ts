/** What changes an approval and leaves it open: who has it, who is asked, what is asked about it. That they may is known by now. */
import {
  type Approval,
  type ApprovalAsk,
  type ApprovalSpec,
  type Assignees,
  type InfoRequest,
  MOST_PEOPLE,
} from '../../people.ts';
import { refusal, type Upshot } from './upshot.ts';
import { deferred, taken } from './defer.ts';
import { changed } from './time.ts';
import { canApprove, votesLeft } from './votes.ts';

/** So much is asked about one approval, and no more. */
const MOST_QUESTIONS = 100;

export function changeOf(approval: Approval, spec: ApprovalSpec, ask: ApprovalAsk, now: number): Upshot {
  const { by } = ask;
  switch (ask.act) {
    case 'claim':
      return on(approval, {
        status: 'claimed',
        claimed: { by, until: now + spec.lease },
        ...taken(approval, spec, now),
      });
    case 'release':
      return approval.claimed === null ? same(approval) : on(approval, { status: 'pending', claimed: null });
    case 'delegate':
      return delegated(approval, spec, ask, now);
    case 'return':
      return approval.delegated === null
        ? refusal('not-allowed', 'It was not handed to anybody.')
        : on(approval, { delegated: null, info: noted(approval, ask, now) });
    case 'reassign':
      return handed(approval, spec, ask.to ?? NOBODY, now);
    case 'escalate':
      return handed(approval, spec, ask.to ?? spec.escalate ?? NOBODY, now, true);
    case 'forward':
      return forwarded(approval, spec, ask, now);
    case 'defer':
      return deferred(approval, spec, ask, now);
    case 'requestInfo':
      return requested(approval, ask, now);
    case 'provideInfo':
      return provided(approval, ask, now);
    default:
      return withdrawn(approval, ask);
  }
}

const NOBODY: Assignees = { users: [], roles: [] };

function on(approval: Approval, more: Partial<Approval>): Upshot {
  return { approval: changed(approval, more), verdict: null };
}

function same(approval: Approval): Upshot {
  return { approval, verdict: null };
}

/** To somebody whose word comes back: whoever handed it over decides. */
function delegated(approval: Approval, spec: ApprovalSpec, { by, to }: ApprovalAsk, now: number): Upshot {
  const [one, ...others] = to?.users ?? [];
  if (one === undefined || others.length > 0 || (to?.roles.length ?? 0) > 0)
    return refusal('not-allowed', 'Say in "to" to whom: one user, { users: [name] }.');
  if (one === by) return refusal('not-allowed', 'It cannot be handed to oneself.');
  if (approval.excluded.includes(one)) return refusal('excluded', `"${one}" is excluded from this.`);
  return on(approval, { delegated: { by, to: one }, ...taken(approval, spec, now) });
}

/** Others are asked. */
function handed(approval: Approval, spec: ApprovalSpec, to: Assignees, now: number, isUp = false): Upshot {
  const { users, roles } = to;
  if (users.length === 0 && roles.length === 0)
    return refusal('not-allowed', `Say in "to" who is to decide it: { users, roles }.`);
  const most = Math.max(users.length, roles.length);
  if (most > MOST_PEOPLE)
    return refusal('not-allowed', `A list may name ${MOST_PEOPLE}, and this would be one of ${most}.`);
  const votes = votesLeft(approval.votes, approval, to);
  if (!canApprove(votes, spec, { users, roles, excluded: approval.excluded }))
    return refusal('quorum-impossible', `It takes ${spec.approvals} to approve it, and fewer of those still may.`);
  const escalations = approval.escalations + (isUp ? 1 : 0);
  const more = { status: 'pending', claimed: null, escalations, ...taken(approval, spec, now) } as const;
  return on(approval, { users: [...users], roles: [...roles], votes, ...more });
}

/** Others are asked in one's own place, for good. */
function forwarded(approval: Approval, spec: ApprovalSpec, ask: ApprovalAsk, now: number): Upshot {
  const { users, roles } = ask.to ?? NOBODY;
  if (users.length === 0 && roles.length === 0)
    return refusal('not-allowed', `Say in "to" who is to decide it: { users, roles }.`);
  const rest = approval.users.filter((user) => user !== (ask.onBehalfOf ?? ask.by));
  const merged = { users: [...new Set([...rest, ...users])], roles: [...new Set([...approval.roles, ...roles])] };
  return handed(approval, spec, merged, now);
}

/** What somebody says who was asked for their word, kept where the others see it. */
function noted(approval: Approval, { by, comment }: ApprovalAsk, at: number): readonly InfoRequest[] {
  if (comment === null || approval.info.length >= MOST_QUESTIONS) return approval.info;
  const question = `What does "${by}" say?`;
  const asked = approval.delegated?.by ?? by;
  return [...approval.info, { by: asked, question, at, answer: { by, text: comment, at } }];
}

function requested(approval: Approval, { by, comment }: ApprovalAsk, at: number): Upshot {
  if (comment === null) return refusal('comment-missing', 'Say in "comment" what you want to know.');
  if (approval.info.length >= MOST_QUESTIONS)
    return refusal('not-allowed', `${MOST_QUESTIONS} things were asked about it already.`);
  return on(approval, { info: [...approval.info, { by, question: comment, at, answer: null }] });
}

/** Answers the oldest question that has no answer. */
function provided(approval: Approval, { by, comment }: ApprovalAsk, at: number): Upshot {
  const open = approval.info.findIndex(({ answer }) => answer === null);
  if (open === -1) return refusal('not-allowed', 'Nothing was asked about it, or all is answered.');
  if (comment === null) return refusal('comment-missing', 'Say in "comment" what the answer is.');
  const info = approval.info.map((each, index) =>
    index === open ? { ...each, answer: { by, text: comment, at } } : each,
  );
  return on(approval, { info });
}

/** One's own vote, as long as nothing is decided (S29). */
function withdrawn(approval: Approval, { by }: ApprovalAsk): Upshot {
  const votes = approval.votes.filter((vote) => vote.by !== by);
  if (votes.length === approval.votes.length)
    return refusal('nothing-to-withdraw', `"${by}" has no vote that could be withdrawn.`);
  return on(approval, { votes });
}
