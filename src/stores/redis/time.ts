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
  /** When this process gave its last sign of life, and till when it takes nobody for dead. */
  #signAt: number;
  #sparesTill = Number.NEGATIVE_INFINITY;

  /** The server said that it is `server` while the owner's clock went from `before` to now. */
  constructor(owner: Owner, server: number, before: number) {
    this.#owner = owner;
    this.#signAt = owner.now();
    this.#offset = server - (before + this.#signAt) / 2;
  }

  /** Till when this process lives if it gives no further sign: in the server's time, and in another one if it keeps it. */
  lease(): string {
    const { lease } = this.#owner;
    const other = this.#otherNow();
    return other === '' ? String(this.#now() + lease) : `${this.#now() + lease} ${Number(other) + lease}`;
  }

  /** What a claim has to know: the lease that it begins, and now, in both times. While others are spared it is long ago. */
  forClaim(): readonly [lease: string, now: string, otherNow: string] {
    if (this.#owner.now() < this.#sparesTill) return [this.lease(), '0', ''];
    return [this.lease(), String(this.#now()), this.#otherNow()];
  }

  /** A claim is a sign of life as well. */
  claimed(): void {
    this.#signAt = this.#owner.now();
  }

  /**
   * A sign of life was given. If none was for longer than a lease, the server was away, or this process was held up: the
   * others may only just be coming back as well, and are spared for a lease.
   */
  gaveSign(): void {
    const now = this.#owner.now();
    if (now - this.#signAt > this.#owner.lease) this.#sparesTill = now + this.#owner.lease;
    this.#signAt = now;
  }

  #now(): number {
    return Math.round(this.#owner.now() + this.#offset);
  }

  /** Now, in a time that is not the server's; empty if this process keeps that one. */
  #otherNow(): string {
    return Math.abs(this.#offset) > DAY ? String(Math.round(this.#owner.now())) : '';
  }
}
