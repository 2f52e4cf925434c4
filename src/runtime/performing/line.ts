/**
 * The line for bodies: each begins when all limits that it is under let it (S30). Who is next is decided by
 * `policies/limits`; here it is begun, and turned away or ended where a limit does so.
 *
 * What no limit is on passes by.
 */
import type { Attempt } from '../../attempt.ts';
import { type Clock, elapsedBy } from '../../clock.ts';
import type { PlanNode } from '../../definition.ts';
import { BodyDropped, BodyReplaced, type MapperFailed } from '../../errors/index.ts';
import type { Logger } from '../../executor.ts';
import type { Json } from '../../json.ts';
import type { LimitDefinition, QueuedFor } from '../../limits.ts';
import { Limits } from '../../policies/limits/limits.ts';
import type { Claim, Ticket } from '../../policies/limits/ticket.ts';
import type { Held } from '../held.ts';
import { Standstill } from './standstill.ts';
import type { Timers } from './timers.ts';
import { type Fairness, Unders } from './under.ts';

export interface LineOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  /** How many bodies may run at once. */
  readonly concurrency: number;
  /** What the box limits by key. */
  readonly limits: readonly LimitDefinition[];
  readonly fairness: Fairness;
  /** It is its turn. */
  begin(attempt: Attempt): void;
  /** Does somebody in this process wait for the end of the run? */
  awaits(run: string): boolean;
  /** Can nobody else have taken the run? */
  isSure(run: string): boolean;
  /** Asks the store whose a run is, before anything is begun for it. */
  ifOurs(run: string, then: (ours: boolean) => void): void;
}

export class Line {
  readonly #limits: Limits<Attempt>;
  readonly #unders: Unders;
  readonly #options: LineOptions;
  readonly #standstill: Standstill;
  /** In line or begun, by key. */
  readonly #tickets = new Map<string, Ticket<Attempt>>();
  #isFilling = false;
  #isClosed = false;
  #stopTimer: (() => void) | null = null;
  #opensAt: number | null = null;

  constructor(options: LineOptions) {
    this.#options = options;
    this.#limits = new Limits(options.concurrency);
    this.#unders = new Unders(options, this.#limits);
    this.#standstill = new Standstill({
      ...options,
      awaits: (run) => options.awaits(run),
      inLine: (most) => this.#stuck(most),
    });
  }

  /** Begins an attempt at a task, or puts it in line; what nothing limits begins at once. */
  add(attempt: Attempt, run: Held, node: PlanNode, input: Json): void {
    let claim: Claim | null;
    try {
      claim = this.#unders.of(run, attempt.path, node, input);
    } catch (error) {
      return attempt.refuse(error as MapperFailed, false);
    }
    if (claim === null) return this.#options.begin(attempt);
    const ticket = this.#enter(attempt, claim);
    const { refusedBy, replaced } = ticket;
    const isNext = ticket.state === 'begun';
    // Each of them makes room, and so may let this one begin.
    for (const [{ body }, { called }] of replaced) body.refuse(new BodyReplaced({ limit: called }), false);
    if (refusedBy !== null) return attempt.refuse(new BodyDropped({ limit: refusedBy.called }), true);
    if (isNext) return this.#options.begin(attempt);
    // What was replaced may have made room for it.
    if (ticket.state !== 'inLine') return;
    // Who waits for time is not stuck.
    if ((this.queuedFor(attempt.key)?.per ?? null) === null) this.#standstill.queued();
    this.#fill();
  }

  /** It has ended, begun or not, or is wanted no longer: the next ones begin. */
  ended({ key }: Attempt): void {
    const ticket = this.#tickets.get(key);
    if (ticket === undefined) return;
    this.#tickets.delete(key);
    if (ticket.state === 'begun') this.#standstill.ended();
    this.#limits.leave(ticket, this.#now);
    this.#fill();
  }

  /** Nothing begins any more. */
  close(): void {
    this.#isClosed = true;
    this.#stopTimer?.();
  }

  /** The limit that an attempt stands in line for; null if it does not. */
  queuedFor(key: string): QueuedFor | null {
    const ticket = this.#tickets.get(key);
    return ticket === undefined ? null : (this.#limits.heldUpBy(ticket, this.#now)?.called ?? null);
  }

  get #now(): number {
    return this.#unders.hasRates ? elapsedBy(this.#options.clock) : 0;
  }

  #enter(attempt: Attempt, claim: Claim): Ticket<Attempt> {
    const ticket = this.#limits.enter(attempt, claim, this.#now);
    this.#tickets.set(attempt.key, ticket);
    return ticket;
  }

  #fill(): void {
    // A body that answers at once comes back here from inside the loop, which will see the room that it made.
    if (this.#isFilling || this.#isClosed) return;
    this.#isFilling = true;
    try {
      for (let next = this.#limits.next(this.#now); next !== null; next = this.#limits.next(this.#now))
        this.#begin(next);
    } finally {
      this.#isFilling = false;
    }
    this.#wakeWhenOpen();
  }

  #begin(ticket: Ticket<Attempt>): void {
    const { body: attempt, claim } = ticket;
    const run = attempt.run.id;
    if (this.#options.isSure(run)) return this.#options.begin(attempt);
    this.#options.ifOurs(run, (ours) => {
      if (ticket.state !== 'begun' || this.#isClosed) return;
      if (ours) return this.#options.begin(attempt);
      // It is told to end if it is somebody else's; a run that is just being read again comes back here.
      this.#limits.leave(ticket, this.#now);
      this.#enter(attempt, claim);
      this.#fill();
    });
  }

  /** A rate lets the next one begin when its time has come. */
  #wakeWhenOpen(): void {
    const { opensAt } = this.#limits;
    if (opensAt === this.#opensAt) return;
    this.#stopTimer?.();
    this.#stopTimer = null;
    this.#opensAt = opensAt;
    if (opensAt === null) return;
    this.#stopTimer = this.#options.timers.in(Math.max(0, Math.ceil(opensAt - this.#now)), () => {
      this.#stopTimer = null;
      this.#opensAt = null;
      this.#fill();
    });
  }

  /** Those in line for a place that somebody else has: who waits for time is not stuck. */
  #stuck(most: number): readonly { readonly attempt: Attempt; readonly limit: QueuedFor }[] {
    const found: { attempt: Attempt; limit: QueuedFor }[] = [];
    for (const [key, { state, body }] of this.#tickets) {
      if (state !== 'inLine') continue;
      const limit = this.queuedFor(key);
      if (limit !== null && limit.per === null) found.push({ attempt: body, limit });
      if (found.length === most) break;
    }
    return found;
  }
}
