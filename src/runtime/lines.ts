/** The course of a run as lines of a log: one for each event, with its run, its place and, where something failed, the error. */
import type { RunEvent } from '../events.ts';
import type { LogLine } from '../executor.ts';

/** The line of an event. What failed is a warning; everything else is for who wants to look closely. */
export function lineOf(event: RunEvent): LogLine {
  const { type, run, path } = event;
  const attempt = 'attempt' in event ? { attempt: event.attempt } : {};
  const place = path === '' ? '' : ` ${path}`;
  if ('signal' in event) {
    const { signal, id } = event;
    return { level: 'debug', message: `${type}${place}: "${signal}"`, run, path, fields: { signal, id } };
  }
  if (!('error' in event)) return { level: 'debug', message: `${type}${place}`, run, path, ...attempt };
  const { code, name, message } = event.error;
  return { level: 'warn', message: `${type}${place}: ${message}`, run, path, ...attempt, fields: { code, name } };
}
