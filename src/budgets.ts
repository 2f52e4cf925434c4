/**
 * The words of budgets (S38): what a task may say about how much its attempts may spend in a time. A rate has attempts wait;
 * a budget that is spent refuses them. What has been spent is counted in `policies/budgets`, and kept by
 * `runtime/performing/budgets.ts`.
 */
import type { LimitFault, LimitKey } from './limits.ts';
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
