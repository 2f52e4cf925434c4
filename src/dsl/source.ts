/**
 * Where in the user's source something was defined: `src/flow.ts:31`, for messages. A builder notes the one
 * frame that called it, which costs a microsecond or two; the frame becomes text only when something is wrong.
 *
 * It stands in a definition, or a step of one, where nobody sees it who does not ask: a definition stays plain
 * data. (A `WeakMap` would be tidier. With a hundred thousand entries it takes longer than all the rest.)
 */
import { elapsedBy, systemClock } from '../clock.ts';

/** V8 writes to `stack` when it is first read. */
interface Trace {
  readonly stack?: unknown;
}

/** A function of ours that users call. */
export type Builder = (...args: never[]) => unknown;

const TRACE = Symbol('trace');
type Traced = object & { readonly [TRACE]?: Trace };

/**
 * So many are noted in a second. Whoever defines more does so in a loop, whose place has been noted by then; a process that goes
 * on for days, and loads what was changed anew, is not left without places.
 */
const MOST = 20_000;
const SECOND = 1_000;
let [left, since] = [MOST, Number.NEGATIVE_INFINITY];

function isSpent(): boolean {
  if (left > 0) return false;
  const now = elapsedBy(systemClock);
  if (now - since < SECOND) return true;
  [left, since] = [MOST, now];
  return false;
}

/** Remembers who called `builder`, which is one of ours, to make `made`. To be called before that is frozen. */
export function from<T extends object>(builder: Builder, made: T): T {
  // Other engines have no such function, and do without.
  if (isSpent() || Error.captureStackTrace === undefined || Object.isFrozen(Error)) return made;
  left -= 1;
  const { stackTraceLimit } = Error;
  const trace: Trace = {};
  Error.stackTraceLimit = 1;
  Error.captureStackTrace(trace, builder);
  Error.stackTraceLimit = stackTraceLimit;
  return Object.defineProperty(made, TRACE, { value: trace });
}

/** The same place for one more thing that was made there. */
export function alsoFrom<T extends object>(other: Traced, made: T): T {
  const trace = other[TRACE];
  return trace === undefined ? made : Object.defineProperty(made, TRACE, { value: trace });
}

const FRAME = /\(?([^\s()][^()]*):(\d+):\d+\)?$/;

/** Where the first of these was defined of which that is known: a file, relative to the working directory, and a line. */
export function sourceOf(...owners: readonly Traced[]): string | undefined {
  const trace = owners.find((owner) => owner[TRACE] !== undefined)?.[TRACE];
  const [, file, line] = FRAME.exec(frameOf(trace)) ?? [];
  return file === undefined ? undefined : `${relative(file)}:${line}`;
}

function frameOf(trace: Trace | undefined): string {
  try {
    const text = trace?.stack;
    return typeof text === 'string' ? (text.trimEnd().split(/\n\s+at /)[1] ?? '') : '';
  } catch {
    // A hook of somebody's that turns traces into text has thrown. The message does without.
    return '';
  }
}

function relative(file: string): string {
  const path = file.startsWith('file:///') ? decodeURI(file.slice('file://'.length)) : file.replace(/^async /, '');
  const folder = typeof process === 'object' && typeof process.cwd === 'function' ? process.cwd() : '';
  return folder !== '' && path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : path;
}
