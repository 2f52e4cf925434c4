/** How the end of a child run is told to the step that waited for it. */
import { ChildCancelled, ChildFailed, ChildTimedOut, type ErrorRecord, toRecord } from '../errors/index.ts';
import type { Json } from '../json.ts';
import type { RunRow, Store } from '../store.ts';

/** How many causes of a child's error are kept: a family of ten would have ten of them at its top. */
const CAUSES = 4;

type RunEnd = Pick<RunRow, 'run' | 'orchestrator' | 'status' | 'output' | 'error' | 'reason'>;
type At = { readonly path: string; readonly attempt: number };
type Told = { readonly output: Json; readonly error: ErrorRecord | null };

/** Its output, or one of three errors, whose cause is the child's own. */
export async function endOfChild(store: Pick<Store, 'readFailures'>, row: RunRow, at: At): Promise<Told> {
  // A run that let its other tracks finish has no error of its own, but steps that failed.
  const isAsked = row.status !== 'completed' && row.error === null && !isCancelled(row);
  return endAsAnswer(row, isAsked ? await store.readFailures(row.run) : [], at);
}

/** The same where its failures are at hand. */
export function endAsAnswer(
  row: RunEnd,
  failures: readonly { readonly error: ErrorRecord | null }[],
  { path, attempt }: At,
): Told {
  const { run, orchestrator, status, output, error, reason } = row;
  if (status === 'completed') return { output, error: null };
  const failed = (thrown: Error, cause: ErrorRecord | null): Told => {
    const record = toRecord(thrown, { path, attempt, retryable: false });
    return { output: null, error: cause === null ? record : { ...record, cause: shortened(cause, CAUSES) } };
  };
  if (isCancelled(row)) return failed(new ChildCancelled({ run, orchestrator, reason }), error);
  const cause = error ?? failures.find((each) => each.error !== null)?.error ?? null;
  const fields = { run, orchestrator, error: cause };
  return failed(status === 'timedOut' ? new ChildTimedOut(fields) : new ChildFailed(fields), cause);
}

/** What the step is told that has its child cancelled, perhaps too late; `undone`: what the child had done was to be undone. */
export function endOfCancelled(row: RunEnd, undone: boolean, at: At): Told {
  const { status, output, error } = row;
  if (status === 'completed') return { output: { late: { output } }, error: null };
  return undone && error?.code === 'compensation-incomplete' ? endAsAnswer(row, [], at) : OVER;
}

const OVER: Told = Object.freeze({ output: null, error: null });

function isCancelled({ status, error }: RunEnd): boolean {
  return status === 'cancelled' || (status === 'compensated' && error === null);
}

function shortened({ cause, ...error }: ErrorRecord, left: number): ErrorRecord {
  return cause === undefined || left === 1 ? error : { ...error, cause: shortened(cause, left - 1) };
}
