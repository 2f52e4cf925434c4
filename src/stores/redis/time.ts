/**
 * Leases in the server's time: clocks of several machines differ, so each process measures once by how much its own
 * differs from the server's, and says till when it lives, and what is over, in the time that all share.
 *
 * A clock that is more than a day off is not one that goes wrong but one that tells another time: of a test that moves
 * it by hand, for one. Processes that keep such a time compare it with each other as well, as it is.
 */
import type { Owner } from '../../store.ts';

const DAY = 86_400_000;

/** A process's clock beside the server's. */
export class LeaseTime {
  readonly #owner: Owner;
  readonly #offset: number;

  /** The server said that it is `server` while the owner's clock went from `before` to `after`. */
  constructor(owner: Owner, server: number, before: number, after: number) {
    this.#owner = owner;
    this.#offset = server - (before + after) / 2;
  }

  /** Till when this process lives if it gives no further sign: in the server's time, and in another one if it keeps it. */
  lease(): string {
    const { lease } = this.#owner;
    const other = this.otherNow();
    return other === '' ? String(this.now() + lease) : `${this.now() + lease} ${Number(other) + lease}`;
  }

  /** Now, in the server's time. */
  now(): number {
    return Math.round(this.#owner.now() + this.#offset);
  }

  /** Now, in a time that is not the server's; empty if this process keeps that one. */
  otherNow(): string {
    return Math.abs(this.#offset) > DAY ? String(Math.round(this.#owner.now())) : '';
  }
}
