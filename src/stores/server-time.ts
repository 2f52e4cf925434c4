/**
 * How far the clock of a process is off from that of its server. It is measured when the store is opened and again with
 * each sign of life: somebody may set either of the clocks.
 */
import type { Owner } from '../store.ts';

/** The server said that it is `server` while the owner's clock went from `before` to now. */
export function offsetOf(owner: Owner, server: number, before: number): number {
  return owner.oneTime === true ? 0 : server - (before + owner.now()) / 2;
}

/** The same, if it is otherwise than was taken for so far; null if not. A slow answer says little about the moment, and a little off is nothing beside a lease. */
export function correctionOf(owner: Owner, known: number, server: number, before: number): number | null {
  const offset = offsetOf(owner, server, before);
  return Math.abs(offset - known) <= owner.lease / 4 + Math.abs(owner.now() - before) / 2 ? null : offset;
}
