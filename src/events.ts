/**
 * The history of a run: a closed union of facts, numbered without a gap.
 *
 * A type is a noun (`run`, `track`, `step`) and what happened to it. The table below is the
 * only list: the TypeScript union and the check at the border both derive from it. An
 * event tells that something happened; the payload of it (an output) stands in the step's
 * row and is not told twice.
 */
import { type ErrorRecord, show } from './errors/index.ts';
import type { Json, JsonObject } from './json.ts';
import { isTerminal } from './status.ts';

export { isStatus, isTerminal, type Status, type TerminalStatus } from './status.ts';

/** Every type of event with the fields that it has beside the common ones. */
const EVENT_FIELDS = {
  'run.started': { orchestrator: 'string', version: 'string' },
  // It takes over what had finished in run `of` before step `from`, so many places, and goes on from there.
  'run.rerun': { of: 'string', from: 'string', taken: 'number' },
  'run.paused': {},
  'run.resumed': {},
  'run.cancelling': { reason: 'string?' },
  'run.compensating': {},
  'run.awaitingIntervention': {},
  'run.completed': {},
  'run.failed': { error: 'error' },
  'run.timedOut': { error: 'error' },
  'run.skipped': {},
  // Abandoned: ended by its rows alone (S18). Left out of every other cancel.
  'run.cancelled': { reason: 'string?', abandoned: 'true, or left out' },
  'run.compensated': {},

  'track.started': {},
  'track.cancelling': { reason: 'string?' },
  'track.completed': {},
  'track.failed': { error: 'error' },
  'track.timedOut': { error: 'error' },
  'track.skipped': {},
  'track.cancelled': { reason: 'string?' },

  'step.awaitingApproval': {},
  // It has failed for good, and stands still.
  'step.awaitingIntervention': { attempt: 'number', error: 'error' },
  'step.waiting': { due: 'number?' },
  'step.paused': { reason: 'string?' },
  'step.started': { attempt: 'number' },
  'step.progress': { attempt: 'number', fraction: 'number', note: 'string?' },
  'step.retrying': { attempt: 'number', error: 'error', delay: 'number', due: 'number' },
  'step.cancelling': { attempt: 'number', reason: 'string?' },
  'step.compensating': { attempt: 'number' },
  'step.completed': { attempt: 'number' },
  'step.failed': { attempt: 'number', error: 'error' },
  'step.timedOut': { attempt: 'number', error: 'error' },
  'step.skipped': {},
  'step.cancelled': { attempt: 'number', reason: 'string?' },
  'step.compensated': { attempt: 'number' },
  'step.compensationFailed': { attempt: 'number', error: 'error' },

  'children.skipped': { count: 'number', steps: 'number' },

  'signal.accepted': { signal: 'string', id: 'string' },
  'signal.buffered': { signal: 'string', id: 'string' },

  'approval.requested': {
    approval: 'string',
    question: 'string',
    users: 'json',
    roles: 'json',
    decisions: 'json',
    due: 'number?',
  },
  'approval.changed': { approval: 'string', act: 'string', by: 'string', revision: 'number' },
  'approval.reminded': { approval: 'string', users: 'json', roles: 'json' },
  'approval.resolved': {
    approval: 'string',
    decision: 'string',
    by: 'string?',
    revision: 'number',
    override: 'true, or left out',
  },
  'approval.expired': { approval: 'string', outcome: 'string' },
  'approval.withdrawn': { approval: 'string' },
  // The output of a step was kept from before, by the run `from`; or it was not, and is made.
  'cache.hit': { attempt: 'number', from: 'string' },
  'cache.missed': { attempt: 'number' },

  // A hook has failed, and nothing else came of it.
  'hook.failed': { hook: 'string', on: 'string', error: 'error' },

  // Of the user's own, by an emit step.
  'user.emitted': { name: 'string', data: 'json' },
} as const;

type FieldTypes = {
  string: string;
  'string?': string | null;
  number: number;
  'number?': number | null;
  error: ErrorRecord;
  json: Json;
  'true, or left out': true;
};
const WANTED: { readonly [T in keyof FieldTypes]: string } = {
  string: 'a string',
  'string?': 'a string or null',
  number: 'a number',
  'number?': 'a number or null',
  error: 'an error record',
  json: 'a JSON value',
  'true, or left out': 'true, or left out',
};
type Fields<T extends EventType> = (typeof EVENT_FIELDS)[T];
type FieldsOf<T extends EventType> = {
  readonly [F in keyof Fields<T> as Fields<T>[F] extends 'true, or left out' ? never : F]: FieldTypes[Fields<T>[F] &
    keyof FieldTypes];
} & { readonly [F in keyof Fields<T> as Fields<T>[F] extends 'true, or left out' ? F : never]?: true };

/** A noun and what happened to it: `step.failed`. */
export type EventType = keyof typeof EVENT_FIELDS;

/** What every event has. */
export interface EventBase<T extends string = string> {
  readonly run: string;
  /** 1 for the first event of a run, and then without a gap. */
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly type: T;
  /** The actor that it happened to; empty for the run itself. */
  readonly path: string;
}

/** A numbered fact in a run's history. */
export type RunEvent = { [T in EventType]: EventBase<T> & FieldsOf<T> }[EventType];

/** One type of event: `EventOf<'step.failed'>`. */
export type EventOf<T extends EventType> = Extract<RunEvent, { readonly type: T }>;

/** An event as a reader gets it: with the metadata that its run was started with (S6). */
export type ReadEvent<E extends RunEvent = RunEvent> = E & { readonly metadata: JsonObject };

/** Every type of event. */
export const EVENT_TYPES = /* @__PURE__ */ Object.keys(EVENT_FIELDS) as readonly EventType[];

/** What is wrong with `event`, or null: the check of what comes from a store or a wire. */
export function faultOfEvent(event: unknown): string | null {
  if (typeof event !== 'object' || event === null) return 'it is not an object';
  const given = event as { readonly [field: string]: unknown };
  const { type } = given;
  if (typeof type !== 'string' || !Object.hasOwn(EVENT_FIELDS, type)) return `there is no event type ${show(type)}`;
  const fields = EVENT_FIELDS[type as EventType];
  if (!Number.isInteger(given.seq)) return 'its "seq" is not a whole number';
  for (const [field, type] of Object.entries({
    run: 'string',
    seq: 'number',
    at: 'number',
    path: 'string',
    ...fields,
  })) {
    if (!fits(given[field], type as keyof FieldTypes))
      return `its "${field}" is not ${WANTED[type as keyof FieldTypes]}`;
  }
  return null;
}

function fits(value: unknown, type: keyof FieldTypes): boolean {
  switch (type) {
    case 'string':
      return typeof value === 'string';
    case 'string?':
      return value === null || typeof value === 'string';
    case 'number':
      return typeof value === 'number' && Number.isFinite(value);
    case 'number?':
      return value === null || fits(value, 'number');
    case 'true, or left out':
      return value === undefined || value === true;
    case 'json':
      return !['undefined', 'function', 'symbol', 'bigint'].includes(typeof value);
    case 'error':
      return typeof value === 'object' && value !== null && typeof (value as ErrorRecord).code === 'string';
    default:
      return type satisfies never;
  }
}

/** Does this type end a run? */
export function endsRun(type: EventType): boolean {
  return type.startsWith('run.') && isTerminal(type.slice('run.'.length));
}
