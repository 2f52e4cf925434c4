/**
 * Putting an approval off: until then it is on nobody's list, and those who are asked are reminded then. It can be decided all the while.
 * Whether its own time goes on meanwhile is declared (`onDefer`).
 */
import { type Approval, type ApprovalAsk, type ApprovalSpec, deferredOf } from '../../people.ts';
import { changed } from './time.ts';
import { refusal, type Upshot } from './upshot.ts';

/** No `Date` can say more. */
const FARTHEST = 8_640_000_000_000_000;

export function deferred(approval: Approval, spec: ApprovalSpec, { by, until }: ApprovalAsk, now: number): Upshot {
  if (until === null || until <= now)
    return refusal('not-allowed', 'Say in "until" when it is to be asked again: an instant that is still to come.');
  const before = deferredOf(approval);
  if (before?.until === until) return { approval, verdict: null };
  // Put off once more, it moves from where it was put off to.
  const moved = spec.onDefer === 'move' ? until - Math.max(now, before?.until ?? now) : 0;
  const expiresAt = approval.expiresAt === null ? null : Math.min(approval.expiresAt + moved, FARTHEST);
  if (expiresAt !== null && until >= expiresAt) {
    const when = new Date(expiresAt).toISOString();
    return refusal('not-allowed', `It expires at ${when}, so it can be put off to a time before that.`);
  }
  const later = remindersOf(approval, spec, moved).filter((due) => due > until && due < (expiresAt ?? FARTHEST));
  const off = { deferred: { by, until }, expiresAt, reminders: [until, ...later] };
  return { approval: changed(approval, { ...off, status: 'pending', claimed: null }), verdict: null };
}

/** When it is to remind yet, but for the end of being put off. What was passed over may come after all, if that ends sooner. */
function remindersOf(approval: Approval, { onDefer, remind }: ApprovalSpec, moved: number): readonly number[] {
  if (onDefer === 'keep') return remind.map((ms) => approval.createdAt + ms);
  const until = deferredOf(approval)?.until;
  return approval.reminders.filter((due) => due !== until).map((due) => due + moved);
}

/** It is asked again, sooner than was said. */
export function taken(approval: Approval, spec: ApprovalSpec, now: number): Pick<Approval, 'deferred' | 'reminders'> {
  const { reminders, expiresAt } = approval;
  if (deferredOf(approval) === null) return { deferred: null, reminders };
  const left = remindersOf(approval, spec, 0).filter((due) => due > now && due < (expiresAt ?? FARTHEST));
  return { deferred: null, reminders: left };
}
