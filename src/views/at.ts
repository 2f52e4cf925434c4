/**
 * A run as it stood after one of its events: the fold of its history up to there, and of its rows what cannot have changed since. What
 * neither of them tells is said to be not kept, and not made up.
 */
import { restOf } from '../core/rest.ts';
import type { Plan, PlanNode } from '../definition.ts';
import type { Kinds } from '../core/kind.ts';
import { isTakenOver } from '../core/rerun.ts';
import { placeAround } from '../core/taken-sets.ts';
import { placeAt } from '../core/undo.ts';
import type { ErrorRecord } from '../errors/index.ts';
import type { RunEvent } from '../events.ts';
import type { JsonObject } from '../json.ts';
import { isTerminal, type Status } from '../status.ts';
import type { ActorRow, AttemptRow, RunRow } from '../store.ts';
import { HistoryFold, type Period, type Told } from './fold.ts';
import { type RunSnapshot, snapshotOf } from './snapshot.ts';
import type { WholeRun } from './taken.ts';
import { pathAbove } from '../segments.ts';

/** What a store need not have kept of a step: it was forgotten, or has become something else since. */
export type NotKept = 'kind' | 'input' | 'output' | 'waitingFor';

/** A run as it stood. */
export interface RunAt extends RunSnapshot {
  /** The number of the last event that is counted in. */
  readonly seq: number;
  /** When that was, in milliseconds since 1970. */
  readonly at: number;
  /** Of tracks and steps, by path, what nobody knows any more: there it says `null`. The run itself has the path ''. */
  readonly notKept: { readonly [path: string]: readonly NotKept[] };
}

export interface Kept {
  readonly row: RunRow;
  readonly root: string;
  readonly whole: WholeRun;
  readonly kinds: Kinds;
  /** For what has no row any more; null if the definition is not there. */
  readonly plan: Plan | null;
  /** When somebody has given a step another input, by path. */
  readonly changed: ReadonlyMap<string, number>;
}

/** The run after event `seq` of its history, or after the last one that there is. */
export async function runAt(history: AsyncIterable<RunEvent>, seq: number, kept: Kept): Promise<RunAt> {
  const attempts: AttemptRow[] = [];
  const followed = new Set<AttemptRow>();
  const { run } = kept.row;
  const course = new HistoryFold(({ path }, period) => {
    const past = attemptOf(run, path, period);
    if (past === null) return;
    attempts.push(past);
    // By another, or by somebody's word.
    if (period.next === 'retrying' || period.next === 'awaitingIntervention') followed.add(past);
  });
  let isPaused = false;
  let isLast = true;
  for await (const event of history) {
    isLast = event.seq <= seq;
    if (!isLast) break;
    course.take(event);
    if (event.type === 'run.paused' || event.type === 'run.resumed') isPaused = event.type === 'run.paused';
  }
  // Of a step that was tried again, the attempt that failed stands among its attempts; of one that has ended with it, in its own row.
  const past = attempts.filter(
    (each) => followed.has(each) || (course.told.get(each.path)?.attempt ?? 0) > each.attempt,
  );
  return standing(course, past, isPaused, isLast, kept);
}

/** An attempt that was followed by another, or may be. */
function attemptOf(run: string, path: string, { status, attempt, from, to, error, next }: Period): AttemptRow | null {
  if (status !== 'running' || error === null || to === null || next === null || attempt === 0) return null;
  return { run, path, attempt, error, startedAt: from, endedAt: to };
}

function standing(
  course: HistoryFold,
  attempts: readonly AttemptRow[],
  isPaused: boolean,
  isLast: boolean,
  kept: Kept,
): RunAt {
  const { row, root, whole, kinds } = kept;
  const rows = new Map(whole.own.map((actor) => [actor.path, actor]));
  const notKept: { [path: string]: readonly NotKept[] } = {};
  const made: ActorRow[] = [];
  const counts = { resting: 0, working: 0, standing: 0 };
  for (const told of course.told.values()) {
    const [actor, missing] = actorAt(told, rows.get(told.path), kept, course);
    made.push(actor);
    const unknown = missing.filter((each) => each !== 'output' || told.status === 'completed');
    if (unknown.length > 0) notKept[told.path] = unknown;
    const rest = restOf(kinds.get(actor.kind), told.status);
    if (rest !== null) counts[rest] += 1;
  }
  const told = course.told.get('');
  const status = statusAt(told?.status ?? 'pending', isPaused, counts);
  // What it is undone for is told by its row alone, and stands there until something goes wrong with the undoing.
  const isUndone = UNDONE.has(status) && UNDONE.has(row.status);
  const error: ErrorRecord | null = told?.error ?? (isUndone ? row.error : null);
  const then = { status, output: isLast ? row.output : null, error, endedAt: told?.endedAt ?? null };
  const taken = takenBy(kept, course);
  const rest = made.filter(({ path }) => !taken.paths.has(path));
  const all = [...rest, ...taken.actors];
  const tries = [...attempts, ...taken.attempts];
  const snapshot = snapshotOf({ ...row, ...then }, root, all, tries, { kinds, queuedFor: () => null });
  return { ...snapshot, seq: course.seq, at: course.at, notKept };
}

/** What it had taken over by then, which had ended before it began. */
function takenBy({ whole }: Kept, { told }: HistoryFold) {
  const places = new Set(
    whole.own.flatMap((actor) => (isTakenOver(actor) && told.has(actor.path) ? [actor.path] : [])),
  );
  const there = whole.actors.filter((actor) => isTakenOver(actor) && placeAround(places, actor.path) !== null);
  const paths = new Set(there.map(({ path }) => path));
  return { actors: there, attempts: whole.attempts.filter(({ path }) => paths.has(path)), paths };
}

const UNDONE: ReadonlySet<Status> = new Set(['compensating', 'compensated']);

/** What the run's own row said. */
function statusAt(
  status: Status,
  isPaused: boolean,
  { resting, working, standing }: { readonly resting: number; readonly working: number; readonly standing: number },
): Status {
  if (status === 'paused') return 'paused';
  if (status !== 'running') return status;
  if (isPaused) return 'paused';
  if (standing > 0) return 'awaitingIntervention';
  return working === 0 && resting > 0 ? 'waiting' : status;
}

const NOTHING: JsonObject = Object.freeze({});

/** The row of a step as it was, and what is not known of it. */
function actorAt(
  told: Told,
  row: ActorRow | undefined,
  { row: run, kinds, plan, changed }: Kept,
  { seq, at }: HistoryFold,
): readonly [ActorRow, readonly NotKept[]] {
  const { path, status, attemptedAt, error, due, startedAt, endedAt, endedSeq } = told;
  // What waits for a run, or asks people, does not tell which attempt that is. The first one is all that there was by then.
  const isFirst =
    told.attempt === 0 && row !== undefined && row.attempt > 0 && plan !== null && isNoTask(kinds, plan, path);
  const node = row === undefined && plan !== null ? nodeAt(kinds, plan.root, path) : null;
  const isSame = row !== undefined && row.endedSeq !== null && row.endedSeq <= seq && row.state === status;
  const attempt = isSame ? row.attempt : isFirst && !isTerminal(status) ? 1 : told.attempt;
  const missing: NotKept[] = [];
  if (row === undefined && node === null) missing.push('kind');
  if (row === undefined || (changed.get(path) ?? 0) > at) missing.push('input');
  // Of what was undone since, the output stands in its row still.
  const hasOutput = isSame || (row !== undefined && row.memory.undo !== undefined && row.memory.undo !== null);
  if (!hasOutput) missing.push('output');
  const memory = memoryAt(told, row, isSame);
  const isRoot = path === '';
  if (!isTerminal(status) && row === undefined) missing.push('waitingFor');
  const actor: ActorRow = {
    run: run.run,
    path,
    parent: isRoot ? null : (row?.parent ?? pathAbove(path)),
    kind: row?.kind ?? node?.kind ?? (told.noun === 'step' ? 'task' : told.noun === 'track' ? 'track' : 'orchestrator'),
    state: status === 'paused' && isRoot ? 'running' : status,
    attempt,
    input: missing.includes('input') ? null : (row as ActorRow).input,
    output: hasOutput && (status === 'completed' || isSame) ? (row as ActorRow).output : null,
    error,
    memory,
    due,
    attemptedAt,
    startedAt,
    endedAt,
    endedSeq,
  };
  return [actor, missing];
}

function memoryAt(
  { skipped, undoings, completedAt, status }: Told,
  row: ActorRow | undefined,
  isSame: boolean,
): JsonObject {
  const { withErrors: _, skipped: __, undo, ...rest } = row?.memory ?? NOTHING;
  return {
    ...rest,
    ...(skipped > 0 ? { skipped } : {}),
    ...(isSame && row?.memory.withErrors === true ? { withErrors: true } : {}),
    ...(undoings > 0 && status !== 'completed'
      ? { undo: { ...(undo as JsonObject | null), tries: undoings, completedAt } }
      : {}),
  };
}

/** A task that people are asked about before it begins is at no attempt yet. */
function isNoTask(kinds: Kinds, { root }: Plan, path: string): boolean {
  return nodeAt(kinds, root, path)?.task === null;
}

function nodeAt(kinds: Kinds, root: PlanNode, path: string): PlanNode | null {
  return path === '' ? root : (placeAt(kinds, root, path)?.node ?? null);
}
