/** What a run looks like from outside: its rows, put together for people and programs to read. */
import { type AttemptSnapshot, attemptsIn, type CompensationSnapshot } from './attempts.ts';
import { rerunOf } from '../core/rerun.ts';
import type { ErrorRecord } from '../errors/index.ts';
import type { Status } from '../events.ts';
import type { Json, JsonObject } from '../json.ts';
import type { ActorRow, AttemptRow, RunRow } from '../store.ts';
import type { WaitingFor } from '../core/effect.ts';
import { type Around, attemptsByPath, waitingFor } from './waiting-for.ts';

/** A step or a track. */
export interface ActorSnapshot {
  readonly status: Status;
  readonly kind: string;
  readonly input: Json;
  readonly output: Json;
  readonly error: ErrorRecord | null;
  /** Every try, the first one first; empty for a track, and for a step that has not begun. */
  readonly attempts: readonly AttemptSnapshot[];
  /** Set when it is undone, or has been. */
  readonly compensation: CompensationSnapshot | null;
  /** It has completed, and something below it has failed that it can do without (S12). */
  readonly withErrors: boolean;
  /** The run in which it has completed, if it was taken over from there. */
  readonly takenFrom: string | null;
  /** Of a track: how many of its steps never began and are no entries of their own, because there are too many. */
  readonly skipped: number;
  /** What it waits for; null once it has ended. */
  readonly waitingFor: WaitingFor | null;
  /** When the timer that it waits for is due. */
  readonly due: number | null;
  readonly startedAt: number;
  readonly endedAt: number | null;
}

/** A run as its rows say that it stands. */
export interface RunSnapshot {
  readonly run: string;
  readonly orchestrator: string;
  readonly version: string;
  readonly status: Status;
  readonly input: Json;
  readonly output: Json;
  readonly error: ErrorRecord | null;
  readonly metadata: JsonObject;
  /** The run that started it, and the step which did; null for one that was started from outside. */
  readonly parent: RunRow['parent'];
  /** The run that it takes over from, and the step that it goes on from; null for every other run. */
  readonly rerunOf: { readonly run: string; readonly from: string } | null;
  /** The id of the first run of its family: its own, if no run has started it. */
  readonly root: string;
  readonly startedAt: number;
  readonly endedAt: number | null;
  /** What the run itself waits for; null once it has ended. */
  readonly waitingFor: WaitingFor | null;
  /** It has completed, and something in it has failed that it can do without (S12). */
  readonly withErrors: boolean;
  /** How many tracks never began and are no entries of their own, because there are too many. */
  readonly skipped: number;
  /** Tracks by path, in the order in which they began. */
  readonly tracks: { readonly [path: string]: ActorSnapshot };
  /** Steps by path, in the order in which they began. */
  readonly steps: { readonly [path: string]: ActorSnapshot };
}

export function snapshotOf(
  row: RunRow,
  root: string,
  actors: readonly ActorRow[],
  attempts: readonly AttemptRow[],
  around: Around,
): RunSnapshot {
  const earlier = attemptsByPath(attempts);
  const tracks: { [path: string]: ActorSnapshot } = {};
  const steps: { [path: string]: ActorSnapshot } = {};
  let skipped = 0;
  let withErrors = false;
  let waits: WaitingFor | null = null;
  for (const actor of actors) {
    if (actor.parent === null) {
      skipped = skippedBelow(actor);
      withErrors = isWithErrors(actor);
      waits = waitingFor(actor, [], around);
      continue;
    }
    (around.kinds.get(actor.kind).noun === 'track' ? tracks : steps)[actor.path] = actorSnapshot(
      actor,
      earlier(actor.path),
      around,
    );
  }
  const { run, orchestrator, version, status, input, output, error, metadata, parent, startedAt, endedAt } = row;
  const known = {
    run,
    orchestrator,
    version,
    status,
    input,
    output,
    error,
    metadata,
    parent,
    rerunOf: rerunOf(row),
    root,
    startedAt,
    endedAt,
  };
  return { ...known, waitingFor: waits, withErrors, skipped, tracks, steps };
}

/** What has ended otherwise says more by that. */
export function isWithErrors({ state, memory }: Pick<ActorRow, 'state' | 'memory'>): boolean {
  return state === 'completed' && memory.withErrors === true;
}

function skippedBelow({ memory }: ActorRow): number {
  return typeof memory.skipped === 'number' ? memory.skipped : 0;
}

export function actorSnapshot(actor: ActorRow, earlier: readonly AttemptRow[], around: Around): ActorSnapshot {
  const { state: status, kind, input, output, error, due, startedAt, endedAt } = actor;
  const undo = (actor.memory.undo ?? null) as CompensationSnapshot | null;
  const skipped = skippedBelow(actor);
  const waits = waitingFor(actor, earlier, around);
  return {
    status,
    kind,
    input,
    output,
    error,
    attempts: attemptsIn(actor, earlier),
    compensation: undo === null ? null : { tries: undo.tries, completedAt: undo.completedAt },
    withErrors: isWithErrors(actor),
    takenFrom: (actor.memory.takenFrom as string | undefined) ?? null,
    skipped,
    waitingFor: waits,
    due,
    startedAt,
    endedAt,
  };
}
