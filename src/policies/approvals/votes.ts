/** Whether the votes for an approval decide it: as soon as nothing that may still come can change the outcome (S29). */
import type { ApprovalSpec, Assignees, Vote } from '../../people.ts';

type Counting = Pick<ApprovalSpec, 'approvals' | 'of' | 'veto' | 'weights'>;

export function weightOf(user: string, { weights }: Pick<ApprovalSpec, 'weights'>): number {
  return Object.hasOwn(weights, user) ? (weights[user] as number) : 1;
}

/** What is decided; null as long as it is open. */
export function outcomeOfVotes(
  cast: readonly Vote[],
  counting: Counting,
  people: Assignees & { readonly excluded: readonly string[] },
): 'approve' | 'reject' | null {
  const { approvals, veto } = counting;
  const votes = cast.filter((vote) => isOfList(vote, people));
  if (reaches(weightFor(true, votes), approvals)) return 'approve';
  const against = weightFor(false, votes);
  if (against === 0) return null;
  if (veto) return 'reject';
  const all = electorate(counting, people);
  // Nobody knows how many have a role: as many as it takes for a yes are a no, too.
  return (all === null ? reaches(against, approvals) : !reaches(all - against, approvals)) ? 'reject' : null;
}

function weightFor(yes: boolean, votes: readonly Vote[]): number {
  return votes.reduce((sum, { decision, weight }) => ((decision !== 'reject') === yes ? sum + weight : sum), 0);
}

/** Is it enough? Weights are any numbers, and 0.7 and 0.1 are a little less than 0.8 to a computer. */
export function reaches(weight: number, approvals: number): boolean {
  return weight >= approvals * (1 - 1e-9);
}

/** Could they still approve it: those of the list who may, less those who have said no? */
export function canApprove(
  votes: readonly Vote[],
  counting: Counting,
  people: Assignees & { readonly excluded: readonly string[] },
): boolean {
  const all = electorate(counting, people);
  return all === null || reaches(all - weightFor(false, votes), counting.approvals);
}

/**
 * The votes that stay when others are asked: of those who are asked then, too. Who has voted by a role was asked by any of them, so such a
 * vote stays if all of these are asked still.
 */
export function votesLeft(votes: readonly Vote[], from: Assignees, to: Assignees): readonly Vote[] {
  const isByRole = from.roles.length > 0 && from.roles.every((role) => to.roles.includes(role));
  const left = votes.filter(
    (vote) => to.users.includes(personOf(vote)) || (isByRole && !from.users.includes(personOf(vote))),
  );
  return left.length === votes.length ? votes : left;
}

/** Where all who are asked are named, nobody else has a vote. */
function isOfList(vote: Vote, { users, roles }: Assignees): boolean {
  return roles.length > 0 || users.length === 0 || users.includes(personOf(vote));
}

function personOf({ by, onBehalfOf }: Vote): string {
  return onBehalfOf ?? by;
}

/** The weight of all votes that there can be; null if nobody knows. */
export function electorate(
  { of, weights }: Pick<Counting, 'of' | 'weights'>,
  { users, roles, excluded }: Assignees & { readonly excluded: readonly string[] },
): number | null {
  if (roles.length > 0 || users.length === 0) return of;
  const who = new Set(users.filter((user) => !excluded.includes(user)));
  const all = [...who].reduce((sum, user) => sum + weightOf(user, { weights }), 0);
  return of === null ? all : Math.min(of, all);
}
