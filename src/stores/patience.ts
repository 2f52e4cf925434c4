/**
 * How long a store waits for its server. Where a network drops what is sent nobody says so, and the system tries for a
 * quarter of an hour before it gives up; so whoever asks counts for how long nothing was heard.
 */
import { wakeAfterAny } from '../clock.ts';

/** So much longer for each million bytes that are sent: what is large takes its time to get there. */
const PER_MILLION = 1_000;

/** How long an answer may take to what has so many bytes. */
export function patienceFor(bytes: number, patience: number): number {
  return patience + Math.floor(bytes / 1e6) * PER_MILLION;
}

/**
 * Calls `silent` when nothing was heard for `ms`, and no later than twice that. `heard` is a number that grows with
 * whatever is. What is answered ends it.
 */
export function whenSilent(ms: number, heard: () => number, silent: () => void): () => void {
  let stop = (): void => {};
  let before = heard();
  const look = (): void => {
    const now = heard();
    if (now === before) return silent();
    before = now;
    wait();
  };
  const wait = (): void => {
    stop = wakeAfterAny(ms, () => {
      // Timers come first. In a process that was held up for long, the answer may lie there and is read in between.
      const soon = setImmediate(look);
      stop = () => clearImmediate(soon);
    });
  };
  wait();
  return () => stop();
}
