/** Why a commit was refused: which run has moved on, belongs to another, or has an id or a key that is taken. */
import { CommitConflict, LeaseLost, RunExists, type SignalboxError } from '../../errors/index.ts';
import type { RunChange } from '../../store.ts';
import { Rows } from './arrays.ts';
import { begins, type Known } from './batch.ts';
import type { Columns } from '../rows.ts';
import type { Ask } from './server.ts';
import * as sql from './statements.ts';
import { fromColumn, toColumn, toColumnOrNull } from './text.ts';
import { codeOf, detailOf } from './words.ts';

/** A run belongs to another; it has moved on; a place is not open. See `hold()` and `refuse()` in `schema.ts`. */
const LOST = 'SBX01';
const MOVED = 'SBX02';
const NOT_OPEN = 'SBX03';
/** With these, and with a row that is there already and two that waited for each other, nothing has landed. */
const REFUSED: ReadonlySet<string> = new Set([LOST, MOVED, NOT_OPEN, '23505', '40P01', '40001']);

/** Whether the server has said that it did not make a commit because of what others did. */
export function isRefusal(error: unknown): boolean {
  return REFUSED.has(codeOf(error));
}

/** What the refusal itself says, which is how things stood when it came about. Null if it does not say which run it is about. */
export function refusalIn(
  error: unknown,
  changes: readonly RunChange[],
  known: readonly (Known | null)[],
): SignalboxError | null {
  const code = codeOf(error);
  if (code !== LOST && code !== MOVED) return null;
  const { number, owner, fence, found } = JSON.parse(detailOf(error)) as Columns;
  const change = changes[known.findIndex((run) => run?.number === number)];
  if (change === undefined) return null;
  if (code === MOVED) return new CommitConflict({ run: change.run, expected: change.after, found: Number(found) });
  return lost(change.run, owner, fence);
}

/** The first change that cannot be made, asked after the refusal; null if all could be by now. */
export async function refusalOf(
  changes: readonly RunChange[],
  standing: ReadonlyMap<string, Columns>,
  process: string,
  ask: Ask,
): Promise<SignalboxError | null> {
  const keys = new Rows(['text', 'text']);
  for (const change of changes) {
    const { row } = change;
    if (begins(change) && row !== null && row.key !== null) keys.push(toColumn(row.orchestrator), toColumn(row.key));
  }
  const taken = new Map<string, string>();
  for (const { run, orchestrator, key } of await ask(sql.SELECT_KEYS, ...keys.arrays()))
    taken.set(JSON.stringify([orchestrator, key]), fromColumn(String(run)));
  for (const change of changes) {
    const there = standing.get(toColumn(change.run));
    // It was away for a moment, and can be begun again.
    const again = there === undefined && begins(change);
    const refusal = (again ? null : refusedBy(change, process, there)) ?? keyTaken(change, taken);
    if (refusal !== null) return refusal;
  }
  return null;
}

/** Why this change cannot be made, if it cannot. */
export function refusedBy(change: RunChange, process: string, standing: Columns | undefined): SignalboxError | null {
  const { run, fence, after } = change;
  if (standing === undefined) return new CommitConflict({ run, expected: after, found: 0 });
  const { owner, fence: now, seq, ended_at: endedAt } = standing;
  if (endedAt === null && (owner !== process || now !== fence)) return lost(run, owner, now);
  // It was abandoned.
  if (endedAt !== null && now !== fence && !begins(change)) return lost(run, null, now);
  if (seq !== after || begins(change)) return new CommitConflict({ run, expected: after, found: Number(seq) });
  // It has ended, and nobody owns it any more.
  return endedAt === null ? null : lost(run, null, now);
}

function lost(run: string, owner: Columns[string] | undefined, fence: Columns[string] | undefined): LeaseLost {
  const name = owner === null || owner === undefined ? 'nobody' : fromColumn(String(owner));
  return new LeaseLost({ run, owner: name, fence: Number(fence) });
}

/** Also among the changes themselves: of two runs that begin under one key, the second is refused. */
function keyTaken(change: RunChange, taken: Map<string, string>): SignalboxError | null {
  const { run, row } = change;
  if (!begins(change) || row === null || row.key === null) return null;
  const key = JSON.stringify([toColumn(row.orchestrator), toColumnOrNull(row.key)]);
  const other = taken.get(key);
  if (other !== undefined) return new RunExists({ run: other, differs: 'id' });
  taken.set(key, run);
  return null;
}
