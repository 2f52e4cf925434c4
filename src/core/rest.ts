/**
 * Does a run only wait? It does when every step of it that is live waits for a signal, a timer or a person. Steps are
 * counted as they change, so the answer costs the same however many there are (I9), and the run's row says it.
 */
import { isTerminal, type Status } from '../events.ts';
import type { Kind } from './kind.ts';
import { type Changes, isPaused, type RunState } from './run.ts';

/** What a state counts for: a step at rest, one at work, or one that stands still. A state that is missing here is not live. */
const COUNTS: { readonly [state: string]: 'resting' | 'working' | 'standing' | undefined } = {
  waiting: 'resting',
  retrying: 'resting',
  awaitingApproval: 'resting',
  running: 'working',
  paused: 'working',
  awaitingIntervention: 'standing',
  cancelling: 'working',
  compensating: 'working',
};

/** An actor has come from one state to another. */
export function moved(run: RunState, kind: Kind, from: string, to: string): void {
  if (kind.noun !== 'step') return;
  count(run, kind, from, -1);
  count(run, kind, to, 1);
}

/** An actor has come to a state (`by` 1) or has left it (-1). */
export function count(run: RunState, kind: Kind, state: string, by: 1 | -1): void {
  const counts = restOf(kind, state);
  if (counts !== null) run[counts] += by;
}

/** What an actor in this state counts for; null for nothing. */
export function restOf({ noun, children }: Kind, state: string): 'resting' | 'working' | 'standing' | null {
  // A step that runs another for itself says nothing beside that one.
  if (noun !== 'step' || (children !== undefined && state === 'running')) return null;
  return COUNTS[state] ?? null;
}

/** What the run's own row says. */
export function statusOf(run: RunState): Status {
  const { root, resting, working } = run;
  const status = root.state.value as Status;
  if (status !== 'running') return status;
  if (isPaused(run)) return 'paused';
  if (run.standing > 0) return 'awaitingIntervention';
  return working === 0 && resting > 0 ? 'waiting' : status;
}

/** Changes the run's own row with its own actor, and when the run has come to rest or goes on. */
export function keepRow(run: RunState, changes: Changes, now: number): void {
  const status = statusOf(run);
  if (!changes.rowChanged && status === run.row.status) return;
  changes.rowChanged = true;
  const { output, error, reason } = run.root.state.context as unknown as RunState['row'];
  run.row = { ...run.row, status, output, error, reason, endedAt: isTerminal(status) ? now : null };
}
