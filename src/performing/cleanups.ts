/** Cleanups: what tidies up after a body that was cut off is run here, in this process, once and within its time (S14). A box has them, and a machine without one. */
import type { Effect } from '../core/effect.ts';
import type { Message } from '../core/message.ts';
import { keyOf, type RunState } from '../core/run.ts';
import type { TaskDefinition } from '../definition.ts';
import { type ErrorRecord, reasonOf, toRecord } from '../errors/index.ts';
import type { Logger } from '../executor.ts';
import { asAnswer, type TracedCalls } from './traced.ts';

export interface CleanupsOptions {
  readonly timers: { in(ms: number, wake: () => void): () => void };
  readonly logger: Logger;
  readonly tracer: { beside(run: Facts, path: string): TracedCalls | null } | null;
  post(run: string, message: Message): void;
  /** Keeps a run in memory until what is answered is called. */
  hold(run: string): () => void;
  isSure(run: string): boolean;
  ifOurs(run: string, then: (ours: boolean) => void): void;
}

type Facts = RunState['facts'];

/** A cleanup under way, and who wants to know of its end. */
interface Tidying {
  readonly controller: AbortController;
  readonly waiting: ((error?: unknown) => void)[];
}

export class Cleanups {
  readonly #options: CleanupsOptions;
  /** Under way. */
  readonly #tidying = new Map<string, Tidying>();

  constructor(options: CleanupsOptions) {
    this.#options = options;
  }

  abortAll(reason: Error): void {
    for (const { controller } of this.#tidying.values()) controller.abort(reason);
  }

  /** That of a step that was cancelled; the answer is a message to its run. */
  begin(
    { id, facts }: Pick<RunState, 'id' | 'facts'>,
    { path, attempt, node, input, reason }: Extract<Effect, { do: 'cleanup' }>,
  ): void {
    const answer = (error?: unknown): void => {
      const record = error === undefined ? null : toRecord(error, { path, attempt });
      this.#options.post(id, { type: 'answer', from: 'cleanup', path, attempt, output: null, error: record });
    };
    if (node.task?.cleanup === undefined) return answer();
    const context = { input, key: keyOf(id, path, attempt), reason };
    this.bounded(facts, path, attempt, node.task, context, answer);
  }

  /** A cleanup: the user's function, once, bounded by its own timeout. */
  bounded(
    facts: Facts,
    path: string,
    attempt: number,
    task: TaskDefinition,
    context: object,
    then: (error?: unknown) => void,
  ): void {
    const { id: run } = facts;
    const key = keyOf(run, path, attempt);
    const underWay = this.#tidying.get(key);
    if (underWay !== undefined) {
      underWay.waiting.push(then);
      return;
    }
    const controller = new AbortController();
    const tidying: Tidying = { controller, waiting: [then] };
    const { timers, logger, tracer, hold } = this.#options;
    const place = tracer?.beside(facts, path) ?? null;
    let traced: ReturnType<TracedCalls['begin']> = null;
    let stop = (): void => {};
    const drop = (): boolean => {
      if (this.#tidying.get(key) !== tidying) return false;
      stop();
      this.#tidying.delete(key);
      release();
      return true;
    };
    const settle = (error?: unknown): void => {
      if (!drop()) return;
      traced?.over(asAnswer(error));
      if (error !== undefined) {
        logger({ level: 'error', message: `The cleanup of "${path}" failed: ${reasonOf(error)}`, run, path, attempt });
      }
      for (const each of tidying.waiting) each(error);
    };
    this.#tidying.set(key, tidying);
    const release = hold(run);
    const body = task.cleanup as unknown as (context: object) => unknown;
    const begin = (): unknown => {
      stop = timers.in(task.cleanupTimeout, () => {
        const late = new DOMException(`The cleanup of "${path}" did not end in time.`, 'TimeoutError');
        controller.abort(late);
        settle(late);
      });
      const call = (): unknown => body({ ...context, signal: controller.signal });
      traced = place?.begin({ what: 'cleanup', name: task.name, attempt }) ?? null;
      return traced === null ? call() : traced.within(call);
    };
    // Looked at once more: a process can be stopped between the commit and here, and the run is another's then.
    const begun = (): unknown =>
      this.#options.isSure(run)
        ? begin()
        : new Promise((resolve) => {
            this.#options.ifOurs(run, (ours) => {
              if (ours) resolve(Promise.resolve().then(begin));
              else drop();
            });
          });
    Promise.resolve()
      .then(begun)
      .then(() => settle(), settle);
  }
}

/** What a body that was still at work fails with. */
const CUT_OFF: ReadonlySet<string> = new Set(['step-timed-out', 'body-replaced']);

/** Was the body still at work when its attempt ended? Then what it had begun is tidied up (S11). */
export function isCutOff({ code }: ErrorRecord): boolean {
  return CUT_OFF.has(code);
}
