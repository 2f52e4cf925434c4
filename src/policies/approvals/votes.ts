/** Whether the votes for an approval decide it: as soon as nothing that may still come can change the outcome (S29). */
import type { ApprovalSpec, Assignees, Vote } from '../../people.ts';

type Counting = Pick<ApprovalSpec, 'approvals' | 'of' | 'veto' | 'weights'>;

export function weightOf(user: string, { weights }: Pick<ApprovalSpec, 'weights'>): number {
  return Object.hasOwn(weights, user) ? (weights[user] as number) : 1;
}

/** What is decided; null as long as it is open. */
export function outcomeOfVotes(
  votes: readonly Vote[],
  counting: Counting,
  people: Assignees & { readonly excluded: readonly string[] },
): 'approve' | 'reject' | null {
  const { approvals, veto } = counting;
  const weightFor = (yes: boolean): number =>
    votes.reduce((sum, { decision, weight }) => ((decision !== 'reject') === yes ? sum + weight : sum), 0);
  if (weightFor(true) >= approvals) return 'approve';
  const against = weightFor(false);
  if (against === 0) return null;
  if (veto) return 'reject';
  const all = electorate(counting, people);
  // Nobody knows how many have a role: as many as it takes for a yes are a no, too.
  return (all === null ? against >= approvals : all - against < approvals) ? 'reject' : null;
}

/** The weight of all votes that there can be; null if nobody knows. */
export function electorate(
  { of, weights }: Pick<Counting, 'of' | 'weights'>,
  { users, roles, excluded }: Assignees & { readonly excluded: readonly string[] },
): number | null {
  if (of !== null) return of;
  if (roles.length > 0 || users.length === 0) return null;
  const who = new Set(users.filter((user) => !excluded.includes(user)));
  return [...who].reduce((sum, user) => sum + weightOf(user, { weights }), 0);
}
