/** Why a run ended badly, as JSON in a persisted snapshot, and as the error that it was. */
import { type ErrorRecord, isA, RunCancelled, RunFailed, toRecord } from '../errors/index.ts';
import { revive } from '../traces.ts';

/** An error in a persisted snapshot. */
export type KeptError =
  | {
      readonly is: 'run-failed';
      readonly run: string;
      readonly orchestrator: string;
      readonly status: string;
      readonly error: ErrorRecord;
      readonly failures: readonly ErrorRecord[];
    }
  | { readonly is: 'run-cancelled'; readonly run: string; readonly reason: string | null }
  | { readonly is: 'other'; readonly record: ErrorRecord };

export function keepError(thrown: unknown, orchestrator: string): KeptError {
  if (isA(thrown, RunFailed)) {
    const { run, status, error, failures } = thrown;
    return { is: 'run-failed', run, orchestrator, status, error, failures };
  }
  if (isA(thrown, RunCancelled)) return { is: 'run-cancelled', run: thrown.run, reason: thrown.reason };
  return { is: 'other', record: toRecord(thrown) };
}

export function errorFrom(kept: KeptError): Error {
  if (kept.is === 'run-failed') return new RunFailed(kept);
  return kept.is === 'run-cancelled' ? new RunCancelled(kept) : revive(kept.record);
}
