/**
 * Budgets (S38): before an attempt begins, what it costs is kept in records of its run, and what all runs have spent is read
 * from there. So a restart forgets nothing, and processes that share a store see what the others have spent.
 *
 * Within a process nothing is begun that does not fit. Where others may commit at the same moment, an attempt is counted first and
 * then looked at with theirs: of those that are too many, each takes itself back and asks again a moment later. No budget is
 * overspent by that, and what is left goes to one of them.
 *
 * Of an attempt that was counted before a crash nobody knows whether it was looked at, nor whether its body was called. It is made
 * again if all that was spent up to then fits. If not, it is refused, and what it was counted as stays: more may be refused than had to
 * be, and no more is spent than may be.
 */
import type { Attempt } from '../../attempt.ts';
import {
  AWAITED,
  type Awaited,
  accountOf,
  type BudgetDefinition,
  budgetsOf,
  familyOf,
  INDEXES,
  inStretch,
  isCost,
  SETTLED,
  SPENT,
  stretchesAt,
  stretchOf,
} from '../../budgets.ts';
import type { Clock } from '../../clock.ts';
import type { SpentMessage } from '../../core/message.ts';
import { fromMs } from '../../duration.ts';
import { BudgetSpent, isA, MapperFailed, reasonOf, SignalboxError, StoreUnusable } from '../../errors/index.ts';
import type { Logger } from '../../executor.ts';
import { chanceOf } from '../../ids.ts';
import type { Json } from '../../json.ts';
import { Ledger, type Overspent, type Spent } from '../../policies/budgets/ledger.ts';
import { sha256 } from '../../sha256.ts';
import type { RecordRow, Store } from '../../store.ts';
import { committed } from '../told.ts';
import { askMapper, keyIn } from './asking.ts';
import type { Timers } from './timers.ts';

export interface BudgetsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  post(run: string, message: SpentMessage): void;
}

/** Why an attempt is not begun, and whether and when it may be tried again. */
export interface BudgetRefusal {
  readonly error: Error;
  readonly isRetryable: boolean;
  /** In so many milliseconds. */
  readonly retryAfter: number | undefined;
  /** What is kept of the wait, if it is tried again. */
  readonly record?: Omit<RecordRow, 'run'>;
}

/** One budget, of one key, and how far the store has been read for it. */
interface Account {
  readonly digest: string;
  readonly ledger: Ledger;
  /** By stretch of time: what is behind this cursor does not change any more; null for all of it. */
  read: ReadonlyMap<number, string | null>;
  isRead: boolean;
  reading: Promise<void> | null;
  next: Promise<void> | null;
}

/** What an attempt asks of one of its budgets. */
interface Asked {
  readonly account: Account;
  readonly definition: BudgetDefinition;
  /** What all keys of it are found under; null for a budget without keys. */
  readonly family: string | null;
  readonly key: string | null;
  readonly cost: number;
}

/** A record of what was spent, and the name of the attempt in the ledger. */
interface Taken extends Asked {
  readonly name: string;
  readonly record: Omit<RecordRow, 'run'>;
}

const PAGE = 100;
/** How many budgets a process remembers, each key for itself. One that it has forgotten is read again. */
const MOST = 10_000;
/** How often an attempt from before a crash is looked at before it is refused. */
const LOOKS = 8;
/** How long a store that is away is left alone, and how long two who were in each other's way wait at first, in milliseconds. */
const [FIRST_PAUSE, LONGEST_PAUSE, STEP_ASIDE] = [200, 10_000, 20];

export class Budgets {
  readonly #options: BudgetsOptions;
  readonly #accounts = new Map<string, Account>();
  #working = 0;

  constructor(options: BudgetsOptions) {
    this.#options = options;
  }

  /** Nobody waits for the store to be read. */
  get quiet(): boolean {
    return this.#working === 0;
  }

  /** Counts an attempt. Null if it may begin, or if nobody wants it any more. */
  async ask(attempt: Attempt, isWanted: () => boolean): Promise<BudgetRefusal | null> {
    const { store } = this.#options;
    try {
      const asked = this.#asked(attempt);
      for (let tries = 0; isWanted(); tries += 1) {
        for (const { account } of asked) await this.#read(account, attempt, isWanted);
        const now = this.#options.clock.now();
        const doubtful = store.shared === undefined ? undefined : asked.find((each) => isDoubtful(each, attempt, now));
        if (doubtful !== undefined) {
          const { account, cost, definition } = doubtful;
          const over = account.ledger.overspent({ id: '', cost }, definition.limit, now);
          // Others may be about to take back what is too many.
          if (over !== null && tries >= LOOKS) return refusalOf(attempt, doubtful, over, now);
          await this.#stepAside(attempt, tries);
          continue;
        }
        const due = asked.filter((each) => each.cost > 0 && countedAs(each, attempt, now) === undefined);
        const taken = due.map((each) => this.#take(each, attempt, now));
        for (const { name, ...each } of taken) {
          const over = each.account.ledger.overspent({ id: name, cost: each.cost }, each.definition.limit, now);
          if (over !== null) return refusalOf(attempt, each, over, now);
        }
        if (taken.length === 0 || (await this.#keep(attempt, taken, isWanted))) return null;
        await this.#stepAside(attempt, tries);
      }
      return null;
    } catch (error) {
      return { error: error as Error, isRetryable: false, retryAfter: undefined };
    }
  }

  /** Commits what is spent. False if others have spent the same at the same moment: then it is taken back. */
  async #keep(attempt: Attempt, taken: readonly Taken[], isWanted: () => boolean): Promise<boolean> {
    const { clock, store } = this.#options;
    const now = clock.now();
    for (const { account, name, cost } of taken) account.ledger.take({ id: name, at: now, cost });
    const records = taken.map(({ record }) => record);
    const isThere = await this.#commit(attempt, records, []);
    for (const { account, name } of taken) {
      if (isThere) account.ledger.keep(name);
      else account.ledger.drop(name);
    }
    if (!isThere) return true;
    if (store.shared !== undefined) for (const { account } of taken) await this.#read(account, attempt, isWanted);
    const isOver = ({ account, name, definition }: Taken): boolean =>
      store.shared !== undefined && account.ledger.isOver(name, definition.limit, clock.now());
    if (!taken.some(isOver)) {
      for (const { account, name } of taken) account.ledger.begin(name);
      return true;
    }
    await this.#commit(attempt, [], records);
    for (const { account, name } of taken) account.ledger.drop(name);
    return false;
  }

  async #commit(
    { run, path, attempt }: Attempt,
    records: SpentMessage['records'],
    gone: SpentMessage['gone'],
  ): Promise<boolean> {
    const message: SpentMessage = { type: 'spent', path, attempt, records, gone, isWanted: false };
    const landed = committed(message);
    this.#options.post(run.id, message);
    await landed;
    return message.isWanted;
  }

  #asked({ task, input, run }: Attempt): readonly Asked[] {
    const asked: Asked[] = [];
    for (const budget of budgetsOf(task)) {
      const { definition } = budget;
      const { key: ask, cost, per } = definition;
      const what = (option: string): string => `"${option}" of the budget of task "${task.name}"`;
      const key = ask === undefined ? null : keyIn(what('key'), ask as (facts: object) => unknown, input as Json, run);
      if (ask !== undefined && key === null) continue;
      const costs = typeof cost === 'function' ? askMapper(what('cost'), cost as never, input as Json, run) : cost;
      if (!isCost(costs))
        throw new MapperFailed({ mapper: what('cost'), answered: costs, wanted: 'a number that is 0 or more' });
      const account = this.#accountOf(accountOf(budget, key), per);
      asked.push({ account, definition, family: ask === undefined ? null : familyOf(budget), key, cost: costs });
    }
    return asked;
  }

  #accountOf(digest: string, per: number): Account {
    const known = this.#accounts.get(digest);
    const account = known ?? {
      digest,
      ledger: new Ledger(per),
      read: new Map(),
      isRead: false,
      reading: null,
      next: null,
    };
    this.#accounts.delete(digest);
    this.#accounts.set(digest, account);
    for (const [oldest, { ledger }] of this.#accounts) {
      if (this.#accounts.size <= MOST) break;
      if (ledger.isKept(this.#options.clock.now())) this.#accounts.delete(oldest);
    }
    return account;
  }

  /** An attempt that was made before a crash and is made again is the same one: then it is counted already. */
  #take(asked: Asked, attempt: Attempt, now: number): Taken {
    const { account, definition, family, key, cost } = asked;
    const { per, name: budget = null } = definition;
    const stretch = stretchOf(now, per);
    const id = recordId(account, attempt, stretch);
    const body = { at: now, cost, task: attempt.task.name, budget, key, path: attempt.path, attempt: attempt.attempt };
    const record = {
      type: SPENT,
      id,
      version: 1,
      body: body as Json,
      keys: {
        [INDEXES.account]: inStretch(account.digest, stretch),
        ...(family === null ? {} : { [INDEXES.family]: inStretch(family, stretch) }),
      },
    };
    return { ...asked, name: nameOf(attempt.run.id, id), record };
  }

  /** What the store has by now; where nobody else writes into it, once is enough. */
  async #read(account: Account, attempt: Attempt, isWanted: () => boolean): Promise<void> {
    const { store, logger } = this.#options;
    if (account.isRead && store.shared === undefined) return;
    for (let pause = FIRST_PAUSE; isWanted(); pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      try {
        return await this.#fresh(account);
      } catch (error) {
        if (isA(error, StoreUnusable) ? error.isLasting : isA(error, SignalboxError)) throw error;
        if (!isWanted()) return;
        const { run, path } = attempt;
        const message = `What is spent of the budget of task "${attempt.task.name}" could not be read, which is tried again: ${reasonOf(error)}`;
        if (pause === FIRST_PAUSE) logger({ level: 'warn', message, run: run.id, path });
        await this.#pause(pause);
      }
    }
  }

  /** A reading that begins from now on; those who ask while one is under way share the next. */
  #fresh(account: Account): Promise<void> {
    if (account.reading === null) {
      const reading = this.#readAll(account).finally(() => {
        account.reading = null;
      });
      account.reading = reading;
      return reading;
    }
    account.next ??= account.reading
      .catch(() => {})
      .then(() => {
        account.next = null;
        return this.#fresh(account);
      });
    return account.next;
  }

  async #readAll(account: Account): Promise<void> {
    const { store, clock } = this.#options;
    const { digest, ledger } = account;
    const now = clock.now();
    const [settled, recent]: [Spent[], Spent[]] = [[], []];
    const read = new Map<number, string | null>();
    this.#working += 1;
    try {
      for (const stretch of stretchesAt(now, ledger.per)) {
        let after: string | null | undefined = account.read.get(stretch);
        let isSettled = after !== null;
        const isOver = (stretch + 1) * ledger.per + SETTLED <= now;
        while (after !== null) {
          const key = { name: INDEXES.account, value: inStretch(digest, stretch) };
          const query = { type: SPENT, key, limit: PAGE, ...(after === undefined ? {} : { after }) };
          const { records, cursor } = await store.readRecords(query);
          const spent = records.map(spentIn);
          isSettled &&= isOver || (cursor !== null && spent.every(({ at }) => at + SETTLED <= now));
          (isSettled ? settled : recent).push(...spent);
          if (isSettled) read.set(stretch, cursor);
          after = cursor;
        }
        const before = account.read.get(stretch);
        if (!read.has(stretch) && before !== undefined) read.set(stretch, before);
      }
    } finally {
      this.#working -= 1;
    }
    ledger.learn(settled, recent);
    account.read = read;
    account.isRead = true;
  }

  /** As long as chance will have it, and longer each time. */
  #stepAside({ key }: Attempt, tries: number): Promise<void> {
    return this.#pause(Math.ceil(chanceOf(`${key}~${tries}`) * STEP_ASIDE * 2 ** Math.min(tries, 8)));
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#options.timers.after(ms, resolve));
  }
}

function nameOf(run: string, id: string): string {
  return `${run}\n${id}`;
}

function recordId({ digest }: Account, { path, attempt }: Attempt, stretch: number): string {
  return sha256(JSON.stringify([digest, path, attempt, stretch])).slice(0, 32);
}

function spentIn({ run, id, body }: RecordRow): Spent {
  const { at, cost } = body as unknown as Spent;
  return { id: nameOf(run, id), at, cost };
}

/** What the attempt is called in the ledger if it is counted there. */
function countedAs({ account }: Asked, attempt: Attempt, now: number): string | undefined {
  const { ledger } = account;
  const here = stretchOf(now, ledger.per);
  return [here, here - 1]
    .map((stretch) => nameOf(attempt.run.id, recordId(account, attempt, stretch)))
    .find((name) => ledger.has(name, now));
}

function isDoubtful(asked: Asked, attempt: Attempt, now: number): boolean {
  const name = countedAs(asked, attempt, now);
  return name !== undefined && asked.account.ledger.isDoubtful(name, asked.definition.limit, now, SETTLED);
}

function refusalOf(attempt: Attempt, asked: Asked, { spent, resetsAt }: Overspent, now: number): BudgetRefusal {
  const { definition, key, cost } = asked;
  const { limit, per, name: budget = null } = definition;
  const { name: task, retry } = attempt.task;
  const sums = { limit, per, spent: Number(spent.toPrecision(12)), cost, resetsAt };
  const error = new BudgetSpent({ task, budget, key, ...sums, text: fromMs(per) });
  // Whoever has not said so does not want a step to stand still until tomorrow.
  if (retry.when === undefined || resetsAt === null) return { error, isRetryable: false, retryAfter: undefined };
  return { error, isRetryable: true, retryAfter: resetsAt - now, record: awaitedBy(attempt, asked, resetsAt) };
}

/** So whoever asks for what is left of a budget finds who waits for it. */
function awaitedBy({ path, attempt }: Attempt, { account, definition }: Asked, until: number): Omit<RecordRow, 'run'> {
  const body = { path, attempt, until } satisfies Awaited;
  const id = sha256(JSON.stringify([account.digest, path, attempt])).slice(0, 32);
  const keys = { [INDEXES.awaited]: inStretch(account.digest, stretchOf(until, definition.per)) };
  return { type: AWAITED, id, version: 1, body, keys };
}
