/**
 * What every store has to do, as cases for whatever test runner there is:
 *
 *     for (const { title, run } of storeSuite(() => place())) test(title, run);
 *
 * A case throws if the store breaks a promise of `src/store.ts`. It stops at that border: how a store does it,
 * and what a file or a server may do to it, is for tests of its own.
 */
import { askOptions } from '../checks.ts';
import type { Awaitable, Owner, Store } from '../store.ts';
import { ABANDONS, SHARED_ABANDONS } from './conformance-abandons.ts';
import { COMMITS, OWNERS, SHARED } from './conformance-commits.ts';
import { ENDS } from './conformance-ends.ts';
import { DELETES, SHARED_DELETES } from './conformance-deletes.ts';
import { LISTS } from './conformance-lists.ts';
import { ROWS } from './conformance-reads.ts';
import { RECORDS, SHARED_RECORDS } from './conformance-records.ts';
import { LEASE } from './conformance-rows.ts';
import { STEPS } from './conformance-steps.ts';

/** Where the runs of one case are kept: a file, a schema, a prefix. Empty when it is made. */
export interface StorePlace {
  /** A store on this place that is not open yet; the case opens it under an owner of its own, and closes it. */
  open(): Awaitable<Store>;
  dispose?(): Awaitable<void>;
}

/** One promise of the port, and how to see whether it is kept. */
export interface StoreCase {
  readonly title: string;
  run(): Promise<void>;
}

/** What the suite has to know of a store. */
export interface StoreSuiteOptions {
  /** Only one may have the place open at a time: the case closes one store before it opens the next. */
  readonly sequential?: boolean;
}

/** A place with one store on it that is open, and others that take over. */
class Bench {
  readonly store: Store;
  readonly #place: StorePlace;
  readonly #sequential: boolean;
  readonly #open: Set<Store>;
  /** What every owner takes for now. */
  time = 1_767_225_600_000;

  private constructor(place: StorePlace, store: Store, sequential: boolean) {
    this.#place = place;
    this.store = store;
    this.#sequential = sequential;
    this.#open = new Set([store]);
  }

  static async on(place: StorePlace, sequential: boolean): Promise<Bench> {
    const store = await place.open();
    const bench = new Bench(place, store, sequential);
    await store.open(bench.#owner('one'));
    return bench;
  }

  /** The place, opened by somebody else, after all who had it are gone: by closing it, or because their lease ended. */
  async after(name: string): Promise<Store> {
    if (this.#sequential) for (const store of [...this.#open]) await this.close(store);
    else this.time += 2 * LEASE;
    return await this.beside(name);
  }

  /** The place, opened by somebody else, whoever else has it open. */
  async beside(name: string): Promise<Store> {
    const store = await this.#place.open();
    await store.open(this.#owner(name));
    this.#open.add(store);
    return store;
  }

  async close(store: Store): Promise<void> {
    this.#open.delete(store);
    await store.close();
  }

  async end(): Promise<void> {
    for (const store of [...this.#open]) await this.close(store);
    await this.#place.dispose?.();
  }

  #owner(name: string): Owner {
    return { name, lease: LEASE, now: () => this.time, oneTime: true };
  }
}

/** What is asked of a store that is open, and of others on the same place. */
export type Check = (store: Store, bench: Bench) => Promise<void>;

/** The cases that a store has to pass; each asks `make` for an empty place of its own. */
export function storeSuite(make: () => Awaitable<StorePlace>, options: StoreSuiteOptions = {}): readonly StoreCase[] {
  askOptions('storeSuite', options, ['sequential']);
  const { sequential = false } = options;
  const shared = sequential ? {} : { ...SHARED, ...SHARED_DELETES, ...SHARED_ABANDONS, ...SHARED_RECORDS };
  const checks = {
    ...COMMITS,
    ...ENDS,
    ...OWNERS,
    ...ROWS,
    ...LISTS,
    ...DELETES,
    ...ABANDONS,
    ...STEPS,
    ...RECORDS,
    ...shared,
  };
  return Object.entries(checks).map(([title, check]) => ({
    title,
    async run() {
      const bench = await Bench.on(await make(), sequential);
      try {
        await check(bench.store, bench);
      } finally {
        await bench.end();
      }
    },
  }));
}
