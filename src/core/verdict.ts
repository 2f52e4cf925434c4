/**
 * What the ends of children mean for their parent: does it go on, or is it over, how, and what becomes of those that are left?
 * Every policy and strategy is in here, over counts alone: no names, no order, no machine (S12, *Strategies*).
 */

import type { Strategy } from '../definition.ts';

/** Children by how they stand. What has not settled is live, or has not begun. */
export interface Counts {
  readonly total: number;
  /** Ended, or never to begin. */
  readonly settled: number;
  readonly completed: number;
  /** Ended badly: failed, timed out, cancelled, or what could not be undone. */
  readonly failed: number;
}

/** `on`: it goes on. `lost` and `won`: it is over, and whoever is left is cancelled or never begins. */
export type Verdict = 'on' | 'won' | 'lost';

export function verdict(strategy: Strategy, { total, settled, completed, failed }: Counts): Verdict {
  const isOver = settled === total;
  if (strategy === 'failFast') return failed > 0 ? 'lost' : isOver ? 'won' : 'on';
  if (strategy === 'waitAll') return !isOver ? 'on' : failed > 0 ? 'lost' : 'won';
  if (strategy === 'caught') return failed > 1 ? 'lost' : isOver ? 'won' : 'on';
  // Whatever is asked of children, none of them has failed it.
  if (total === 0) return 'won';
  if (strategy === 'allowNone') return isOver ? 'won' : 'on';
  if (strategy === 'bestEffort') return !isOver ? 'on' : completed > 0 ? 'won' : 'lost';
  const wanted = strategy === 'race' ? 1 : strategy.quorum;
  const rest = strategy === 'race' ? 'cancel' : strategy.rest;
  if (completed >= wanted) return rest === 'cancel' || isOver ? 'won' : 'on';
  return completed + total - settled < wanted ? 'lost' : 'on';
}
