/** How a builder is told what undoes a step, and that something is never undone (S13). */
import type { Compensation, CompensationDefinition, RetryPolicy, Undo } from '../definition.ts';
import type { Duration } from '../duration.ts';
import type { Note } from './notes.ts';
import { isOptions, readDuration, readOptions } from './reading.ts';
import { readRetry, type RetryOptions } from './retry.ts';

/** What a compensation is told: what the step was given and what it has left behind. */
export interface CompensationContext<I, O> {
  readonly input: I;
  readonly output: O;
  /** The same however often it is tried, and not the key of the step itself. */
  readonly key: string;
  /** Fires when its time is up, or when it is cut short. */
  readonly signal: AbortSignal;
}

/** What undoes a completed step: a function, or one with policies of its own. */
export type CompensationOption<I, O> =
  | ((context: CompensationContext<I, O>) => unknown)
  | {
      readonly run: (context: CompensationContext<I, O>) => unknown;
      /** Default: it is tried once. */
      readonly retry?: RetryOptions;
      /** How long each try may take. Default: as long as it likes. */
      readonly timeout?: Duration;
    };

/** What a step says of how it is undone. */
export interface UndoOptions<I, O> {
  /** Undoes the step here, whatever its task says. */
  readonly compensate?: CompensationOption<I, O>;
  /** What it does stays, and that is meant so. */
  readonly irreversible?: boolean;
}

/** What `.step` takes after the body. The mapper may be left out exactly when `{}` will do (S1). */
export type StepArguments<F, I, O> = {} extends I
  ? [input?: ((facts: F) => I) | undefined, options?: UndoOptions<I, O>]
  : [input: (facts: F) => I, options?: UndoOptions<I, O>];

const KEYS = ['run', 'retry', 'timeout'];

/** What is no function and no options is left for the check to report. */
export function readCompensation(given: unknown, parses: boolean, notes: Note[]): CompensationDefinition | undefined {
  if (given === undefined) return undefined;
  const options = typeof given === 'function' || !isOptions(given) ? { run: given } : given;
  const { run, retry, timeout } = readOptions(options, 'option "compensate"', KEYS, notes);
  return Object.freeze({
    run: run as Compensation,
    retry: readRetry(retry, 'option "retry" of a compensation', notes) as RetryPolicy,
    timeout: readDuration(timeout, 'compensate.timeout', undefined, notes),
    parses,
  });
}

export const UNDO_KEYS: readonly string[] = ['compensate', 'irreversible'];

/** Of the options of a step; undefined if they say nothing. */
export function readUndo(given: { readonly [key: string]: unknown }, notes: Note[]): Undo | undefined {
  if (given.compensate === undefined && given.irreversible === undefined) return undefined;
  const compensate = readCompensation(given.compensate, false, notes);
  return Object.freeze({ compensate, irreversible: (given.irreversible ?? false) as boolean });
}
