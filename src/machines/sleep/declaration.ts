/** A sleep where it is declared: how long it is, or until when. */
import type { Declaration, ReadPort } from '../../core/declaration.ts';
import type { Facts, Mapper, SleepDefinition, SleepSpec } from '../../definition.ts';
import { fromMs } from '../../duration.ts';
import { instantOf } from '../../instant.ts';
import { speakingFor } from '../../mapping.ts';
import { isThenable } from '../../promises.ts';
import { parentLines } from '../endings.ts';
import { checkMapper } from '../together.ts';

const KEYS = ['until'];

function definitionOf(name: unknown, given: unknown, reader: ReadPort): SleepDefinition {
  const is = { is: 'sleep', name: name as string } as const;
  // What is left out is told like what cannot be read.
  if (typeof given !== 'object' || given === null) return { ...is, ms: reader.duration(given ?? '', 'duration', 0) };
  const { until } = reader.options(given, 'options of a sleep', KEYS);
  if (typeof until === 'function') return { ...is, ms: 0, until: until as Mapper };
  try {
    return { ...is, ms: 0, until: instantOf(until, 'option "until"') };
  } catch (error) {
    reader.note('bad-option', (error as Error).message);
    return { ...is, ms: 0 };
  }
}

/** The definition, and the mapper of the step. */
export function readSleep(
  name: unknown,
  given: unknown,
  reader: ReadPort,
): readonly [SleepDefinition, Mapper | undefined] {
  const definition = definitionOf(name, given, reader);
  return [definition, inputOf(definition)];
}

/** For a sleep whose end is asked for when it begins: that is its input. */
function inputOf({ name, until }: SleepDefinition): Mapper | undefined {
  if (typeof until !== 'function') return undefined;
  const mapper = (facts: Facts) => {
    const instant: unknown = until(facts);
    return isThenable(instant) ? instant : instantOf(instant, `"until" of step "${name}"`);
  };
  return speakingFor(mapper, until);
}

export const sleepDeclaration: Declaration<SleepDefinition> = {
  name: 'sleep',
  noun: 'step',
  check({ ms, until }, checker) {
    if (!(ms >= 0)) checker.option('duration', ms, 'a duration');
    if (typeof until === 'function') checkMapper(until, 'until', checker);
  },
  plan({ ms, until }) {
    const end = typeof until === 'function' ? 'input' : until;
    return { spec: Object.freeze((end === undefined ? { ms } : { ms, until: end }) satisfies SleepSpec) };
  },
  lines(node) {
    const { ms, until } = node.spec as SleepSpec;
    const end = until === 'input' ? 'until it is told' : `until ${new Date(until ?? 0).toISOString()}`;
    return [...parentLines(node), until === undefined ? `for ${fromMs(ms)}` : end];
  },
};
