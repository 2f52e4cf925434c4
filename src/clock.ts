/**
 * The one file that reads the clock (I4).
 *
 * Everything else is handed a `Clock`. A test hands in one that it moves by hand, and
 * a year passes in a millisecond.
 */

/** Time as a parameter: what the hour is, and a wake-up after a delay. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls `wake` once after `ms`; the answer cancels it. A delay is never longer than {@link MAX_DELAY}. */
  wakeAfter(ms: number, wake: () => void): () => void;
  /** Milliseconds that pass whatever the hour is: somebody may set that one. Left out, `now` serves for it. */
  elapsed?(): number;
  /** Nobody sets this clock, as in tests. The hour of others is looked at again every few seconds while a timer waits for one. */
  readonly isSteady?: boolean;
  /** The process that it belongs to is dead (`crashAt`): nothing there will ever happen again, and nobody waits for it. */
  readonly isStopped?: boolean;
}

/** What passes by this clock, for limits that are counted from their beginning. */
export function elapsedBy(clock: Clock): number {
  return clock.elapsed?.() ?? clock.now();
}

/** Node's timers fire at once beyond this (2^31 - 1 ms, 24.8 days); the timer service never asks for more. */
export const MAX_DELAY = 2_147_483_647;

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  wakeAfter(ms, wake) {
    const handle = setTimeout(wake, ms);
    return () => clearTimeout(handle);
  },
};

/** Calls `work` when whatever is due already has been done. Browsers have no turn of their own for it. The answer says nothing. */
export const soon: (work: () => void) => unknown =
  typeof setImmediate === 'function' ? (work) => setImmediate(work) : (work) => setTimeout(work);

/**
 * Calls `work` when all that promises have to say now has been heard, and before any timer or message of others: a tick that is asked for
 * by a promise comes after all of them. On a platform without ticks it is as {@link soon}. The answer says nothing.
 */
export function directly(work: () => void): unknown {
  // Asked for here: a bundler would keep a constant for what looking the tick up might do.
  if (typeof process !== 'object' || typeof process.nextTick !== 'function') return soon(work);
  return queueMicrotask(() => process.nextTick(work));
}

/** A wake-up by the machine's own clock after any delay, also one that no timer of Node can count. */
export function wakeAfterAny(ms: number, wake: () => void): () => void {
  let stop = (): void => {};
  const wait = (rest: number): void => {
    const delay = Math.min(rest, MAX_DELAY);
    stop = systemClock.wakeAfter(delay, () => (rest > delay ? wait(rest - delay) : wake()));
  };
  wait(ms);
  return () => stop();
}

/** Resolves when `work` has ended, however it did, and after `ms` by the machine's own clock in any case. */
export async function within(ms: number, work: Promise<unknown>): Promise<void> {
  await new Promise<void>((resolve) => {
    const cancel = systemClock.wakeAfter(ms, resolve);
    const end = (): void => {
      cancel();
      resolve();
    };
    work.then(end, end);
  });
}

/** When a delay that begins now is over; at the latest when numbers end, which a store could not read back beyond. */
export function dueAfter(now: number, ms: number): number {
  return Math.min(now + ms, Number.MAX_SAFE_INTEGER);
}
