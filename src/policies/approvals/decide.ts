/**
 * What comes of what somebody says to an approval (S20–S29): a new approval, and how its step goes on; or why nothing does.
 * Whether they may is looked at first, so that whoever may not learns nothing else.
 */
import { type Json, sameJson } from '../../json.ts';
import {
  type Approval,
  type ApprovalAct,
  type ApprovalAsk,
  type ApprovalRefusal,
  type ApprovalSpec,
  type Consequence,
  type DecisionName,
  decidersIn,
  isOfTask,
  isOpen,
  MOST_PEOPLE,
  type Resolution,
  RESOLVING,
  type Vote,
} from '../../people.ts';
import { changeOf } from './changes.ts';
import { revised } from './record.ts';
import { refusal, type Upshot } from './upshot.ts';
import { changed } from './time.ts';
import { outcomeOfVotes, weightOf } from './votes.ts';

/** Decides nothing by itself: the same of the same, at the same time. */
export function said(approval: Approval, spec: ApprovalSpec, ask: ApprovalAsk, now: number): Upshot {
  const stale = closedTo(approval, ask) ?? notTheirs(approval, spec, ask, now) ?? outOfDate(approval, ask);
  if (stale !== null) return stale;
  if (ask.fault !== null) return { refused: ask.fault };
  if (!isDecision(ask.act) && ask.act !== 'override') return changeOf(approval, spec, ask, now);
  const decision = ask.act === 'override' ? ask.as : ask.act;
  if (decision === null || !approval.decisions.includes(decision))
    return refusal(
      'not-allowed',
      `"${decision ?? ask.act}" is none of its decisions: ${approval.decisions.join(', ')}.`,
    );
  const isMissing = ask.comment === null || ask.comment.trim() === '';
  if (isMissing && (spec.reasons || ask.act === 'override' || decision === 'reject' || decision === 'abort'))
    return refusal('comment-missing', `Say in "comment" why: a reason is required for "${ask.act}".`);
  // What was made of something else is made again by whoever asks.
  if (ask.made !== null && ask.made !== approval.digest)
    return refusal('subject-changed', 'What was to be decided on has changed meanwhile. Look at it again.');
  return decided(approval, spec, ask, decision, now);
}

function isDecision(act: ApprovalAct): act is DecisionName {
  return (RESOLVING as readonly string[]).includes(act);
}

function closedTo(approval: Approval, ask: ApprovalAsk): Upshot | null {
  if (isOpen(approval)) return null;
  const { resolution, status } = approval;
  if (status === 'withdrawn' || resolution === null)
    return refusal('withdrawn', 'It was withdrawn before it was decided.');
  if (status === 'expired') return refusal('expired', 'It has expired: nobody had decided in time.');
  // The same again is answered as it was the first time (S20).
  const decision = ask.act === 'override' ? ask.as : ask.act;
  if (resolution.by === ask.by && saidLast(approval.votes, resolution) === decision) return { approval, verdict: null };
  return refusal('already-resolved', `It is decided already: "${resolution.decision}", by "${resolution.by}".`);
}

/** What whoever has ended it had said: one who approves last what others have edited has not edited it. */
function saidLast(votes: readonly Vote[], { decision, by, at, isOverride }: Resolution): Resolution['decision'] {
  const last = votes.at(-1);
  const isVote = !isOverride && (decision === 'edit' || decision === 'approve' || decision === 'reject');
  return isVote && last?.by === by && last.at === at ? last.decision : decision;
}

/** What was shown to whoever decides is what is there (S28). */
function outOfDate(approval: Approval, { digest, version, act }: ApprovalAsk): Upshot | null {
  if (version !== null && version !== approval.version)
    return refusal(
      'version-changed',
      `It is at version ${approval.version} by now, not at ${version}. Look at it again.`,
    );
  if (digest === approval.digest || (!isDecision(act) && act !== 'override')) return null;
  // As long as nothing else was ever shown, there is nothing that it could be mistaken for.
  if (digest === null && approval.revision === 1) return null;
  const message =
    digest === null
      ? `It is at revision ${approval.revision}. Say by "digest" which one is decided on.`
      : 'What was shown is not what is to be decided on any more. Look at it again.';
  return refusal('subject-changed', message);
}

function notTheirs(approval: Approval, spec: ApprovalSpec, ask: ApprovalAsk, now: number): Upshot | null {
  const { act, by, roles, onBehalfOf } = ask;
  // Whoever was asked may be anybody.
  if (act === 'provideInfo') return null;
  if (act === 'override') {
    if (roles.some((role) => spec.override.includes(role))) return null;
    const who = spec.override.length === 0 ? 'nobody may' : `only ${spec.override.join(', ')} may`;
    return refusal('not-assigned', `"${by}" may not override it: ${who}.`);
  }
  const { users, excluded, claimed, delegated } = approval;
  const person = onBehalfOf ?? by;
  if (onBehalfOf !== null && !substitutesOf(onBehalfOf, spec).includes(by))
    return refusal('not-assigned', `"${by}" may not decide on behalf of "${onBehalfOf}": that was not declared.`);
  for (const each of [by, person])
    if (excluded.includes(each)) return refusal('excluded', `"${each}" is excluded from deciding this.`);
  if (delegated !== null) return whileDelegated(delegated, ask);
  const isAnybodys = users.length === 0 && approval.roles.length === 0;
  const hasRole = onBehalfOf === null && approval.roles.some((role) => roles.includes(role));
  if (!isAnybodys && !hasRole && !users.includes(person))
    return refusal('not-assigned', `"${person}" was not asked to decide this.`);
  if (claimed !== null && claimed.until > now && claimed.by !== by)
    return refusal('claimed', `"${claimed.by}" has claimed it.`);
  return null;
}

function substitutesOf(user: string, { substitutes }: ApprovalSpec): readonly string[] {
  return Object.hasOwn(substitutes, user) ? (substitutes[user] as readonly string[]) : [];
}

/** Whoever it was handed to gives it back; whoever handed it over may take it back. */
function whileDelegated({ by, to }: { readonly by: string; readonly to: string }, ask: ApprovalAsk): Upshot | null {
  if (ask.act === 'return' && (ask.by === to || ask.by === by)) return null;
  return refusal('delegated', `"${by}" has handed it to "${to}", whose word comes back by "return".`);
}

function decided(
  approval: Approval,
  spec: ApprovalSpec,
  ask: ApprovalAsk,
  decision: DecisionName,
  now: number,
): Upshot {
  if (decision === 'edit') return edited(approval, spec, ask, now);
  if (ask.act === 'override' || (decision !== 'approve' && decision !== 'reject'))
    return resolved(approval, spec, ask, decision, now);
  return voted(approval, spec, ask, decision, now);
}

/** Another revision (S28). Whoever has made it has said yes to it, or asks the others. */
function edited(before: Approval, spec: ApprovalSpec, ask: ApprovalAsk, now: number): Upshot {
  const approval = sameJson(ask.value, before.proposed) ? before : changed(revised(before, ask.value), {});
  if (ask.act === 'override') return resolved(approval, spec, ask, 'edit', now);
  if (spec.onEdit === 'ask') return { approval, verdict: null };
  return voted(approval, spec, ask, 'edit', now);
}

function voted(
  approval: Approval,
  spec: ApprovalSpec,
  ask: ApprovalAsk,
  decision: Vote['decision'],
  now: number,
): Upshot {
  const { by, onBehalfOf, comment, form } = ask;
  const person = onBehalfOf ?? by;
  const earlier = approval.votes.find((vote) => vote.by === by || (vote.onBehalfOf ?? vote.by) === person);
  if (earlier !== undefined) {
    // The same again changes nothing.
    if (earlier.by === by && earlier.onBehalfOf === onBehalfOf && earlier.decision === decision)
      return { approval, verdict: null };
    return refusal('already-voted', `"${earlier.by}" has voted already: "${earlier.decision}". Withdraw that first.`);
  }
  if (approval.votes.length >= MOST_PEOPLE)
    return refusal('not-allowed', `It has ${MOST_PEOPLE} votes, and takes no more.`);
  const vote: Vote = { by, onBehalfOf, decision, weight: weightOf(person, spec), comment, form, at: now };
  const votes = [...approval.votes, vote];
  const outcome = outcomeOfVotes(votes, spec, approval);
  // Whoever has claimed it has done what they claimed it for.
  if (outcome === null)
    return { approval: changed(approval, { votes, claimed: null, status: 'pending' }), verdict: null };
  const last = outcome === 'approve' && votes.some((each) => each.decision === 'edit') ? 'edit' : outcome;
  return resolved({ ...approval, votes }, spec, ask, last, now);
}

function resolved(
  approval: Approval,
  spec: ApprovalSpec,
  ask: ApprovalAsk,
  decision: DecisionName,
  now: number,
): Upshot {
  const { by, onBehalfOf, comment, form } = ask;
  const value = agreedOn(approval, ask, decision);
  const isOverride = ask.act === 'override';
  const made = { decision, by, onBehalfOf, comment, form, value, at: now, deciders: [], isOverride };
  const resolution: Resolution = { ...made, deciders: decidersIn({ ...approval, resolution: made }) };
  const more = {
    status: 'resolved',
    claimed: null,
    delegated: null,
    deferred: null,
    reminders: [],
    resolution,
  } as const;
  const after = changed(approval, more);
  return { approval: after, verdict: verdictOf(after, resolution, spec) };
}

function agreedOn({ proposed }: Approval, { value }: ApprovalAsk, decision: DecisionName): Json {
  if (decision === 'approve' || decision === 'edit') return proposed;
  return decision === 'replace' || decision === 'respond' || decision === 'retry' ? value : null;
}

/** How the step goes on. */
export function verdictOf(
  { when, revision }: Approval,
  resolution: Resolution,
  { onReject }: ApprovalSpec,
): Consequence {
  const { decision, by, comment, value, form, deciders } = resolution;
  const own: Consequence = {
    how: 'complete',
    output: { decision, by, comment, value, form, deciders },
  };
  switch (decision) {
    case 'skip':
      return { how: 'skip' };
    case 'abort':
      return { how: 'abort' };
    case 'retry':
      return value === null ? { how: 'go', again: true } : { how: 'go', again: true, input: value };
    case 'reject':
      return onReject === 'complete' ? own : { how: 'fail' };
    case 'expire':
      return { how: 'fail' };
    case 'replace':
    case 'respond':
      return isOfTask(when) ? { how: 'complete', output: value } : own;
    default:
      if (!isOfTask(when)) return own;
      if (when === 'after') return { how: 'complete', output: value };
      return revision === 1 ? { how: 'go' } : { how: 'go', input: value };
  }
}

/** For whoever asks for an approval that is over: what the one who asks in time would have been told. */
export function saidTooLate(approval: Approval, ask: ApprovalAsk): ApprovalRefusal | 'again' {
  const answer = closedTo(approval, ask);
  if (answer === null) return { reason: 'run-ended', message: 'Its run has ended.', issues: [] };
  return 'refused' in answer ? answer.refused : 'again';
}
