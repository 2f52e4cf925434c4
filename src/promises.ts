/** What may be a promise, wherever it comes from. */

/** Would `await` wait for it? Throws what reading it throws. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  return typeof (value as PromiseLike<unknown>).then === 'function';
}

/**
 * A promise that was handed over where none is taken, or thrown: whoever did so is told in another way, and its rejection,
 * for which nobody waits any more, does not end the process.
 */
export function disarm(value: unknown): void {
  try {
    if (value instanceof Promise) value.then(undefined, () => {});
  } catch {
    // What cannot even be asked is no promise that could reject.
  }
}

/** For what nobody waits for: a rejection is told to `rejected`, and does not end the process. */
export function whenRejected(value: unknown, rejected: (reason: unknown) => void): void {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return;
  // The promise's own `then` may be anything; what this one makes of it is a promise of ours.
  Promise.resolve(value).then(undefined, rejected);
}
