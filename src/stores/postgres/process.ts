/**
 * This process as the server knows it: its name, and what the time is over there. Clocks of machines differ by more than
 * a lease; whose lease has ended is therefore said in the server's time. How far this process is off is measured
 * when the store is opened, and again with each sign of life: somebody may set the clock.
 */
import type { Owner } from '../../store.ts';
import { Claims } from '../claims.ts';
import { correctionOf, offsetOf } from '../server-time.ts';
import type { Ask } from './server.ts';
import { toColumn } from './text.ts';

const NOW = `select extract(epoch from clock_timestamp()) * 1000::float8 as now`;

/** A process that has the store open. */
export class Process {
  /** As a column has it. */
  readonly name: string;
  readonly lease: number;
  readonly claims = new Claims();
  readonly #owner: Owner;
  #offset: number;

  private constructor(owner: Owner, offset: number) {
    this.name = toColumn(owner.name);
    this.lease = owner.lease;
    this.#owner = owner;
    this.#offset = offset;
  }

  static async of(owner: Owner, ask: Ask): Promise<Process> {
    if (owner.oneTime === true) return new Process(owner, 0);
    // The first answer comes with a connection to be made, and says little about the moment it was asked at.
    await ask(NOW);
    const before = owner.now();
    const [{ now } = {}] = await ask(NOW);
    return new Process(owner, offsetOf(owner, Number(now), before));
  }

  /**
   * The server said that it is `server` while this process's clock went from `before` to now. True if that is otherwise than
   * was taken for so far, because one of the clocks was set: what was said with the old time is to be said again.
   */
  corrects(server: number, before: number): boolean {
    const offset = correctionOf(this.#owner, this.#offset, server, before);
    if (offset !== null) this.#offset = offset;
    return offset !== null;
  }

  /** What this process takes for now: the time that its runs begin and end by. */
  ownNow(): number {
    return this.#owner.now();
  }

  /** What the server takes for now. */
  now(): number {
    return this.#owner.now() + this.#offset;
  }
}
