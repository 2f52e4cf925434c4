/**
 * How much of a process a feed may take from its runs: it counts what the work of the feed has taken and says how long to rest.
 *
 * I. After each piece of work the feed rests for fourteen times as long, so it takes a fifteenth of the time at most.
 * II. Reading how a whole run stands takes longer than any other piece and cannot be cut in two. It is paid for in advance: a run that is
 *   over before that is not slowed down by it.
 * III. While there are more events than can be read at once, at least half of the work goes to events.
 */
import { type Clock, elapsedBy } from '../clock.ts';

/** The feed rests so many times as long as it worked, and for a time within these bounds, in milliseconds. */
const REST = 14;
const SHORTEST = 20;
const LONGEST = 10_000;
/** While the feed is behind, it reads how the run stands no more often than this, in milliseconds. */
const SELDOM = 1_000;
/** The longest piece of work that can be cut anywhere, in milliseconds: the run waits meanwhile. */
const SLICE = 5;

export class Pace {
  readonly #clock: Clock;
  #restUntil = 0;
  /** What it took to read and tell how the run stands, the last time. */
  #standingTook = 0;
  /** When that was over. */
  #stoodAt = 0;
  /** From when on the next time is paid for. */
  #paidSince = 0;
  /** What events have taken since. */
  #eventsTook = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get now(): number {
    return elapsedBy(this.#clock);
  }

  /** When a piece of work that begins now has to end. */
  get endOfSlice(): number {
    return this.now + SLICE;
  }

  /** How long to rest now. `isStandingNext`: nothing else is left to do. */
  left(isStandingNext: boolean): number {
    return Math.max(this.#restUntil, isStandingNext ? this.#standingDue : 0) - this.now;
  }

  /** May it be read how the run stands? */
  isStandingDue(isAtEnd: boolean): boolean {
    if (this.now < this.#standingDue) return false;
    return isAtEnd || (this.#eventsTook >= this.#standingTook && this.now - this.#stoodAt >= SELDOM);
  }

  /** Something has happened after a time in which nothing did. */
  woke(): void {
    this.#paidSince = this.now;
  }

  /** Events were read or told, which began then. */
  tookEvents(began: number): void {
    this.#eventsTook += this.now - began;
    this.#restFor(this.now - began);
  }

  /** It was read how the run stands, or a part of that was told, which began then. `isFirst`: that it was read, and not told. */
  tookStanding(began: number, isFirst: boolean): void {
    const took = this.now - began;
    this.#standingTook = isFirst ? took : this.#standingTook + took;
    this.#eventsTook = 0;
    this.#stoodAt = this.now;
    this.#paidSince = this.now;
    this.#restFor(took);
  }

  /** Whoever is told has worked in this process, too. */
  tookSending(began: number): void {
    this.#restFor(this.now - began);
  }

  get #standingDue(): number {
    return this.#paidSince + Math.min(LONGEST, this.#standingTook * REST);
  }

  /** One rest follows another: several pieces of work in a row are paid for together. */
  #restFor(took: number): void {
    const from = Math.max(this.now, this.#restUntil);
    this.#restUntil = Math.min(this.now + LONGEST, Math.max(this.now + SHORTEST, from + took * REST));
  }

  /** Resolves after the rest, or when `signal` is aborted. */
  async rest(isStandingNext: boolean, signal: AbortSignal | undefined): Promise<void> {
    const left = this.left(isStandingNext);
    if (left <= 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const end = (): void => resolve();
    const cancel = this.#clock.wakeAfter(left, end);
    signal?.addEventListener('abort', end);
    if (signal?.aborted) end();
    await promise;
    cancel();
    signal?.removeEventListener('abort', end);
  }
}
