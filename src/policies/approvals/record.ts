/** What an approval is when it is opened, what a decision on it is bound to (S28), and what it is found by. */
import { canonicalText, type Json } from '../../json.ts';
import {
  approvalId,
  type Approval,
  type ApprovalSpec,
  type Assignees,
  type AskedWhen,
  type DecisionName,
  isOpen,
} from '../../people.ts';
import { sha256 } from '../../sha256.ts';

/** What its mappers have made of the facts. */
export interface Opening extends Assignees {
  readonly question: string;
  readonly shown: Json;
  readonly proposed: Json;
  readonly excluded: readonly string[];
}

/** Where something is asked, and of which definition. */
export interface AskedAt {
  readonly run: string;
  readonly path: string;
  readonly number: number;
  readonly when: AskedWhen;
  readonly orchestrator: string;
  readonly version: string;
  readonly hash: string;
  readonly now: number;
}

export function opened(opening: Opening, spec: ApprovalSpec, at: AskedAt): Approval {
  const { run, path, number, when, orchestrator, now } = at;
  const { question, shown, proposed, users, roles, excluded } = opening;
  const { expires, remind, approvals, decisions } = spec;
  const expiresAt = expires === null ? null : now + expires;
  return Object.freeze({
    id: approvalId(run, path, number),
    run,
    path,
    number,
    when,
    orchestrator,
    question,
    shown,
    proposed,
    digest: subjectDigest({ question, shown, proposed, definition: `${orchestrator} ${at.version} ${at.hash}` }),
    revision: 1,
    decisions: Object.freeze(Object.keys(decisions) as DecisionName[]),
    users,
    roles,
    excluded,
    approvals,
    status: 'pending',
    claimed: null,
    delegated: null,
    deferred: null,
    votes: Object.freeze([]),
    info: Object.freeze([]),
    createdAt: now,
    expiresAt,
    escalations: 0,
    reminders: Object.freeze(remind.map((ms) => now + ms).filter((due) => expiresAt === null || due < expiresAt)),
    resolution: null,
    version: 1,
  });
}

interface Subject {
  readonly question: string;
  readonly shown: Json;
  readonly proposed: Json;
  /** Of a revision: the digest of the one before, which says the rest. */
  readonly definition: string;
}

export function subjectDigest(subject: Subject): string {
  return sha256(canonicalText(subject as unknown as Json));
}

/** With something else proposed: another revision, on which nobody has voted. */
export function revised(approval: Approval, proposed: Json): Approval {
  const { question, shown, digest, revision } = approval;
  return {
    ...approval,
    proposed,
    revision: revision + 1,
    digest: subjectDigest({ question, shown, proposed, definition: digest }),
    votes: [],
  };
}

/** What it is found by: by its state, by whom it is for, and by what it belongs to. */
export function keysOf(approval: Approval): { readonly [name: string]: string } {
  const { status, orchestrator, users, roles, delegated } = approval;
  const state = isOpen(approval) ? 'open' : 'closed';
  const keys: { [name: string]: string } = { state, status, [`of:${orchestrator}`]: state };
  for (const user of users) keys[`user:${user}`] = state;
  for (const role of roles) keys[`role:${role}`] = state;
  // Whose word is awaited.
  if (delegated !== null && state === 'open') keys[`user:${delegated.to}`] = state;
  if (users.length === 0 && roles.length === 0) keys.anybody = state;
  return keys;
}
