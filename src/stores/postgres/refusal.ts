/** Why a commit was refused, asked after it was: which run has moved on, belongs to another, or has a key that is taken. */
import { CommitConflict, LeaseLost, RunExists, type SignalboxError } from '../../errors.ts';
import type { RunChange } from '../../store.ts';
import { Rows } from './arrays.ts';
import { begins } from './batch.ts';
import type { Columns } from './rows.ts';
import type { Ask } from './server.ts';
import * as sql from './statements.ts';
import { fromColumn, toColumn, toColumnOrNull } from './text.ts';

/** The first change that cannot be made, in words; null if all could be by now. */
export async function refusalOf(
  changes: readonly RunChange[],
  process: string,
  ask: Ask,
): Promise<SignalboxError | null> {
  const wanted = new Rows(['text']);
  const keys = new Rows(['text', 'text']);
  for (const change of changes) {
    wanted.push(toColumn(change.run));
    const { row } = change;
    if (begins(change) && row !== null && row.key !== null) keys.push(toColumn(row.orchestrator), toColumn(row.key));
  }
  const standing = new Map<string, Columns>();
  for (const row of await ask(sql.SELECT_STANDING, ...wanted.arrays())) standing.set(String(row.run), row);
  const taken = new Map<string, string>();
  for (const { run, orchestrator, key } of await ask(sql.SELECT_KEYS, ...keys.arrays()))
    taken.set(JSON.stringify([orchestrator, key]), fromColumn(String(run)));
  for (const change of changes) {
    const refusal = refused(change, process, standing.get(toColumn(change.run))) ?? keyTaken(change, taken);
    if (refusal !== null) return refusal;
  }
  return null;
}

function refused(change: RunChange, process: string, standing: Columns | undefined): SignalboxError | null {
  const { run, fence, after } = change;
  if (standing === undefined) return begins(change) ? null : new CommitConflict({ run, expected: after, found: 0 });
  const { owner, fence: now, seq, ended_at: endedAt } = standing;
  if (endedAt === null && (owner !== process || now !== fence)) {
    const name = owner === null ? 'nobody' : fromColumn(String(owner));
    return new LeaseLost({ run, owner: name, fence: Number(now) });
  }
  if (seq !== after || begins(change)) return new CommitConflict({ run, expected: after, found: Number(seq) });
  // It has ended, and nobody owns it any more.
  return endedAt === null ? null : new LeaseLost({ run, owner: 'nobody', fence: Number(now) });
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
