/**
 * Standstill: every place of a limit is taken, nothing ends, and a body waits in line whose run somebody in this process waits for.
 * Most likely a body has started that run and awaits it: then both wait for ever. Nobody can know for sure, so it is told and not ended.
 */
import { fromMs } from '../../duration.ts';
import type { Attempt } from '../../attempt.ts';
import type { Logger } from '../../executor.ts';
import type { QueuedFor } from '../../limits.ts';
import type { Timers } from './timers.ts';

/** After so long without an end it is told, in milliseconds. */
const STILL = 10_000;
/** How many of those in line are looked at. */
const SOME = 100;

export interface StandstillOptions {
  readonly timers: Timers;
  readonly logger: Logger;
  /** Does somebody in this process wait for the end of the run? */
  awaits(run: string): boolean;
  /** Bodies in line for a place, the first one first, and whose places they are. */
  inLine(most: number): readonly { readonly attempt: Attempt; readonly limit: QueuedFor }[];
}

export class Standstill {
  readonly #options: StandstillOptions;
  #isWatching = false;
  /** How many bodies have ended. */
  #ends = 0;

  constructor(options: StandstillOptions) {
    this.#options = options;
  }

  /** A body has begun to wait in line. */
  queued(): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    const ends = this.#ends;
    this.#options.timers.in(STILL, () => {
      this.#isWatching = false;
      const waiting = this.#options.inLine(SOME);
      if (waiting.length === 0) return;
      if (this.#ends !== ends) return this.queued();
      const stuck = waiting.find(({ attempt }) => this.#options.awaits(attempt.run.id));
      if (stuck === undefined) this.queued();
      else this.#tell(stuck.attempt, stuck.limit);
    });
  }

  ended(): void {
    this.#ends += 1;
  }

  /** Once for each time that it comes to this: after it only a new body in line is watched. */
  #tell({ run: { id: run }, path }: Attempt, limit: QueuedFor): void {
    const where = limit.of === 'box' ? 'for bodies' : `of ${limit.of} "${limit.name}"`;
    const whose = limit.key === null ? where : `${where} for key "${limit.key}"`;
    const places = limit.limit === 1 ? `The one place ${whose} is` : `All ${limit.limit} places ${whose} are`;
    const greater = limit.of === 'box' ? 'the box a greater "concurrency"' : `the ${limit.of} a greater limit`;
    const message = `${places} taken, and none has ended for ${fromMs(STILL)}, while "${path}" of run "${run}", whose result is awaited in this process, waits in line. If a body awaits that run, both wait for ever: let a step start it (.run(…)), or give ${greater}.`;
    this.#options.logger({ level: 'warn', message, run, path });
  }
}
