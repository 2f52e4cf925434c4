/** A sleep where it is declared: how long it is, or until when. */
import type { Declaration, ReadPort } from '../../core/declaration.ts';
import type { Facts, Mapper, SleepDefinition, SleepSpec } from '../../definition.ts';
import { type Duration, toMs } from '../../duration.ts';
import { instantOf } from '../../instant.ts';
import { speakingFor } from '../../mapping.ts';
import { isThenable } from '../../promises.ts';
import { parentLines } from '../endings.ts';
import { checkMapper } from '../together.ts';
import { lengthIn } from './words.ts';

const KEYS = ['until', 'for'];

function definitionOf(name: unknown, given: unknown, reader: ReadPort): SleepDefinition {
  const is = { is: 'sleep', name: name as string } as const;
  if (given === undefined || given === null) {
    reader.note('bad-option', "A sleep takes how long it is, like '1h', or when it ends: { until }.");
    return { ...is, ms: 0 };
  }
  if (typeof given !== 'object') return { ...is, ms: reader.duration(given, 'duration', 0) };
  const { until, for: length } = reader.options(given, 'options of a sleep', KEYS);
  if ((length === undefined) === (until === undefined))
    reader.note('bad-option', 'A sleep ends at an instant, or after a time: give it either "until" or "for".');
  if (length === undefined && until === undefined) return { ...is, ms: 0 };
  if (typeof length === 'function') return { ...is, ms: 0, for: length as Mapper };
  if (length !== undefined) return { ...is, ms: reader.duration(length, 'for', 0) };
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

/** For a sleep whose end or length is asked for when it begins: that is its input. */
function inputOf({ name, until, for: length }: SleepDefinition): Mapper | undefined {
  if (length !== undefined) return making(length, (given) => toMs(given as Duration, `"for" of step "${name}"`));
  if (typeof until !== 'function') return undefined;
  return making(until, (given) => instantOf(given, `"until" of step "${name}"`));
}

function making(asked: Mapper, read: (given: unknown) => number): Mapper {
  const mapper = (facts: Facts) => {
    const given: unknown = asked(facts);
    return isThenable(given) ? given : read(given);
  };
  return speakingFor(mapper, asked);
}

export const sleepDeclaration: Declaration<SleepDefinition> = {
  name: 'sleep',
  noun: 'step',
  check({ ms, until, for: length }, checker) {
    if (!(ms >= 0)) checker.option('duration', ms, 'a duration');
    if (typeof until === 'function') checkMapper(until, 'until', checker);
    if (length !== undefined) checkMapper(length, 'for', checker);
  },
  plan({ ms, until, for: length }) {
    if (length !== undefined) return { spec: Object.freeze({ ms, for: 'input' } satisfies SleepSpec) };
    const end = typeof until === 'function' ? 'input' : until;
    return { spec: Object.freeze((end === undefined ? { ms } : { ms, until: end }) satisfies SleepSpec) };
  },
  lines(node) {
    return [...parentLines(node), lengthIn(node.spec as SleepSpec)];
  },
};
