/** The statuses that a run, a track or a step can have, and which of them are never left. */

const TERMINAL = [
  'completed',
  'failed',
  'timedOut',
  'skipped',
  'cancelled',
  'compensated',
  'compensationFailed',
] as const;

/** A status that is never left (I5). */
export type TerminalStatus = (typeof TERMINAL)[number];

/** Every status that a run, a track or a step can show. */
export type Status = TerminalStatus | (typeof LIVE)[number];

const LIVE = [
  'pending',
  'awaitingApproval',
  'running',
  'waiting',
  'retrying',
  'paused',
  'awaitingIntervention',
  'cancelling',
  'compensating',
] as const;
/** All of them, for messages. */
export const STATUSES: readonly Status[] = /* @__PURE__ */ ([] as readonly Status[]).concat(LIVE, TERMINAL);
const STATUS_SET: ReadonlySet<string> = /* @__PURE__ */ new Set(STATUSES);

/** Is this a status that something can have? */
export function isStatus(status: unknown): status is Status {
  return typeof status === 'string' && STATUS_SET.has(status);
}

const TERMINAL_SET: ReadonlySet<string> = new Set(TERMINAL);

export function isTerminal(status: string): status is TerminalStatus {
  return TERMINAL_SET.has(status);
}

const FAILURES: ReadonlySet<string> = new Set(['failed', 'timedOut', 'compensationFailed'] satisfies TerminalStatus[]);

/** Is this how something ends that has gone wrong? */
export function isFailure(status: string): boolean {
  return FAILURES.has(status);
}
