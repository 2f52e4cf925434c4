/**
 * The attempts at a step (S10). One that was followed by another, or by somebody's word, has a row of its own; the last one is the
 * step's own row, so a step that completes at once has no more rows than the one. What an attempt was given is the step's input,
 * unless somebody has had it tried again with another one: then the record of that says what it was before.
 */
import type { ErrorRecord } from '../errors/index.ts';
import type { Json } from '../json.ts';
import type { Status } from '../status.ts';
import type { ActorRow, AttemptRow } from '../store.ts';

/** One try of a step. */
export interface AttemptSnapshot {
  readonly attempt: number;
  readonly status: Status;
  readonly error: ErrorRecord | null;
  readonly startedAt: number;
  readonly endedAt: number | null;
}

/** The undoing of a step that had completed (S13). */
export interface CompensationSnapshot {
  /** How often it was tried, the try under way included. */
  readonly tries: number;
  /** When the step had completed. */
  readonly completedAt: number | null;
}

/** An attempt with what it was given and what it has left behind. */
export interface AttemptRecord extends AttemptSnapshot {
  /** As the mapper made it, or as somebody has given it. */
  readonly input: Json;
  /** Null unless it completed. */
  readonly output: Json;
}

/** The input that all attempts up to this one had, as far as no earlier one says otherwise. */
export interface EarlierInput {
  readonly attempt: number;
  readonly input: Json;
}

/** The first one first. */
export function attemptsIn(actor: ActorRow, earlier: readonly AttemptRow[]): readonly AttemptSnapshot[] {
  const { state: status, error, endedAt, attempt, attemptedAt } = actor;
  const undo = (actor.memory.undo ?? null) as CompensationSnapshot | null;
  const attempts: AttemptSnapshot[] = earlier.map((past) => ({
    attempt: past.attempt,
    status: past.error.code === 'step-timed-out' ? 'timedOut' : 'failed',
    error: past.error,
    startedAt: past.startedAt,
    endedAt: past.endedAt,
  }));
  if (attempt > earlier.length) {
    // What had completed and is undone had completed with its last attempt.
    const end =
      undo === null
        ? // What an earlier one has failed with is not what this one does.
          { status, error: endedAt === null ? null : error, endedAt }
        : { status: 'completed' as const, error: null, endedAt: undo.completedAt };
    attempts.push({ attempt, startedAt: attemptedAt, ...end });
  }
  return attempts;
}

export function attemptRecords(
  row: ActorRow,
  earlier: readonly AttemptRow[],
  replaced: readonly EarlierInput[],
): readonly AttemptRecord[] {
  const inputs = [...replaced].sort((left, right) => left.attempt - right.attempt);
  return attemptsIn(row, earlier).map((each) => ({
    ...each,
    input: inputs.find(({ attempt }) => each.attempt <= attempt)?.input ?? row.input,
    output: each.status === 'completed' ? row.output : null,
  }));
}
