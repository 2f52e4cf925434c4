/** Approvals as they are listed: who is asked what, a page at a time, each by an index of the store (P167). */
import { ask, askOptions, isObject } from '../checks.ts';
import { InvalidOption } from '../errors/index.ts';
import { type Instant, instantOf } from '../instant.ts';
import type { Json } from '../json.ts';
import {
  type Approval,
  APPROVAL_RECORD,
  type ApprovalAnswer,
  type ApprovalAsk,
  type ApprovalStatus,
  DECISION_RECORD,
  deferredOf,
  isName,
  isOpen,
  placeOfApproval,
} from '../people.ts';
import { isTerminal } from '../status.ts';
import type { RecordQuery, RecordRow, Store } from '../store.ts';

/** Which approvals to list, and where a page begins. */
export interface ApprovalsQuery {
  /** `open`: those that are pending or claimed. Default. */
  readonly status?: ApprovalStatus | 'open' | 'any';
  /** What this person may be asked: by name, also for their word, by one of the roles, or as anybody; without what was put off. */
  readonly mine?: { readonly user: string; readonly roles?: readonly string[] };
  /** What somebody with this role is asked. */
  readonly role?: string;
  readonly run?: string;
  readonly orchestrator?: string;
  /** What expires before. */
  readonly before?: Instant;
  /** How many at the most; 50 if nothing is said. A page may be shorter, and not be the last one. */
  readonly limit?: number;
  /** What the page before answered with. */
  readonly cursor?: string;
}

/** Approvals in the order in which they were opened; those of one person by name before those by role. The cursor is null on the last page. */
export interface ApprovalsPage {
  readonly approvals: readonly Approval[];
  readonly cursor: string | null;
}

/** Something that somebody has said to an approval, and what came of it; what was refused, too. */
export interface ApprovalEntry extends Omit<ApprovalAsk, 'fault' | 'made'> {
  readonly approval: string;
  readonly at: number;
  readonly answer: ApprovalAnswer;
  readonly before: ApprovalState | null;
  readonly after: ApprovalState | null;
  /** What an edit has changed. */
  readonly edited?: { readonly before: Json; readonly after: Json };
}

/** What an approval was at a time. */
export type ApprovalState = Pick<Approval, 'status' | 'revision' | 'version' | 'digest'>;

/** An approval, and all that was said to it. */
export interface ApprovalView extends Approval {
  readonly history: readonly ApprovalEntry[];
}

export interface ApprovalReader {
  readonly store: Store;
  readonly now: () => number;
  /** Is the run in memory in this process? Then it has not ended. */
  readonly holds: (run: string) => boolean;
}

const MOST = 1_000;
/** So many records are looked through for one page. */
const LOOKED_THROUGH = 2_000;
const STATUSES: readonly unknown[] = ['pending', 'claimed', 'resolved', 'expired', 'withdrawn', 'open', 'any'];

export async function listApprovals(reader: ApprovalReader, query: ApprovalsQuery): Promise<ApprovalsPage> {
  const { limit = 50, cursor, run } = checked(query);
  const streams = streamsOf(query);
  const fits = filterOf(query, reader.now());
  const found: Approval[] = [];
  let [stream, after] = placeIn(cursor, streams.length);
  for (let looked = 0; stream < streams.length && found.length < limit && looked < LOOKED_THROUGH; ) {
    const key = streams[stream] as Stream;
    const size = limit - found.length;
    const page = await reader.store.readRecords({
      type: APPROVAL_RECORD,
      limit: size,
      ...(run === undefined ? {} : { run }),
      ...(key === null ? {} : { key }),
      ...(after === undefined ? {} : { after }),
    });
    looked += Math.max(1, page.records.length);
    const fresh = page.records.filter((record) => !isInEarlier(record, streams.slice(0, stream)));
    for (const approval of await seen(reader, fresh)) if (fits(approval)) found.push(approval);
    if (page.cursor === null) [stream, after] = [stream + 1, undefined];
    else after = page.cursor;
  }
  const isLast = stream >= streams.length;
  return { approvals: found, cursor: isLast ? null : `${stream}.${after ?? ''}` };
}

type Stream = NonNullable<RecordQuery['key']> | null;

/** The indexes that the page comes from, one after the other. */
function streamsOf({ status = 'open', mine, role, orchestrator }: ApprovalsQuery): readonly Stream[] {
  const isClosed = status === 'resolved' || status === 'expired' || status === 'withdrawn';
  const values = status === 'any' ? ['open', 'closed'] : [isClosed ? 'closed' : 'open'];
  const by = (...names: readonly string[]): Stream[] =>
    names.flatMap((name) => values.map((value) => ({ name, value })));
  if (mine !== undefined)
    return by(`user:${mine.user}`, ...new Set((mine.roles ?? []).map((each) => `role:${each}`)), 'anybody');
  if (role !== undefined) return by(`role:${role}`);
  if (orchestrator !== undefined) return by(`of:${orchestrator}`);
  if (status === 'any') return [null];
  // A claim that has ended is none, and its record says that there is one.
  return status === 'open' || status === 'pending' ? by('state') : [{ name: 'status', value: status }];
}

/** A person may be asked twice: by name and by role. */
function isInEarlier({ keys }: RecordRow, streams: readonly Stream[]): boolean {
  return streams.some((stream) => stream !== null && keys[stream.name] === stream.value);
}

function filterOf(
  { status = 'open', mine, orchestrator, before }: ApprovalsQuery,
  now: number,
): (approval: Approval) => boolean {
  const until = before === undefined ? null : instantOf(before, 'before');
  return (approval) => {
    if (status === 'open' ? !isOpen(approval) : status !== 'any' && approval.status !== status) return false;
    if (orchestrator !== undefined && approval.orchestrator !== orchestrator) return false;
    if (mine !== undefined && (approval.excluded.includes(mine.user) || isPutOff(approval, now))) return false;
    return until === null || (approval.expiresAt !== null && approval.expiresAt < until);
  };
}

/** As they stand now: a claim that has run out is none, and what a run that was abandoned has asked is not asked any more. */
async function seen(
  { store, now, holds }: ApprovalReader,
  records: readonly RecordRow[],
): Promise<readonly Approval[]> {
  const at = now();
  const over = new Set<string>();
  const runs = new Set(
    records.filter(({ body, run }) => isOpen(body as unknown as Approval) && !holds(run)).map(({ run }) => run),
  );
  await Promise.all(
    [...runs].map(async (run) => {
      const row = await store.readRun(run);
      if (row === null || isTerminal(row.status)) over.add(run);
    }),
  );
  return records.map(({ body, run }) => seenAt(body as unknown as Approval, at, over.has(run)));
}

function isPutOff(approval: Approval, now: number): boolean {
  return (deferredOf(approval)?.until ?? now) > now;
}

function seenAt(approval: Approval, now: number, isOver: boolean): Approval {
  if (!isOpen(approval)) return approval;
  if (isOver) return { ...approval, status: 'withdrawn', claimed: null, deferred: null };
  const { claimed } = approval;
  const deferred = isPutOff(approval, now) ? approval.deferred : null;
  return claimed === null || claimed.until > now
    ? { ...approval, deferred }
    : { ...approval, deferred, status: 'pending', claimed: null };
}

/** The record of an approval, by its id. */
export async function recordOf(store: Store, id: string): Promise<RecordRow | null> {
  const place = typeof id === 'string' ? placeOfApproval(id) : null;
  if (place === null) {
    const expected = 'the id of an approval, like order-17/review/manager#1';
    throw new InvalidOption({ option: 'approval', value: id, expected });
  }
  return store.readRecord(place.run, APPROVAL_RECORD, place.record);
}

/** One of them, with all that was said to it; null if there is none of this id. */
export async function viewApproval(reader: ApprovalReader, of: string): Promise<ApprovalView | null> {
  const record = await recordOf(reader.store, of);
  if (record === null) return null;
  const [approval] = await seen(reader, [record]);
  const { id } = approval as Approval;
  const history: ApprovalEntry[] = [];
  for (let after: string | null | undefined; after !== null; ) {
    const page = await reader.store.readRecords({
      type: DECISION_RECORD,
      run: record.run,
      key: { name: 'approval', value: id },
      limit: 100,
      ...(after === undefined ? {} : { after }),
    });
    for (const { body } of page.records) history.push(body as unknown as ApprovalEntry);
    after = page.cursor;
  }
  return { ...(approval as Approval), history };
}

const KEYS = ['status', 'mine', 'role', 'run', 'orchestrator', 'before', 'limit', 'cursor'];

function checked(query: ApprovalsQuery): ApprovalsQuery {
  askOptions('approvals', query, KEYS);
  const { status, mine, role, run, orchestrator, before, limit, cursor } = query;
  ask('status', status, STATUSES.map((name) => `'${String(name)}'`).join(', '), (value) => STATUSES.includes(value));
  ask('role', role, 'the name of a role', isName);
  ask('run', run, 'the id of a run, a string', isName);
  ask('orchestrator', orchestrator, 'the name of an orchestrator, a string', isName);
  ask(
    'cursor',
    cursor,
    'the cursor that the page before gave',
    (value) => typeof value === 'string' && CURSOR.test(value),
  );
  ask('limit', limit, `a whole number from 1 to ${MOST}`, (value) => {
    return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MOST;
  });
  if (before !== undefined) instantOf(before, 'before');
  if (mine !== undefined) {
    if (!isObject(mine)) ask('mine', mine, '{ user, roles }', () => false);
    askOptions('mine', mine, ['user', 'roles']);
    if (!isName(mine.user)) ask('mine.user', mine.user ?? null, 'the name of a user', () => false);
    ask('mine.roles', mine.roles, 'a list of names of roles', (value) => Array.isArray(value) && value.every(isName));
  }
  return query;
}

const CURSOR = /^\d{1,4}\./;

function placeIn(cursor: string | undefined, streams: number): [number, string | undefined] {
  if (cursor === undefined) return [0, undefined];
  const dot = cursor.indexOf('.');
  const after = cursor.slice(dot + 1);
  return [Math.min(Number(cursor.slice(0, dot)), streams), after === '' ? undefined : after];
}
