/**
 * One round of hooks (S31): each is called in turn and may answer at once or later, within its time. Nothing that one throws, answers
 * or leaves undone reaches anything but the round.
 */
import { fromMs } from '../../duration.ts';
import { HookFailed, HookTimedOut, reasonOf } from '../../errors/index.ts';
import type { HookDefinition, HookName } from '../../hooks.ts';
import { asAnswer, type Traced, type TracedCalls } from '../../performing/traced.ts';
import { isThenable } from '../../promises.ts';

/** What a hook has done wrong. */
export type HookError = HookFailed | HookTimedOut;

/** What rounds need of their surroundings. */
export interface RoundSurroundings {
  wakeAfter(ms: number, wake: () => void): () => void;
}

export interface RoundOptions {
  readonly hooks: readonly HookDefinition[];
  readonly on: HookName;
  /** What each is told, beside the signal. */
  readonly facts: object;
  /** Null where they are not traced. */
  readonly place: TracedCalls | null;
  /** One has failed, and the round goes on. */
  warn(hook: HookDefinition, error: HookError): void;
  /** All were called; or, with an error, one that comes before something has failed, and that is not to begin. */
  done(stopped: HookError | null): void;
  /** It was given up before that. */
  aborted?(reason: Error): void;
}

export class HookRound {
  readonly #around: RoundSurroundings;
  readonly #options: RoundOptions;
  /** How many were called. */
  #called = 0;
  #told: Told | null = null;
  #traced: Traced | null = null;
  #stopTimer: (() => void) | null = null;
  isOver = false;
  /** Called before its end is told. */
  whenOver: (() => void) | null = null;

  constructor(around: RoundSurroundings, options: RoundOptions) {
    this.#around = around;
    this.#options = options;
  }

  /** Calls the next one, and all after it that answer at once. */
  go(): void {
    const { hooks, on, facts, place } = this.#options;
    while (!this.isOver) {
      const hook = hooks[this.#called];
      if (hook === undefined) return this.#end(null);
      this.#called += 1;
      // Each has a signal of its own: one whose time was up says nothing about the next.
      const told = new Told(facts);
      this.#told = told;
      const call = (): unknown => (hook.calls[on] as (facts: object) => unknown)(told);
      const traced = place?.begin({ what: 'hook', name: hook.name, on }) ?? null;
      this.#traced = traced;
      let answer: unknown;
      let waits: boolean;
      try {
        answer = traced === null ? call() : traced.within(call);
        waits = isThenable(answer);
      } catch (thrown) {
        traced?.over(asAnswer(thrown));
        this.#failed(hook, new HookFailed({ hook: hook.name, on, reason: reasonOf(thrown) }, thrown));
        continue;
      }
      if (waits) return this.#wait(hook, answer);
      traced?.over(asAnswer(null));
    }
  }

  /** Nobody waits for it any more: the hook under way is told by its signal, the others are not called, and nothing is answered. */
  abort(reason: Error): void {
    if (this.isOver) return;
    this.isOver = true;
    this.whenOver?.();
    this.#stopTimer?.();
    this.#told?.abort(reason);
    this.#traced?.over(null);
    this.#options.aborted?.(reason);
  }

  #wait(hook: HookDefinition, answer: unknown): void {
    const { on } = this.#options;
    const [mine, told, traced] = [this.#called, this.#told, this.#traced];
    const settle = (error: HookError | null): void => {
      if (this.isOver || this.#called !== mine || this.#stopTimer === null) return;
      this.#stopTimer();
      this.#stopTimer = null;
      traced?.over(asAnswer(error));
      if (error !== null) this.#failed(hook, error);
      this.go();
    };
    this.#stopTimer = this.#around.wakeAfter(hook.timeout, () => {
      const { name, timeout } = hook;
      const late = new HookTimedOut({ hook: name, on, timeout, text: fromMs(timeout) });
      told?.abort(new DOMException(late.message, 'TimeoutError'));
      settle(late);
    });
    Promise.resolve(answer).then(
      () => settle(null),
      (thrown: unknown) => settle(new HookFailed({ hook: hook.name, on, reason: reasonOf(thrown) }, thrown)),
    );
  }

  #failed(hook: HookDefinition, error: HookError): void {
    const { on, warn } = this.#options;
    if (on.startsWith('before') && !hook.ignores) this.#end(error);
    else warn(hook, error);
  }

  #end(stopped: HookError | null): void {
    this.isOver = true;
    this.whenOver?.();
    this.#options.done(stopped);
  }
}

/** What one hook is told. Its signal is made when it is asked for: most never do. */
class Told {
  #controller: AbortController | null = null;
  #abortedWith: Error | null = null;

  constructor(facts: object) {
    Object.assign(this, facts);
    Object.freeze(this);
  }

  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#abortedWith !== null) this.#controller.abort(this.#abortedWith);
    }
    return this.#controller.signal;
  }

  abort(reason: Error): void {
    this.#abortedWith = reason;
    this.#controller?.abort(reason);
  }
}
