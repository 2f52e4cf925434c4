/** How the end of a child run is told to the step that waited for it. */
import { ChildCancelled, ChildFailed, ChildTimedOut, type ErrorRecord, toRecord } from '../../errors/index.ts';
import type { Json } from '../../json.ts';
import type { RunRow, Store } from '../../store.ts';

/** How many causes of a child's error are kept: a family of ten would have ten of them at its top. */
const CAUSES = 4;

/** Its output, or one of three errors, whose cause is the child's own. */
export async function endOfChild(
  store: Store,
  { run, orchestrator, status, output, error, reason }: RunRow,
  { path, attempt }: { readonly path: string; readonly attempt: number },
): Promise<{ readonly output: Json; readonly error: ErrorRecord | null }> {
  if (status === 'completed') return { output, error: null };
  const failed = (thrown: Error, cause: ErrorRecord | null): { output: null; error: ErrorRecord } => {
    const record = toRecord(thrown, { path, attempt, retryable: false });
    return { output: null, error: cause === null ? record : { ...record, cause: shortened(cause, CAUSES) } };
  };
  const isCancelled = status === 'cancelled' || (status === 'compensated' && error === null);
  if (isCancelled) return failed(new ChildCancelled({ run, orchestrator, reason }), error);
  // A run that let its other tracks finish has no error of its own, but steps that failed.
  const cause = error ?? (await store.readFailures(run)).find((each) => each.error !== null)?.error ?? null;
  const fields = { run, orchestrator, error: cause };
  return failed(status === 'timedOut' ? new ChildTimedOut(fields) : new ChildFailed(fields), cause);
}

function shortened({ cause, ...error }: ErrorRecord, left: number): ErrorRecord {
  return cause === undefined || left === 1 ? error : { ...error, cause: shortened(cause, left - 1) };
}
