/**
 * The audit of a run (S39): every command that somebody has given to it, read back from the records that commands, interventions and
 * decisions leave, in one list, in the order of time.
 */
import { COMMAND, DELETIONS } from '../core/audit.ts';
import { INTERVENTION } from '../core/message.ts';
import { RERUN } from '../core/rerun.ts';
import type { Json, JsonObject } from '../json.ts';
import { DECISION_RECORD } from '../people.ts';
import type { RecordQuery, RunRow, Store } from '../store.ts';
import { recordsIn } from './interventions.ts';

/** A command that somebody has given, a refused one too. */
export interface AuditRecord {
  /** `start`, `cancel`, `pause`, `signal`, `retry`, `decide`: the name of the method. */
  readonly type: string;
  readonly at: number;
  /** Whoever it was, if that was said. */
  readonly by: string | null;
  readonly reason: string | null;
  /** The step that it was about; null for the run itself. */
  readonly path: string | null;
  /** How the run stood before it, or the step, or the approval; null where nobody looked. */
  readonly before: string | null;
  /** And after it. */
  readonly after: string | null;
  /** Why nothing was done; null if it was. */
  readonly refused: string | null;
  /** What else belongs to it: the name of a signal, the run that a rerun has made, what was decided. */
  readonly details: JsonObject;
}

/** Of a run that is not there, who has deleted it. */
export async function* auditOf(store: Store, run: string): AsyncGenerator<AuditRecord, void, undefined> {
  const row = await store.readRun(run);
  const of = { key: { name: 'of', value: run } };
  const lists = [
    readingOf(store, { type: COMMAND, ...of }, commanded),
    readingOf(store, { type: RERUN, ...of }, intervened),
    ...(row === null
      ? []
      : [
          ...(run === DELETIONS ? [] : [only(started(row))]),
          readingOf(store, { type: COMMAND, run }, commanded),
          readingOf(store, { type: INTERVENTION, run }, intervened),
          readingOf(store, { type: DECISION_RECORD, run }, decided),
        ]),
  ];
  yield* inOrder(lists);
}

async function* only(record: AuditRecord): AsyncGenerator<AuditRecord, void, undefined> {
  yield record;
}

async function* readingOf(
  store: Store,
  query: Omit<RecordQuery, 'limit' | 'after'>,
  read: (body: JsonObject) => AuditRecord,
): AsyncGenerator<AuditRecord, void, undefined> {
  for await (const body of recordsIn(store, query)) yield Object.freeze(read(body));
}

/** Of several lists, each in the order of time, one. What came at one time stays in the order of the lists. */
async function* inOrder(
  lists: readonly AsyncGenerator<AuditRecord, void, undefined>[],
): AsyncGenerator<AuditRecord, void, undefined> {
  const heads = await Promise.all(lists.map((list) => list.next()));
  for (;;) {
    let first = -1;
    for (const [at, head] of heads.entries()) {
      const sooner = first === -1 ? undefined : heads[first]?.value;
      if (head.done !== true && (sooner == null || head.value.at < sooner.at)) first = at;
    }
    if (first === -1) return;
    yield heads[first]?.value as AuditRecord;
    heads[first] = (await lists[first]?.next()) as IteratorResult<AuditRecord, void>;
  }
}

function started({ startedAt: at, metadata, parent }: RunRow): AuditRecord {
  const { initiator } = metadata;
  return Object.freeze({
    type: 'start',
    at,
    by: typeof initiator === 'string' ? initiator : null,
    reason: null,
    path: null,
    before: null,
    after: 'running',
    refused: null,
    details: parent === null ? {} : { parent: parent.run },
  });
}

function commanded(body: JsonObject): AuditRecord {
  return { path: null, ...(body as unknown as Omit<AuditRecord, 'path'>) };
}

function intervened(body: JsonObject): AuditRecord {
  const {
    type,
    at,
    by,
    reason,
    path,
    before,
    after = null,
    refused,
    run,
  } = body as unknown as AuditRecord & {
    readonly run?: string;
  };
  return { type, at, by, reason, path, before, after, refused, details: run === undefined ? {} : { run } };
}

/** What was decided on stands in the approval, with all that was said to it. */
function decided(body: JsonObject): AuditRecord {
  const said = body as unknown as {
    readonly approval: string;
    readonly act: string;
    readonly by: string;
    readonly at: number;
    readonly comment: string | null;
    readonly onBehalfOf: string | null;
    readonly answer: { readonly answer: string; readonly message?: string } | null;
    readonly before: { readonly status: string } | null;
    readonly after: { readonly status: string } | null;
  };
  const { approval, act, by, at, comment = null, onBehalfOf = null, answer, before, after } = said;
  const refused = answer === null || answer.answer !== 'refused' ? null : (answer.message ?? answer.answer);
  const details: { [name: string]: Json } = { approval, decision: act };
  if (onBehalfOf !== null) details.onBehalfOf = onBehalfOf;
  return {
    type: 'decide',
    at,
    by,
    reason: comment,
    path: pathOfApproval(approval),
    before: before?.status ?? null,
    after: (after ?? before)?.status ?? null,
    refused,
    details,
  };
}

/** An approval is called after its run, the path of its step, and its number there. */
function pathOfApproval(approval: string): string {
  return approval.slice(approval.indexOf('/') + 1, approval.lastIndexOf('#'));
}
