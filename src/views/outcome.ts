/** How a run has ended, for those who ask: its failures, the outputs of its tracks, and what became of what it had done. */
import { childOf } from '../core/child.ts';
import type { Kinds } from '../core/kind.ts';
import type { ErrorRecord } from '../errors/index.ts';
import type { Json } from '../json.ts';
import { isTerminal, type TerminalStatus } from '../status.ts';
import { isWithErrors } from './snapshot.ts';
import { failedRows, wholeRun } from './taken.ts';
import type { ActorRow, FailureRow, RunRow, Store } from '../store.ts';

/** How a run ended, in one shape for success and failure (P42). */
export interface Outcome<Output = Json> {
  readonly run: string;
  readonly status: TerminalStatus;
  /** What the run results in; null unless it completed. */
  readonly output: Output | null;
  /** The first failure, and all of them. */
  readonly error: ErrorRecord | null;
  readonly failures: readonly ErrorRecord[];
  /** It has completed, and something in it has failed that it can do without; `failures` has it (S12). */
  readonly withErrors: boolean;
  /** What became of what had completed; null if the run was not undone. */
  readonly compensation: CompensationOutcome | null;
  /** The outputs of the tracks that completed, by name. */
  readonly outputs: { readonly [track: string]: Json };
  readonly timing: { readonly startedAt: number; readonly endedAt: number; readonly duration: number };
}

/** The steps of a run that was undone, by path, in the order in which they began. */
export interface CompensationOutcome {
  readonly undone: readonly string[];
  /** Their compensation failed, or was cut short. */
  readonly failed: readonly string[];
  /**
   * Completed, and still in effect: they have no compensation, or nobody came to them; not what does nothing to the world: approvals, gates,
   * waits, sleeps. And child runs that failed, or were cancelled before
   * their parent was undone, of which something has completed: they are left as their own policy says.
   */
  readonly kept: readonly string[];
}

export async function outcomeOf(store: Store, row: RunRow, kinds: Kinds): Promise<Outcome> {
  const { run, status, output, error, startedAt } = row;
  const rows = await failedRows(store, row);
  const outputs: { [track: string]: Json } = {};
  for (const { path, state, output: made } of await store.readChildren(run, [''])) {
    if (state === 'completed' && !path.startsWith('~')) outputs[path] = made;
  }
  const endedAt = row.endedAt ?? startedAt;
  return {
    run,
    status: status as TerminalStatus,
    output: status === 'completed' ? output : null,
    error,
    failures: failuresIn(rows),
    withErrors: rows.length > 0 && (await isCompletedWithErrors(store, row)),
    compensation: isUndone(row, rows) ? await compensationOf(store, (await wholeRun(store, row)).actors, kinds) : null,
    outputs,
    timing: { startedAt, endedAt, duration: endedAt - startedAt },
  };
}

/** Steps that failed, in the order in which they began; a track is not told beside the step that failed it, nor a run beside what could not be undone. */
export function failuresIn(rows: readonly FailureRow[]): readonly ErrorRecord[] {
  return rows.flatMap(({ path, error }) => {
    const isOwn = error !== null && error.code !== 'compensation-incomplete' && (error.path ?? path) === path;
    return isOwn ? [{ ...error, path }] : [];
  });
}

/** Does it do nothing but undo another run? */
export function isUndoing({ parent }: RunRow): boolean {
  return parent?.path === '';
}

/** Was it cancelled, whatever came after? */
export function isCancelled({ status, error }: RunRow): boolean {
  return status === 'cancelled' || (status === 'compensated' && error === null);
}

/** The last that completed in a run which has is the run itself. */
async function isCompletedWithErrors(store: Store, { run, status }: RunRow): Promise<boolean> {
  if (status !== 'completed') return false;
  const last = await store.readCompleted(run, { limit: 1 });
  return last.some((row) => row.path === '' && isWithErrors(row));
}

function isUndone({ status, error }: RunRow, failures: readonly FailureRow[]): boolean {
  if (status === 'compensated' || error?.code === 'compensation-incomplete') return true;
  return failures.some(({ state }) => state === 'compensationFailed');
}

async function compensationOf(store: Store, actors: readonly ActorRow[], kinds: Kinds): Promise<CompensationOutcome> {
  const undone: string[] = [];
  const failed: string[] = [];
  const kept: string[] = [];
  for (const row of actors) {
    const { path, state, kind } = row;
    const { noun, children, isRun, leavesNothing = false } = kinds.get(kind);
    // What has others below it has done nothing itself.
    if (noun !== 'step' || children !== undefined) continue;
    if (state === 'compensated') undone.push(path);
    else if (state === 'compensationFailed') failed.push(path);
    else if (state === 'completed' ? !leavesNothing : isRun && (await isChildLeft(store, row))) kept.push(path);
  }
  return { undone, failed, kept };
}

/** Has a step failed, or was it cancelled, with a child run of which something is still in effect? */
async function isChildLeft(store: Store, row: ActorRow): Promise<boolean> {
  if (row.attempt === 0 || row.state === 'skipped') return false;
  const child = await store.readRun(childOf(row));
  if (child?.parent?.run !== row.run || child.parent.path !== row.path) return false;
  if (!isTerminal(child.status) || child.status === 'compensated') return false;
  if ((await store.readCompleted(child.run, { limit: 1 })).length > 0) return true;
  return (await store.readFailures(child.run)).some(({ state }) => state === 'compensationFailed');
}
