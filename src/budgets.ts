/**
 * The words of budgets (S38): what a task may say about how much its attempts may spend in a time. A rate has attempts wait;
 * a budget that is spent refuses them. What has been spent is counted in `policies/budgets`, and kept by
 * `runtime/performing/budgets.ts`; `views/budgets.ts` lists what is left. The records that all of them go by are named here.
 */
import { canonicalText, type Json } from './json.ts';
import type { LimitFault, LimitKey } from './limits.ts';
import { sha256 } from './sha256.ts';
import { MAX_TEXT } from './text.ts';

/** A budget with everything filled in. */
export interface BudgetDefinition {
  /** How much may be spent in any stretch of `per`. */
  readonly limit: number;
  /** Milliseconds. */
  readonly per: number;
  /** Each key that it answers with has a budget of its own; `null` is for attempts that this budget is not for. */
  readonly key: LimitKey | undefined;
  /** What one attempt spends: a number, or a function that gives one. */
  readonly cost: number | ((facts: never) => unknown);
  /** Tasks that say the same name share what they spend; undefined for the task's own. */
  readonly name: string | undefined;
}

export const NO_BUDGETS: readonly BudgetDefinition[] = Object.freeze([]);

/** The type of the records that say what has been spent. */
export const SPENT = 'spent';

/** The type of the records of attempts that were refused and are made again once there is room. */
export const AWAITED = 'budgetAwaited';

/** So long after its time nothing of a stretch changes any more. */
export const SETTLED = 60_000;

/** What a step waits for that a budget has refused. */
export interface Awaited {
  readonly path: string;
  readonly attempt: number;
  /** When there is room for it. */
  readonly until: number;
}

/** A budget of a task, with the name that it has in the store. */
export interface NamedBudget {
  readonly definition: BudgetDefinition;
  /** The same for tasks that spend together. */
  readonly of: string;
  /** Two that are alike in all else are told apart by their order. */
  readonly nth: number;
}

interface Spender {
  readonly name: string;
  readonly budgets?: readonly BudgetDefinition[];
}

const named = new WeakMap<Spender, readonly NamedBudget[]>();

/** The budgets of a task, in the order in which they were declared. */
export function budgetsOf(task: Spender): readonly NamedBudget[] {
  const known = named.get(task);
  if (known !== undefined) return known;
  const counts = new Map<string, number>();
  const budgets = (task.budgets ?? NO_BUDGETS).map((definition) => {
    const { key, per, name } = definition;
    const of = JSON.stringify([name === undefined ? 'task' : 'name', name ?? task.name, per, key !== undefined]);
    const nth = counts.get(of) ?? 0;
    counts.set(of, nth + 1);
    return { definition, of, nth };
  });
  named.set(task, budgets);
  return budgets;
}

/** What one key has spent is found under this; null for a budget without keys. */
export function accountOf({ of, nth }: NamedBudget, key: string | null): string {
  return shortHash([of, nth, key]);
}

/** What all keys of a budget have spent is found under this. */
export function familyOf({ of, nth }: NamedBudget): string {
  return shortHash([of, nth]);
}

function shortHash(name: Json): string {
  return sha256(canonicalText(name)).slice(0, 32);
}

/** Time is cut into stretches as long as `per`: records are found by the one in which they were made. */
export function stretchOf(at: number, per: number): number {
  return Math.floor(at / per);
}

/**
 * The stretches that have what counts now. Whoever's clock was ahead has written into the next one already; further ahead nobody looks, so
 * what a clock spent that was set back by more than `per` counts no more.
 */
export function stretchesAt(now: number, per: number): readonly number[] {
  const here = stretchOf(now, per);
  return [here - 1, here, here + 1];
}

/** The names of the indexes: of an account, of all keys of a budget, and of attempts that wait for an account. */
export const INDEXES = { account: 'budget', family: 'budgetKeys', awaited: 'budgetAwaited' } as const;

/** What a store finds records of a stretch by. */
export function inStretch(hash: string, stretch: number): string {
  return `${hash}.${stretch}`;
}

/** Can an attempt cost so much? */
export function isCost(value: unknown): value is number {
  return Number.isFinite(value) && (value as number) >= 0;
}

/** Everything that is wrong with a budget. */
export function faultsOfBudget({ limit, per, key, cost, name }: BudgetDefinition): readonly LimitFault[] {
  const faults: LimitFault[] = [];
  if (!(Number.isFinite(limit) && limit > 0)) faults.push(['budget.limit', limit, 'a number above 0']);
  if (!(per > 0)) faults.push(['budget.per', per, "a duration above 0, like '1d'"]);
  if (key !== undefined && typeof key !== 'function') faults.push(['budget.key', key, 'a function']);
  if (typeof cost !== 'function' && !isCost(cost))
    faults.push(['budget.cost', cost, 'a number from 0, or a function that gives one']);
  if (name !== undefined && (typeof name !== 'string' || name === '' || name.length > MAX_TEXT))
    faults.push(['budget.name', name, `a text of 1 to ${MAX_TEXT} characters`]);
  return faults;
}
