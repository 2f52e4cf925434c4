/**
 * The executor: where the bodies of tasks run. In this process by default; a worker thread or
 * another machine by the same page.
 *
 * A job is handed over only after the turn that asked for it was committed (I1). It may be
 * handed over again after a crash, under the same key (I6). Its answer may come late, twice
 * or never: the machine of the step decides what an answer is still worth (I5).
 */
import type { RunFacts, TaskDefinition } from './definition.ts';
import type { JsonObject } from './json.ts';

/** One attempt, ready to be made. */
export interface Job {
  readonly task: TaskDefinition;
  /** `<run>/<path>#<attempt>`. */
  readonly key: string;
  readonly attempt: number;
  /** Of the step, below its run. */
  readonly path: string;
  /** Parsed by the task's schema: what the body is given. */
  readonly input: unknown;
  /** When the attempt times out, in milliseconds since 1970, or null. */
  readonly deadline: number | null;
  readonly run: RunFacts;
  /** Fires when the attempt is cancelled or times out. Made when first asked for: most bodies never do. */
  signal(): AbortSignal;
  log(message: string, fields?: JsonObject): void;
  progress(fraction: number, note?: string): void;
  /** A sign of life, for a task with a `heartbeat`. */
  beat(): void;
}

/** How a job ended. `sync` tells that the body threw before it gave a promise. */
export type Answer =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: unknown; readonly sync: boolean };

/** Where the bodies of tasks run. */
export interface Executor {
  /** Begins the job. `answer` is to be called once; a second call is ignored and counted. */
  execute(job: Job, answer: (answer: Answer) => void): void;
}

/** A line about a run, for a log: which run, which step, what. */
export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly run?: string;
  readonly path?: string;
  readonly attempt?: number;
  /** The id of the trace that the run was started under. */
  readonly trace?: string;
  readonly fields?: JsonObject;
  readonly error?: Error;
}

/** Where lines go. `console` fits after a `JSON.stringify`; so do the usual loggers. */
export type Logger = (line: LogLine) => void;
