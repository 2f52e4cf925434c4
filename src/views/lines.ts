/** The course of a run as lines of a log: one for each event, with its run, its place and, where something failed, the error. */
import type { ErrorRecord } from '../errors/index.ts';
import { fromMs } from '../duration.ts';
import type { RunEvent } from '../events.ts';
import type { Logger, LogLine } from '../executor.ts';
import type { RunRow } from '../store.ts';
import { traceOf } from '../tracing.ts';

/** The line of an event. What failed is a warning; everything else is for who wants to look closely. */
export function lineOf(event: RunEvent, row?: RunRow): LogLine {
  const line: { -readonly [F in keyof LogLine]: LogLine[F] } = saidOf(event, row);
  const trace = traceOf(row?.metadata);
  if (trace !== null) line.trace = trace;
  return line;
}

function saidOf(event: RunEvent, row?: RunRow): LogLine {
  const { type, run, path } = event;
  const attempt = 'attempt' in event ? { attempt: event.attempt } : {};
  const place = path === '' ? '' : ` ${path}`;
  if ('signal' in event) {
    const { signal, id } = event;
    return { level: 'debug', message: `${type}${place}: "${signal}"`, run, path, fields: { signal, id } };
  }
  if (type === 'user.emitted') {
    const { name, data } = event;
    return { level: 'debug', message: `${type}${place}: "${name}"`, run, path, fields: { name, data } };
  }
  if (!('error' in event)) return { level: 'debug', message: `${type}${place}`, run, path, ...attempt };
  // What a kind from outside fails with is its own affair, and may be nothing.
  const { code, name, message } = (event.error as ErrorRecord | null) ?? NO_ERROR;
  const fields = { type, code, name };
  return { level: 'warn', message: `${happened(event, row)}: ${message}`, run, path, ...attempt, fields };
}

const NO_ERROR = { code: 'impossible', name: 'Error', message: 'it left no error' } as const;

/** What went wrong, and where, in words. */
function happened(event: Extract<RunEvent, { error: unknown }>, row: RunRow | undefined): string {
  const { path, type } = event;
  switch (type) {
    case 'step.retrying':
      return `step ${path}: attempt ${event.attempt} failed, next in ${fromMs(event.delay)}`;
    case 'step.failed':
    case 'step.timedOut': {
      const how = type === 'step.failed' ? 'failed' : 'timed out';
      return `step ${path} ${how}${event.attempt > 1 ? ` after ${event.attempt} attempts` : ''}`;
    }
    case 'run.failed': {
      const which = row === undefined ? 'run' : `run of orchestrator "${row.orchestrator}"`;
      return `${which} failed${event.error?.path ? ` at ${event.error.path}` : ''}`;
    }
    default:
      return `${type.slice(0, type.indexOf('.'))}${path === '' ? '' : ` ${path}`} ${type.slice(type.indexOf('.') + 1)}`;
  }
}

/** Turns committed events of one run into lines. `isAwaited`: somebody waits for the run's end, and is told of it there. */
export type Course = (events: readonly RunEvent[], row: RunRow | undefined, isAwaited: boolean, logger: Logger) => void;

/** Every event. */
export const tellAll: Course = (events, row, _, logger) => {
  for (const event of events) logger(lineOf(event, row));
};

/**
 * For a person at a terminal: one line for each failure and each retry. A run that fails is told with the step that
 * failed it, and only if nobody waits for its result.
 */
export const tellFailures: Course = (events, row, isAwaited, logger) => {
  const last = events.at(-1);
  const end = last?.type === 'run.failed' ? last : undefined;
  const cause = end?.error.path;
  for (const event of events) {
    if (!('error' in event)) continue;
    // A track that fails with one of its steps is no failure of its own.
    if (event !== end && (event.path === cause || (event.error.path ?? event.path) !== event.path)) continue;
    if (event !== end || !isAwaited) logger(lineOf(event, row));
  }
};

/** How long what a user's error says may be in a line of text. */
const LONGEST = 500;

/** A line as text: where, and what. What a user's error says may have lines of its own; here it has one. */
export function textOf({ message, run, path = '', fields }: LogLine): string {
  const place = run === undefined ? '' : ` [${message.includes(path) ? run : `${run}/${path}`}]`;
  return `signalbox${place}: ${fields?.code === undefined ? message : oneLine(message)}`;
}

/** A line for a logger that takes fields and a message. */
export type LogFields = Omit<LogLine, 'level' | 'message' | 'error' | 'fields'> & {
  /** Under the name by which such loggers know an error. */
  readonly err?: Error;
  readonly [field: string]: unknown;
};

/** All of a line but its level and its message. What a body has logged cannot take the place of where it was logged. */
export function fieldsOf({ level: _, message: __, error, fields, ...place }: LogLine): LogFields {
  return { ...fields, ...place, ...(error === undefined ? {} : { err: error }) };
}

function oneLine(message: string): string {
  const line = message.replace(/\s*\p{Cc}+\s*/gu, ' ');
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line;
}
