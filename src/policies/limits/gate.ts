/**
 * A gate: one limit, of one key if it has keys, and how much of it is taken. Of a limit with `per` it is a token
 * bucket, kept as one instant: `#full`, when all of it is there again.
 *
 * Time is handed in. Who stands before it is `limits.ts`' to know; the gate only has room for that.
 */
import type { LimitDefinition, QueuedFor } from '../../limits.ts';
import type { Pocket, Queue, Ticket } from './ticket.ts';

/** Those that are under a limit which does more than let them wait, in the order in which they came. */
interface Crowd {
  readonly inLine: Set<Ticket>;
  readonly begun: Set<Ticket>;
}

export class Gate {
  readonly id: string;
  #rule: LimitDefinition;
  #called: QueuedFor;
  #inUse = 0;
  #full = Number.NEGATIVE_INFINITY;
  /** How many tickets name it. */
  refs = 0;
  /** Queues that can't go on before there is room here. */
  readonly blocked = new Set<Queue>();
  /** Those that stand before this gate and no other, by their queue. */
  readonly pockets = new Map<Queue, Pocket>();
  readonly crowd: Crowd | null;
  /** It will be looked at again when it opens. */
  isTimed = false;

  constructor(id: string, rule: LimitDefinition, called: QueuedFor) {
    this.id = id;
    this.#rule = rule;
    this.#called = called;
    this.crowd = rule.whenFull === 'wait' ? null : { inLine: new Set(), begun: new Set() };
  }

  get rule(): LimitDefinition {
    return this.#rule;
  }

  /** What people are told of it. */
  get called(): QueuedFor {
    return this.#called;
  }

  /** How many may run at once, or begin at once. */
  get limit(): number {
    return this.#rule.per === null ? this.#rule.limit : this.#rule.burst;
  }

  /** Another definition of the same name says something else: the lower limit holds. */
  tighten(other: LimitDefinition): void {
    const { whenFull, queue } = this.#rule;
    if (other.limit / (other.per ?? 1) >= this.#rule.limit / (this.#rule.per ?? 1)) return;
    this.#rule = { ...other, whenFull, queue };
    this.#called = { ...this.#called, limit: other.limit, per: other.per };
  }

  get inUse(): number {
    return this.#inUse;
  }

  get isRate(): boolean {
    return this.rule.per !== null;
  }

  isOpen(now: number): boolean {
    return this.#rule.per === null ? this.#inUse < this.#rule.limit : now >= this.opensAt;
  }

  /** How many may begin now. */
  free(now: number): number {
    const { per, limit, burst } = this.#rule;
    if (per === null) return limit - this.#inUse;
    const { opensAt } = this;
    return now < opensAt ? 0 : Math.min(burst, Math.floor(((now - opensAt) * limit) / per) + 1);
  }

  /** When the next may begin, of a limit with `per`. */
  get opensAt(): number {
    return this.#full - (this.limit - 1) * this.#interval;
  }

  /** Nothing needs to be remembered of it. */
  isSpare(now: number): boolean {
    return this.refs === 0 && (this.rule.per === null || now >= this.#full);
  }

  /** Does anybody wait for it to open? */
  get isAwaited(): boolean {
    if (this.pockets.size > 0) return true;
    for (const { line } of this.blocked) if (line.size > 0) return true;
    return false;
  }

  take(now: number): void {
    if (this.rule.per === null) this.#inUse += 1;
    else this.#full = Math.max(this.#full, now) + this.#interval;
  }

  /** A body has ended, or has not begun after all. What has begun counts for a rate all the same. */
  give(): void {
    if (this.rule.per === null) this.#inUse -= 1;
  }

  get #interval(): number {
    return (this.rule.per ?? 0) / this.rule.limit;
  }
}
