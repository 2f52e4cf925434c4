/** What a step says of itself beside its body and its mapper: what undoes it, that it is never undone (S13), and what its failure means (S12). */
import type { Options } from '../core/declaration.ts';
import type { Compensation, CompensationDefinition, RetryPolicy, StepDefinition, Undo } from '../definition.ts';
import type { Duration } from '../duration.ts';
import { type CacheOptions, readCache } from './cache.ts';
import type { Note } from './notes.ts';
import { isOptions, NO_OPTIONS, readDuration, readOptions } from './reading.ts';
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
export type StepArguments<F, I, O, May extends boolean = boolean> = {} extends I
  ? [input?: ((facts: F) => I) | undefined, options?: StepOptions<I, O, May>]
  : [input: (facts: F) => I, options?: StepOptions<I, O, May>];

/** What a step may say of itself beside what it is given. */
export interface StepOptions<I, O, May extends boolean = boolean> extends UndoOptions<I, O> {
  /** If it fails, its output is `null`, and what it stands in goes on, and completes with errors (S12). */
  readonly optional?: May;
  /** If it fails, its output is `null`, what runs beside and after it finishes, and then its track and its run fail (S12). */
  readonly permissive?: May;
  /** For how long an output is the answer to the same input here, whatever the task says (S32). */
  readonly cache?: CacheOptions<I>;
}

/** The output of a step that may have failed. */
export type Perhaps<O, May extends boolean> = true extends May ? O | null : O;

const KEYS = ['run', 'retry', 'timeout'];

/** What is no function and no options is left for the check to report. */
export function readCompensation(given: unknown, parses: boolean, notes: Note[]): CompensationDefinition | undefined {
  if (given === undefined) return undefined;
  const options = typeof given === 'function' || !isOptions(given) ? { run: given } : given;
  const read = readOptions(options, 'option "compensate"', KEYS, notes);
  // What cannot be read has been told.
  if (read === NO_OPTIONS) return undefined;
  const { run, retry, timeout } = read;
  return Object.freeze({
    run: run as Compensation,
    retry: readRetry(retry, 'option "retry" of a compensation', notes) as RetryPolicy,
    timeout: readDuration(timeout, 'compensate.timeout', undefined, notes),
    parses,
  });
}

export const UNDO_KEYS: readonly string[] = ['compensate', 'irreversible'];
export const STEP_OPTIONS: readonly string[] = [...UNDO_KEYS, 'optional', 'permissive', 'cache'];

/** What a step says of itself, as its definition has it: nothing of what was not said. */
export function readStepOptions(
  given: Options,
  notes: Note[],
): Pick<StepDefinition, 'undo' | 'optional' | 'permissive' | 'cache'> {
  const { compensate, irreversible, optional, permissive, cache } = given;
  const more = {
    ...(optional === undefined ? {} : { optional: optional as boolean }),
    ...(permissive === undefined ? {} : { permissive: permissive as boolean }),
    ...(cache === undefined ? {} : { cache: readCache(cache, notes) }),
  };
  if (compensate === undefined && irreversible === undefined) return more;
  const undo: Undo = Object.freeze({
    compensate: readCompensation(compensate, false, notes),
    irreversible: (irreversible === undefined ? false : irreversible) as boolean,
  });
  return { ...more, undo };
}
