/**
 * What a gate thinks of values, as a pure function. A required criterion that is missed is REJECT. Otherwise the share of criteria
 * that are met decides: APPROVE from the threshold on, REVIEW below. What is no finite number is a miss, whatever it is.
 */
import { askOptions } from '../checks.ts';
import type { Criteria, Criterion, Judgement, Miss, MissReason } from '../gates.ts';
import type { Json } from '../json.ts';

export const DEFAULT_THRESHOLD = 80;

/**
 * Holds values against criteria.
 *
 * @example
 * judge({ coverage: { min: 80, required: true }, speed: { min: 8.5 } }, { coverage: 91, speed: 7 });
 * // { decision: 'REVIEW', score: 50, passed: 1, total: 2, missed: [{ metric: 'speed', reason: 'below', gap: 1.5, … }] }
 */
export function judge(
  criteria: Criteria,
  values: { readonly [metric: string]: unknown },
  options: { readonly threshold?: number } = {},
): Judgement {
  askOptions('judge', options, ['threshold']);
  const { threshold = DEFAULT_THRESHOLD } = options;
  const metrics = Object.keys(criteria);
  if (metrics.length === 0) throw new TypeError('A gate without criteria judges nothing: give it at least one.');
  const missed = metrics.flatMap(
    (metric) => missOf(metric, criteria[metric] as Criterion, valueIn(values, metric)) ?? [],
  );
  const [total, passed] = [metrics.length, metrics.length - missed.length];
  const score = (passed / total) * 100;
  const isClosed = missed.some(({ required }) => required);
  const decision = isClosed ? 'REJECT' : score >= threshold ? 'APPROVE' : 'REVIEW';
  return Object.freeze({ decision, score, passed, total, missed: Object.freeze(missed) });
}

function valueIn(values: { readonly [metric: string]: unknown }, metric: string): unknown {
  return typeof values === 'object' && values !== null && Object.hasOwn(values, metric) ? values[metric] : undefined;
}

const NOT_FINITE: ReadonlySet<unknown> = new Set(
  [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].flatMap((value) => [value, String(value)]),
);

function missOf(metric: string, criterion: Criterion, value: unknown): Miss | null {
  const { min, max, equals, required = false } = criterion;
  const wanted = wantedBy(criterion);
  const miss = (reason: MissReason, gap: number | null): Miss => {
    return Object.freeze({ metric, required, reason, wanted, found: shown(value), gap });
  };
  if (value === undefined) return miss('missing', null);
  // JSON has no word for them but their names.
  if (NOT_FINITE.has(value)) return miss('not-finite', null);
  if (typeof value !== 'number') return miss('not-a-number', null);
  if (equals !== undefined && value !== equals) return miss('different', distance(value, equals));
  if (min !== undefined && value < min) return miss('below', distance(min, value));
  if (max !== undefined && value > max) return miss('above', distance(value, max));
  return null;
}

/** 8.5 − 8.4 is 0.1 to whoever reads it. */
function distance(one: number, other: number): number {
  const gap = Math.abs(one - other);
  return Number.isFinite(gap) ? Number(gap.toPrecision(12)) : gap === Number.POSITIVE_INFINITY ? Number.MAX_VALUE : 0;
}

function wantedBy({ min, max, equals }: Criterion): string {
  if (equals !== undefined) return `exactly ${equals}`;
  if (min !== undefined && max !== undefined) return `${min} to ${max}`;
  return min === undefined ? `at most ${max}` : `at least ${min}`;
}

const LONGEST = 100;

function shown(value: unknown): Json {
  if (value === undefined || value === null || typeof value === 'boolean') return value ?? null;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'string') return value.length > LONGEST ? `${value.slice(0, LONGEST)}…` : value;
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** What is missed, in words, the required ones first. */
export function sayMissed({ missed = [] }: Partial<Judgement>): string {
  const list = [...missed].sort((left, right) => Number(right.required) - Number(left.required));
  return list.map(sayMiss).join('; ');
}

function sayMiss({ metric, wanted, found, gap, required }: Miss): string {
  const by = gap === null ? '' : `, ${gap} away`;
  return `${metric} is ${JSON.stringify(found)} and has to be ${wanted}${by}${required ? ' (required)' : ''}`;
}
