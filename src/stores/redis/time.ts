/**
 * Leases in the server's time: clocks of several machines differ, so each process measures by how much its own
 * differs from the server's, and says till when it lives, and what is over, in the time that all share. It is measured
 * at first and again with each sign of life: somebody may set the clock.
 */
import type { Owner } from '../../store.ts';
import { correctionOf, offsetOf } from '../server-time.ts';

/** A process's clock beside the server's. */
export class LeaseTime {
  readonly #owner: Owner;
  #offset: number;
  /** When this process gave its last sign of life, and till when it takes nobody for dead. */
  #signAt: number;
  #sparesTill = Number.NEGATIVE_INFINITY;

  /** The server said that it is `server` while the owner's clock went from `before` to now. */
  constructor(owner: Owner, server: number, before: number) {
    this.#owner = owner;
    this.#signAt = owner.now();
    this.#offset = offsetOf(owner, server, before);
  }

  /**
   * As it was said at first. True if that is otherwise than was taken for so far, because one of the clocks was set: what was
   * said with the old time is to be said again.
   */
  corrects(server: number, before: number): boolean {
    const offset = correctionOf(this.#owner, this.#offset, server, before);
    if (offset !== null) this.#offset = offset;
    return offset !== null;
  }

  /** Till when this process lives if it gives no further sign. */
  lease(): string {
    return String(this.#now() + this.#owner.lease);
  }

  /** What a claim has to know: the lease that it begins, and now. While others are spared it is long ago. */
  forClaim(): readonly [lease: string, now: string] {
    return [this.lease(), this.#owner.now() < this.#sparesTill ? '0' : String(this.#now())];
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
}
