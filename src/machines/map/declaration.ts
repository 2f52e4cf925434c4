/** A collection where it is declared: what it goes over, the body for each item, and how many are under way at once. */
import {
  checkConcurrency,
  checkNow,
  checkStrategy,
  type Declaration,
  NO_ORDINALS,
  type Options,
  type ReadPort,
  readStrategy,
} from '../../core/declaration.ts';
import { itemsIn, type MapSpec } from '../../core/children/items.ts';
import type { MapDefinition, Mapper } from '../../definition.ts';
import { reasonOf, show } from '../../errors/index.ts';
import { toJson } from '../../json.ts';
import { namesReadBy } from '../../mapping.ts';
import { parentLines } from '../endings.ts';

const KEYS = ['over', 'each', 'filter', 'mode', 'strategy', 'concurrency', 'batch', 'collect'];
/** So many items are under way at once, if nothing else is said. */
const WINDOW = 64;

/** Without a mapper the body gets the item. */
const itemAlone = (facts: unknown): unknown => (facts as { readonly item: unknown }).item;

export function readMap(name: unknown, options: unknown, reader: ReadPort): MapDefinition {
  const {
    over,
    each,
    filter,
    mode = 'parallel',
    collect = true,
    concurrency = mode === 'sequential' ? 1 : WINDOW,
    ...given
  } = reader.options(options, 'options of a collection', KEYS);
  if (mode !== 'parallel' && mode !== 'sequential')
    reader.note('bad-option', `Option "mode" cannot be ${show(mode)}: it takes 'parallel' or 'sequential'.`);
  if (mode === 'sequential' && concurrency !== 1)
    reader.note(
      'bad-option',
      `Option "concurrency" cannot be ${show(concurrency)} where the mode is 'sequential': one at a time.`,
    );
  if (typeof collect !== 'boolean')
    reader.note('bad-option', `Option "collect" cannot be ${show(collect)}: it takes true or false.`);
  return {
    is: 'map',
    name: name as string,
    each: reader.use('each', withItem(each)),
    over: readOver(over, reader) as Mapper,
    filter: filter as MapDefinition['filter'],
    strategy: readStrategy(given.strategy, 'failFast'),
    concurrency: mode === 'sequential' ? 1 : (concurrency as number),
    batch: given.batch as number | undefined,
    collect: collect === true,
  };
}

/** A list that is given as it is: a copy, because whoever has it may change it. */
function readOver(over: unknown, reader: ReadPort): unknown {
  if (typeof over === 'function' || over === undefined) return over;
  try {
    itemsIn('option "over"', over, Number.POSITIVE_INFINITY);
    const items = typeof over === 'string' ? over : toJson(over, 'option "over"', Number.POSITIVE_INFINITY);
    return () => items;
  } catch (thrown) {
    reader.note('bad-option', reasonOf(thrown));
    return () => [];
  }
}

/** The use with a mapper, before it is read: what is noted of a step that is read stays with that one. */
function withItem(given: unknown): Options {
  const use: Options = typeof given === 'object' && given !== null && 'do' in given ? { ...given } : { do: given };
  return use.input === undefined ? { ...use, input: itemAlone } : use;
}

export const mapDeclaration: Declaration<MapDefinition> = {
  name: 'map',
  noun: 'step',
  steps: ({ each }) => [each],
  reads: ({ over, filter }) => namesReadBy([over, filter]),
  check({ over, each, filter, strategy, concurrency, batch }, checker) {
    checkNow(over, 'over', checker);
    if (filter !== undefined) checkNow(filter, 'filter', checker);
    checkStrategy(strategy, checker);
    checkConcurrency(concurrency, checker, String(WINDOW));
    if (batch !== undefined && !(Number.isSafeInteger(batch) && batch > 0))
      checker.option('batch', batch, 'a whole number from 1; leave it out for no groups');
    checker.steps([each], 'body');
  },
  plan({ each, over, filter, strategy, concurrency, batch, collect }, planner) {
    const spec = { over, filter: (filter as MapSpec['filter'] | undefined) ?? null, batch: batch ?? null, collect };
    return {
      spec: Object.freeze(spec satisfies MapSpec),
      ...planner.graph([planner.use(each)], [NO_ORDINALS]),
      repeats: true,
      sees: 'above',
      strategy,
      concurrency,
      result: 'byName',
    };
  },
  lines(node) {
    const { batch, collect, filter } = node.spec as MapSpec;
    const how = `${filter === null ? 'each' : 'some'}${batch === null ? '' : `, ${batch} together`}${collect ? '' : ', counted'}`;
    return [...parentLines(node), how];
  },
};
