/**
 * One round of hooks (S31): each is called in turn and may answer at once or later, within its time. Nothing that one throws, answers
 * or leaves undone reaches anything but the round.
 */
import { fromMs } from '../../duration.ts';
import { HookFailed, HookTimedOut, reasonOf } from '../../errors/index.ts';
import type { HookDefinition, HookName } from '../../hooks.ts';
import { asAnswer, type Traced, type TracedCalls } from '../../performing/traced.ts';
import { isThenable } from '../../promises.ts';
import type { HookTold } from './hook-told.ts';

/** What a hook has done wrong. */
export type HookError = HookFailed | HookTimedOut;

/** What rounds need of their surroundings. */
export interface RoundSurroundings {
  wakeAfter(ms: number, wake: () => void): () => void;
}

export interface RoundOptions {
  readonly hooks: readonly HookDefinition[];
  readonly on: HookName;
  /** What each is told. */
  readonly told: HookTold;
  /** Null where they are not traced. */
  readonly place: TracedCalls | null;
  /** One has failed, and the round goes on. */
  warn(hook: HookDefinition, error: HookError): void;
  /** All were called; or, with an error, one that comes before something has failed, and that is not to begin. */
  done(stopped: HookError | null): void;
  /** It was given up before that. */
  aborted?(reason: Error): void;
}

/** A hook that did not answer at once, or threw: from there on it is a round. */
export interface Interrupted {
  readonly at: number;
  readonly told: HookTold;
  readonly answer: unknown;
  readonly thrown: { readonly what: unknown } | null;
}

/** Calls hooks that answer at once, as nearly all do, with nothing made for it; null if all of them have. */
export function callAtOnce(hooks: readonly HookDefinition[], on: HookName, first: HookTold): Interrupted | null {
  for (let at = 0; at < hooks.length; at += 1) {
    const told = at === 0 ? first : first.again();
    let answer: unknown;
    try {
      answer = ((hooks[at] as HookDefinition).calls[on] as (told: object) => unknown)(told);
      if (!isThenable(answer)) continue;
    } catch (what) {
      return { at, told, answer: null, thrown: { what } };
    }
    return { at, told, answer, thrown: null };
  }
  return null;
}

function failedBy({ name: hook, ignores }: HookDefinition, on: HookName, thrown: unknown): HookFailed {
  return new HookFailed({ hook, on, ignores, reason: reasonOf(thrown) }, thrown);
}

export class HookRound {
  readonly #around: RoundSurroundings;
  readonly #options: RoundOptions;
  /** How many were called. */
  #called = 0;
  #told: HookTold | null = null;
  #traced: Traced | null = null;
  #stopTimer: (() => void) | null = null;
  isOver = false;
  /** Called before its end is told. */
  whenOver: (() => void) | null = null;

  constructor(around: RoundSurroundings, options: RoundOptions) {
    this.#around = around;
    this.#options = options;
  }

  /** Goes on behind those that were called at once. */
  goFrom({ at, told, answer, thrown }: Interrupted): void {
    const { hooks, on } = this.#options;
    const hook = hooks[at] as HookDefinition;
    this.#called = at + 1;
    this.#told = told;
    if (thrown === null) return this.#wait(hook, answer);
    this.#failed(hook, failedBy(hook, on, thrown.what));
    this.go();
  }

  /** Calls the next one, and all after it that answer at once. */
  go(): void {
    const { hooks, on, place } = this.#options;
    while (!this.isOver) {
      const hook = hooks[this.#called];
      if (hook === undefined) return this.#end(null);
      const told = this.#called === 0 ? this.#options.told : this.#options.told.again();
      this.#called += 1;
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
        this.#failed(hook, failedBy(hook, on, thrown));
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
      if (this.isOver || this.#called !== mine) return;
      this.#stopTimer?.();
      traced?.over(asAnswer(error));
      if (error !== null) this.#failed(hook, error);
      this.go();
    };
    this.#stopTimer = this.#around.wakeAfter(hook.timeout, () => {
      const { name, timeout, ignores } = hook;
      const late = new HookTimedOut({ hook: name, on, timeout, ignores, text: fromMs(timeout) });
      told?.abort(new DOMException(late.message, 'TimeoutError'));
      settle(late);
    });
    Promise.resolve(answer).then(
      () => settle(null),
      (thrown: unknown) => settle(failedBy(hook, on, thrown)),
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
