/**
 * The words for what people decide: what an approval is declared with, what it is once it is open, and what somebody says to it.
 * `policies/approvals` decides, and looks at nothing else.
 */
import type { Mapper, PlanNode } from './definition.ts';
import type { Json } from './json.ts';
import type { Issue, Schema } from './schema.ts';

/** What ends an approval. */
export const RESOLVING = ['approve', 'edit', 'reject', 'retry', 'replace', 'respond', 'skip', 'abort'] as const;
/** What changes it, and leaves it open. */
export const CHANGING = [
  'claim',
  'release',
  'reassign',
  'escalate',
  'delegate',
  'return',
  'forward',
  'defer',
  'requestInfo',
  'provideInfo',
  'withdraw',
] as const;

/** What ends an approval: see `docs/approvals.md` for what each does. */
export type DecisionName = (typeof RESOLVING)[number];
/** What somebody says to an approval. `override` is for those whom it was declared for, and says in whose place it decides. */
export type ApprovalAct = DecisionName | (typeof CHANGING)[number] | 'override';

/**
 * Whether a person is asked by a step of their own, by such a step once more because it stands still, before a task begins, or
 * about what it has left behind.
 */
export type AskedWhen = 'step' | 'standing' | 'before' | 'after';

/** The records that approvals, and what is said to them, are kept as. */
export const APPROVAL_RECORD = 'approval';
export const DECISION_RECORD = 'decision';

/**
 * How large what is shown, proposed and put in its place may be, in bytes of JSON, and what comes with a decision: a record has
 * several of each, and an inbox many records.
 */
export const MOST_SHOWN = 128 * 1024;
export const MOST_FORM = 4 * 1024;
/** So many people may be named in one list, and so many may vote. */
export const MOST_PEOPLE = 100;
/** How long the name of a user or a role may be. */
export const LONGEST_NAME = 200;

/** People by name, and by role. Nobody at all stands for anybody. */
export interface Assignees {
  readonly users: readonly string[];
  readonly roles: readonly string[];
}

/** Who may not decide. */
export interface Exclusions {
  /** Whoever has started the run: `metadata.initiator`. */
  readonly initiator: boolean;
  /** Whoever has decided at an earlier step, or in it: the nearest one of this name, or a path from there (`track/step`). */
  readonly decidersOf: readonly string[];
  readonly users: readonly string[];
}

export type OnExpiry = 'reject' | 'approve' | 'escalate' | 'fail' | 'wait';

/** An approval as it is declared, with everything filled in and every duration in milliseconds. */
export interface ApprovalSpec {
  readonly ask: string | Mapper;
  readonly show: Mapper | null;
  readonly propose: Mapper | null;
  /** What is proposed, and what becomes of it, has to be. */
  readonly value: Schema | null;
  /** What can be decided; what comes with it, if it has a schema. */
  readonly decisions: { readonly [name in DecisionName]?: Schema | null };
  readonly assignees: Assignees | Mapper;
  readonly excluded: Exclusions | Mapper;
  /** The weight of votes that it takes. */
  readonly approvals: number;
  /** The weight of all votes that there can be, where that is not the number of users. */
  readonly of: number | null;
  /** A comment is needed for whatever is decided. */
  readonly reasons: boolean;
  /** One who says no is enough. */
  readonly veto: boolean;
  readonly weights: { readonly [user: string]: number };
  readonly expires: number | null;
  readonly onExpiry: OnExpiry;
  readonly escalate: Assignees | null;
  /** So long after it was opened, ascending. */
  readonly remind: readonly number[];
  /** How long one who claims it has it for themselves. */
  readonly lease: number;
  readonly onReject: 'fail' | 'complete';
  readonly onEdit: 'approve' | 'ask';
  /** Put off, it expires when it was to anyway, or so much later. */
  readonly onDefer: 'keep' | 'move';
  /** Roles that may decide over everybody's head. */
  readonly override: readonly string[];
  /** Who may decide for whom. */
  readonly substitutes: { readonly [user: string]: readonly string[] };
}

/** A step that asks somebody. */
export interface ApprovalDefinition {
  readonly is: 'approval';
  readonly name: string;
  readonly approval: ApprovalSpec;
}

/** What the node of a step was declared with that asks somebody. */
export interface AskingSpec {
  readonly approval: ApprovalSpec;
  /** What is asked while it stands still, where that is something else. */
  readonly standing?: ApprovalSpec;
  /** What its mappers are told beside the facts, made of the input of the step. */
  readonly beside?: (input: Json) => object;
}

export type ApprovalStatus = 'pending' | 'claimed' | 'resolved' | 'expired' | 'withdrawn';

/** One who has said yes or no, where one is not enough. */
export interface Vote {
  readonly by: string;
  /** Whose vote it is, if it is another one's. */
  readonly onBehalfOf: string | null;
  readonly decision: 'approve' | 'edit' | 'reject';
  readonly weight: number;
  readonly comment: string | null;
  readonly form: Json;
  readonly at: number;
}

/** How an approval ended. */
export interface Resolution {
  /** `expire`: nobody decided in time, and that is a failure. */
  readonly decision: DecisionName | 'expire';
  /** Null if nobody decided in time. */
  readonly by: string | null;
  readonly onBehalfOf: string | null;
  readonly comment: string | null;
  readonly form: Json;
  readonly value: Json;
  readonly at: number;
  /** All who had a part in it, and those in whose name they had it. */
  readonly deciders: readonly string[];
  /** Somebody decided over the others' heads. */
  readonly isOverride: boolean;
}

/** Something that was asked about an approval before it was decided. */
export interface InfoRequest {
  readonly by: string;
  readonly question: string;
  readonly at: number;
  readonly answer: { readonly by: string; readonly text: string; readonly at: number } | null;
}

/** An approval that is open, or was. Plain JSON: it is kept as a record. */
export interface Approval {
  /** `<run>/<path>#<number>`: unique among all approvals. */
  readonly id: string;
  readonly run: string;
  readonly path: string;
  /** How often something was asked at this place, this time included. */
  readonly number: number;
  readonly when: AskedWhen;
  readonly orchestrator: string;
  readonly question: string;
  readonly shown: Json;
  readonly proposed: Json;
  /** Of what is decided on: question, what is shown and proposed, and the definition. A decision is one on this. */
  readonly digest: string;
  /** 1, and one more with each edit. */
  readonly revision: number;
  readonly decisions: readonly DecisionName[];
  readonly users: readonly string[];
  readonly roles: readonly string[];
  readonly excluded: readonly string[];
  readonly approvals: number;
  readonly status: ApprovalStatus;
  readonly claimed: { readonly by: string; readonly until: number } | null;
  /** It was handed to somebody whose word comes back to whoever handed it over. */
  readonly delegated: { readonly by: string; readonly to: string } | null;
  /** It was put off: until then it is on nobody's list. From then on, this says only who had put it off. */
  readonly deferred: { readonly by: string; readonly until: number } | null;
  readonly votes: readonly Vote[];
  readonly info: readonly InfoRequest[];
  readonly createdAt: number;
  readonly expiresAt: number | null;
  /** How often nobody has decided in time, and others were asked. */
  readonly escalations: number;
  /** When somebody is to be reminded yet, ascending. */
  readonly reminders: readonly number[];
  readonly resolution: Resolution | null;
  /** 1, and one more with each change. */
  readonly version: number;
}

/** What somebody says to an approval, as the run is asked it. */
export interface ApprovalAsk {
  readonly act: ApprovalAct;
  readonly by: string;
  readonly roles: readonly string[];
  readonly onBehalfOf: string | null;
  readonly comment: string | null;
  readonly form: Json;
  /** What is proposed after an edit, what a person puts in its place, or what a task is tried again with. */
  readonly value: Json;
  readonly patch: Json;
  /** For `override`: what is decided. */
  readonly as: DecisionName | null;
  /** For whoever is asked instead. */
  readonly to: Assignees | null;
  /** For `defer`: when it is to be asked again, in milliseconds since 1970. */
  readonly until: number | null;
  /** Of what was shown; null if it is not said. */
  readonly digest: string | null;
  readonly version: number | null;
  /** Of what was there when `value` was made of it. */
  readonly made: string | null;
  /** What was found wrong with it before the run was asked. */
  readonly fault: ApprovalRefusal | null;
}

export type RefusalReason =
  | 'already-resolved'
  | 'expired'
  | 'withdrawn'
  | 'run-ended'
  | 'subject-changed'
  | 'version-changed'
  | 'not-assigned'
  | 'excluded'
  | 'claimed'
  | 'delegated'
  | 'not-allowed'
  | 'already-voted'
  | 'nothing-to-withdraw'
  | 'comment-missing'
  | 'payload-invalid'
  | 'quorum-impossible';

/** Why nothing came of it. */
export interface ApprovalRefusal {
  readonly reason: RefusalReason;
  readonly message: string;
  readonly issues: readonly Issue[];
}

/** What somebody is told who has said something to an approval. */
export type ApprovalAnswer =
  /** It is decided. */
  | {
      readonly answer: 'resolved';
      readonly approval: string;
      readonly decision: Resolution['decision'];
      readonly by: string | null;
    }
  /** It was noted: a vote, a claim, an edit that others are to see. */
  | {
      readonly answer: 'recorded';
      readonly approval: string;
      readonly status: ApprovalStatus;
      readonly revision: number;
      readonly digest: string;
    }
  /** Nothing came of it, and nothing changed. */
  | ({ readonly answer: 'refused'; readonly approval: string } & ApprovalRefusal)
  | { readonly answer: 'noSuchApproval' };

/** How the machine of a step goes on when it is decided. */
export type Consequence =
  /** Its body begins: with another input, if that was edited; once more, if it is asked to. */
  | { readonly how: 'go'; readonly input?: Json; readonly again?: true }
  | { readonly how: 'complete'; readonly output: Json }
  | { readonly how: 'skip' }
  | { readonly how: 'fail' }
  /** The run is cancelled. */
  | { readonly how: 'abort' };

/** What is asked is about a task: held to its schemas, and what it gets or gives is proposed. */
export function isOfTask(when: AskedWhen): when is 'before' | 'after' {
  return when === 'before' || when === 'after';
}

/** What an approval of this node was declared with. */
export function specOf(
  { spec, task }: Pick<PlanNode, 'spec' | 'task'>,
  { when }: Pick<Approval, 'when'>,
): ApprovalSpec {
  if (task !== null) return (when === 'before' ? task.approval : task.review) as ApprovalSpec;
  const { approval, standing = approval } = spec as AskingSpec;
  return when === 'standing' ? standing : approval;
}

/** All who had a part in it, and those in whose name they had it. A decision that was never made is nobody's. */
export function decidersIn({ votes, resolution }: Pick<Approval, 'votes' | 'resolution'>): readonly string[] {
  if (resolution === null) return [];
  const { by, onBehalfOf, deciders } = resolution;
  const names = [...votes.flatMap((vote) => [vote.by, vote.onBehalfOf]), ...deciders, by, onBehalfOf];
  return [...new Set(names.filter((name) => name !== null))];
}

/** May this be the name of a user or a role? */
export function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= LONGEST_NAME;
}

/** May these be named in one list? */
export function areNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length <= MOST_PEOPLE && value.every(isName);
}

/** Who has put it off, and until when, which may be over; null also for one that was kept before that could be said. */
export function deferredOf({ deferred }: Approval): Approval['deferred'] {
  return deferred ?? null;
}

/** Nothing has been decided yet. */
export function isOpen({ status }: Approval): boolean {
  return status === 'pending' || status === 'claimed';
}

export function approvalId(run: string, path: string, number: number): string {
  return `${run}/${path}#${number}`;
}

/** The run of an approval, and its record there; null for what cannot be the id of one. */
export function placeOfApproval(id: string): { readonly run: string; readonly record: string } | null {
  const slash = id.indexOf('/');
  return slash <= 0 || slash === id.length - 1 ? null : { run: id.slice(0, slash), record: id.slice(slash + 1) };
}

/** The id of its record within its run. */
export function recordOfApproval({ path, number }: Pick<Approval, 'path' | 'number'>): string {
  return `${path}#${number}`;
}
