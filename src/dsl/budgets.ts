/** Budgets as people write them (S38): one, or a list. Read into data; what is wrong with that is told by whoever checks it. */
import { type BudgetDefinition, NO_BUDGETS } from '../budgets.ts';
import type { Duration } from '../duration.ts';
import type { LimitKey } from '../limits.ts';
import type { Note } from './notes.ts';
import { NO_OPTIONS, readOptions, readPeriod } from './reading.ts';

/** How much attempts may spend in a time. One that would spend more is not begun, and fails with `budget-spent`. */
export interface Budget<F> {
  /** How many attempts; or, with a `cost`, how much they may cost together. */
  readonly limit: number;
  /** The time in which so much may be spent: any stretch that is as long. */
  readonly per: Duration;
  /** Each key that it answers with has a budget of its own; `null` is for attempts that this budget is not for. */
  readonly key?: (facts: F) => string | number | boolean | null;
  /** What one attempt costs, before it begins. Default 1. */
  readonly cost?: number | ((facts: F) => number);
  /** Tasks that say the same name (and the same `per`) spend together. Default: each task by itself. */
  readonly name?: string;
}

const KEYS = ['limit', 'per', 'key', 'cost', 'name'];

/** What was given as `budget`. */
export function readBudgets(given: unknown, notes: Note[]): readonly BudgetDefinition[] {
  if (given === undefined) return NO_BUDGETS;
  const all = Array.isArray(given) ? given : [given];
  return Object.freeze(all.map((one, index) => Object.freeze(readBudget(one ?? null, index, notes))));
}

function readBudget(given: unknown, index: number, notes: Note[]): BudgetDefinition {
  const what = `option "budget"${index === 0 ? '' : ` (number ${index + 1})`}`;
  const options = readOptions(given, what, KEYS, notes);
  // What is no object has been told, and is not told again for each of its parts.
  const { limit, per, key, cost = 1, name } = options === NO_OPTIONS ? { limit: 1, per: 1 } : options;
  return {
    limit: limit as number,
    per: readPeriod(per, 'budget.per', notes),
    key: key as LimitKey | undefined,
    cost: cost as BudgetDefinition['cost'],
    name: name as string | undefined,
  };
}
