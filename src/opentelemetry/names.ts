/**
 * What spans are called and what they say of what they stand for: the one place that knows names of attributes.
 *
 * Those under `signalbox.` are ours and stay. Beside them stand names of the conventions for workflows that are being worked
 * out (`workflow.*`, in development), so that a tool which knows those finds a run; they may change with the conventions.
 */
import type { Attributes } from '@opentelemetry/api';
import type { Status } from '../status.ts';
import type { TracedRun } from '../tracing.ts';

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

/** Many items of a collection, many rounds of a loop: a name of a span has none of their numbers. */
function withoutNumbers(path: string): string {
  return path.replace(/(?<=\/)\d+(?=\/|$)/g, '*');
}

export const spanName = {
  start: (orchestrator: string): string => `start ${orchestrator}`,
  run: (orchestrator: string | null): string => (orchestrator === null ? 'run' : `run ${orchestrator}`),
  below: (noun: string, path: string): string => `${noun} ${withoutNumbers(path)}`,
  attempt: (task: string): string => `attempt ${task}`,
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
  return {
    ...runIs(run),
    ...(orchestrator === null ? {} : ofStart(orchestrator)),
    ...(version === null ? {} : { 'signalbox.version': version }),
    ...(parent === null ? {} : { 'signalbox.parent.run': parent.run, 'signalbox.parent.path': parent.path }),
  };
}

export function runIs(run: string): Attributes {
  return { 'signalbox.run': run, 'workflow.execution.id': run };
}

export function ofPlace(run: string, path: string): Attributes {
  return { 'signalbox.run': run, 'signalbox.path': path };
}

export function ofAttempt(run: string, path: string, attempt: number, task: string, key: string): Attributes {
  return {
    ...ofPlace(run, path),
    'signalbox.attempt': attempt,
    'signalbox.task': task,
    'signalbox.key': key,
    'workflow.task.name': task,
  };
}

/** What came of it, or why its span ends although it has not ended. */
export function ofStatus(status: Status, isRun: boolean): Attributes {
  const outcome = isRun ? OUTCOMES[status] : undefined;
  return {
    'signalbox.status': status,
    ...(outcome === undefined ? {} : { 'workflow.execution.outcome': outcome }),
  };
}

export function ofError(code: string): Attributes {
  return { 'error.type': code };
}
