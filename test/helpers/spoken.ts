/** What machines of every kind are told where all that they make of it is told (`moves.ts`): errors, answers, and what people say. */
import type { Event, Scene } from './moves.ts';

const error = { code: 'task-failed', name: 'Error', message: 'no' };

/** Errors that machines tell apart. */
export const faults = {
  error,
  earlier: { code: 'task-failed', name: 'Error', message: 'earlier' },
  final: { code: 'task-failed', name: 'TerminalError', message: 'never', retryable: false },
  late: { code: 'step-timed-out', name: 'StepTimedOut', message: 'late', retryable: false },
  expired: { code: 'approval-expired', name: 'ApprovalExpired', message: 'nobody', retryable: false },
  left: { code: 'child-failed', name: 'ChildFailed', message: 'not undone', retryable: false },
} as const;

/** Memories, by what they mean. */
export type Memories = Scene['states'][string];

/** Of a machine that has not begun. */
export const newborn: Memories = { new: {} };

/** What an actor has answered that was invoked. */
export const answered = (actor: string, ...answers: readonly object[]): Event[] =>
  answers.map((more) => ({ type: `xstate.done.actor.${actor}`, ...more }));

/** What people say to any machine. */
export const spoken: readonly Event[] = [
  { type: 'fail', error },
  { type: 'fail', error, spared: true },
  { type: 'skip' },
  { type: 'skip', output: 7 },
  { type: 'skip', output: undefined },
  { type: 'cancel' },
  { type: 'cancel', reason: null },
  { type: 'cancel', reason: 'enough' },
  { type: 'cancel', reason: 'enough', force: true },
  { type: 'cancel', reason: 'enough', force: false },
  { type: 'cancel', reason: 'enough', compensate: true },
  { type: 'cancel', reason: 'now', compensate: true, force: true },
  { type: 'retry' },
  { type: 'retry', input: 'other' },
  { type: 'retry', input: undefined },
  { type: 'retry', input: null },
  { type: 'resolve', output: 'by hand' },
  { type: 'resolve', output: null },
];
