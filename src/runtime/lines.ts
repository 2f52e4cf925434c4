/** The course of a run as lines of a log: one for each event, with its run, its place and, where something failed, the error. */
import type { RunEvent } from '../events.ts';
import type { Logger, LogLine } from '../executor.ts';
import type { Followers } from './followers.ts';
import type { HostOptions } from './host-options.ts';

/** Tells committed events to those who follow, and to the log, if it is to have them. */
export function telling(followers: Followers, log: Logger | null): HostOptions['told'] {
  return (run, events, ended, row) => {
    if (log !== null) for (const event of events) log(lineOf(event));
    followers.tell(run, events, ended, row);
  };
}

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
