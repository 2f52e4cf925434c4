/**
 * The work of `executorSuite`: what an executor has to have done, wherever that is, by the name of its task. Each does what its input says, and
 * that is JSON, so a worker or another machine can have the same: `import { executorBodies } from 'signalbox/testing'`.
 */
import { systemClock } from '../clock.ts';
import type { Body, TaskContext } from '../definition.ts';
import { RetryAfter, TerminalError } from '../errors/index.ts';
import type { Json } from '../json.ts';

/** What `answer` and `follow` are told. */
export interface AnswerInput {
  readonly value: Json;
  /** It answers so many milliseconds later; 0: at once. */
  readonly after: number;
}

/** What `fail` is told: how each attempt up to the last ends, and what the one behind them answers. */
export interface FailInput {
  readonly how: 'error' | 'terminal' | 'retryAfter';
  readonly message: string;
  /** Before it has given a promise. */
  readonly atOnce: boolean;
  /** So many attempts fail. */
  readonly times: number;
}

/** How often `beat` gives a sign of life, and how long it waits in between, in milliseconds. */
export const BEATS = 100;
const BETWEEN_BEATS = 10;

type Context<I> = TaskContext<I>;

/** By the name of the task. `bodies` of an executor has the same; what runs elsewhere takes them from here. */
export const executorBodies: { readonly [task: string]: Body } = Object.freeze({
  answer: ({ input }: Context<AnswerInput>) => (input.after === 0 ? input.value : after(input.after, input.value)),

  /** Answers with what is no promise of the language's own. */
  follow: ({ input }: Context<AnswerInput>) => ({
    // biome-ignore lint/suspicious/noThenProperty: it is the point
    then: (resolve: (value: Json) => void) => void after(input.after, input.value).then(resolve),
  }),

  fail({ input, attempt, key }: Context<FailInput>) {
    const error = attempt > input.times ? null : errorOf(input);
    if (input.atOnce && error !== null) throw error;
    return error === null ? key : Promise.reject(error);
  },

  /** Answers with what it was handed. */
  facts: ({ input, key, attempt, deadline, run }: Context<Json>) => {
    const { id, key: startedUnder, startedAt, metadata, variables } = run;
    return { input, key, attempt, deadline, run: { id, key: startedUnder, startedAt, metadata, variables } };
  },

  tell({ log, progress }: Context<Json>) {
    log('told by a body', { n: 1 });
    progress(0.5, 'half');
    return null;
  },

  /** Says that it has begun, and ends by its signal alone. */
  async wait({ signal, log }: Context<Json>) {
    log('begun');
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    return `ended by ${(signal.reason as Error | undefined)?.name}`;
  },

  async beat({ beat, log, signal }: Context<Json>) {
    for (let count = 1; count <= BEATS && !signal.aborted; count += 1) {
      beat();
      log(`beat ${count}`);
      await after(BETWEEN_BEATS, null);
    }
    return 'alive';
  },
});

function errorOf({ how, message }: FailInput): Error {
  if (how === 'terminal') return new TerminalError(message);
  return how === 'retryAfter' ? new RetryAfter(7_000, message) : new RangeError(message);
}

function after<T>(ms: number, value: T): Promise<T> {
  return new Promise((resolve) => {
    systemClock.wakeAfter(ms, () => resolve(value));
  });
}
