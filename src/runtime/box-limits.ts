/** What `createSignalbox` is told about limits (S30): how many bodies run at once, by key if need be, and how runs share the places. */
import { ask, askOptions, isObject } from '../checks.ts';
import { type Concurrency, readConcurrency } from '../dsl/index.ts';
import { InvalidOption } from '../errors/index.ts';
import type { Json } from '../json.ts';
import { faultsOfLimit, type LimitDefinition, type LimitFacts } from '../limits.ts';
import type { Fairness } from './performing/under.ts';

/** The options of a box that are about limits. */
export interface LimitOptions {
  /**
   * How many bodies may run at once; the others wait in line. Also by key: `[64, { limit: 4, key: ({ run }) => … }]`. It
   * holds for this box. Left out: as many as there are.
   */
  readonly concurrency?: Concurrency<LimitFacts<Json>>;
  /** How runs share the places that there are. Left out: each run has its turn, whatever it has in line. */
  readonly fairness?: Fairness;
}

const COUNT = 'a whole number from 1 on';

/** Refuses what is no limit, and what is no way to share. */
export function checkLimitOptions({ concurrency, fairness }: LimitOptions): void {
  if (isObject(concurrency)) readLimits(concurrency);
  else ask('concurrency', concurrency, COUNT, (value) => isCount(value));
  if (fairness === undefined) return;
  askOptions('fairness', fairness, ['by', 'weight']);
  const isFunction = (value: unknown): boolean => typeof value === 'function';
  ask('fairness.by', fairness.by, 'a function that gives a text for a run', isFunction);
  ask('fairness.weight', fairness.weight, 'a function that gives a number above 0 for a run', isFunction);
}

/** How many bodies may run at once at the most, and what else limits them. */
export function limitsOf({ concurrency = Number.POSITIVE_INFINITY, fairness = {} }: LimitOptions): {
  readonly concurrency: number;
  readonly limits: readonly LimitDefinition[];
  readonly fairness: Fairness;
} {
  const all = readLimits(concurrency);
  const isPlain = ({ key, whenFull }: LimitDefinition): boolean => key === undefined && whenFull === 'wait';
  const plain = all.filter(isPlain).map(({ limit }) => limit);
  return {
    concurrency: Math.min(Number.POSITIVE_INFINITY, ...plain),
    limits: all.filter((limit) => !isPlain(limit)),
    fairness,
  };
}

function readLimits(given: unknown): readonly LimitDefinition[] {
  const notes: { readonly message: string }[] = [];
  const all = readConcurrency(given, 'concurrency', notes as never);
  const [fault] = all.flatMap((limit) => faultsOfLimit(limit, 'concurrency'));
  if (notes.length > 0) {
    throw new InvalidOption({
      option: 'concurrency',
      value: given,
      expected: `${COUNT}, { limit, key, whenFull, queue }, or a list of those`,
    });
  }
  if (fault !== undefined) {
    const [option, value, expected] = fault;
    throw new InvalidOption({ option, value, expected });
  }
  return all;
}

function isCount(value: unknown): boolean {
  return value === Number.POSITIVE_INFINITY || (Number.isInteger(value) && (value as number) >= 1);
}
