/** A step of a kind that does not come with the package, as a track is told of it. What such a kind is stands in `outside.ts`. */
import type { Declaration, ReadPort } from '../core/declaration.ts';
import type { AnyDefinition, KindDefinition, Mapper } from '../definition.ts';
import { reasonOf, show } from '../errors/index.ts';
import type { StepKind } from './outside.ts';

/** Builders throw nothing, whatever a kind does. */
function specBy({ name, read }: StepKind<unknown, unknown>, options: unknown, reader: ReadPort): object {
  try {
    const spec: unknown = read(options, reader);
    if (typeof spec === 'object' && spec !== null) return Object.freeze(spec);
    reader.note('bad-option', `The kind "${name}" has read ${show(spec)} of its options: it has to be an object.`);
  } catch (thrown) {
    reader.note('bad-option', `The kind "${name}" could not read its options: ${reasonOf(thrown)}`);
  }
  return Object.freeze({});
}

function mapperBy({ name, input }: StepKind<unknown, unknown>, spec: object, reader: ReadPort): Mapper | undefined {
  try {
    const mapper: unknown = input?.(spec);
    if (mapper === undefined || typeof mapper === 'function') return mapper as Mapper | undefined;
    reader.note('bad-option', `The kind "${name}" has ${show(mapper)} for its input: it has to be a mapper.`);
  } catch (thrown) {
    reader.note('bad-option', `The kind "${name}" could not say what its input is: ${reasonOf(thrown)}`);
  }
  return undefined;
}

/** A step of a kind from outside, and the mapper of its input. What is no kind is told with everything else that is wrong. */
export function readKind(
  name: unknown,
  kind: unknown,
  options: unknown,
  reader: ReadPort,
): readonly [AnyDefinition & KindDefinition, Mapper | undefined] {
  const given = kind as StepKind<unknown, unknown> | null | undefined;
  if (typeof given?.read !== 'function' || typeof given.declaration !== 'object') {
    reader.note('bad-option', `${show(kind)} is no kind of step: give what "defineKind" has made.`);
    const nothing: Declaration<KindDefinition> = { name: 'step', noun: 'step', check: () => {}, plan: () => ({}) };
    return [{ is: 'kind', name: name as string, kind: nothing, spec: Object.freeze({}) }, undefined];
  }
  const spec = specBy(given, options, reader);
  return [{ is: 'kind', name: name as string, kind: given.declaration, spec }, mapperBy(given, spec, reader)];
}
