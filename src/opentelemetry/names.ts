/**
 * What spans are called and what they say of what they stand for: the one place that knows names of attributes.
 *
 * Those under `signalbox.` are ours and stay. Beside them stand names of the conventions for workflows that are being worked
 * out (`workflow.*`, in development), so that a tool which knows those finds a run; they may change with the conventions.
 */
import type { Attributes } from '@opentelemetry/api';
import type { Status } from '../status.ts';
import type { TracedCall, TracedRun } from '../tracing.ts';

/** The name of the instrumentation. */
export const SCOPE = 'signalbox';

/** What ends in each of these is, in the words of the conventions: */
const OUTCOMES: { readonly [S in Status]?: string } = {
  completed: 'success',
  failed: 'failure',
  compensated: 'failure',
  timedOut: 'timeout',
  cancelled: 'cancelled',
  skipped: 'skipped',
};

/** How a span says how what it stands for has ended, or why it ends although that has not. */
export const STATUS = 'signalbox.status';

const NUMBER = /\/\d/;

/** Many items of a collection, many rounds of a loop: a name of a span has none of their numbers. */
function withoutNumbers(path: string): string {
  return NUMBER.test(path) ? path.replace(/(?<=\/)\d+(?=\/|$)/g, '*') : path;
}

export const spanName = {
  start: (orchestrator: string): string => `start ${orchestrator}`,
  run: (orchestrator: string | null): string => (orchestrator === null ? 'run' : `run ${orchestrator}`),
  below: (noun: string, path: string): string => `${noun} ${withoutNumbers(path)}`,
  attempt: (task: string): string => `attempt ${task}`,
  undo: (task?: string): string => (task === undefined ? 'undo' : `undo ${task}`),
  call: (call: TracedCall): string => (call.what === 'hook' ? `hook ${call.on} ${call.name}` : `cleanup ${call.name}`),
};

export function ofStart(orchestrator: string): Attributes {
  return { 'signalbox.orchestrator': orchestrator, 'workflow.name': orchestrator };
}

export function ofRun(
  run: string,
  orchestrator: string | null,
  version: string | null,
  parent: TracedRun['parent'],
): Attributes {
  const attributes = runIs(run);
  if (orchestrator !== null) Object.assign(attributes, ofStart(orchestrator));
  if (version !== null) attributes['signalbox.version'] = version;
  if (parent !== null) {
    attributes['signalbox.parent.run'] = parent.run;
    attributes['signalbox.parent.path'] = parent.path;
  }
  return attributes;
}

export function runIs(run: string): Attributes {
  return { 'signalbox.run': run, 'workflow.execution.id': run };
}

export function ofPlace(run: string, path: string): Attributes {
  return { 'signalbox.run': run, 'signalbox.path': path };
}

export function ofAttempt(run: string, path: string, attempt: number, task: string, key: string): Attributes {
  return {
    'signalbox.run': run,
    'signalbox.path': path,
    'signalbox.attempt': attempt,
    'signalbox.task': task,
    'signalbox.key': key,
    'workflow.task.name': task,
  };
}

/** What is no body says what it is. */
export function ofUndo(run: string, path: string, attempt: number, task: string, key: string): Attributes {
  return { ...ofAttempt(run, path, attempt, task, key), 'signalbox.call': 'undo' };
}

/** A history tells numbers of attempts, and no names of tasks. */
export function ofPastAttempt(run: string, path: string, attempt: number): Attributes {
  return { ...ofPlace(run, path), 'signalbox.attempt': attempt };
}

export function ofPastUndo(run: string, path: string): Attributes {
  return { ...ofPlace(run, path), 'signalbox.call': 'undo' };
}

/** Of a wait, which is an event and no span: how long it was. */
export function ofLength(ms: number): Attributes {
  return { 'signalbox.ms': ms };
}

/** As `ofUndo`; of a hook, which one it is, and which moment. */
export function ofCall(run: string, path: string, call: TracedCall): Attributes {
  const place = { ...(path === '' ? { 'signalbox.run': run } : ofPlace(run, path)), 'signalbox.call': call.what };
  return call.what === 'hook'
    ? { ...place, 'signalbox.hook': call.name, 'signalbox.hook.on': call.on }
    : { ...place, 'signalbox.attempt': call.attempt, 'signalbox.task': call.name };
}

/** What came of a run, in the words of the conventions; null where they have none. */
export function ofOutcome(status: Status): Attributes | null {
  const outcome = OUTCOMES[status];
  return outcome === undefined ? null : { 'workflow.execution.outcome': outcome };
}

export function ofStatus(status: Status, isRun: boolean): Attributes {
  return { [STATUS]: status, ...(isRun ? ofOutcome(status) : null) };
}

export function ofError(code: string): Attributes {
  return { 'error.type': code };
}
