/**
 * What has completed in a run, the last first, a page at a time: so a run is undone. No index has that order. One costs every step of
 * every run another page of the log, and few runs are ever undone; so the order is worked out when somebody asks for it, and
 * remembered until more completes, for whoever asks for a page asks for the next one, too.
 */
import type { CompletedQuery } from '../../store.ts';
import { pageOf } from '../completed.ts';
import type { Columns } from '../rows.ts';
import type { Value } from './batch.ts';
import * as sql from './statements.ts';

/** A place that has completed, as short as it can be. */
interface Place {
  readonly number: number;
  /** By its number, too: numbers of places that are gone are given to others. */
  readonly run: number;
  readonly endedSeq: number;
}

export class CompletedPlaces {
  readonly #ask: (text: string, ...values: Value[]) => readonly Columns[];
  readonly #most: number;
  readonly #orders = new Map<string, readonly Place[]>();

  /** The order is remembered of `most` runs. */
  constructor(ask: (text: string, ...values: Value[]) => readonly Columns[], most: number) {
    this.#ask = ask;
    this.#most = most;
  }

  /** The rows of a page. What is not as it was when the order was worked out is not among them. */
  page(run: string, query: CompletedQuery): readonly Columns[] {
    const order = this.#orders.get(run) ?? this.#orderOf(run);
    const rows: Columns[] = [];
    pageOf(order, query, ({ number, run: of, endedSeq }) => {
      const found = this.#ask(sql.SELECT_COMPLETED, number, of, endedSeq);
      rows.push(...found);
      return found.length > 0;
    });
    // What fits on one page has no next one.
    if (order.length > query.limit) this.#remember(run, order);
    return rows;
  }

  /** More has completed in it. */
  forget(run: string): void {
    this.#orders.delete(run);
  }

  clear(): void {
    this.#orders.clear();
  }

  get isEmpty(): boolean {
    return this.#orders.size === 0;
  }

  #orderOf(run: string): readonly Place[] {
    return this.#ask(sql.SELECT_ORDER_OF_ENDS, run).map(({ number, run: of, ended_seq: seq }) => {
      return { number: number as number, run: of as number, endedSeq: seq as number };
    });
  }

  #remember(run: string, order: readonly Place[]): void {
    this.#orders.delete(run);
    this.#orders.set(run, order);
    const [longest] = this.#orders.keys();
    if (this.#orders.size > this.#most && longest !== undefined) this.#orders.delete(longest);
  }
}
