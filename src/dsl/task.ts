/**
 * `task(name, …)`: a contract – schemas and policies – and perhaps a body.
 *
 * Fills in what was left out and turns durations into milliseconds. It throws nothing:
 * what is wrong is reported with everything else when the definition is checked (S3).
 */
import type { Body, Cleanup, TaskDefinition } from '../definition.ts';
import type { Duration } from '../duration.ts';
import type { StepHook } from '../hooks.ts';
import type { InputOf, OutputOf, Schema } from '../schema.ts';
import { readBudgets } from './budgets.ts';
import { CACHED_AND_UNDONE, type CacheOptions, readCache } from './cache.ts';
import { readHooks } from './hooks.ts';
import { readConcurrency, readRate, type TaskLimits } from './limits.ts';
import { leaveNotes, type Note } from './notes.ts';
import { nodeOfBody } from './plan.ts';
import { readAsked } from './asked.ts';
import type { AskOptions, TaskAsked, TaskReviewed } from './approval.ts';
import type { AsksOf } from './decisions.ts';
import { readDuration, readOptions } from './reading.ts';
import { madeReadyBy } from './ready.ts';
import { readRetry, type RetryOptions } from './retry.ts';
import { from } from './source.ts';
import type { Call, Runnable, TaskBody } from './types.ts';
import { type CompensationOption, readCompensation, UNDO_KEYS } from './undo.ts';

/** What a task is made of. */
export interface TaskOptions<I extends Schema, O extends Schema, R> extends TaskLimits<InputOf<I>> {
  /** What the body takes. An input that does not fit never reaches the body (S4). */
  readonly input: I;
  /** What the body gives. An output that does not fit fails this step, not the next one (S4). */
  readonly output: O;
  /** The body. Without it, whoever runs the orchestrator binds one under the task's name. */
  readonly run?: R;
  /** Undoes a completed step. */
  readonly compensate?: CompensationOption<OutputOf<I>, OutputOf<O>>;
  /** What it does stays: it is not undone, and that is meant so. */
  readonly irreversible?: boolean;
  /** Tidies up after an attempt that was cancelled or timed out (S14). */
  readonly cleanup?: (context: {
    readonly input: OutputOf<I>;
    readonly key: string;
    readonly reason: string;
    readonly signal: AbortSignal;
  }) => unknown;
  /** How long `cleanup` may take. Default `'30s'`. */
  readonly cleanupTimeout?: Duration;
  readonly retry?: RetryOptions;
  /** Somebody is asked before the body begins; what is decided on is the input. */
  readonly approval?: AskOptions<TaskAsked<InputOf<I>>, InputOf<I>>;
  /** Somebody is asked about what the body has left behind, and may have it tried again. */
  readonly review?: AskOptions<TaskReviewed<InputOf<I>, OutputOf<O>>, OutputOf<O>>;
  /** How long one attempt may take (S11). Default: as long as it likes. */
  readonly timeout?: Duration;
  /** How long the step may take, with all its attempts and the pauses between them. Default: no limit. */
  readonly totalTimeout?: Duration;
  /** A body that calls neither `beat()` nor `progress()` for so long is timed out. Default: it need not. */
  readonly heartbeat?: Duration;
  /** For how long an output is the answer to the same input, so that the body is not called again (S32). Default: each is made. */
  readonly cache?: CacheOptions<InputOf<I>>;
  /** What is called before and after its attempts (S31), after the hooks of what it stands in. */
  readonly hooks?: readonly StepHook[];
}

/** A named, typed unit of work. `I` is what a mapper hands to it, `O` what it leaves behind. */
export interface Task<N extends string, I, O, C> extends Runnable<I, O, C> {
  readonly is: 'task';
  readonly name: N;
  readonly definition: TaskDefinition;
}

const TASK_KEYS = [
  'input',
  'output',
  'run',
  ...UNDO_KEYS,
  'cleanup',
  'cleanupTimeout',
  'retry',
  'timeout',
  'totalTimeout',
  'heartbeat',
  'concurrency',
  'rate',
  'budget',
  'priority',
  'approval',
  'review',
  'hooks',
  'cache',
];

const DEFAULT_CLEANUP_TIMEOUT = 30_000;

/**
 * Declares a task.
 *
 * @example
 * const charge = task('charge', {
 *   input: z.object({ cents: z.number() }),
 *   output: z.object({ receipt: z.string() }),
 *   retry: { maxAttempts: 5, delay: '1s', maxDelay: '1m', jitter: 0.2 },
 *   timeout: '30s',
 *   run: ({ input, key, signal }) => bank.charge(input.cents, { idempotencyKey: key, signal }),
 * });
 */
export function task<
  const N extends string,
  I extends Schema,
  O extends Schema,
  // No default: it would be what an untyped `({ input }) => …` is read against.
  R extends TaskBody<OutputOf<I>, InputOf<O>> | undefined,
  A,
  B,
>(
  name: N,
  options: TaskOptions<I, O, R> & { readonly approval?: A; readonly review?: B },
): Task<
  N,
  InputOf<I>,
  OutputOf<O>,
  | Call<N, TaskBody<OutputOf<I>, InputOf<O>>, undefined extends R ? false : true>
  | AsksOf<A, InputOf<I>, InputOf<O>>
  | AsksOf<B, InputOf<O>, InputOf<O>, InputOf<I>>
> {
  const notes: Note[] = [];
  const given = readOptions(options, 'options of a task', TASK_KEYS, notes, 'all');
  const { irreversible = false } = given;
  const cache = readCache(given.cache, notes);
  if (cache !== undefined && given.compensate !== undefined)
    notes.push({ code: 'bad-option', message: CACHED_AND_UNDONE });
  const definition: TaskDefinition = from(task, {
    is: 'task',
    name,
    input: given.input as Schema,
    output: given.output as Schema,
    run: given.run as Body | undefined,
    compensate: readCompensation(given.compensate, true, notes),
    irreversible: irreversible as boolean,
    cleanup: given.cleanup as Cleanup | undefined,
    cleanupTimeout: readDuration(given.cleanupTimeout, 'cleanupTimeout', DEFAULT_CLEANUP_TIMEOUT, notes),
    retry: readRetry(given.retry, 'option "retry" of a task', notes),
    timeout: readDuration(given.timeout, 'timeout', undefined, notes),
    totalTimeout: readDuration(given.totalTimeout, 'totalTimeout', undefined, notes),
    heartbeat: readDuration(given.heartbeat, 'heartbeat', undefined, notes),
    limits: [...readConcurrency(given.concurrency, 'concurrency', notes), ...readRate(given.rate, notes)],
    budgets: readBudgets(given.budget, notes),
    priority: given.priority as TaskDefinition['priority'],
    ...readAsked('approval', given.approval, 'a task', notes),
    ...readAsked('review', given.review, 'a task', notes),
    hooks: readHooks(given.hooks, 'task', notes),
    cache,
  });
  leaveNotes(Object.freeze(definition), notes);
  madeReadyBy(definition, () => nodeOfBody(definition));
  return Object.freeze({ is: 'task', name, definition });
}
